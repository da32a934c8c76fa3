//! Against little servers on this machine that do what a provider should not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server that reads the head of each request and then does as it is told; it counts its connections.
async fn server<F, G>(answer: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream, String) -> G + Send + Sync + 'static,
    G: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = hits.clone();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = vec![];
                let mut buffer = [0; 4096];
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => head.extend_from_slice(&buffer[..read]),
                    }
                }
                answer(stream, String::from_utf8_lossy(&head).into_owned()).await;
            });
        }
    });
    (address, hits)
}

/// A server that always sends this.
async fn saying(text: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    server(move |mut stream, _| async move { drop(stream.write_all(text.as_bytes()).await) }).await
}

fn transport() -> Transport {
    let deadlines = Deadlines {
        connect: Duration::from_millis(300),
        first_byte: Duration::from_millis(300),
        total: Duration::from_millis(600),
        document: Duration::from_millis(600),
    };
    Transport::new(Options { deadlines, ..Options::default() })
}

fn request(method: &str, url: String, limit: Limit) -> Request {
    let http = http::Request::builder().method(method).uri(url).body(Bytes::from_static(b"a=b")).unwrap();
    Request { http, limit, trust: Trust::Operator, provider: "acme".into(), step: "token".into() }
}

async fn post(address: SocketAddr) -> Result<Response<Bytes>, Error> {
    transport().send(request("POST", format!("http://{address}/token?secret=1"), Limit::Token)).await
}

#[tokio::test]
async fn an_answer_arrives_whole_and_without_cookies() {
    let (address, _) =
        saying("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}").await;
    let answer = post(address).await.unwrap();
    assert_eq!(answer.body(), "{}");
    assert_eq!(answer.headers()["x-a"], "b");
    assert!(!answer.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_follows_it() {
    let (elsewhere, hits) = saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 307, 308] {
        let (address, _) = server(move |mut stream, _| async move {
            let text =
                format!("HTTP/1.1 {status} X\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
            drop(stream.write_all(text.as_bytes()).await);
        })
        .await;
        assert_eq!(post(address).await.unwrap().status().as_u16(), status);
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let (address, _) = server(|mut stream, _| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await);
        let chunk = [b"2000\r\n".as_slice(), &[b'a'; 0x2000], b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    assert_eq!(post(address).await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_body_that_never_ends_takes_no_longer_than_the_deadline() {
    let (address, _) = server(|mut stream, _| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await);
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if stream.write_all(b"a").await.is_err() {
                break;
            }
        }
    })
    .await;
    assert_eq!(post(address).await.unwrap_err().kind(), ErrorKind::Deadline);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let (address, _) = server(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
    })
    .await;
    assert_eq!(post(address).await.unwrap_err().kind(), ErrorKind::Deadline);
}

#[tokio::test]
async fn a_head_with_too_many_headers_is_refused() {
    let (address, _) = server(|mut stream, _| async move {
        let headers: String = (0..80).map(|index| format!("x-{index}: a\r\n")).collect();
        drop(
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n").as_bytes())
                .await,
        );
    })
    .await;
    assert_eq!(post(address).await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_token_request_is_sent_once_whatever_becomes_of_it() {
    let (address, hits) = server(|stream, _| async move { drop(stream) }).await;
    assert_eq!(post(address).await.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(hits.load(Ordering::SeqCst), 1);
    let (address, hits) = saying("HTTP/1.1 503 X\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(post(address).await.unwrap().status(), 503);
    assert_eq!(hits.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_document_is_asked_for_again() {
    let (address, hits) = server(|stream, _| async move { drop(stream) }).await;
    let transport = Transport::new(Options::default());
    let error =
        transport.send(request("GET", format!("http://{address}/"), Limit::Discovery)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(hits.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_compressed_body_stays_compressed() {
    let (address, _) =
        saying("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd").await;
    assert_eq!(post(address).await.unwrap().body(), "abcd");
    let (address, _) = server(|mut stream, head| async move {
        let asked = head.to_ascii_lowercase().contains("accept-encoding");
        let text = format!("HTTP/1.1 {} X\r\ncontent-length: 0\r\n\r\n", if asked { 500 } else { 200 });
        drop(stream.write_all(text.as_bytes()).await);
    })
    .await;
    assert_eq!(post(address).await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_error_shows_the_host_and_nothing_else() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = post(closed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("http://127.0.0.1") && !text.contains("secret") && !text.contains("token"),
        "{text}"
    );
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_where_nobody_wrote_it() {
    let (address, hits) = saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut request = request("GET", format!("http://localhost:{}/", address.port()), Limit::Userinfo);
    request.trust = Trust::Discovered;
    assert_eq!(transport().send(request).await.unwrap_err().kind(), ErrorKind::Address);
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_played_request_says_where_it_wanted_to_go() {
    let (address, _) = server(|mut stream, head| async move {
        let there = head.contains("x-authcfg-url: https://api.acme.example/token?a=b\r\n")
            && head.starts_with("POST /token?a=b ");
        let text = format!("HTTP/1.1 {} X\r\ncontent-length: 0\r\n\r\n", if there { 200 } else { 500 });
        drop(stream.write_all(text.as_bytes()).await);
    })
    .await;
    let request = request("POST", "https://api.acme.example/token?a=b".into(), Limit::Token);
    assert_eq!(Transport::played_by(address).send(request).await.unwrap().status(), 200);
}
