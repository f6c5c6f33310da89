// SPDX-License-Identifier: MIT

//! Spawn one task and await it.

use common::Bench;

async fn parent(mut bench: Bench) {
    while let Some(units) = bench.next() {
        for _ in 0..units {
            tokio::spawn(async {}).await.unwrap();
        }
    }
}

fn main() {
    let bench = Bench::new("spawn", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // A task of its own: block_on's future runs only after all tasks that are ready.
    runtime.block_on(async { tokio::spawn(parent(bench)).await.unwrap() });
}
