//! Where a request may go, and what is told of it.

use super::*;

#[tokio::test]
async fn addresses_that_nobody_wrote_are_refused() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let transport = patient();
    for host in [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "0.0.0.0",
        "2852039166",
    ] {
        for trust in [Trust::Operator, Trust::Discovered] {
            let kind =
                error(&transport, request(Method::POST, &format!("https://{host}/"), Limit::Token, trust))
                    .await;
            assert!(kind == ErrorKind::Address, "{host} {trust:?}: {kind:?}");
        }
    }
    for host in [
        "127.0.0.1",
        "10.0.0.1",
        "[::1]",
        "[64:ff9b::7f00:1]",
        "[::ffff:10.0.0.1]",
        "0x7f.1",
        "127.1",
        "localhost",
    ] {
        for trust in [Trust::Discovered] {
            let url = format!("https://{host}:{}/", server.address.port());
            let kind = error(&transport, request(Method::GET, &url, Limit::Jwks, trust)).await;
            assert!(kind == ErrorKind::Address, "{host} {trust:?}: {kind:?}");
        }
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_kept_connection_is_no_way_around_the_filter() {
    let server = Server::start(|mut stream| async move {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        while stream.write_all(answer).await.is_ok() && !read_request(&mut stream).await.is_empty() {}
    })
    .await;
    let transport = patient();
    let url = format!("http://localhost:{}/", server.address.port());
    transport.send(get(&url)).await.expect("the operator's own");
    let kind = error(&transport, request(Method::GET, &url, Limit::Userinfo, Trust::Discovered)).await;
    assert!(kind == ErrorKind::Address, "{kind:?}");
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_it_has_when_it_is_connected_to() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let lookup = Lookup(Arc::new(move |host: &str| match host {
        "rebind.example" if count.fetch_add(1, Ordering::SeqCst) == 0 => vec![IpAddr::from([192, 0, 2, 1])],
        "nowhere.example" => vec![],
        _ => vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([169, 254, 169, 254])],
    }));
    let transport =
        Transport::new(Options { lookup: Some(lookup), deadlines: quick(), ..Options::default() });
    for host in ["rebind.example", "rebind.example", "private.example"] {
        let kind = error(
            &transport,
            request(Method::POST, &format!("https://{host}/"), Limit::Token, Trust::Discovered),
        )
        .await;
        assert!(kind == ErrorKind::Address, "{host}: {kind:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(error(&transport, post("https://nowhere.example/")).await, ErrorKind::Connect);
}

#[tokio::test]
async fn plain_http_only_to_loopback() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let lookup = Lookup(Arc::new(|_: &str| vec![IpAddr::from([127, 0, 0, 1])]));
    let options = Options { lookup: Some(lookup), ..Options::default() };
    let url = format!("http://idp.corp.example:{}/", server.address.port());
    let strict = Transport::new(options.clone());
    assert_eq!(error(&strict, get(&url)).await, ErrorKind::Insecure);
    let relaxed = Transport::new(Options { danger_allow_http: true, ..options });
    relaxed.send(get(&url)).await.expect("the operator allows it");
    let untrusted = request(Method::GET, &url, Limit::Userinfo, Trust::Discovered);
    assert_eq!(error(&relaxed, untrusted).await, ErrorKind::Insecure);
    for url in ["http://192.168.1.1/", "ftp://127.0.0.1/", "http://localhost.evil.example/"] {
        assert_eq!(error(&strict, get(url)).await, ErrorKind::Insecure, "{url}");
    }
    assert_eq!(error(&strict, get("https://user:canary@idp.example/")).await, ErrorKind::Url);
}

#[tokio::test]
async fn proxy_variables_count_for_nothing() {
    const CHILD: &str = "AUTHCFG_TEST_PROXY_CHILD";
    if let Ok(url) = std::env::var(CHILD) {
        patient().send(post(&url)).await.expect("not through the proxy");
        return;
    }
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", "transport::tests::addresses::proxy_variables_count_for_nothing", "--nocapture"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, "http://127.0.0.1:1");
    }
    child.env("NO_PROXY", "").env(CHILD, server.url("/token"));
    let output = tokio::task::spawn_blocking(move || child.output()).await.expect("ran").expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_configured_proxy_is_used() {
    let proxy = Server::answering("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n").await;
    let options = Options { proxy: Url::parse(&proxy.url("")).ok(), ..Options::default() };
    let kind = error(&Transport::new(options), post("https://idp.example/token")).await;
    assert_eq!(kind, ErrorKind::Connect);
    assert!(proxy.requests()[0].starts_with("CONNECT idp.example:443 "), "{:?}", proxy.requests());
}

#[tokio::test]
async fn an_error_shows_scheme_and_host_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let url = format!("http://{address}/path-canary?access_token=canary");
    let request = post(&url);
    assert_eq!(format!("{request:?}").matches("canary").count(), 0, "{request:?}");
    let error = patient().send(request).await.expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().starts_with("http://127.0.0.1 cannot be reached"), "{error}");
    let error = patient().send(post("https://user:canary@127.0.0.1/")).await.expect_err("a user");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn the_mock_gets_every_request_with_its_real_url() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let transport = Transport::played_by(server.address);
    transport.send(post("https://api.acme.example:8443/token?a=b%20c")).await.expect("an answer");
    let request = server.requests()[0].to_lowercase();
    assert!(request.starts_with("post /token?a=b%20c http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nhost: api.acme.example:8443\r\n"), "{request}");
    assert!(
        request.contains("\r\nx-authcfg-url: https://api.acme.example:8443/token?a=b%20c\r\n"),
        "{request}"
    );
}
