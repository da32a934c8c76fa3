//! Texts that want to hurt their reader (T-50). Each is refused within a budget, with a place, on a stack of 2 MiB.

use authcfg::yaml::{Document, Limits, Problem, ProblemKind};

/// A provider file may not be longer, so probes that are get their own budget of bytes: the others must hold alone.
const LONG: Limits = Limits { bytes: 128 << 20, ..Limits::PROVIDER };

fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().expect("no panic")
}

fn refused(text: impl Into<Vec<u8>>) -> Vec<Problem> {
    let text = text.into();
    on_a_small_stack(move || {
        let problems = Document::parse("a.yaml", &text, LONG).expect_err("it is refused");
        assert!(!problems.is_empty() && problems.len() <= 100, "{} problems", problems.len());
        for problem in &problems {
            assert!(problem.message.len() <= 300, "a message of {} bytes", problem.message.len());
            assert!(
                problem.span.start <= problem.span.end && problem.span.end <= text.len(),
                "{:?}",
                problem.span
            );
        }
        problems
    })
}

fn kinds(text: impl Into<Vec<u8>>) -> Vec<ProblemKind> {
    refused(text).into_iter().map(|problem| problem.kind).collect()
}

#[test]
fn aliases_that_multiply() {
    let levels = (1..9)
        .map(|level| format!("l{level}: &l{level} [{}]\n", vec![format!("*l{}", level - 1); 9].join(",")));
    let laughs = format!("l0: &l0 [ha]\n{}", levels.collect::<String>());
    assert!(kinds(laughs).iter().all(|kind| *kind == ProblemKind::Unsupported));
    let maps = "a: &a {x: 1}\nb: &b {x: *a, y: *a}\nc: {x: *b, y: *b}\n";
    assert!(kinds(maps).iter().all(|kind| *kind == ProblemKind::Unsupported));
    assert!(kinds("a: &a [*a]\n").contains(&ProblemKind::Unsupported));
    let anchors: String = (0..20_000).map(|index| format!("k{index}: &a{index} v\n")).collect();
    refused(anchors);
}

#[test]
fn depth() {
    refused("[".repeat(100_000));
    refused("{a: ".repeat(100_000));
    refused("- ".repeat(50_000));
    refused((0..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>());
    refused("? ".repeat(50_000));
    refused("[".repeat(20) + &"]".repeat(20));
    refused("!a ".repeat(50_000));
}

#[test]
fn breadth() {
    let keys: String = (0..500_000).map(|index| format!("k{index}: 1\n")).collect();
    assert_eq!(kinds(keys), [ProblemKind::TooLarge]);
    refused(format!("{}: 1\n", "k".repeat(2 << 20)));
    refused(format!("[{}]", "1,".repeat(100_000)));
}

#[test]
fn length_is_refused_unread() {
    let text = format!("a: {}\n", "x".repeat(64 << 20));
    let problems = Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [ProblemKind::TooLarge]);
    let text = "a: ".to_owned() + &"x".repeat(Limits::PROVIDER.bytes - 3);
    assert!(Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER).is_ok());
}

#[test]
fn keys_twice_and_merge_keys() {
    assert_eq!(kinds("a: 1\na: 2\n"), [ProblemKind::DuplicateKey]);
    assert_eq!(kinds("a: {b: 1, 'b': 2}\n"), [ProblemKind::DuplicateKey]);
    assert_eq!(kinds("a: [{b: 1, \"b\": 2}]\n"), [ProblemKind::DuplicateKey]);
    assert_eq!(kinds("a: {<<: {b: 1}}\n"), [ProblemKind::Unsupported]);
    let twice: String = (0..2_000).map(|index| format!("k{}: 1\n", index / 2)).collect();
    assert!(kinds(twice).iter().all(|kind| *kind == ProblemKind::DuplicateKey));
}

