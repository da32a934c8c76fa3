//! Every filter and test, through a template, with published test vectors where there are some.

use serde_json::json;

use crate::expr::{Condition, Context, ExprError, Template};

fn context() -> Context {
    let mut context = Context::new();
    context.set("u", json!({"first": "Ada", "last": null, "n": 9007199254740993u64, "neg": -5, "zero": 0, "list": ["b", "a"], "none": null, "empty": "", "f": 1.5}));
    context.set(
        "q",
        json!({"shop": "a.example", "code": "0907", "hmac": "x", "timestamp": "1", "odd=name": "a&b%"}),
    );
    context.set("vars", json!({"issuer": "https://login.acme.example:8443/tenant", "key": "Jefe"}));
    context
}

fn render(source: &str) -> Result<String, ExprError> {
    Template::compile(source)?.render(&context())
}

fn renders(source: &str, expected: &str) {
    assert_eq!(render(source).unwrap_or_else(|error| panic!("{source}: {error}")), expected, "{source}");
}

#[test]
fn encodings() {
    renders("{{ 'any carnal pleas' | b64 }}", "YW55IGNhcm5hbCBwbGVhcw==");
    renders("{{ 'a?>~' | b64url }}", "YT8-fg");
    renders("{{ 'AZ' | hex }}", "415a");
    renders("{{ 'a b/ü?&' | urlencode }}", "a%20b%2F%C3%BC%3F%26");
    renders("{{ 'iVBO' | data_uri('image/png') }}", "data:image/png;base64,iVBO");
}

#[test]
fn digests_print_as_hexadecimal_and_encode_their_bytes() {
    renders("{{ 'abc' | sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    renders("{{ 'abc' | md5 }}", "900150983cd24fb0d6963f7d28e17f72"); // RFC 1321 A.5
    // RFC 4231 test case 2
    let mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    renders("{{ 'what do ya want for nothing?' | hmac_sha256(vars.key) }}", mac);
    renders("{{ ('what do ya want for nothing?' | hmac_sha256(vars.key)) ~ '' }}", mac);
    renders("{{ 'what do ya want for nothing?' | hmac_sha256(vars.key) | upper }}", &mac.to_uppercase());
    // RFC 7636 appendix B
    renders(
        "{{ 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' | sha256 | b64url }}",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
}

#[test]
fn urls_and_queries() {
    renders("{{ vars.issuer | host }}", "login.acme.example");
    renders(
        "{{ q | canonical_query(exclude=['hmac']) }}",
        "code=0907&odd%3Dname=a%26b%25&shop=a.example&timestamp=1",
    );
    renders("{{ {'b': 1, 'a': 'x=y z'} | canonical_query }}", "a=x=y z&b=1");
    renders("{{ {'b': 1, 'a': 'x=y z'} | canonical_query(encode=true) }}", "a=x%3Dy+z&b=1");
    assert!(render("{{ q | canonical_query(decode=true) }}").is_err());
    assert!(render("{{ u.first | host }}").is_err());
}

#[test]
fn joins_what_is_there() {
    renders("{{ [u.first, u.last, u.missing, u.empty, u.n] | join_nonempty(' ') }}", "Ada 9007199254740993");
    renders("{{ [u.last] | join_nonempty(' ') }}", "");
    assert!(render("{{ u | join_nonempty }}").is_err());
}

#[test]
fn text_filters_let_missing_through() {
    for filter in [
        "lower",
        "upper",
        "trim",
        "string",
        "int",
        "split('/')",
        "replace('a', 'b')",
        "b64",
        "b64url",
        "sha256",
        "md5",
        "hex",
        "urlencode",
        "host",
        "hmac_sha256('k')",
        "data_uri('a/b')",
        "capitalize",
        "title",
    ] {
        for name in ["u.missing", "u.none"] {
            assert!(render(&format!("{{{{ {name} | {filter} }}}}")).is_err(), "{name} | {filter}");
            renders(&format!("{{{{ {name} | {filter} | default('-') }}}}"), "-");
        }
    }
}

#[test]
fn numbers_keep_their_digits() {
    renders(
        "{{ u.n }} {{ u.neg }} {{ u.zero }} {{ u.f }} {{ u.n | string }}",
        "9007199254740993 -5 0 1.5 9007199254740993",
    );
    renders("{{ ('80351110224678912' | int) // 4194304 % 6 }}", "5");
}

#[test]
fn minijinja_s_own() {
    renders(
        "{{ u.list | sort | join(',') }} {{ u.list | first }} {{ u.list | last }} {{ u.list | length }}",
        "a,b b a 2",
    );
    renders("{{ 'a-b' | split('-') | list | tojson }}", "[\"a\",\"b\"]");
    renders("{{ ' x ' | trim }}{{ 'xax' | trim('x') }}{{ 'aXb' | replace('X', '-') }}", "xaa-b");
    renders("{{ u.empty | default('d', true) }}{{ u.empty | default('d') }}", "d");
}

#[test]
fn same_secret_needs_two_values() {
    let holds = |source: &str| Condition::compile(source).expect(source).holds(&context()).expect(source);
    assert!(holds("u.first is same_secret('Ada')"));
    assert!(holds(
        "'abc' | sha256 is same_secret('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')"
    ));
    for source in [
        "u.first is same_secret('ada')",
        "u.none is same_secret(u.last)",
        "u.empty is same_secret('')",
        "u.missing is same_secret(u.missing)",
    ] {
        assert!(!holds(source), "{source}");
    }
}

#[test]
fn lists_and_mappings_are_not_printed() {
    for source in ["{{ u }}", "{{ u.list }}", "{{ u.list | upper }}"] {
        let error = render(source).expect_err(source);
        assert!(!error.message.contains("Ada"), "{error}");
    }
}

#[test]
fn every_listed_name_is_registered() {
    for filter in super::FILTERS {
        let error =
            render(&format!("{{{{ u | {filter} }}}}")).err().map(|error| error.message).unwrap_or_default();
        assert!(!error.contains("unknown"), "{filter}: {error}");
    }
    for test in super::TESTS {
        let error =
            render(&format!("{{{{ u is {test} }}}}")).err().map(|error| error.message).unwrap_or_default();
        assert!(!error.contains("unknown"), "{test}: {error}");
    }
}
