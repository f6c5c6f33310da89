// SPDX-License-Identifier: MIT

//! tokio::time::timeout around the receipt of an item that is there.

use common::Bench;
use std::time::Duration;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;

async fn caller(mut bench: Bench) {
    let (sender, mut receiver) = channel(1);
    let mut sent = 0u64;
    while let Some(units) = bench.next() {
        for _ in 0..units {
            sender.send(sent).await.unwrap();
            let item = timeout(Duration::from_secs(1), receiver.recv()).await;
            assert_eq!(item.unwrap(), Some(sent));
            sent += 1;
        }
    }
}

fn main() {
    let bench = Bench::new("timeout-ready", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(caller(bench)).await.unwrap() });
}
