// SPDX-License-Identifier: MIT

//! So many tasks take turns with one tokio Mutex and yield while they hold it.

use common::Bench;
use std::sync::Arc;
use tokio::{sync::Mutex, task::yield_now};

async fn worker(mutex: Arc<Mutex<u64>>, units: u64, is_contended: bool) {
    for _ in 0..units {
        let mut count = mutex.lock().await;
        *count += 1;
        if is_contended {
            yield_now().await;
        }
    }
}

async fn parent(mut bench: Bench) {
    let n = bench.param;
    let mut tasks = Vec::with_capacity(n);
    while let Some(units) = bench.next() {
        let mutex = Arc::new(Mutex::new(0));
        for _ in 0..n {
            tasks.push(tokio::spawn(worker(mutex.clone(), units, n > 1)));
        }
        for task in tasks.drain(..) {
            task.await.unwrap();
        }
        assert_eq!(*mutex.lock().await, n as u64 * units);
    }
}

fn main() {
    let mut bench = Bench::new("lock", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(parent(bench)).await.unwrap() });
}
