//! T-52: templates that want the stack, the memory, the clock, the files, or a secret in the wrong place.

use std::sync::LazyLock;

use authcfg::expr::{Condition, Context, Template, UrlPart};
use serde_json::json;

use super::{Numbers, on_a_small_stack};

static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
    let mut context = Context::new();
    context.set("client", json!({"id": "CLIENT_ID", "secret": "canary-secret"}));
    context.set("vars", json!({"x": "acme", "issuer": "https://acme.example"}));
    context.set("token", json!({"access_token": "canary-token", "raw": {}}));
    context.set("userinfo", json!({"name": "Ada\r\nSet-Cookie: a=b", "long": "x".repeat(9_000), "list": vec!["ab"; 5_000], "nul": "a\u{0}b"}));
    context
});

/// Compiles, and where that works renders in every way: nothing may abort, whatever comes out.
fn survives(source: &str) {
    if let Ok(template) = Template::compile(source) {
        let _ = (template.render(&CONTEXT), template.render_profile(&CONTEXT), template.render_url(&CONTEXT));
        let _ = (template.names(), template.url_names());
    }
    if let Ok(condition) = Condition::compile(source) {
        let _ = condition.holds(&CONTEXT);
    }
}

fn refused(source: &str) {
    assert!(Template::compile(source).is_err(), "compiled: {source:.60}");
}

#[test]
fn text_that_nests_is_refused_before_the_parser_sees_it() {
    on_a_small_stack(|| {
        for length in [13_000, 1_000_000] {
            refused(&format!("{{{{ 1{} }}}}", "+1".repeat(length / 2)));
            for (open, close) in
                [("(", ")"), ("[", "]"), ("{'a':", "}"), ("x[", "]"), ("x|d(", ")"), ("-", ""), ("not ", "")]
            {
                let times = length / (open.len() + close.len());
                refused(&format!("{{{{ {}1{} }}}}", open.repeat(times), close.repeat(times)));
                refused(&format!("{{{{ {}", open.repeat(times)));
            }
            refused(&"{% if x %}".repeat(length / 10));
            refused(&"{{".repeat(length / 2));
            assert!(Condition::compile(&"(".repeat(length)).is_err());
        }
    });
}

#[test]
fn text_that_nests_within_the_caps_fits_the_stack() {
    on_a_small_stack(|| {
        let times =
            |open: &str, close: &str, n: usize| format!("{{{{ {}x{} }}}}", open.repeat(n), close.repeat(n));
        for n in (1..110).chain([150, 200, 300]) {
            for (open, close) in [
                ("(", ")"),
                ("[", "]"),
                ("-", ""),
                ("not ", ""),
                ("a if b else ", ""),
                ("x[", "]"),
                ("1+", ""),
                ("1 ~ ", ""),
                ("1 and ", ""),
                ("1 < ", ""),
                ("2**", ""),
            ] {
                survives(&times(open, close, n));
                survives(&open.repeat(n));
            }
            survives(&times("", ".a", n));
            survives(&times("", "|d", n));
            survives(&times("", " is defined", n));
            survives(&format!("{}a{}", "{% if x %}".repeat(n), "{% endif %}".repeat(n)));
            survives(&format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}".repeat(n)));
            survives(&format!("{}{}", "{% set x = [x, x] %}".repeat(n), "{{ x | tojson }}"));
        }
    });
}

#[test]
fn scrambled_templates_neither_panic_nor_abort() {
    const PARTS: [&str; 44] = [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{{-",
        "-}}",
        "if ",
        "elif ",
        "else",
        "endif",
        "set ",
        "x",
        "vars.x",
        "client.secret",
        "userinfo.list",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|",
        "lower",
        "join",
        "default",
        "is ",
        "not ",
        "defined",
        ".",
        ",",
        ":",
        "=",
        "==",
        "*",
        "~",
        "+",
        "-",
        "'a'",
        "\"",
        "1",
        " ",
        "\u{fc}",
    ];
    on_a_small_stack(|| {
        let mut numbers = Numbers(52);
        for _ in 0..10_000 {
            let source: String = (0..numbers.next() % 24).map(|_| *numbers.pick(&PARTS)).collect();
            survives(&source);
        }
    });
}

#[test]
fn the_machinery_of_the_template_engine_is_out_of_reach() {
    for source in [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ [].append }}",
        "{{ debug() }}",
        "{{ debug }}",
        "{{ range(9) }}",
        "{{ dict(a=1) }}",
        "{{ namespace() }}",
        "{% include 'etc/passwd' %}",
        "{% import 'a' as b %}",
        "{% extends 'a' %}",
        "{% for a in userinfo.list %}{{ a }}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% call m() %}{% endcall %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}a{% endfilter %}",
        "{% with a = 1 %}{% endwith %}",
        "{% autoescape false %}{% endautoescape %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% do x() %}",
        "{{ x | safe }}",
        "{{ x | escape }}",
        "{{ x | pprint }}",
        "{{ x | format }}",
        "{{ x | indent(9) }}",
        "{{ x | attr('a') }}",
        "{{ x | batch(2) }}",
        "{{ self }}",
        "{{ self.x() }}",
        "{{ super() }}",
        "{{ loop }}",
        "{{ caller() }}",
        "{{ lipsum() }}",
        "{{ cycler('a') }}",
        "{{ x is filter }}",
    ] {
        let rendered = Template::compile(source).map(|template| template.render(&CONTEXT));
        assert!(matches!(rendered, Err(_) | Ok(Err(_))), "{source}: {rendered:?}");
    }
}