#[test]
fn other_encodings() {
    assert_eq!(kinds(b"\xff\xfea\0:\0 \x001\0".to_vec()), [ProblemKind::Encoding]);
    assert_eq!(kinds(b"a: caf\xe9\n".to_vec()), [ProblemKind::Encoding]);
    assert_eq!(refused(b"a: caf\xe9\n".to_vec())[0].span.start, 6);
    assert_eq!(kinds("\u{feff}a: 1\n"), [ProblemKind::HiddenCharacter]);
    assert_eq!(kinds("a: \0\n"), [ProblemKind::HiddenCharacter]);
    assert_eq!(kinds("a: \u{85}b\n"), [ProblemKind::HiddenCharacter]);
    assert_eq!(kinds("a: \"\\0\"\n"), [ProblemKind::HiddenCharacter]);
}

#[test]
fn characters_that_deceive() {
    for c in [
        '\u{202e}',
        '\u{2066}',
        '\u{2069}',
        '\u{200b}',
        '\u{200f}',
        '\u{feff}',
        '\u{7f}',
        '\u{1b}',
        '\u{e0041}',
    ] {
        for text in
            [format!("a: x{c}y\n"), format!("x{c}y: a\n"), format!("a: 1 # x{c}y\n"), format!("a: 'x{c}y'\n")]
        {
            assert_eq!(kinds(text), [ProblemKind::HiddenCharacter], "U+{:04X}", u32::from(c));
        }
    }
    assert_eq!(kinds("a: \"x\\u202ey\"\n"), [ProblemKind::HiddenCharacter]);
}

#[test]
fn tags_and_documents() {
    for text in [
        "a: !!python/object:os.system 'x'\n",
        "a: !!binary aGk=\n",
        "!!map {a: 1}\n",
        "a: 1\n---\nb: 1\n",
        "a: 1\n...\n---\nb: 1\n",
    ] {
        assert!(kinds(text).contains(&ProblemKind::Unsupported), "{text}");
    }
    for text in [
        "%YAML 1.1\n---\na: 1\n",
        "%TAG ! tag:x,2000:\n---\na: 1\n",
        "a:\n\tb: 1\n",
        "a: 'x\n",
        "a: [1\n",
        "a: 1\n  b: 2\n",
    ] {
        refused(text);
    }
}

#[test]
fn what_looks_like_a_number_or_a_truth_value() {
    let text = "a: no\nb: y\nc: 012\nd: 1_000\ne: 1:30:00\nf: 2026-11-24\ng: 2026-11-24T00:00:00Z\nh: off\n";
    let value = Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER).unwrap().to_json();
    for (key, expected) in
        [("a", "no"), ("b", "y"), ("c", "012"), ("d", "1_000"), ("e", "1:30:00"), ("h", "off")]
    {
        assert_eq!(value[key], expected);
    }
    // Where the parsers differ nobody has to guess: text, or refused.
    for text in [
        "a: 0o17\n",
        "a: .inf\n",
        "a: .nan\n",
        "a: 0b1\n",
        "a: 0x1F\n",
        "a: 123456789012345678901234567890123456789012\n",
    ] {
        match Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER) {
            Ok(document) => assert!(document.to_json()["a"].is_string(), "{text} {}", document.to_json()),
            Err(problems) => assert_eq!(problems[0].kind, ProblemKind::Ambiguous, "{text}"),
        }
    }
}

#[test]
fn every_beginning_of_a_file_and_every_deletion_is_read_or_refused() {
    let text = include_str!("../../providers/workos.yaml");
    on_a_small_stack(move || {
        for at in (0..text.len()).step_by(17).filter(|at| text.is_char_boundary(*at)) {
            let _ = Document::parse("a.yaml", &text.as_bytes()[..at], Limits::PROVIDER);
            let mut bytes = text.as_bytes().to_vec();
            bytes.remove(at);
            if let Err(problems) = Document::parse("a.yaml", &bytes, Limits::PROVIDER) {
                assert!(problems.iter().all(|problem| problem.span.end <= bytes.len()));
            }
        }
    });
}
