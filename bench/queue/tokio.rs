// SPDX-License-Identifier: MIT

//! Hand items from one task to another by an mpsc channel that holds so many.

use common::Bench;
use tokio::sync::mpsc::{channel, Sender};

async fn producer(sender: Sender<u64>) {
    let mut item = 0;
    while sender.send(item).await.is_ok() {
        item += 1;
    }
}

async fn consumer(mut bench: Bench) {
    let (sender, mut receiver) = channel(bench.param);
    tokio::spawn(producer(sender));
    let mut expected = 0;
    while let Some(units) = bench.next() {
        for _ in 0..units {
            assert_eq!(receiver.recv().await, Some(expected));
            expected += 1;
        }
    }
}

fn main() {
    let bench = Bench::new("queue", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(consumer(bench)).await.unwrap() });
}
