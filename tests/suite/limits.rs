//! Every limit of what somebody else writes: what is just within it passes, one more is refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use authcfg::cli::validate::{Args, validate};
use authcfg::diagnostic::Severity;
use authcfg::expr::{Condition, Context, Template};
use authcfg::oauth::jose::{JwkSet, Jws, MAX_HEADER, MAX_KEYS, MAX_TOKEN};
use authcfg::oauth::json as strict;
use authcfg::yaml::Limits;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A right provider file.
const ACME: &str = include_str!("probes/acme.yaml");

/// A limit, what it says beyond it, and something of that size.
type Limit = (&'static str, usize, &'static str, fn(usize) -> Result<(), String>);

#[test]
fn what_is_within_a_limit_passes_and_one_more_is_refused() {
    for (name, limit, refusal, of_size) in files().into_iter().chain(expressions()).chain(answers()) {
        of_size(limit).unwrap_or_else(|said| panic!("{name}: {limit} is within, but: {said}"));
        let said = of_size(limit + 1).expect_err(&format!("{name}: {} is too much", limit + 1));
        assert!(said.contains(refusal), "{name}: {said}");
    }
}

/// What `authcfg validate` finds, errors first in the order of the file.
fn findings(path: &Path) -> Vec<String> {
    let report = validate(&Args { paths: vec![path.to_owned()], ..Args::default() });
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| {
            [finding.title.clone(), finding.primary().text.clone(), finding.notes.join(", ")].join("; ")
        })
        .collect()
}

fn file(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.yaml");
    fs::write(&path, text).unwrap();
    findings(&path).into_iter().next().map_or(Ok(()), Err)
}

/// The file with something in the place of its profile.
fn with(text: &str) -> Result<(), String> {
    file(&ACME.replacen("profile:", &format!("{text}\nprofile:"), 1))
}

fn claim(source: &str) -> Result<(), String> {
    file(&ACME.replacen(
        "$.userinfo.id}",
        &format!("$.userinfo.id, name: '{}'}}", source.replace('\'', "''")),
        1,
    ))
}

/// A file with a test that has this body.
fn body(body: &str) -> Result<(), String> {
    file(&ACME.replacen("{id: \"7\"}", &format!("{{id: \"7\", x: {body}}}"), 1))
}

fn deployment(text: &str) -> Result<(), String> {
    file(&format!("base_url: https://app.example.com\nproviders: {{github: {{client_id: a}}}}\n{text}"))
}

fn padded(text: &str, size: usize) -> String {
    format!("{text}# {}\n", "x".repeat(size - text.len() - 3))
}

fn list(size: usize) -> String {
    format!("[{}]", "1,".repeat(size))
}

/// How many nodes a text has that refuses nothing else.
fn nodes(text: &str) -> usize {
    authcfg::yaml::Document::parse("a", text.as_bytes(), Limits::DEPLOYMENT).unwrap().root().count()
}

fn files() -> Vec<Limit> {
    const DEPLOYED: &str = "base_url: https://app.example.com\nproviders: {github: {client_id: a}}\n";
    vec![
        ("bytes of a provider file", 64 * 1024, "the file has 65537 bytes, 65536 at most are read", |size| {
            file(&padded(ACME, size))
        }),
        (
            "bytes of a deployment file",
            4 << 20,
            "the file has 4194305 bytes, 4194304 at most are read",
            |size| file(&padded(DEPLOYED, size)),
        ),
        ("levels of a provider file", Limits::PROVIDER.depth, "more than 16 deep", |depth| {
            // The file, its tests, one of them, userinfo.
            body(&format!("{}1{}", "[".repeat(depth - 4), "]".repeat(depth - 4)))
        }),
        ("levels of a deployment file", Limits::DEPLOYMENT.depth, "more than 16 deep", |depth| {
            // The file, its providers, one of them, its tests, one of them, the response, what HTTP has of it.
            let body = format!("{}1{}", "[".repeat(depth - 7), "]".repeat(depth - 7));
            let tests = format!("[{{token_response: {{http: {{body: {body}}}}}}}]");
            file(&format!("providers: {{github: {{client_id: a, tests: {tests}}}}}\n")).or_else(|said| {
                // What is tested stays the provider file's.
                if said.contains("deep") { Err(said) } else { Ok(()) }
            })
        }),
        (
            "keys and values of a provider file",
            Limits::PROVIDER.nodes,
            "more than 5000 keys and values",
            |size| {
                let others = nodes(&ACME.replacen("{id: \"7\"}", "{id: \"7\", x: []}", 1));
                body(&list(size - others))
            },
        ),
        (
            "keys and values of a deployment file",
            Limits::DEPLOYMENT.nodes,
            "more than 200000 keys and values",
            |size| {
                let route = |domains: &str| format!("routes: [{{provider: github, domains: [{domains}]}}]\n");
                let others = nodes(&format!("{DEPLOYED}{}", route("")));
                let domains: String =
                    (0..size - others).map(|number| format!("a{number}.example,")).collect();
                deployment(&route(&domains))
            },
        ),
        ("tests of a file", 300, "more than 300 tests in one file", |count| {
            let test = "  - {token_response: {error: invalid_grant}, error: invalid_grant}\n";
            file(&ACME.replacen("tests:\n", &format!("tests:\n{}", test.repeat(count - 2)), 1))
        }),
        ("providers of a deployment", 2_000, "more than 2000 providers in one deployment", |size| {
            let providers: String =
                (0..size).map(|number| format!("  a{number}: {{use: github, client_id: a}}\n")).collect();
            file(&format!("base_url: https://app.example.com\nproviders:\n{providers}"))
        }),
        ("findings of a file", 100, "1 more findings of this file are left out", |count| {
            let keys: String = (0..count).map(|number| format!("x{number}: 1\n")).collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("acme.yaml");
            fs::write(&path, format!("{ACME}{keys}")).unwrap();
            let found = findings(&path);
            assert_eq!(found.len(), count.min(100));
            found.into_iter().find(|said| said.contains("left out")).map_or(Ok(()), Err)
        }),
        ("files of a folder", 5_000, "more than 5000 YAML files", |count| {
            let folder = tempfile::tempdir().unwrap();
            (0..count)
                .for_each(|number| fs::write(folder.path().join(format!("a{number}.yaml")), "").unwrap());
            findings(folder.path())
                .into_iter()
                .find(|said| !said.contains("nothing in this file"))
                .map_or(Ok(()), Err)
        }),
        ("folders in a folder", 16, "folders stand in each other more than 16 deep", |depth| {
            let folder = tempfile::tempdir().unwrap();
            let deep = (0..depth).fold(folder.path().to_owned(), |path, _| path.join("d"));
            fs::create_dir_all(&deep).unwrap();
            fs::write(folder.path().join("acme.yaml"), ACME).unwrap();
            findings(folder.path()).into_iter().next().map_or(Ok(()), Err)
        }),
    ]
}

