// SPDX-License-Identifier: MIT

//! A turn handed around a ring of so many tasks by Notify.
//!
//! yield_now has the runtime ask the kernel for events once a round. Where two tasks hand
//! over to each other, users take a Notify or a channel instead, which does not.

use common::Bench;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::yield_now;

static WAITING: AtomicUsize = AtomicUsize::new(0);

async fn worker(mine: Arc<Notify>, next: Arc<Notify>) {
    WAITING.fetch_add(1, Relaxed);
    loop {
        mine.notified().await;
        next.notify_one();
    }
}

async fn lead(mut bench: Bench) {
    let n = bench.param;
    let seats: Vec<_> = (0..n).map(|_| Arc::new(Notify::new())).collect();
    for i in 1..n {
        tokio::spawn(worker(seats[i].clone(), seats[(i + 1) % n].clone()));
    }
    while WAITING.load(Relaxed) < n - 1 {
        yield_now().await;
    }
    while let Some(units) = bench.next() {
        for _ in 0..units {
            seats[1].notify_one();
            seats[0].notified().await;
        }
    }
}

fn main() {
    let mut bench = Bench::new("yield", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(lead(bench)).await.unwrap() });
}
