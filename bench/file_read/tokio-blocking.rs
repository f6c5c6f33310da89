// SPDX-License-Identifier: MIT

//! Reads of a file that is in memory, each one call on tokio's pool.

use common::Bench;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use tokio::task::spawn_blocking;

async fn reader(mut bench: Bench) {
    let file = Arc::new(File::open("pages").unwrap());
    let mut page = vec![0; 4096];
    let mut state = 0u64;
    while let Some(units) = bench.next() {
        for _ in 0..units {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let (file, offset) = (file.clone(), (state >> 50) * 4096);
            page = spawn_blocking(move || {
                file.read_exact_at(&mut page, offset).unwrap();
                page
            })
            .await
            .unwrap();
        }
    }
}

fn main() {
    let bench = Bench::new("file_read", 1.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(reader(bench)).await.unwrap() });
}
