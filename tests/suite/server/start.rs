//! `authcfg serve` as a process: its screen, its answer, its end, and when it does not start.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::server::browser::{SECRET, write};

fn serve(folder: &std::path::Path, variables: &[(&str, &str)], args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command
        .current_dir(folder)
        .env_clear()
        .arg("serve")
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in variables {
        command.env(name, value);
    }
    command.spawn().unwrap()
}

const GITHUB: [(&str, &str); 3] =
    [("AUTH_SECRET", SECRET), ("AUTH_GITHUB_ID", "cid"), ("AUTH_GITHUB_SECRET", "secret")];

#[test]
fn says_where_it_listens_answers_and_ends_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = serve(folder.path(), &GITHUB, &["--listen", "127.0.0.1:0"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut screen = vec![];
    let url = loop {
        let line = lines.next().expect("the server prints where it listens").unwrap();
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_owned();
        }
        screen.push(line);
    };
    let callback = format!("{url}/api/auth/callback/github");
    assert!(screen.iter().any(|line| line.ends_with(&callback)), "{screen:?}");
    let authority = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "GET /api/auth/session HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("null"), "{answer}");
    let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn says_what_a_provider_must_know_to_sign_people_out() {
    let folder = tempfile::tempdir().unwrap();
    let google = [("AUTH_GOOGLE_ID", "cid"), ("AUTH_GOOGLE_SECRET", "secret")];
    let screen = |session: &str| {
        let deployment = format!(
            "base_url: https://app.example.com\nproviders: {{github: {{}}, google: {{}}}}\n{session}\n"
        );
        write(folder.path(), "authcfg.yaml", &deployment);
        let mut child = serve(folder.path(), &[&GITHUB[..], &google].concat(), &["--listen", "127.0.0.1:0"]);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let screen: Vec<String> = lines.take_while(|line| !line.starts_with("listening on ")).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        screen
            .into_iter()
            .filter(|line| line.contains("logout") || line.contains("signed-out"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        screen("session: {strategy: database, store: memory, logout: provider}"),
        [
            "Post-logout redirect URIs, for the same forms:",
            "  https://app.example.com/api/auth/signed-out",
            "Back-channel logout URIs, where a form asks for one:",
            "  google  https://app.example.com/api/auth/backchannel-logout/google",
        ]
    );
    assert!(screen("").is_empty());
}

#[test]
fn does_not_start_with_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "authcfg.yaml", "base_url: https://app.example.com\nproviders:\n  githup: {}\n");
    let output = serve(folder.path(), &GITHUB, &["--listen", "127.0.0.1:0"]).wait_with_output().unwrap();
    let screen = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(screen.contains("authcfg.yaml:3:3") && screen.contains("github"), "{screen}");
}

#[test]
fn does_not_start_without_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let output = serve(folder.path(), &GITHUB[1..], &["--listen", "127.0.0.1:0"]).wait_with_output().unwrap();
    let screen = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(screen.contains("AUTH_SECRET") && screen.contains("openssl rand -base64 33"), "{screen}");
}

#[test]
fn says_that_it_cannot_listen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = serve(folder.path(), &GITHUB, &["--listen", &address]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
#[cfg(feature = "store-sqlite")]
fn does_not_start_without_its_session_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = "base_url: http://localhost:3100\nproviders: {github: {}}\nsession: {strategy: database, store: 'sqlite:missing/a.db'}\n";
    std::fs::write(folder.path().join("authcfg.yaml"), file).unwrap();
    let output = serve(folder.path(), &GITHUB, &["--listen", "127.0.0.1:0"]).wait_with_output().unwrap();
    let screen = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(screen.contains("error: the session store: missing/a.db: No such file or directory"), "{screen}");
}

