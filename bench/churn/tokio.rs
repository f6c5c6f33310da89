// SPDX-License-Identifier: MIT

//! So many Sleeps that are reset time and again.

use common::Bench;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{sleep, Instant, Sleep};

const BATCH: usize = 1000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        self.0 >> 32
    }

    fn delay(&mut self) -> Duration {
        Duration::from_millis(3600000 + self.next() % 3600000)
    }
}

/// A Sleep that was not polled has no timer.
struct PollOnce<'a>(&'a mut Pin<Box<Sleep>>);

impl Future for PollOnce<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        assert!(self.0.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }
}

async fn lead(mut bench: Bench) {
    let mut random = Random(0);
    let mut limits = Vec::with_capacity(bench.param);
    for _ in 0..bench.param {
        limits.push(Box::pin(sleep(random.delay())));
        PollOnce(limits.last_mut().unwrap()).await;
    }
    while let Some(units) = bench.next() {
        for _ in 0..units {
            for _ in 0..BATCH {
                let i = random.next() as usize % limits.len();
                let deadline = Instant::now() + random.delay();
                limits[i].as_mut().reset(deadline);
            }
            yield_now().await;
        }
    }
}

fn main() {
    let bench = Bench::new("churn", BATCH as f64);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(lead(bench)).await.unwrap() });
}
