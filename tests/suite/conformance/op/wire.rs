//! The wire in front of the provider: what no HTTP server does of its own accord.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Shared;

/// What becomes of a token request once it was read.
#[derive(Clone, Copy)]
pub enum Fate {
    /// These bytes come back.
    Answered(&'static str),
    /// The connection is closed.
    Closed,
    /// Half of an answer comes, then the end of the connection.
    Cut,
    /// Half of an answer comes, then a reset.
    CutByReset,
    /// The connection is reset.
    Reset,
    /// Nothing comes, ever.
    Silence,
}

const HALF: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"access_token\":";

/// Takes connections for the provider that listens at `to`.
pub async fn relay(listener: TcpListener, to: String, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (to, shared) = (to.clone(), shared.clone());
        tokio::spawn(async move { serve(stream, &to, &shared).await });
    }
}

/// One connection: requests go on to the provider, token requests meet their fate where they have one.
async fn serve(mut stream: TcpStream, to: &str, shared: &Shared) -> Option<()> {
    loop {
        let request = read_request(&mut stream).await?;
        let fate = shared.behaviour.lock().unwrap().fate.filter(|_| request.starts_with("POST /token "));
        let Some(fate) = fate else {
            stream.write_all(ask(to, &request).await?.as_bytes()).await.ok()?;
            continue;
        };
        shared.asked.lock().unwrap().push("token");
        match fate {
            Fate::Answered(answer) => stream.write_all(answer.as_bytes()).await.ok()?,
            Fate::Closed => return None,
            Fate::Cut => return stream.write_all(HALF).await.ok(),
            Fate::CutByReset => {
                stream.write_all(HALF).await.ok()?;
                return stream.set_zero_linger().ok();
            }
            Fate::Reset => return stream.set_zero_linger().ok(),
            Fate::Silence => std::future::pending().await,
        }
    }
}

/// A request of HTTP/1.1 with its body.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length:").and_then(|length| length.trim().parse().ok())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        let mut more = [0; 4096];
        let count = stream.read(&mut more).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&more[..count]);
    }
}

/// The provider's answer, as if the connection to it stayed open.
async fn ask(to: &str, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    let last = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(last.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer.replacen("connection: close\r\n", "", 1))
}