#[test]
fn a_check_says_what_would_be_served_and_serves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "authcfg.yaml",
        "base_url: https://app.example.com\nproviders: {github: {}}\nsession: {strategy: database}\n",
    );
    let check = |args: &[&str]| {
        let all = [&["--check", "--listen", "127.0.0.1:0"], args].concat();
        let output = serve(folder.path(), &GITHUB, &all).wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(SECRET) && !said.contains("listening on"), "{said}");
        (output.status.code(), said)
    };
    let (code, said) = check(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("providers  github\nsessions   sqlite\nnothing speaks against a start on 127.0.0.1:")
    );
    let (_, said) = check(&["--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&told["ok"], &told["session"]["store"]), (&true.into(), &"sqlite".into()));
    assert_eq!(told["base_urls"][0], "https://app.example.com/api/auth");
    write(folder.path(), "authcfg.yaml", "base_url: https://app.example.com\nproviders: {githib: {}}\n");
    let (code, said) = check(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("error[unknown-provider]") && said.contains("authcfg.yaml:2:"), "{said}");
    let deployment =
        "providers: {github: {}}\nsession: {strategy: database, store: \"sqlite:no/such/folder/a.db\"}\n";
    write(folder.path(), "authcfg.yaml", deployment);
    assert_eq!(check(&[]).0, Some(3));
}

/// The status of an answer, of a request of its own.
fn status(authority: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(authority)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.get(9..12).unwrap_or_default().to_owned())
}

fn listening(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines
        .map(|line| line.unwrap())
        .find_map(|line| Some(line.strip_prefix("listening on http://")?.to_owned()));
    url.expect("the server prints where it listens")
}

fn terminate(child: &Child) {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
}

#[test]
fn a_server_that_is_told_to_stop_says_so_first_and_goes_on_for_as_long_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = serve(folder.path(), &GITHUB, &["--listen", "127.0.0.1:0", "--drain-delay", "2"]);
    let authority = listening(&mut child);
    assert_eq!(status(&authority, "/readyz").unwrap(), "200");
    let address = authority.replace("localhost", "127.0.0.1");
    let health =
        || serve(folder.path(), &[], &["--health", &address]).wait_with_output().unwrap().status.code();
    assert_eq!(health(), Some(0));
    terminate(&child);
    let ready = |_: &u32| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        status(&authority, "/readyz").unwrap() == "200"
    };
    assert!((0..100).find(|round| !ready(round)).is_some(), "it still says that it is ready");
    assert_eq!(status(&authority, "/healthz").unwrap(), "200");
    assert_eq!(status(&authority, "/api/auth/session").unwrap(), "200");
    assert!(child.wait().unwrap().success());
    assert!(status(&authority, "/healthz").is_err());
    assert_eq!(health(), Some(3));
}

#[test]
fn a_server_that_is_told_to_stop_twice_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = serve(folder.path(), &GITHUB, &["--listen", "127.0.0.1:0", "--drain-delay", "300"]);
    let authority = listening(&mut child);
    terminate(&child);
    while status(&authority, "/readyz").unwrap() == "200" {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

/// As systemd starts it: the socket is open already, and whoever starts it wants to know when it answers.
#[cfg(target_os = "linux")]
#[test]
fn takes_the_socket_of_systemd_and_says_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = socket.local_addr().unwrap().to_string();
    let notes = std::os::unix::net::UnixDatagram::bind(folder.path().join("notify")).unwrap();
    // A shell hands the socket on as systemd does: as file descriptor 3, to the process whose id it names.
    let script = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve --listen 127.0.0.1:1";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_authcfg")]).current_dir(folder.path()).env_clear();
    command.envs(GITHUB).env("NOTIFY_SOCKET", folder.path().join("notify"));
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(socket))).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let told = || {
        let mut note = [0; 64];
        let length = notes.recv(&mut note).unwrap();
        String::from_utf8(note[..length].to_vec()).unwrap()
    };
    assert_eq!(told().trim(), "READY=1");
    assert_eq!(status(&authority, "/healthz").unwrap(), "200");
    terminate(&child);
    assert_eq!(told().trim(), "STOPPING=1");
    assert!(child.wait().unwrap().success());
}
