// SPDX-License-Identifier: MIT

//! An echo server: a task for each connection.

use std::env;
use std::io::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn echo(mut client: TcpStream, size: usize) -> Result<()> {
    let mut buf = vec![0; size];
    loop {
        let n = client.read(&mut buf).await?;
        if n == 0 {
            return Ok(());
        }
        client.write_all(&buf[..n]).await?;
    }
}

async fn serve(port: u16, size: usize) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(echo(client, size));
    }
}

fn main() -> Result<()> {
    let args: Vec<usize> = env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async { tokio::spawn(serve(args[0] as u16, args[1])).await? })
}
