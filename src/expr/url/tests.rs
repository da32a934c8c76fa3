//! What may stand where in a URL, with the hostile forms of T-21 in every place.

use serde_json::{Value, json};

use crate::expr::{Context, ExprError, Template};

fn render(source: &str, value: impl Into<Value>) -> Result<String, ExprError> {
    let mut context = Context::new();
    context.set("vars", json!({"x": value.into(), "y": "acme"}));
    Template::compile(source).expect(source).render_url(&context)
}

/// The forms of T-21.
const HOSTILE: [&str; 29] = [
    "evil.test/#",
    "evil.test/?",
    "evil.test\\",
    "a@evil.test/",
    "evil.test:443/",
    "evil。test/",
    "acme\t.evil.test/",
    "//evil.test",
    "..",
    "%2e%2e",
    "../../x",
    "169.254.169.254/",
    "[::1]/",
    "0x7f.1/",
    "2130706433",
    "127.1",
    "[::ffff:127.0.0.1]",
    "acme%23",
    "",
    "{{7*7}}",
    "a b",
    "evil.test%2f",
    "0x7f.1",
    "evil。test",
    "acme\n.evil.test",
    "evil.test#",
    "evil.test?",
    "evil.test:80@acme",
    "-evil-",
];

#[test]
fn no_hostile_value_stands_as_a_host() {
    for value in HOSTILE {
        for source in
            ["https://{{ vars.x }}/token", "https://{{ vars.x }}:8443/token", "https://{{ vars.x }}"]
        {
            let error = render(source, value).expect_err(value);
            assert!(value.len() < 4 || !error.message.contains(value), "{error}");
        }
    }
}

#[test]
fn no_hostile_value_changes_a_host_that_ends_in_the_template_s_own() {
    for value in HOSTILE {
        for source in ["https://{{ vars.x }}.acme.example/token", "https://login-{{ vars.x }}.acme.example/"]
        {
            if let Ok(url) = render(source, value) {
                let host =
                    url::Url::parse(&url).expect("a URL").host_str().map(str::to_owned).expect("a host");
                assert!(host.ends_with(".acme.example"), "{value:?} gave {url}");
                assert!(["2130706433", "127.1", "0x7f.1"].contains(&value), "{value:?} gave {url}");
            }
        }
    }
}

#[test]
fn a_hostile_value_in_the_path_stays_one_segment() {
    for value in HOSTILE {
        match render("https://acme.example/t/{{ vars.x }}/token", value) {
            Err(_) => assert!(["", ".."].contains(&value), "{value:?} was refused"),
            Ok(url) => {
                let url = url::Url::parse(&url).expect("a URL");
                assert_eq!(
                    (url.host_str(), url.query(), url.fragment()),
                    (Some("acme.example"), None, None),
                    "{value:?}"
                );
                let segments: Vec<&str> = url.path_segments().expect("a path").collect();
                assert_eq!(
                    (segments.len(), segments[0], segments[2]),
                    (3, "t", "token"),
                    "{value:?} gave {url}"
                );
            }
        }
    }
    for source in [
        "https://acme.example/t/{{ vars.x }}",
        "https://acme.example/{{ vars.x }}?a=b",
        "https://acme.example/{{ vars.x }}#f",
    ] {
        for value in ["", ".", ".."] {
            render(source, value).expect_err(value);
        }
    }
    for source in ["https://acme.example/%2{{ vars.x }}", "https://acme.example/.{{ vars.x }}"] {
        assert!(["e", "E", "."].iter().any(|value| render(source, *value).is_err()), "{source}");
    }
}

#[test]
fn no_hostile_value_is_an_origin() {
    for value in HOSTILE.into_iter().map(str::to_owned).chain(
        HOSTILE[..18]
            .iter()
            .filter(|value| !["evil.test:443/", "169.254.169.254/", "[::1]/"].contains(value))
            .map(|value| format!("https://{value}")),
    ) {
        if let Ok(url) = render("{{ vars.x }}/token", value.clone()) {
            panic!("{value:?} gave {url}");
        }
    }
    for value in [
        "https://u@evil.test",
        "https://u:p@evil.test",
        "https://evil.test/#",
        "https://evil.test/a/../b",
        "https://evil.test/%2E%2e/b",
        "https://evil.test/a b",
        "ftp://evil.test",
        "javascript:alert(1)",
        "//evil.test",
        "https:evil.test",
        "https:///evil.test",
        "https://evil.test:0",
        "https://evil.test:",
        "https://evil.test:99999",
        "https://",
        "HTTPS://evil.test",
        "https://ｅvil.test",
    ] {
        render("{{ vars.x }}", value).expect_err(value);
    }
}

