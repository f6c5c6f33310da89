// SPDX-License-Identifier: MIT

//! tokio::time::timeout around a future that is pending once.

use common::Bench;
use std::time::Duration;
use tokio::{task::yield_now, time::timeout};

async fn caller(mut bench: Bench) {
    while let Some(units) = bench.next() {
        for _ in 0..units {
            timeout(Duration::from_secs(1), yield_now()).await.unwrap();
        }
    }
}

fn main() {
    let bench = Bench::new("timeout", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(caller(bench)).await.unwrap() });
}
