//! Against little servers on this machine that do what a provider should not.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

mod addresses;

/// A server that does the same with every connection; it keeps the head of each request.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start<F>(reply: impl Fn(TcpStream) -> F + Send + 'static) -> Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await;
                seen.lock().expect("not poisoned").push(request);
                tokio::spawn(reply(stream));
            }
        });
        Server { address, requests }
    }

    /// Answers every request with the same bytes and closes.
    async fn answering(bytes: impl Into<Vec<u8>>) -> Server {
        let bytes: Arc<[u8]> = bytes.into().into();
        Server::start(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                let _ = stream.write_all(&bytes).await;
            }
        })
        .await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

/// The head of a request, and as much of its body as is announced.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().split_once("content-length: ").map(|(_, rest)| rest.to_owned());
            let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return text,
        }
    }
}

fn quick() -> Deadlines {
    let ms = Duration::from_millis;
    Deadlines { connect: ms(400), first_byte: ms(400), total: ms(800), document: ms(800) }
}

fn request(method: Method, url: &str, limit: Limit, trust: Trust) -> Request {
    let body = if method == Method::POST { Bytes::from_static(b"code=canary") } else { Bytes::new() };
    let http = http::Request::builder().method(method).uri(url).body(body).expect("a request");
    Request { http, limit, trust, provider: "acme".into(), step: "token".into() }
}

fn get(url: &str) -> Request {
    request(Method::GET, url, Limit::Userinfo, Trust::Operator)
}

fn post(url: &str) -> Request {
    request(Method::POST, url, Limit::Token, Trust::Operator)
}

async fn error(transport: &Transport, request: Request) -> ErrorKind {
    transport.send(request).await.expect_err("must fail").kind()
}

fn patient() -> Transport {
    Transport::new(Options::default())
}

fn hasty() -> Transport {
    Transport::new(Options { deadlines: quick(), ..Options::default() })
}

#[tokio::test]
async fn an_answer_comes_back_whole() {
    let server = Server::answering("HTTP/1.1 401 No\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody").await;
    let answer = patient().send(post(&server.url("/token?a=b"))).await.expect("an answer");
    assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::UNAUTHORIZED, &b"body"[..]));
    assert_eq!(answer.headers()["x-a"], "b");
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /token?a=b HTTP/1.1\r\n") && request.ends_with("\r\n\r\ncode=canary"),
        "{request}"
    );
    assert!(request.contains("user-agent: authcfg/") && !request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_post_not_repeated() {
    let other = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let location = other.url("/stolen");
        let server = Server::answering(format!(
            "HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let answer = patient().send(post(&server.url("/token"))).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), server.requests().len()), (status, 1));
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn an_endless_body_is_cut_off_at_its_limit() {
    let (hung_up, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let hung_up = hung_up.clone();
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
            while stream.write_all(&chunk).await.is_ok() {}
            let _ = hung_up.send(());
        }
    })
    .await;
    for limit in [Limit::Discovery, Limit::Jwks, Limit::Token, Limit::Userinfo] {
        let request = request(Method::GET, &server.url("/"), limit, Trust::Operator);
        assert_eq!(error(&patient(), request).await, ErrorKind::TooLarge);
        told.recv().await.expect("the server saw the end of the connection");
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n").await;
    assert_eq!(error(&patient(), get(&server.url("/"))).await, ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let body = "x".repeat(Limit::Discovery.bytes());
    for (extra, fits) in [("", true), ("y", false)] {
        let server = Server::answering(format!("HTTP/1.1 200 OK\r\n\r\n{body}{extra}")).await;
        let request = request(Method::GET, &server.url("/"), Limit::Discovery, Trust::Operator);
        assert_eq!(patient().send(request).await.is_ok(), fits);
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    for start in ["", "HTTP/1.1 200 OK\r\nX-Slow: ", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"] {
        let server = Server::start(move |mut stream| async move {
            let _ = stream.write_all(start.as_bytes()).await;
            let _ = stream.read(&mut [0]).await;
        })
        .await;
        assert_eq!(error(&hasty(), post(&server.url("/"))).await, ErrorKind::Deadline, "{start:?}");
        assert_eq!(server.requests().len(), 1, "{start:?}");
    }
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_move_the_deadline() {
    let server = Server::start(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(error(&hasty(), get(&server.url("/"))).await, ErrorKind::Deadline);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let server = Server::start(|mut stream| async move {
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let url = format!("https://{}/", server.address);
    assert_eq!(error(&hasty(), get(&url)).await, ErrorKind::Deadline);
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let server = Server::answering("SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_eq!(error(&patient(), post(&server.url("/"))).await, ErrorKind::Protocol);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 64]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    assert_eq!(error(&patient(), post(&format!("https://{address}/"))).await, ErrorKind::Tls);
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_refused() {
    let many: String = (0..10_000).map(|n| format!("X-{n}: a\r\n")).collect();
    let some: String = (0..65).map(|n| format!("X-{n}: a\r\n")).collect();
    for headers in
        [many, some, format!("X: {}\r\n", "a".repeat(1_000_000)), format!("X: {}\r\n", "a".repeat(33_000))]
    {
        let server =
            Server::answering(format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n")).await;
        let kind = error(&patient(), post(&server.url("/"))).await;
        assert!(matches!(kind, ErrorKind::TooLarge | ErrorKind::Protocol | ErrorKind::Connect), "{kind:?}");
    }
    let fine: String = (0..50).map(|n| format!("X-{n}: a\r\n")).collect();
    let server = Server::answering(format!("HTTP/1.1 200 OK\r\n{fine}Content-Length: 0\r\n\r\n")).await;
    patient().send(post(&server.url("/"))).await.expect("fifty are fine");
}

#[tokio::test]
async fn compression_is_left_alone() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\u{8}xx",
    )
    .await;
    let answer = patient().send(get(&server.url("/"))).await.expect("an answer");
    assert_eq!(&answer.body()[..], b"\x1f\x08xx");
}

#[tokio::test]
async fn cookies_are_neither_returned_nor_sent() {
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n";
    let server = Server::answering(answer).await;
    let transport = patient();
    for _ in 0..2 {
        let answer = transport.send(get(&server.url("/"))).await.expect("an answer");
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    assert!(server.requests().iter().all(|request| !request.to_lowercase().contains("cookie")));
}

#[tokio::test]
async fn a_post_goes_out_once_whatever_happens() {
    for reset in [true, false] {
        let server = Server::start(move |stream| async move {
            if reset {
                let _ = stream.set_zero_linger();
            }
        })
        .await;
        for limit in [Limit::Token, Limit::Jwks, Limit::Userinfo] {
            let before = server.requests().len();
            let kind =
                error(&patient(), request(Method::POST, &server.url("/"), limit, Trust::Operator)).await;
            assert!(matches!(kind, ErrorKind::Connect | ErrorKind::Protocol), "{kind:?}");
            assert_eq!(server.requests().len() - before, 1);
        }
    }
}

#[tokio::test]
async fn a_get_for_keys_is_tried_three_times() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let server = Server::start(move |mut stream| {
        let nth = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            let status = if nth == 2 { "200 OK" } else { "503 No" };
            let _ =
                stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
        }
    })
    .await;
    let answer = patient().send(request(Method::GET, &server.url("/"), Limit::Jwks, Trust::Operator)).await;
    assert_eq!(answer.expect("the third").status(), StatusCode::OK);
    assert_eq!(count.load(Ordering::SeqCst), 3);
    let answer = patient().send(get(&server.url("/"))).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), count.load(Ordering::SeqCst)), (503, 4));
}
