//! `authcfg demo`, as a person runs it first.

use std::process::{Command, Output};

fn demo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.arg("demo").args(args).env_clear().output().expect("the binary runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn shows_a_whole_sign_in_and_ends() {
    let output = demo(&[]);
    let shown = text(&output);
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    let mut rest = shown.as_str();
    for part in [
        "Authorization request",
        "GET https://api.workos.com/sso/authorize",
        "code_challenge",
        "Callback",
        "/api/auth/callback/workos",
        "Token request",
        "POST https://api.workos.com/sso/token",
        "200 OK",
        "access_token",
        "Userinfo",
        "GET https://api.workos.com/sso/profile",
        "Profile",
        "email",
        "Session",
        "authjs.session-token",
        "/api/auth/session",
        "Signed in as ",
    ] {
        let at =
            rest.find(part).unwrap_or_else(|| panic!("`{part}` is missing, or not in its place:\n{shown}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!shown.contains('\u{1b}'), "no colours where nobody looks at a terminal");
    for line in shown.lines().filter(|line| line.contains("client_secret") || line.contains("code_verifier"))
    {
        assert!(line.ends_with('…') && line.len() < 50, "a secret is cut: {line}");
    }
}

#[test]
fn plays_every_built_in_provider() {
    for entry in authcfg::provider::catalog::Catalog::builtin().entries() {
        let output = demo(&[&entry.id]);
        if entry.provider().is_some_and(|provider| !provider.signs_in) {
            assert_eq!(output.status.code(), Some(2), "nobody signs in with {}", entry.id);
            continue;
        }
        let shown = text(&output);
        assert!(output.status.success(), "{}:\n{shown}{}", entry.id, String::from_utf8_lossy(&output.stderr));
        assert!(shown.contains("Signed in as "), "{}:\n{shown}", entry.id);
    }
}

#[test]
fn does_not_know_every_name() {
    let output = demo(&["no-such-provider"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-provider"));
}
