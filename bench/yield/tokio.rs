// SPDX-License-Identifier: MIT

//! One yield_now among so many tasks of a current_thread runtime.

use common::Bench;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::task::yield_now;

static IS_OVER: AtomicBool = AtomicBool::new(false);

async fn worker() {
    while !IS_OVER.load(Relaxed) {
        yield_now().await;
    }
}

async fn lead(mut bench: Bench) {
    while let Some(units) = bench.next() {
        for _ in 0..units {
            yield_now().await;
        }
    }
    IS_OVER.store(true, Relaxed);
}

fn main() {
    let mut bench = Bench::new("yield", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 1..bench.param {
            tokio::spawn(worker());
        }
        tokio::spawn(lead(bench)).await.unwrap();
    });
}
