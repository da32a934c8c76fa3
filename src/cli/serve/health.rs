//! `authcfg serve --health`: whether a server lives, for an image that has no other program to ask with.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::output;

/// It answers within this time.
const PATIENCE: Duration = Duration::from_secs(2);

/// 0 where the server at `address` answers that it lives, else 3.
pub fn ask(address: SocketAddr) -> ExitCode {
    match answer(address) {
        Ok(head) if head.starts_with("HTTP/1.1 200") => ExitCode::SUCCESS,
        Ok(_) => unwell(&format!("{address} does not answer as a server that lives")),
        Err(error) => unwell(&format!("{address}: {error}")),
    }
}

fn answer(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = String::new();
    stream.take(64).read_to_string(&mut head)?;
    Ok(head)
}

fn unwell(why: &str) -> ExitCode {
    output::diagnostic(&format!("error: {}\n", output::one_line(why)));
    ExitCode::from(3)
}
