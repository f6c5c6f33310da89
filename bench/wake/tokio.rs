// SPDX-License-Identifier: MIT

//! Two runtimes on two threads, each of which sleeps, send each other a word.

use common::Bench;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn ping(mut bench: Bench, to: UnboundedSender<()>, mut from: UnboundedReceiver<()>) {
    while let Some(units) = bench.next() {
        for _ in 0..units {
            to.send(()).unwrap();
            from.recv().await.unwrap();
        }
    }
}

async fn pong(to: UnboundedSender<()>, mut from: UnboundedReceiver<()>) {
    while from.recv().await.is_some() {
        to.send(()).unwrap();
    }
}

fn main() {
    let bench = Bench::new("wake", 1.0);
    let (to_pong, from_ping) = unbounded_channel();
    let (to_ping, from_pong) = unbounded_channel();
    let thread = std::thread::spawn(|| {
        runtime().block_on(async { tokio::spawn(pong(to_ping, from_ping)).await.unwrap() })
    });
    runtime().block_on(async { tokio::spawn(ping(bench, to_pong, from_pong)).await.unwrap() });
    thread.join().unwrap();
}
