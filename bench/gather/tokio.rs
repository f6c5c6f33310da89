// SPDX-License-Identifier: MIT

//! Spawn so many tasks and await them.

use common::Bench;

async fn parent(mut bench: Bench) {
    let mut children = Vec::with_capacity(bench.param);
    while let Some(units) = bench.next() {
        for _ in 0..units {
            for _ in 0..bench.param {
                children.push(tokio::spawn(async {}));
            }
            for child in children.drain(..) {
                child.await.unwrap();
            }
        }
    }
}

fn main() {
    let mut bench = Bench::new("gather", 1.0);
    bench.ops_per_unit = bench.param as f64;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(parent(bench)).await.unwrap() });
}
