// SPDX-License-Identifier: MIT

//! Reads of a file that is in memory: tokio's file, which seeks and reads.

use common::Bench;
use std::io::SeekFrom;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

async fn reader(mut bench: Bench) {
    let mut file = File::open("pages").await.unwrap();
    let mut page = [0; 4096];
    let mut state = 0u64;
    while let Some(units) = bench.next() {
        for _ in 0..units {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let offset = (state >> 50) * 4096;
            file.seek(SeekFrom::Start(offset)).await.unwrap();
            file.read_exact(&mut page).await.unwrap();
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
