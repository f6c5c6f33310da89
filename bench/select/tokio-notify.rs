// SPDX-License-Identifier: MIT

//! Wait for an item in any of four channels, whose feeder is told when to go on.
//!
//! yield_now has the runtime ask the kernel for events before the feeder goes on. Here it
//! waits for a Notify from who has taken the item, which asks nobody.

use common::Bench;
use std::sync::Arc;
use tokio::sync::mpsc::{channel, Sender};
use tokio::sync::Notify;

async fn producer(senders: [Sender<usize>; 4], taken: Arc<Notify>) {
    let mut item = 0;
    while senders[item % 4].send(item).await.is_ok() {
        item += 1;
        taken.notified().await; // one at a time is ready
    }
}

async fn consumer(mut bench: Bench) {
    let (to_a, mut a) = channel(1);
    let (to_b, mut b) = channel(1);
    let (to_c, mut c) = channel(1);
    let (to_d, mut d) = channel(1);
    let taken = Arc::new(Notify::new());
    tokio::spawn(producer([to_a, to_b, to_c, to_d], taken.clone()));
    while let Some(units) = bench.next() {
        for _ in 0..units {
            let (i, item) = tokio::select! {
                Some(item) = a.recv() => (0, item),
                Some(item) = b.recv() => (1, item),
                Some(item) = c.recv() => (2, item),
                Some(item) = d.recv() => (3, item),
                else => panic!("all channels are closed"),
            };
            assert_eq!(item % 4, i);
            taken.notify_one();
        }
    }
}

fn main() {
    let bench = Bench::new("select", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(consumer(bench)).await.unwrap() });
}