#[test]
fn accepts_the_origins_and_urls_that_are_configured() {
    for (source, value, expected) in [
        ("{{ vars.x }}/sso/token", "https://api.acme.example", "https://api.acme.example/sso/token"),
        ("{{ vars.x }}/sso", "https://api.acme.example:8443", "https://api.acme.example:8443/sso"),
        ("{{ vars.x }}", "https://id.acme.example/realms/acme", "https://id.acme.example/realms/acme"),
        ("{{ vars.x }}/t", "https://id.acme.example/realms/acme", "https://id.acme.example/realms/acme/t"),
        ("{{ vars.x }}/", "https://acme.example", "https://acme.example/"),
        ("{{ vars.x }}?a={{ vars.y }}", "https://acme.example", "https://acme.example?a=acme"),
        (
            "{{ vars.x }}",
            "https://acme.example/authorize?policy=p1",
            "https://acme.example/authorize?policy=p1",
        ),
        ("{{ vars.x }}/t", "http://127.0.0.1:8080", "http://127.0.0.1:8080/t"),
        ("{{ vars.x }}/t", "http://[::1]:8080", "http://[::1]:8080/t"),
        ("{{ vars.x }}/t", "http://localhost:3000", "http://localhost:3000/t"),
        ("{{ vars.x }}/t", "https://Id.Acme.Example", "https://Id.Acme.Example/t"),
        ("https://{{ vars.x }}/login", "git.acme.example", "https://git.acme.example/login"),
        ("https://{{ vars.x }}.myshop.example/x", "acme-1", "https://acme-1.myshop.example/x"),
        ("https://a.example:{{ vars.x }}/x", "8443", "https://a.example:8443/x"),
        ("https://a.example/{{ vars.x }}/x", "contoso.example", "https://a.example/contoso.example/x"),
        ("https://a.example/u/@{{ vars.x }}", "ü/1", "https://a.example/u/@%C3%BC%2F1"),
        (
            "https://a.example/?q={{ vars.x }}&r=1",
            "a&b=c#d+ e",
            "https://a.example/?q=a%26b%3Dc%23d%2B%20e&r=1",
        ),
        ("https://a.example/?q={{ vars.x }}&r=1", "", "https://a.example/?q=&r=1"),
        ("https://a.example/#{{ vars.x }}", "a/b", "https://a.example/#a%2Fb"),
        (
            "https://{% if vars.x == 'g' %}api.{{ vars.x }}{% else %}{{ vars.x }}/api{% endif %}/user",
            "h.example",
            "https://h.example/api/user",
        ),
    ] {
        assert_eq!(
            render(source, value).unwrap_or_else(|error| panic!("{source} with {value}: {error}")),
            expected
        );
    }
}

#[test]
fn an_origin_cannot_be_extended() {
    for source in [
        "{{ vars.x }}.evil.test/",
        "{{ vars.x }}{{ vars.y }}",
        "{{ vars.x }}@evil.test/",
        "{{ vars.x }}:80/",
        "{{ vars.x }}evil",
    ] {
        render(source, "https://acme.example").expect_err(source);
    }
    render("{{ vars.x }}/more", "https://acme.example/a?b=c").expect_err("after a query");
}

#[test]
fn text_of_the_template_is_checked_too() {
    for source in [
        "ftp://a.example",
        "/token",
        "https://u@a.example/",
        "https://a.example\\x",
        "https://a .example/",
        "https://127.1/",
        "htt{{ vars.y }}://a.example",
    ] {
        render(source, "x").expect_err(source);
    }
    assert_eq!(render("https://a.example/%7Euser/{x}?a=b c", "x").ok(), None);
    assert_eq!(render("https://a.example/%7Euser/~", "x").expect("literal"), "https://a.example/%7Euser/~");
}

#[test]
fn numbers_and_digests_may_stand_in_a_url() {
    assert_eq!(
        render("https://a.example/u/{{ vars.x }}", 9007199254740993u64).expect("a number"),
        "https://a.example/u/9007199254740993"
    );
    render("https://a.example/u/{{ vars.nope }}", 1).expect_err("undefined");
    render("https://{{ vars.x }}/u", 2130706433).expect_err("an address");
}
