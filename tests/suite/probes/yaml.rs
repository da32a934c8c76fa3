//! T-50 and T-51: YAML that multiplies, nests, deceives, or reads differently in two parsers.

use authcfg::yaml::Limits;

use crate::probes::{Probe, acme};

/// Every probe; some that are too long for a provider file come once more as a deployment file.
pub fn probes() -> Vec<Probe> {
    let mut probes = vec![];
    for (name, text) in multiplied() {
        probes.push(Probe::text(name, text.clone()));
        if (Limits::PROVIDER.bytes..300_000).contains(&text.len()) {
            // The larger budget is that of files with this key.
            probes.push(Probe::text(format!("{name}, deployment"), format!("providers:\n{text}")));
        }
    }
    probes.extend(texts().into_iter().map(|(name, text)| Probe::text(name, text)));
    probes.extend(bytes().into_iter().map(|(name, bytes)| Probe::text(name, bytes)));
    probes.extend(
        scalars()
            .into_iter()
            .map(|(name, text)| Probe::text(name, acme("name: Acme", &format!("name: {text}")))),
    );
    probes.extend(hidden().into_iter().map(|(name, text)| Probe::text(name, acme("Acme", text))));
    probes
}

/// Much from little, and little in much.
fn multiplied() -> Vec<(&'static str, String)> {
    let laughs = |one: &str, open: &str, close: &str| {
        let level = |level: usize| {
            let inner: Vec<String> =
                (0..9)
                    .map(|n| {
                        if open == "[" {
                            format!("*l{}", level - 1)
                        } else {
                            format!("k{n}: *l{}", level - 1)
                        }
                    })
                    .collect();
            format!("l{level}: &l{level} {open}{}{close}\n", inner.join(", "))
        };
        format!("l0: &l0 {one}\n{}", (1..9).map(level).collect::<String>())
    };
    let keys = |count: usize| (0..count).map(|n| format!("k{n}: 1\n")).collect::<String>();
    let anchors = |count: usize| (0..count).map(|n| format!("k{n}: &a{n} v\n")).collect::<String>();
    let blocks = |depth: usize| (0..depth).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>();
    vec![
        ("billion laughs, lists", laughs("[ha]", "[", "]")),
        ("billion laughs, maps", laughs("{ha: ha}", "{", "}")),
        ("an alias to itself", "a: &a [*a]\n".into()),
        ("20,000 anchors", anchors(20_000)),
        ("4,000 anchors", anchors(4_000)),
        ("100,000 flow lists in each other", "[".repeat(100_000)),
        ("65,000 flow lists in each other", "[".repeat(65_000)),
        ("16,000 flow maps in each other", "{a: ".repeat(16_000)),
        ("3,000 blocks in each other", blocks(3_000)),
        ("300 blocks in each other", blocks(300)),
        ("50,000 block lists in each other", "- ".repeat(50_000)),
        ("32,000 block lists in each other", "- ".repeat(32_000)),
        ("32,000 keys that are keys", "? ".repeat(32_000)),
        ("16,000 tags", "!a ".repeat(16_000)),
        ("a scalar of 64 MB", format!("a: {}\n", "x".repeat(64 << 20))),
        ("a scalar of 65,000 bytes", format!("name: {}\n", "x".repeat(65_000))),
        ("a scalar of 65,000 lines", format!("name: |\n{}", "\n".repeat(65_000))),
        ("500,000 keys", keys(500_000)),
        ("6,500 keys", keys(6_500)),
        ("2,400 keys", keys(2_400)),
        ("a key of 2 MB", format!("{}: 1\n", "k".repeat(2 << 20))),
        ("a key of 64 KB", format!("{}: 1\n", "k".repeat(65_500))),
        ("a quoted key of 64 KB", format!("\"{}\": 1\n", "k".repeat(65_500))),
        ("a key of 64 KB in a list", format!("scopes: [{{{}: 1}}]\n", "k".repeat(65_000))),
        ("a key of 64 KB by a question mark", format!("? {}\n: 1\n", "k".repeat(65_500))),
        ("a word of 64 KB", acme("id: acme", &format!("id: acme\nprotocol: {}", "k".repeat(64_000)))),
        ("a scope of 32 KB", acme("id: acme", &long_scope())),
        ("150 names that nobody declared", names(150)),
        ("2,000 keys twice", (0..4_000).map(|n| format!("k{}: 1\n", n / 2)).collect()),
        ("60,000 commas", format!("a: [{}]\n", "1,".repeat(30_000))),
        ("60,000 comments", "#\n".repeat(30_000)),
        ("60,000 quotes", format!("a: '{}'\n", "''".repeat(30_000))),
        ("60,000 escapes", format!("a: \"{}\"\n", "\\n".repeat(30_000))),
        ("60,000 colons", ":".repeat(60_000)),
        ("60,000 spaces", " ".repeat(60_000)),
        ("30,000 carriage returns", "\r".repeat(30_000)),
        ("30,000 empty documents", "---\n".repeat(15_000)),
    ]
}

/// A default scope that is nearly a supported one, each as long as it can be.
fn long_scope() -> String {
    let scope = "s".repeat(31_000);
    format!("id: acme\nscopes:\n  default: [{scope}]\n  supported:\n    ? {scope}s\n    : everything")
}

