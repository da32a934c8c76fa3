//! The arrows of the architecture, and what must stay true of every file of `src/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use authcfg::yaml::{Document, Limits};
use serde_json::Value;

/// Who may use whom. `cli` uses everything and is named by `main.rs` alone.
const ARROWS: &[(&str, &[&str])] = &[
    ("client", &["flow", "transport", "provider", "oauth", "clock", "rng"]),
    ("clock", &[]),
    ("config", &["spec", "provider", "session", "oauth", "diagnostic", "yaml"]),
    ("diagnostic", &["yaml"]),
    ("expr", &["oauth"]),
    ("flow", &["provider", "expr", "oauth", "clock", "rng"]),
    ("mock", &["client", "transport", "provider", "flow", "expr", "oauth", "clock", "rng"]),
    ("oauth", &[]),
    ("provider", &["spec", "expr", "oauth", "diagnostic", "yaml"]),
    ("rng", &[]),
    (
        "server",
        &[
            "config",
            "client",
            "session",
            "provider",
            "flow",
            "transport",
            "oauth",
            "diagnostic",
            "clock",
            "rng",
        ],
    ),
    ("session", &["oauth", "clock", "rng"]),
    ("spec", &["yaml", "diagnostic"]),
    ("transport", &["oauth"]),
    ("yaml", &[]),
];

/// Ids that mean something else in the code: three protocols, the line of a finding. One letter is no name: `x` is a
/// member of a JWK as well.
const WORDS: [&str; 4] = ["oidc", "oauth2", "mcp", "line"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn modules_use_only_what_their_arrows_allow() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        let module = module(&path);
        let code = code(&text, true);
        assert!(!code.contains("crate::{"), "{}: one `use` a module path", path.display());
        for used in code.split("crate::").skip(1).filter_map(identifier) {
            let allowed = match module.as_str() {
                "cli" | "lib" => true,
                "main" => used == "cli",
                module => used == module || allowed(module).contains(&used.as_str()),
            };
            if !allowed {
                wrong.push(format!("{}: {module} may not use {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_provider_is_named_in_the_code() {
    let (ids, hosts) = providers();
    assert!(ids.contains("workos") && hosts.contains("api.workos.com"), "{ids:?} {hosts:?}");
    let mut wrong = vec![];
    for (path, text) in sources() {
        // The demo has to play some provider where nobody names one.
        let demo = path.starts_with(root().join("src/cli/demo")) || path.ends_with("src/cli/demo.rs");
        for literal in literals(&code(&text, false)) {
            let id =
                literal.len() > 1 && ids.contains(&literal) && !WORDS.contains(&literal.as_str()) && !demo;
            if id || hosts.iter().any(|host| literal.contains(host.as_str())) {
                wrong.push(format!("{}: {literal:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_file_is_one_idea() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        if text.lines().count() > 400 {
            wrong.push(format!("{}: {} lines", path.display(), text.lines().count()));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!("{}: says no word about its job", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_edges_touch_the_outside_world() {
    let outside =
        ["std::net::TcpStream", "std::net::TcpListener", "SystemTime::now", "Instant::now", "std::env::"];
    let mut wrong = vec![];
    for (path, text) in sources() {
        if !["yaml", "diagnostic", "spec", "expr", "oauth", "flow"].contains(&module(&path).as_str()) {
            continue;
        }
        let code = code(&text, true);
        for word in
            outside.iter().chain(&["std::fs", "tokio::", "reqwest::"]).filter(|word| code.contains(**word))
        {
            wrong.push(format!("{}: {word}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_scanner_sees_code_and_nothing_else() {
    let text = "// crate::a\nlet x = \"b // \\\" c\"; /* \"d\" */ let y = r#\"e\"f\"#; let z = '\"'; // \"g\"\n#[cfg(test)]\nmod tests { \"h\" }\n";
    assert_eq!(literals(&code(text, false)), ["b // \" c", "e\"f"]);
    assert!(!code(text, true).contains("crate::"));
    assert_eq!(code("a; \"crate::b\"; crate::c;", true), "a; \"\"; crate::c;");
}

fn allowed(module: &str) -> &'static [&'static str] {
    ARROWS.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("{module} has no arrows")).1
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = vec![];
    collect(&root().join("src"), &mut sources);
    assert!(sources.len() > 10);
    sources
}

fn collect(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            sources.push((path, text));
        }
    }
}

/// The module of the crate's root that a file belongs to.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let name = &text[..end];
    // `crate::name!` is a macro of the crate's root.
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && !text[end..].starts_with('!'))
        .then(|| name.to_owned())
}

/// A file's code without comments and tests; with `bare`, without what its literals say as well.
fn code(text: &str, bare: bool) -> String {
    let text =
        &text[..text.find("\n#[cfg(test)]\nmod ").or(text.find("\n#[cfg(all(test")).unwrap_or(text.len())];
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/").map_or(rest.len(), |at| at + 2)..];
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest = &rest[rest[1..].find("\"'").map_or(rest.len(), |at| at + 3)..];
        } else if let Some(length) = literal(rest) {
            out.push_str(if bare { "\"\"" } else { &rest[..length] });
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The length of the string literal that a text begins with.
fn literal(text: &str) -> Option<usize> {
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        return Some(1 + hashes + 1 + body.find(&close)? + close.len());
    }
    let body = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            '"' if !escaped => return Some(at + 2),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}

/// What the string literals of a code say.
fn literals(code: &str) -> Vec<String> {
    let mut found = vec![];
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let length = literal(rest).unwrap_or(c.len_utf8());
        if literal(rest).is_some() {
            let inner = rest[..length].trim_start_matches('r').trim_matches('#');
            found.push(inner[1..inner.len() - 1].replace("\\\"", "\""));
        }
        rest = &rest[length..];
    }
    found
}

/// The ids and aliases of the shipped files, and the hosts that their endpoints have.
fn providers() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut ids, mut hosts) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(root().join("providers")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let document = Document::parse("a", &fs::read(&path).unwrap(), Limits::PROVIDER).unwrap();
        let value = document.to_json();
        ids.extend(value["id"].as_str().map(str::to_owned));
        ids.extend(
            value["aliases"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|alias| Some(alias.as_str()?.to_owned())),
        );
        for (key, value) in value.as_object().unwrap() {
            if !["docs", "sources", "tests", "assurance", "scopes"].contains(&key.as_str()) {
                collect_hosts(value, &mut hosts);
            }
        }
    }
    (ids, hosts)
}

fn collect_hosts(value: &Value, hosts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for after in text.split("https://").skip(1) {
                let end = after
                    .find(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c))
                    .unwrap_or(after.len());
                // Of `api.{{ vars.region }}` the part before the braces is no host.
                let host = &after[..end];
                if host.contains('.')
                    && !host.ends_with(".example")
                    && !host.starts_with('.')
                    && !host.ends_with('.')
                {
                    hosts.insert(host.to_owned());
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_hosts(item, hosts)),
        Value::Object(members) => members.values().for_each(|member| collect_hosts(member, hosts)),
        _ => {}
    }
}
