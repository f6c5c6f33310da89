// SPDX-License-Identifier: MIT

//! A turn, a spawn, a time limit and a channel, while so many other tasks sleep.
//!
//! The turn is handed over by Notify, as in yield/tokio-notify.rs: yield_now would ask the
//! kernel for events. The limit is that of such a wait, as in timeout/tokio-notify.rs.

use common::Bench;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{channel, Sender};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

static ASLEEP: AtomicUsize = AtomicUsize::new(0);

async fn sleeper() {
    ASLEEP.fetch_add(1, Relaxed);
    sleep(Duration::from_secs(3600)).await;
}

struct Turns([Notify; 2]);

impl Turns {
    async fn turn(&self, mine: usize) {
        self.0[1 - mine].notify_one();
        self.0[mine].notified().await;
    }

    async fn turn_within_limit(&self, mine: usize) {
        self.0[1 - mine].notify_one();
        timeout(Duration::from_secs(1), self.0[mine].notified())
            .await
            .unwrap();
    }
}

async fn growth_switch() {
    let mut bench = Bench::new("growth-switch", 2.0);
    let turns = Arc::new(Turns([Notify::new(), Notify::new()]));
    let partners = turns.clone();
    let partner = tokio::spawn(async move {
        loop {
            partners.turn(1).await;
        }
    });
    while let Some(units) = bench.next() {
        for _ in 0..units {
            turns.turn(0).await;
        }
    }
    partner.abort();
}

async fn growth_spawn() {
    let mut bench = Bench::new("growth-spawn", 1.0);
    while let Some(units) = bench.next() {
        for _ in 0..units {
            tokio::spawn(async {}).await.unwrap();
        }
    }
}

async fn growth_timer() {
    let mut bench = Bench::new("growth-timer", 2.0);
    let turns = Arc::new(Turns([Notify::new(), Notify::new()]));
    let partners = turns.clone();
    let partner = tokio::spawn(async move {
        loop {
            partners.turn_within_limit(1).await;
        }
    });
    while let Some(units) = bench.next() {
        for _ in 0..units {
            turns.turn_within_limit(0).await;
        }
    }
    partner.abort();
}

async fn producer(sender: Sender<u64>) {
    let mut item = 0;
    while sender.send(item).await.is_ok() {
        item += 1;
    }
}

async fn growth_wake() {
    let mut bench = Bench::new("growth-wake", 1.0);
    let (sender, mut receiver) = channel(1);
    tokio::spawn(producer(sender));
    let mut expected = 0;
    while let Some(units) = bench.next() {
        for _ in 0..units {
            assert_eq!(receiver.recv().await, Some(expected));
            expected += 1;
        }
    }
}

async fn lead() {
    let bench = Bench::new("growth", 1.0);
    for _ in 0..bench.param {
        tokio::spawn(sleeper());
    }
    while ASLEEP.load(Relaxed) < bench.param {
        yield_now().await;
    }
    growth_switch().await;
    growth_spawn().await;
    growth_timer().await;
    growth_wake().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(lead()).await.unwrap() });
}
