// SPDX-License-Identifier: MIT

//! A call that does nothing, on a thread of tokio's pool.

use common::Bench;
use tokio::task::spawn_blocking;

async fn caller(mut bench: Bench) {
    while let Some(units) = bench.next() {
        for _ in 0..units {
            spawn_blocking(|| {}).await.unwrap();
        }
    }
}

fn main() {
    let bench = Bench::new("to_thread", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(caller(bench)).await.unwrap() });
}
