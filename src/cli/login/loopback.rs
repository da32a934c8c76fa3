//! Where the browser comes back to: a port of this machine, open for one callback (RFC 8252 §7.3).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::{Host, Url};

use crate::flow::CallbackParams;

/// The longest callback that is read.
const MAX_BODY: usize = 64 * 1024;

/// A port of this machine.
pub struct Loopback {
    listener: TcpListener,
    redirect_uri: Url,
}

/// What waits for the callback.
struct Waiting {
    path: String,
    state: String,
    callback: Mutex<Option<oneshot::Sender<CallbackParams>>>,
}

impl Loopback {
    /// Listens at the place that is asked for, or at a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The exit code and the reason: an address that is not of this machine, a port that cannot be had.
    pub async fn listen(wanted: Option<&Url>) -> Result<Loopback, (u8, String)> {
        let free = Url::parse("http://127.0.0.1/callback").expect("a constant address");
        let mut redirect_uri = wanted.cloned().unwrap_or(free);
        let ip = loopback_of(&redirect_uri).map_err(|why| (2, format!("--redirect-uri: {why}")))?;
        let port = redirect_uri.port().unwrap_or(if wanted.is_some() { 80 } else { 0 });
        let address = SocketAddr::new(ip, port);
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| (3, format!("cannot listen on {address}: {error}")))?;
        if wanted.is_none() {
            let port = listener.local_addr().map_err(|error| (3, error.to_string()))?.port();
            let _ = redirect_uri.set_port(Some(port));
        }
        Ok(Loopback { listener, redirect_uri })
    }

    /// The redirect URI of the sign-in.
    pub fn redirect_uri(&self) -> &str {
        self.redirect_uri.as_str()
    }

    /// Waits for the callback of the sign-in with this `state`. Whatever else asks is told that it is wrong here.
    pub async fn callback(self, state: &str) -> CallbackParams {
        let (found, callback) = oneshot::channel();
        let path = self.redirect_uri.path().to_owned();
        let waiting = Waiting { path, state: state.to_owned(), callback: Mutex::new(Some(found)) };
        let router = Router::new().fallback(answer).with_state(Arc::new(waiting));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(self.listener, router).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        let params = match callback.await {
            Ok(params) => params,
            Err(_) => std::future::pending().await,
        };
        // The browser gets its page before the port closes.
        let _ = stop.send(());
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), server).await;
        params
    }
}

async fn answer(State(waiting): State<Arc<Waiting>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != waiting.path {
        return page(StatusCode::NOT_FOUND, "There is nothing here.");
    }
    let encoded = match parts.method {
        Method::GET => parts.uri.query().unwrap_or_default().to_owned(),
        Method::POST => {
            let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap_or_default();
            String::from_utf8_lossy(&body).into_owned()
        }
        _ => return page(StatusCode::METHOD_NOT_ALLOWED, "There is nothing here."),
    };
    let params = CallbackParams::parse(&encoded);
    if params.state().as_deref() != Some(&*waiting.state) {
        return page(StatusCode::BAD_REQUEST, "This is not the sign-in that the terminal waits for.");
    }
    let waits = waiting.callback.lock().unwrap_or_else(PoisonError::into_inner).take();
    match waits.map(|waits| waits.send(params)) {
        Some(Ok(())) => page(StatusCode::OK, "The terminal has what it needs. You can close this window."),
        _ => page(StatusCode::GONE, "This sign-in is over."),
    }
}

fn page(status: StatusCode, text: &str) -> Response {
    let body = format!("<!doctype html><meta charset=utf-8><title>authcfg login</title><p>{text}");
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, body).into_response()
}

/// The address of this machine that a redirect URI names.
fn loopback_of(url: &Url) -> Result<IpAddr, &'static str> {
    if url.scheme() != "http" {
        return Err("only http can come back to this machine");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address without query and fragment");
    }
    match url.host() {
        Some(Host::Domain("localhost")) => Ok(Ipv4Addr::LOCALHOST.into()),
        Some(Host::Ipv4(ip)) if ip.is_loopback() => Ok(ip.into()),
        Some(Host::Ipv6(ip)) if ip.is_loopback() => Ok(ip.into()),
        _ => Err("an address of this machine: 127.0.0.1, [::1] or localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_comes_back_to_this_machine_alone() {
        let of = |text: &str| loopback_of(&Url::parse(text).unwrap()).map(|ip| ip.to_string());
        assert_eq!(of("http://127.0.0.1:8400/callback"), Ok("127.0.0.1".into()));
        assert_eq!(of("http://localhost/callback"), Ok("127.0.0.1".into()));
        assert_eq!(of("http://[::1]:1/"), Ok("::1".into()));
        for wrong in [
            "https://127.0.0.1/callback",
            "http://acme.example/callback",
            "http://10.0.0.1/callback",
            "http://localhost.acme.example/",
            "http://127.0.0.1/callback?x=1",
            "http://127.0.0.1/callback#x",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn only_the_callback_of_this_sign_in_ends_the_waiting() {
        let loopback = Loopback::listen(None).await.unwrap();
        let redirect_uri = loopback.redirect_uri().to_owned();
        let waiting = tokio::spawn(async move { loopback.callback("right").await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let status = async |url: String| http.get(url).send().await.unwrap().status().as_u16();
        assert_eq!(status(redirect_uri.replace("/callback", "/favicon.ico")).await, 404);
        assert_eq!(status(redirect_uri.clone()).await, 400);
        assert_eq!(status(format!("{redirect_uri}?code=x&state=wrong")).await, 400);
        assert_eq!(status(format!("{redirect_uri}?code=x&state=right&state=right")).await, 400);
        assert!(!waiting.is_finished());
        assert_eq!(status(format!("{redirect_uri}?code=c&state=right")).await, 200);
        assert_eq!(waiting.await.unwrap().state().as_deref(), Some("right"));
    }
}
