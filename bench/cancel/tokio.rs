// SPDX-License-Identifier: MIT

//! Spawn so many tasks that block, abort each, await each.

use common::Bench;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::task::{yield_now, JoinHandle};

static BLOCKED: AtomicUsize = AtomicUsize::new(0);

async fn blocked() {
    BLOCKED.store(BLOCKED.load(Relaxed) + 1, Relaxed);
    std::future::pending::<()>().await;
}

async fn one_round(tasks: &mut Vec<JoinHandle<()>>, n: usize) {
    BLOCKED.store(0, Relaxed);
    for _ in 0..n {
        tasks.push(tokio::spawn(blocked()));
    }
    while BLOCKED.load(Relaxed) < n {
        yield_now().await;
    }
    for task in tasks.iter() {
        task.abort();
    }
    for task in tasks.drain(..) {
        assert!(task.await.unwrap_err().is_cancelled());
    }
}

async fn parent(mut bench: Bench) {
    let mut tasks = Vec::with_capacity(bench.param);
    while let Some(units) = bench.next() {
        for _ in 0..units {
            one_round(&mut tasks, bench.param).await;
        }
    }
}

fn main() {
    let mut bench = Bench::new("cancel", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(parent(bench)).await.unwrap() });
}
