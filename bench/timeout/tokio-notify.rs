// SPDX-License-Identifier: MIT

//! tokio::time::timeout around a wait that another task ends.
//!
//! yield_now has the runtime ask the kernel for events each time that no other task is
//! ready. Here two tasks notify each other, so each wait suspends once and asks nobody.

use common::Bench;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

struct Turns([Notify; 2]);

impl Turns {
    async fn turn(&self, mine: usize) {
        self.0[1 - mine].notify_one();
        timeout(Duration::from_secs(1), self.0[mine].notified())
            .await
            .unwrap();
    }
}

async fn partner(turns: Arc<Turns>) {
    loop {
        turns.turn(1).await;
    }
}

async fn caller(mut bench: Bench) {
    let turns = Arc::new(Turns([Notify::new(), Notify::new()]));
    tokio::spawn(partner(turns.clone()));
    while let Some(units) = bench.next() {
        for _ in 0..units {
            turns.turn(0).await;
        }
    }
}

fn main() {
    let bench = Bench::new("timeout", 2.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(caller(bench)).await.unwrap() });
}