/// Templates with names, each of them near to all that are declared.
fn names(count: usize) -> String {
    let vars: String = (0..count).map(|n| format!("  abcdefghijklm{n}: {{pattern: '^a$'}}\n")).collect();
    let params: String = (0..count).map(|n| format!("    p{n}: '{{{{ vars.abcdefghijk{n} }}}}'\n")).collect();
    acme("profile:", &format!("vars:\n{vars}authorization:\n  params:\n{params}profile:"))
}

/// Words of YAML that configuration does not need, and text that is none.
fn texts() -> Vec<(&'static str, String)> {
    let fixed = [
        ("a key twice at the top", "id: acme\nid: acme\n"),
        ("a key twice in a map", "profile: {sub: $.userinfo.id, 'sub': $.userinfo.id}\n"),
        ("a merge key", "profile: {<<: {sub: $.userinfo.id}}\n"),
        ("a merge key in quotes", "profile: {'<<': {sub: $.userinfo.id}}\n"),
        ("two documents", "id: acme\n---\nid: other\n"),
        ("a document that ends and another", "id: acme\n...\n---\nid: other\n"),
        ("a Python object", "id: !!python/object/apply:os.system ['id']\n"),
        ("binary", "id: !!binary YWNtZQ==\n"),
        ("a tag of the root", "!!map {id: acme}\n"),
        ("a version directive", "%YAML 1.1\n---\nid: acme\n"),
        ("a tag directive", "%TAG ! tag:evil.test,2000:\n---\nid: !x acme\n"),
        ("tabs", "profile:\n\tsub: $.userinfo.id\n"),
        ("a list as a key", "? [a]\n: 1\n"),
        ("a number as a key", "1: a\n"),
        ("nothing as a key", "~: a\n"),
        ("a quote that is never closed", "id: 'acme\n"),
        ("a list that is never closed", "scopes: [a\n"),
        ("a list as the root", "- id: acme\n"),
        ("text as the root", "acme\n"),
        ("nothing", ""),
        ("a comment alone", "# acme\n"),
        ("null", "null\n"),
    ];
    fixed.map(|(name, text)| (name, text.to_owned())).into()
}

/// Other encodings.
fn bytes() -> Vec<(&'static str, Vec<u8>)> {
    let text = acme("name: Acme", "name: Ácme");
    let utf16 = |to_bytes: fn(u16) -> [u8; 2], mark: &str| {
        format!("{mark}{text}").encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>()
    };
    let utf32 = |to_bytes: fn(u32) -> [u8; 4]| {
        format!("\u{feff}{text}").chars().flat_map(|c| to_bytes(c.into())).collect::<Vec<u8>>()
    };
    vec![
        ("UTF-16, big end first", utf16(u16::to_be_bytes, "\u{feff}")),
        ("UTF-16, little end first", utf16(u16::to_le_bytes, "\u{feff}")),
        ("UTF-16 without a mark", utf16(u16::to_le_bytes, "")),
        ("UTF-32, big end first", utf32(u32::to_be_bytes)),
        ("UTF-32, little end first", utf32(u32::to_le_bytes)),
        ("Latin-1", text.chars().map(|c| u32::from(c) as u8).collect()),
        ("a byte order mark", format!("\u{feff}{text}").into()),
        ("two byte order marks", format!("\u{feff}\u{feff}{text}").into()),
        ("half a character", text.as_bytes()[..text.find('Á').unwrap() + 1].into()),
        ("a surrogate", b"name: \xed\xa0\x80\n".into()),
        ("a NUL", b"name: a\0b\n".into()),
        ("64 KB of NUL", vec![0; 65_536]),
    ]
}

/// What one parser reads as a number or a truth value and another as text: text here, or refused.
fn scalars() -> Vec<(&'static str, &'static str)> {
    vec![
        ("Norway", "no"),
        ("y", "y"),
        ("off", "off"),
        ("an octal of old", "012"),
        ("an octal", "0o17"),
        ("a hexadecimal", "0x1F"),
        ("a binary number", "0b1"),
        ("a number with an underscore", "1_000"),
        ("sixty to the base", "1:30:00"),
        ("a day", "2026-11-24"),
        ("a moment", "2026-11-24T00:00:00Z"),
        ("infinity", ".inf"),
        ("no number", ".NaN"),
        ("42 digits", "123456789012345678901234567890123456789012"),
        ("1e999", "1e999"),
        ("a number", "7"),
        ("a truth value", "true"),
    ]
}

/// Characters that a reviewer cannot see.
fn hidden() -> Vec<(&'static str, &'static str)> {
    vec![
        ("right to left", "Ac\u{202e}me"),
        ("an isolate", "Ac\u{2066}me"),
        ("no width", "Ac\u{200b}me"),
        ("a tag character", "Ac\u{e0041}me"),
        ("an escape", "Ac\u{1b}[31mme"),
        ("a delete", "Ac\u{7f}me"),
        ("a next line", "Ac\u{85}me"),
        ("a NUL by escape", "\"Ac\\0me\""),
        ("right to left by escape", "\"Ac\\u202eme\""),
        ("right to left in a comment", "Acme # \u{202e}"),
        ("right to left in a key", "Acme\nna\u{202e}me: Acme"),
    ]
}
