//! `authcfg new`: what it writes validates, and passes its own tests at once.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn authcfg(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_authcfg"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A command that does not read its input closes it.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// What is written passes `validate --deny warnings` and `test`.
fn proves_itself(folder: &Path, file: &str) {
    for arguments in [&["validate", "--deny", "warnings", file][..], &["test", file]] {
        let output = authcfg(folder, arguments, "");
        let shown = format!("{}{}", text(&output.stdout), text(&output.stderr));
        let written = std::fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {shown}\n{written}");
    }
}

/// An issuer on loopback that answers everything with one document.
fn issuer(document: impl Fn(&str) -> Value + Send + 'static, status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let body = document(&issuer).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = vec![];
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let found = head.starts_with(b"GET /.well-known/openid-configuration ");
            let status = if found { status } else { "404 Not Found" };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    issuer
}

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/a"), "token_endpoint": format!("{issuer}/t"),
        "userinfo_endpoint": format!("{issuer}/u"), "jwks_uri": format!("{issuer}/k"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"], "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "offline_access"], "id_token_signing_alg_values_supported": ["ES256"],
    })
}

#[test]
fn an_issuer_becomes_a_file_of_what_deviates() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = issuer(metadata, "200 OK");
    let output = authcfg(folder.path(), &["new", "acme", "--issuer", &issuer], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "providers/acme.yaml written: 2 to decide\n");
    let written = std::fs::read_to_string(folder.path().join("providers/acme.yaml")).unwrap();
    for line in [
        "name: Acme\n",
        "protocol: oidc\n",
        "discovery: true\n",
        "token_endpoint_auth_method: client_secret_post\n",
        "scopes: {default: [openid, email]}\n",
        "id_token: {algs: [ES256]}\n",
        "# decide: there are further scopes: offline_access\n",
    ] {
        assert!(written.contains(line), "{line} in {written}");
    }
    assert!(!written.contains("_endpoint: "), "the endpoints are discovered: {written}");
    proves_itself(folder.path(), "providers/acme.yaml");
    let output = authcfg(folder.path(), &["new", "oidc", "--issuer", &issuer], "");
    assert_eq!(text(&output.stderr), "note: the file takes the place of the built-in provider `oidc`\n");
}

#[test]
fn what_is_no_issuer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = issuer(|_| metadata("https://other.example"), "200 OK");
    let missing = issuer(metadata, "404 Not Found");
    let list = issuer(|_| json!([]), "200 OK");
    for (issuer, code, why) in [
        (other.as_str(), 1, "the document is of the issuer `https://other.example`"),
        (&missing, 1, "answers 404 Not Found"),
        (&list, 1, "is no JSON object"),
        ("http://127.0.0.1:1", 3, "cannot be reached"),
        ("http://login.acme.example", 2, "it is not https"),
        ("acme", 2, "it is no address"),
    ] {
        let output = authcfg(folder.path(), &["new", "acme", "--issuer", issuer], "");
        assert_eq!(output.status.code(), Some(code), "{issuer}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(why), "{issuer}: {}", text(&output.stderr));
    }
    assert!(!folder.path().join("providers").exists(), "nothing is written");
}

#[test]
fn a_response_becomes_a_profile() {
    let response = r#"{"data": {"user": {"id": 12345678901234567890123, "fullName": "Ada \"L\" é", "email": "Ada@acme.example",
        "avatar": {"url": "https://acme.example/a?b=c&d"}, "access_token": "s3cr3t"}}, "status": "OK"}"#;
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["new", "acme", "--from-response", "-", "--name", "Acme: the \"first\""];
    let output = authcfg(folder.path(), &arguments, response);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = std::fs::read_to_string(folder.path().join("providers/acme.yaml")).unwrap();
    for part in [
        "name: \"Acme: the \\\"first\\\"\"\n",
        "  sub: $.userinfo.data.user.id\n",
        "  name: $.userinfo.data.user.fullName\n",
        "  email: $.userinfo.data.user.email\n",
        "  email_verified: false ",
        "  picture: $.userinfo.data.user.avatar.url\n",
        "      sub: \"12345678901234567890123\"\n",
        "      email: \"ada@acme.example\"\n",
    ] {
        assert!(written.contains(part), "{part} in {written}");
    }
    assert!(!written.contains("s3cr3t"), "{written}");
    proves_itself(folder.path(), "providers/acme.yaml");
}

