//! What systemd and we tell each other: the socket that it has opened, and when the server is ready, reloads and stops.
//!
//! Elsewhere there is no such socket, and nobody is told.

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
use tokio::net::TcpListener;

/// The socket that systemd opened (`LISTEN_FDS`), else one at `address`.
///
/// # Errors
/// An address that cannot be had, or a socket that is not one for TCP.
pub async fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    match ListenFd::from_env().take_tcp_listener(0)? {
        Some(opened) => {
            opened.set_nonblocking(true)?;
            TcpListener::from_std(opened)
        }
        None => TcpListener::bind(address).await,
    }
}

/// The server answers, or answers with another configuration now.
pub fn ready() {
    #[cfg(target_os = "linux")]
    tell(&[sd_notify::NotifyState::Ready]);
}

/// What is under way finishes.
pub fn stopping() {
    #[cfg(target_os = "linux")]
    tell(&[sd_notify::NotifyState::Stopping]);
}

#[cfg(target_os = "linux")]
fn tell(state: &[sd_notify::NotifyState<'_>]) {
    // Whoever did not ask (`NOTIFY_SOCKET`) is not told.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
