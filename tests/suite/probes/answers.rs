//! T-55: JSON that a stranger sends, where commands read it from a person: `map` and `new`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::golden::compare;

/// Each probe, and the same within what is taken.
fn probes() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str, times: usize| open.repeat(times) + "1" + &close.repeat(times);
    let text = |length: usize| format!(r#"{{"id": "7", "name": "{}"}}"#, "x".repeat(length));
    vec![
        ("127 lists in an object", format!(r#"{{"id": {}}}"#, nested("[", "]", 127)).into()),
        ("128 lists in an object", format!(r#"{{"id": {}}}"#, nested("[", "]", 128)).into()),
        ("200,000 lists", nested("[", "]", 200_000).into()),
        ("90,000 objects", r#"{"a":"#.repeat(90_000).into()),
        ("a member twice", br#"{"id": 1, "id": 2}"#.into()),
        ("30 digits", br#"{"id": 123456789012345678901234567890}"#.into()),
        ("a lone surrogate", br#"{"id": "\ud800"}"#.into()),
        ("a NUL by escape", br#"{"id": "a\u0000b"}"#.into()),
        ("a NUL", b"{\"id\": \"a\0b\"}".into()),
        ("a text of 500 KB", text(500_000).into()),
        ("a text of 2 MB", text(2_000_000).into()),
        ("a subject of 9 KB", format!(r#"{{"id": "{}"}}"#, "x".repeat(9_000)).into()),
        ("a byte order mark", "\u{feff}{\"id\": 1}".into()),
        ("UTF-16", r#"{"id": 1}"#.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("Latin-1", b"{\"id\": \"\xe9\"}".into()),
        ("NaN", br#"{"id": NaN}"#.into()),
        ("1e999", br#"{"id": 1e999}"#.into()),
    ]
}

#[test]
fn answers_are_answered_as_listed() {
    let mut table = String::from(
        "# JSON from a stranger\n\nHow `authcfg map` and `authcfg new --from-response` end, and what they say.\n\n",
    );
    table += "| probe | command | exit | says |\n|---|---|---|---|\n";
    for (name, bytes) in probes() {
        for arguments in
            [&["map", "./acme.yaml", "-"][..], &["new", "other", "--from-response", "-", "--output", "-"]]
        {
            let (exit, said) = run(arguments, &bytes);
            table +=
                &format!("| {name} | {} | {exit} | {} |\n", arguments[0], said.lines().next().unwrap_or("—"));
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/probes/answers.md");
    let differs = compare(&golden, &table);
    assert!(differs.is_none(), "{}", differs.unwrap_or_default());
}

/// How a command ends with an input, and what it says on standard error.
fn run(arguments: &[&str], input: &[u8]) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_authcfg"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/probes"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that has read enough may be gone.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).expect("what is printed is text");
    (output.status.code().expect("no signal ended it"), said)
}