#[test]
fn a_recorded_response_is_read_as_map_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let record = r#"{"kind": "userinfo", "sample": {"id": 7, "global_name": "Ada", "username": "ada"}}"#;
    let output = authcfg(folder.path(), &["new", "acme", "--from-response", "-"], record);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = std::fs::read_to_string(folder.path().join("providers/acme.yaml")).unwrap();
    assert!(
        written.contains("  sub: $.userinfo.id\n") && written.contains("  name: $.userinfo.global_name\n"),
        "{written}"
    );
}

#[test]
fn every_kind_of_response_gives_a_file_that_proves_itself() {
    let deep = (0..40).fold(json!(1), |inner, _| json!({"a": [inner]}));
    let wide: Value =
        (0..3000).map(|n| (format!("k{n}"), json!("x".repeat(50)))).collect::<serde_json::Map<_, _>>().into();
    for (number, response) in [
        json!({"login": "ada"}),
        json!([{"uid": "7", "nick": "ada"}]),
        json!({"id": "7", "name": "a\u{202e}b\u{200b}", "bio": "line\nline\u{7}", "k\u{feff}": 1}),
        json!({"id": 1.5, "uuid": "0b6c", "no": "yes", "{{ x }}": "{% y %}", "$": "$.z", "it's": {"a\"b": null}}),
        json!({"http": {"status": 500}, "id": "STATE", "code": "CODE"}),
        deep,
        wide,
    ]
    .iter()
    .enumerate()
    {
        let folder = tempfile::tempdir().unwrap();
        let id = format!("p{number}");
        let arguments = ["new", &id, "--from-response", "-", "--output", &format!("{id}.yaml")];
        let output = authcfg(folder.path(), &arguments, &response.to_string());
        assert_eq!(output.status.code(), Some(0), "{number}: {}", text(&output.stderr));
        proves_itself(folder.path(), &format!("{id}.yaml"));
    }
}

#[test]
fn what_is_no_response_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (input, why) in [
        ("", "is no JSON"),
        ("<html>", "is no JSON"),
        ("\"ada\"", "is no JSON object"),
        ("[1, 2]", "is no JSON object"),
        ("{}", "is an empty object"),
        ("{\"id\": 1, \"id\": 2}", "a member comes twice"),
    ] {
        let output = authcfg(folder.path(), &["new", "acme", "--from-response", "-"], input);
        assert_eq!(output.status.code(), Some(1), "{input}");
        assert!(text(&output.stderr).contains(why), "{input}: {}", text(&output.stderr));
    }
    let output = authcfg(folder.path(), &["new", "acme", "--from-response", "none.json"], "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.yaml"), "mine").unwrap();
    let new = |arguments: &[&str]| {
        let arguments: Vec<&str> =
            ["new", "acme", "--from-response", "-"].iter().chain(arguments).copied().collect();
        let output = authcfg(folder.path(), &arguments, "{\"id\": 1}");
        (output.status.code(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
    };
    let (code, _, why) = new(&["--output", "acme.yaml"]);
    assert_eq!((code, why.as_str()), (Some(2), "error: acme.yaml is there already\n"));
    assert_eq!(std::fs::read_to_string(folder.path().join("acme.yaml")).unwrap(), "mine");
    assert_eq!(new(&["--output", "other.yaml"]).0, Some(2), "the file is called by its id");
    assert_eq!(new(&["--output", "none/acme.yaml"]).0, Some(2));
    let (code, shown, _) = new(&["--output", "-"]);
    assert_eq!(code, Some(0));
    assert!(shown.contains("\nid: acme\n") && shown.contains("sub: $.userinfo.id\n"), "{shown}");
    assert!(!folder.path().join("providers").exists());
}

#[test]
fn wrong_usage_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["new", "acme"][..],
        &["new", "--issuer", "https://acme.example"],
        &["new", "Acme", "--from-response", "-"],
        &["new", "../acme", "--from-response", "-"],
        &["new", "acme", "--issuer", "https://acme.example", "--from-response", "-"],
        &["new", "acme", "--from-response", "-", "--name", ""],
    ] {
        assert_eq!(authcfg(folder.path(), arguments, "{\"id\": 1}").status.code(), Some(2), "{arguments:?}");
    }
}
