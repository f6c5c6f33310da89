// SPDX-License-Identifier: MIT

//! A yield_now, a spawn, a time limit and a channel, while so many other tasks sleep.

use common::Bench;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc::{channel, Sender};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

static ASLEEP: AtomicUsize = AtomicUsize::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);

async fn sleeper() {
    ASLEEP.fetch_add(1, Relaxed);
    sleep(Duration::from_secs(3600)).await;
}

async fn partner() {
    while !IS_OVER.load(Relaxed) {
        yield_now().await;
    }
}

async fn growth_switch() {
    let mut bench = Bench::new("growth-switch", 2.0);
    tokio::spawn(partner());
    while let Some(units) = bench.next() {
        for _ in 0..units {
            yield_now().await;
        }
    }
    IS_OVER.store(true, Relaxed);
    yield_now().await;
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
    let mut bench = Bench::new("growth-timer", 1.0);
    while let Some(units) = bench.next() {
        for _ in 0..units {
            timeout(Duration::from_secs(1), yield_now()).await.unwrap();
        }
    }
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
