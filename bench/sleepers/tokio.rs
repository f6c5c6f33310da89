// SPDX-License-Identifier: MIT

//! The memory of so many sleeping tasks, their CPU time, and the time beyond their sleep.

use common::{cpu, memory, print, Bench};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::{task::yield_now, time::sleep};

static ASLEEP: AtomicUsize = AtomicUsize::new(0);
static AWAKE_AGAIN: AtomicUsize = AtomicUsize::new(0);

async fn sleeper(duration: Duration) {
    ASLEEP.fetch_add(1, Relaxed);
    sleep(duration).await;
    AWAKE_AGAIN.fetch_add(1, Relaxed);
}

async fn parent(bench: Bench) {
    let n = bench.param as f64;
    let (before, started, cpu_before) = (memory(), Instant::now(), cpu());
    let mut tasks = Vec::with_capacity(bench.param);
    for _ in 0..bench.param {
        tasks.push(tokio::spawn(sleeper(bench.duration)));
    }
    while ASLEEP.load(Relaxed) < bench.param {
        yield_now().await;
    }
    let asleep = started.elapsed().as_nanos() as f64;
    let bytes = memory() - before;
    assert!(
        AWAKE_AGAIN.load(Relaxed) == 0,
        "the sleep is too short to count the sleepers"
    );
    for task in tasks {
        task.await.unwrap();
    }
    let over = started.elapsed().as_nanos() as f64 - bench.duration.as_nanos() as f64;
    let spent = cpu() - cpu_before;
    print("sleepers", bench.param, bytes / n);
    print("sleepers-start", bench.param, asleep / n);
    print("sleepers-over", bench.param, over / n);
    print("sleepers-cpu", bench.param, spent / n);
}

fn main() {
    let bench = Bench::new("sleepers", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(parent(bench)).await.unwrap() });
}
