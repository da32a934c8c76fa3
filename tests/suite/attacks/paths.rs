//! T-53: paths that visit everything many times over, or want the stack.

use authcfg::expr::Path;
use serde_json::{Value, json};

use super::{Numbers, on_a_small_stack};

#[test]
fn paths_that_run_away_are_refused() {
    on_a_small_stack(|| {
        let deep = |open: &str, inner: &str, close: &str, n: usize| {
            format!("$[?{}{inner}{}]", open.repeat(n), close.repeat(n))
        };
        for source in [
            "$..*..*..*..*".to_owned(),
            "$..a".to_owned(),
            "$.a..b".to_owned(),
            "$[?@..a]".to_owned(),
            "$[?@[?@>1]]".to_owned(),
            "$[?@.a[?@.b[?@.c]]]".to_owned(),
            "$[?search(@.a, '((a{1,1000}){1,1000})')]".to_owned(),
            deep("(", "@.a", ")", 9),
            deep("(", "@.a", ")", 950),
            deep("!(", "@.a", ")", 100_000),
            format!("${}", "[".repeat(950)),
            format!("${}", ".a".repeat(200_000)),
            format!("$[{}0]", "0,".repeat(100)),
            "$['".to_owned() + &"a".repeat(300) + "']",
        ] {
            assert!(Path::compile(&source).is_err(), "compiled: {source:.60}");
        }
    });
}

#[test]
fn a_path_visits_a_bounded_number_of_nodes() {
    let wide = json!({"a": vec![json!({"b": vec![json!({"c": vec![0; 30]}); 30]}); 300]});
    for source in [
        "$.a[*].b[*].c[*]",
        "$.a[*].b[?@.c].c[::1]",
        "$[*][*][*][*][*][*]",
        "$.a[*,*,*,*,*,*,*,*][*,*,*,*,*,*,*,*]",
    ] {
        assert!(Path::compile(source).expect(source).all(&wide).len() <= 10_000, "{source}");
    }
    // Twenty brackets of eight are 8^20 nodes for an evaluator that does not count.
    let bomb = format!("$.a{}", "[*,*,*,*,*]".repeat(22));
    assert!(Path::compile(&bomb).expect("within the caps").all(&wide).is_empty());
    assert_eq!(Path::compile("$.a[7].b[3].c[29]").expect("fine").first(&wide), Some(&json!(0)));
}

#[test]
fn a_deep_document_costs_what_its_path_reads() {
    on_a_small_stack(|| {
        let deep = (0..120).fold(json!("end"), |inner, _| json!({"a": inner}));
        let path = format!("$.{}", vec!["a"; 120].join("."));
        assert_eq!(Path::compile(&path).expect("fine").first(&deep), Some(&json!("end")));
    });
}

#[test]
fn scrambled_paths_neither_panic_nor_abort() {
    const PARTS: [&str; 34] = [
        "$",
        "@",
        ".",
        "..",
        "[",
        "]",
        "(",
        ")",
        "?",
        "*",
        "a",
        "userinfo",
        "emails",
        "'",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "0",
        "-1",
        "9007199254740993",
        ":",
        ",",
        "==",
        "!",
        "&&",
        "||",
        "<",
        "length(",
        "match(",
        "null",
        "true",
        " ",
        "\u{fc}",
    ];
    on_a_small_stack(|| {
        let tree = json!({"userinfo": {"a": [1, {"a": null}]}, "emails": [{"a": 1}, {"a": "x"}], "a": {"a": {"a": "\u{fc}"}}});
        let mut numbers = Numbers(53);
        for _ in 0..10_000 {
            let rest: String = (0..numbers.next() % 16).map(|_| *numbers.pick(&PARTS)).collect();
            let source = format!("${rest}");
            if let Ok(path) = Path::compile(&source) {
                let _: (Vec<&Value>, Option<&str>) = (path.all(&tree), path.root_name());
            }
        }
    });
}
