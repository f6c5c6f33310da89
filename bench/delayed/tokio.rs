// SPDX-License-Identifier: MIT

//! The memory of so many tasks that sleep first and then call a function.

use common::{memory, print, Bench};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::{runtime::Handle, task::yield_now, time::sleep};

static ASLEEP: AtomicUsize = AtomicUsize::new(0);

fn never() {
    eprintln!("the delay is too short to count the tasks");
    std::process::exit(1); // a panic would end its task alone
}

async fn later(delay: Duration, function: fn()) {
    ASLEEP.fetch_add(1, Relaxed);
    sleep(delay).await;
    function();
}

async fn parent(bench: Bench) {
    let n = bench.param as f64;
    let handle = Handle::current();
    let (before, started) = (memory(), Instant::now());
    for _ in 0..bench.param {
        handle.spawn(later(Duration::from_secs(3600), never));
    }
    while ASLEEP.load(Relaxed) < bench.param {
        yield_now().await; // a task that has not run has no timer
    }
    let elapsed = started.elapsed().as_nanos() as f64;
    print("delayed", bench.param, (memory() - before) / n);
    print("delayed-start", bench.param, elapsed / n);
}

fn main() {
    let bench = Bench::new("delayed", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(parent(bench)).await.unwrap() });
}