fn expressions() -> Vec<Limit> {
    vec![
        ("bytes of a template", 1024, "a template may have 1024 bytes, this one has 1025", |size| {
            claim(&format!("{}{{{{ userinfo.a }}}}", "x".repeat(size - 16)))
        }),
        ("brackets of a template", 12, "brackets nest deeper than 12", |depth| {
            claim(&format!("{{{{ {}userinfo.a{} }}}}", "(".repeat(depth), ")".repeat(depth)))
        }),
        ("words of a template", 96, "more than 96 words and operators", |words| {
            // `userinfo . a`, then as many operators and numbers; one sign where their number is odd.
            let sign = if words % 2 == 0 { "-" } else { "" };
            claim(&format!("{{{{ ({sign}1{}) | int }}}}", "+1".repeat((words - 5 - sign.len()) / 2)))
        }),
        ("statements of a template", 24, "more than 24 statements", |count| {
            let ifs = "{% if userinfo.a %}{% endif %}".repeat(count / 2);
            claim(&format!("{ifs}{}", "{% set x = 1 %}".repeat(count % 2)))
        }),
        ("templates of a file", 150, "more than 150 templates in one file", |count| {
            let claims: String =
                (0..count).map(|number| format!("  c{number}: '{{{{ userinfo.a }}}}'\n")).collect();
            file(&ACME.replacen(
                "profile: {sub: $.userinfo.id}",
                &format!("profile:\n  sub: $.userinfo.id\n{claims}"),
                1,
            ))
        }),
        ("bytes that a template prints", 8 * 1024, "the template prints more than 8 KB", |size| {
            let mut context = Context::new();
            context.set("userinfo", json!({"a": "x".repeat(size)}));
            let template = Template::compile("{{ userinfo.a }}").unwrap();
            template.render(&context).map(|_| ()).map_err(|error| error.to_string())
        }),
        ("bytes of a condition", 1024, "may have 1024 bytes, this one has 1025", |size| {
            let text = format!("body.a == '{}'", "x".repeat(size - 12));
            Condition::compile(&text).map(|_| ()).map_err(|error| error.to_string())
        }),
        ("bytes of a path", 256, "a path may have 256 bytes, this one has 257", |size| {
            claim(&format!("$.userinfo.{}", "a".repeat(size - 11)))
        }),
        ("brackets of a path", 8, "brackets nest too deep", |depth| {
            claim(&format!("$.userinfo[?{}@.a{}]", "(".repeat(depth - 1), ")".repeat(depth - 1)))
        }),
        ("bytes of paths with brackets", 8 * 1024, "more than 8192 bytes of paths with brackets", |size| {
            let path = |number: usize, length: usize| {
                format!("  c{number}: $.userinfo['{}']\n", "a".repeat(length - 14))
            };
            let claims: String = (0..31)
                .map(|number| path(number, 256))
                .chain([path(31, 200), path(32, size + 56 - 32 * 256)])
                .collect();
            file(&ACME.replacen(
                "profile: {sub: $.userinfo.id}",
                &format!("profile:\n  sub: $.userinfo.id\n{claims}"),
                1,
            ))
        }),
        ("selectors of a path", 8, "more than 8 selectors", |count| {
            claim(&format!("$.userinfo[{}]", vec!["0"; count].join(",")))
        }),
        ("nodes that a path visits", 10_000, "nothing found", |count| {
            let path = authcfg::expr::Path::compile("$.userinfo[*]").unwrap();
            // The way to the list is a node.
            let root = json!({"userinfo": vec![1; count - 1]});
            if path.all(&root).len() == count - 1 { Ok(()) } else { Err("nothing found".into()) }
        }),
        ("bytes of a pattern", 1024, "a pattern may have 1024 bytes, this one has 1025", |size| {
            with(&format!("authorization: {{inputs: {{org: {{pattern: '^[{}]$'}}}}}}", "a".repeat(size - 4)))
        }),
        ("patterns of a file", 30, "more than 30 patterns in one file", |count| {
            let vars: String =
                (0..count).map(|number| format!("  v{number}: {{pattern: '^a{number}$'}}\n")).collect();
            with(&format!("vars:\n{vars}"))
        }),
        ("large patterns of a file", 10, "a pattern that was not looked at; 10 others", |count| {
            let vars: String = (0..count)
                .map(|number| format!("  v{number}: {{pattern: '^\\w{{9{number}}}$'}}\n"))
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("acme.yaml");
            fs::write(&path, ACME.replacen("profile:", &format!("vars:\n{vars}profile:"), 1)).unwrap();
            let found = findings(&path);
            assert_eq!(found.iter().filter(|said| said.contains("exceeds size limit")).count(), 10);
            found.into_iter().find(|said| said.contains("not looked at")).map_or(Ok(()), Err)
        }),
    ]
}