#[test]
fn no_template_makes_much_of_little() {
    let start = std::time::Instant::now();
    for source in [
        "{{ [1]*100000000 }}",
        "{{ [1, 2] * 1000000000 | tojson }}",
        "{{ 'a' * 100000000 }}",
        "{{ vars.x * 1000000000 }}",
        "{{ userinfo.list * 1000000000 }}",
        "{{ (userinfo.list * 100000) | length }}",
        "{{ vars.x | replace('a', userinfo.long) | replace('x', userinfo.long) | replace('x', userinfo.long) }}",
        "{{ userinfo.long | replace('x', userinfo.long) }}",
        "{{ userinfo.list | join(userinfo.long) }}",
        "{{ userinfo.list | map('replace', 'a', userinfo.long) | join }}",
        "{{ userinfo.list | sort | unique | join(',') ~ userinfo.long }}",
        "{{ userinfo.long ~ userinfo.long ~ userinfo.long }}",
        "{{ 9**99999 }}",
        "{{ 99999999999999999999999999999999999999 * 99999999999999999999999999999999999999 }}",
        "{{ userinfo.long }}",
        "{{ userinfo.list | tojson }}",
        "{% set a = userinfo.long ~ userinfo.long %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{{ a }}",
    ] {
        let rendered = Template::compile(source).map(|template| template.render_profile(&CONTEXT));
        assert!(matches!(rendered, Err(_) | Ok(Err(_))), "{source}");
    }
    // Not a benchmark: the first of these took seconds and gigabytes before the caps.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_value_that_holds_itself_many_times_over_is_not_walked() {
    let list = format!("[{}]", ["userinfo"; 40].join(", "));
    let start = std::time::Instant::now();
    for operation in [
        "x | tojson",
        "x | join(',')",
        "x | string",
        "x ~ ''",
        "x == 1",
        "x < 1",
        "x is eq(1)",
        "1 in x",
        "x | sort | length",
        "x | unique | length",
        "x | min",
        "x | length",
        "x | list",
        "x | reverse",
        "x | first | tojson",
        "x | map('tojson') | join",
        "x | join_nonempty",
        "x | hex",
        "x is same_secret('a')",
        "{'a': x} | tojson",
        "x | canonical_query",
        "x",
    ] {
        let Ok(template) = Template::compile(&format!("{{{{ {} }}}}", operation.replacen('x', &list, 1)))
        else {
            continue;
        };
        let _ = template.render(&CONTEXT);
    }
    for set in ["x = [x, x]", "x = {'a': x, 'b': x}", "x = (x, x)", "x = x, x", "x = y | default([x, x])"] {
        refused(&format!("{{% set {set} %}}{{{{ x | tojson }}}}"));
    }
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn nothing_printed_breaks_a_line_or_is_long() {
    for source in [
        "{{ userinfo.name }}",
        "{{ userinfo.nul }}",
        "{{ userinfo.long }}",
        "a\r\nb{{ vars.x }}",
        "{{ 'a\\r\\nb' }}",
        "{{ ['a', 'b'] | join('\\n') }}",
    ] {
        assert!(Template::compile(source).expect(source).render(&CONTEXT).is_err(), "{source}");
    }
    let url =
        Template::compile("https://acme.example/{{ userinfo.name }}").expect("fine").render_url(&CONTEXT);
    assert_eq!(url.expect("encoded"), "https://acme.example/Ada%0D%0ASet-Cookie%3A%20a%3Db");
}

#[test]
fn a_secret_in_a_host_or_path_is_seen_by_validation_and_spoilt_by_rendering() {
    for (source, part) in [
        ("https://{{ client.secret }}.evil.test/", UrlPart::Host),
        ("https://evil.test/{{ client.secret }}", UrlPart::Path),
        ("https://evil.test/?a={{ client.secret }}", UrlPart::Query),
        ("https://{% if client.secret == 'a' %}a{% else %}b{% endif %}.evil.test/", UrlPart::Host),
        ("{% set s = client.secret %}https://{{ s }}.evil.test/", UrlPart::Origin),
    ] {
        let template = Template::compile(source).expect(source);
        assert!(
            template.url_names().contains(&("client.secret".into(), part)),
            "{source}: {:?}",
            template.url_names()
        );
        assert!(template.names().contains(&"client.secret".to_owned()), "{source}");
    }
}

#[test]
fn an_error_never_repeats_what_a_template_read() {
    for operation in [
        "| int",
        "| float",
        "| round",
        "| host",
        "+ 1",
        "- 1",
        "// 2",
        "< 2",
        "[0:'a']",
        ".x.y",
        "| join_nonempty",
        "| canonical_query",
        "| data_uri('a/b')",
        "| sum",
        "| first | abs",
    ] {
        for name in ["client.secret", "token.access_token", "token", "client"] {
            let source = format!("{{{{ {name} {operation} }}}}");
            let Ok(template) = Template::compile(&source) else { continue };
            for error in
                [template.render(&CONTEXT).err(), template.render_url(&CONTEXT).err()].into_iter().flatten()
            {
                assert!(!format!("{error} {error:?}").contains("canary"), "{source}: {error:?}");
            }
        }
    }
}
