// SPDX-License-Identifier: MIT

//! A plain thread sends functions to a task that runs them, on a runtime that is busy.

use common::Bench;
use std::sync::mpsc;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver};
use tokio::task::yield_now;

struct State {
    count: u64,
    done: mpsc::Sender<u64>,
}

type Function = fn(&mut State);

async fn busy() {
    loop {
        yield_now().await;
    }
}

async fn serve(mut functions: UnboundedReceiver<Function>, mut state: State) {
    tokio::spawn(busy());
    while let Some(function) = functions.recv().await {
        function(&mut state);
    }
}

fn add(state: &mut State) {
    state.count += 1;
}

fn add_last(state: &mut State) {
    add(state);
    state.done.send(state.count).unwrap();
}

fn main() {
    let mut bench = Bench::new("post", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (sender, functions) = unbounded_channel::<Function>();
    let (done, counts) = mpsc::channel();
    let state = State { count: 0, done };
    std::thread::spawn(move || {
        runtime.block_on(async { tokio::spawn(serve(functions, state)).await })
    });
    let mut sum = 0;
    while let Some(units) = bench.next() {
        for _ in 1..units {
            assert!(sender.send(add).is_ok());
        }
        assert!(sender.send(add_last).is_ok());
        sum += units;
        assert_eq!(counts.recv().unwrap(), sum);
    }
}
