// SPDX-License-Identifier: MIT

//! Spawn one task and await it, in so many tasks at once on so many threads.

use common::Bench;

async fn parent(units: u64) {
    for _ in 0..units {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn lead(mut bench: Bench) {
    while let Some(units) = bench.next() {
        let parents: Vec<_> = (0..bench.param)
            .map(|_| tokio::spawn(parent(units)))
            .collect();
        for task in parents {
            task.await.unwrap();
        }
    }
}

fn main() {
    let mut bench = Bench::new("threads", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(bench.param)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(lead(bench));
}
