// SPDX-License-Identifier: MIT

//! A plain thread spawns tasks on a runtime that is busy.

use common::Bench;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use tokio::task::yield_now;

static COUNT: AtomicU64 = AtomicU64::new(0);

async fn busy() {
    loop {
        yield_now().await;
    }
}

async fn add() {
    COUNT.fetch_add(1, Relaxed);
}

fn main() {
    let mut bench = Bench::new("post", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(async { tokio::spawn(busy()).await }));
    let (sender, done) = mpsc::channel();
    let mut sum = 0;
    while let Some(units) = bench.next() {
        for _ in 1..units {
            handle.spawn(add());
        }
        let sender = sender.clone();
        handle.spawn(async move {
            add().await;
            sender.send(()).unwrap();
        });
        done.recv().unwrap();
        sum += units;
    }
    assert_eq!(COUNT.load(Relaxed), sum);
}
