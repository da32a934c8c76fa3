//! What tests of rules look at: the findings about a small provider file.

use crate::diagnostic::Diagnostic;
use crate::provider::load;
use crate::yaml::{Document, Limits};

/// A file in which nothing is found.
const FILE: [&str; 8] = [
    "id: acme",
    "name: Acme",
    "docs: https://acme.example",
    "authorization_endpoint: https://acme.example/a",
    "token_endpoint: https://acme.example/t",
    "userinfo_endpoint: https://acme.example/u",
    "profile: {sub: $.userinfo.id}",
    "tests: [{error: any}]",
];

/// The titles of what is found in the file with these keys, which count instead of its own.
pub fn titles(keys: &str) -> Vec<String> {
    titles_of(&with(keys))
}

/// The titles of what is found in a whole file.
pub fn titles_of(text: &str) -> Vec<String> {
    found(text).into_iter().map(|finding| finding.title).collect()
}

/// The codes of what is found in the file with these keys.
pub fn codes(keys: &str) -> Vec<&'static str> {
    found(&with(keys)).into_iter().map(|finding| finding.code.as_str()).collect()
}

fn with(keys: &str) -> String {
    let key = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    let own = |line: &&&str| !keys.lines().any(|other| key(other) == key(line));
    let lines: Vec<&str> = FILE.iter().filter(own).copied().chain(keys.lines()).collect();
    lines.join("\n") + "\n"
}

fn found(text: &str) -> Vec<Diagnostic> {
    let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).unwrap();
    load(&document, |_| None).1
}

#[test]
fn nothing_is_found_in_the_file_itself() {
    assert_eq!(titles(""), Vec::<String>::new());
}
