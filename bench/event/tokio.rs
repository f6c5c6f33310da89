// SPDX-License-Identifier: MIT

//! notify_waiters wakes so many tasks, which all wait again.

use common::Bench;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use tokio::sync::Notify;

#[derive(Default)]
struct Shared {
    start: Notify,
    ready: Notify,
    waiting: AtomicUsize,
    is_over: AtomicBool,
}

async fn waiter(shared: Arc<Shared>, waiters: usize) {
    while !shared.is_over.load(Relaxed) {
        let started = shared.start.notified();
        if shared.waiting.fetch_add(1, Relaxed) + 1 == waiters {
            shared.ready.notify_one();
        }
        started.await;
    }
}

async fn lead(mut bench: Bench) {
    let shared = Arc::new(Shared::default());
    for _ in 0..bench.param {
        tokio::spawn(waiter(shared.clone(), bench.param));
    }
    shared.ready.notified().await;
    while let Some(units) = bench.next() {
        for _ in 0..units {
            shared.waiting.store(0, Relaxed);
            shared.start.notify_waiters();
            shared.ready.notified().await;
        }
    }
    shared.is_over.store(true, Relaxed);
    shared.start.notify_waiters();
}

fn main() {
    let mut bench = Bench::new("event", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(lead(bench)).await.unwrap() });
}