fn answers() -> Vec<Limit> {
    vec![
        ("levels of JSON", 128, "nested 129 levels deep", |depth| {
            let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            strict::parse(text.as_bytes()).map(|_: Value| ()).map_err(|error| error.to_string())
        }),
        ("keys of a key set", MAX_KEYS, "more than 64 keys", |count| {
            JwkSet::parse(&json!({"keys": vec![json!({"kty": "RSA"}); count]}))
                .map(|_| ())
                .map_err(|error| error.to_string())
        }),
        ("bytes of a token", MAX_TOKEN, "longer than 32 KB", |size| {
            let head = format!("{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#));
            // Of base64 no length is one more than a multiple of four.
            let rest = size - head.len() - 1;
            let signature = if rest % 4 == 1 { 2 } else { 0 };
            let token = format!("{head}{}.{}", "A".repeat(rest - signature), "A".repeat(signature));
            assert_eq!(token.len(), size);
            Jws::parse(&token).map(|_| ()).map_err(|error| error.to_string())
        }),
        ("bytes of the header of a token", MAX_HEADER, "header is longer than 4 KB", |size| {
            let header = format!("{}{}", r#"{"alg":"RS256"}"#, " ".repeat(size - 15));
            let token = format!("{}.AA.AA", URL_SAFE_NO_PAD.encode(header));
            Jws::parse(&token).map(|_| ()).map_err(|error| error.to_string())
        }),
        ("bytes of a claim", 8 * 1024, "left out", |size| {
            played(json!({"id": "7", "name": "x".repeat(size)}), |profile| profile.get("name").is_some())
        }),
        ("claims of a profile", 64, "left out", |count| {
            let name = |number: usize| if number == count { "last".into() } else { format!("c{number}") };
            let claims: String =
                (1..=count).map(|number| format!(", {}: $.userinfo.id", name(number))).collect();
            let file = ACME.replacen("$.userinfo.id}", &format!("$.userinfo.id{claims}}}"), 1);
            mapped(&file, json!({"id": "7"}), |profile| profile.get("last").is_some())
        }),
        ("bytes of a response that is mapped", 1024 * 1024, "bytes", |size| {
            let length = size - json!({"id": "7", "x": ""}).to_string().len();
            played(json!({"id": "7", "x": "x".repeat(length)}), |profile| profile["sub"] == "7")
        }),
        ("bytes of a subject", 255, "left out", |size| {
            played(json!({"id": "x".repeat(size)}), |profile| profile.get("sub").is_some())
        }),
    ]
}

fn played(answer: Value, there: fn(&Value) -> bool) -> Result<(), String> {
    mapped(&ACME.replacen("$.userinfo.id}", "$.userinfo.id, name: $.userinfo.name}", 1), answer, there)
}

/// What `authcfg map` makes of an answer: whether something is there.
fn mapped(file: &str, answer: Value, there: fn(&Value) -> bool) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), file).unwrap();
    fs::write(folder.path().join("me.json"), answer.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_authcfg"))
        .args(["map", "./acme.yaml", "me.json", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match there(&said["profile"]) {
        true => Ok(()),
        false => Err(format!("left out: {said} {}", String::from_utf8_lossy(&output.stderr))),
    }
}
