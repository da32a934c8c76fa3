//! As much of one thing as a file may hold, where each costs something: a name that is looked up, a template, a message.

use authcfg::yaml::Limits;

use crate::probes::{Probe, acme};

/// Bytes that are left for the one thing.
const ROOM: usize = Limits::PROVIDER.bytes - 1_000;

pub fn probes() -> Vec<Probe> {
    let mut probes = vec![];
    probes.extend(of_profile());
    probes.extend(of_sections());
    probes.extend(of_structure());
    probes.extend(of_patterns());
    probes.extend(of_text());
    probes.into_iter().map(|(name, text)| Probe::text(name, text)).collect()
}

/// Members as long as there is room, `most` at most.
fn fill(most: usize, member: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0..most {
        let member = member(number);
        if text.len() + member.len() > ROOM {
            break;
        }
        text += &member;
    }
    text
}

/// A file with a section in front of its profile.
fn with(section: &str) -> String {
    acme("profile:", &format!("{section}profile:"))
}

fn of_profile() -> Vec<(&'static str, String)> {
    let claims = |most: usize, claim: &str| {
        let members =
            fill(most, |number| format!("  c{number}: {}\n", claim.replace('#', &number.to_string())));
        acme("profile: {sub: $.userinfo.id}", &format!("profile:\n  sub: $.userinfo.id\n{members}"))
    };
    vec![
        ("2,000 templates", claims(2_000, "'{{ userinfo.a# }}'")),
        ("1,500 templates with an error", claims(1_500, "'{{ userinfo.a# | }}'")),
        ("70 long templates", claims(70, &format!("'{}'", "{{ userinfo.a }}".repeat(60)))),
        ("2,000 paths", claims(2_000, "$.userinfo.a#")),
        ("1,600 paths of items", claims(1_600, "$.a[#]")),
        ("200 long paths", claims(200, &format!("'$.userinfo{}'", "[?@.b==1]".repeat(26)))),
        ("200 paths of alternatives", claims(200, &format!("'$.userinfo[?{}@.b]'", "@.b||".repeat(45)))),
        (
            "200 paths with an error at their end",
            claims(200, &format!("'$.userinfo[?{}]'", "((((@.b))))||".repeat(18))),
        ),
        ("1,800 paths in words of others", claims(1_800, "$.user-info.a-b.c-d")),
        ("1,200 first ones of two", claims(1_200, "[$.userinfo.a, $.userinfo.b]")),
        ("1,200 mappings that are none", claims(1_200, "{a: 1}")),
        ("1,600 mappings in a list", claims(1, &format!("[{}]", "{a: 1},".repeat(1_600)))),
        ("100 lists of 15 mappings", claims(100, &format!("[{}]", "{a: 1},".repeat(15)))),
    ]
}

fn of_sections() -> Vec<(&'static str, String)> {
    let near = |most: usize, length: usize| {
        let name = "n".repeat(length);
        let vars = fill(most, |number| format!("  {name}{number}m: {{}}\n"));
        let params = fill(most, |number| format!("    p{number}: '{{{{ vars.{name}{number} }}}}'\n"));
        with(&format!("vars:\n{vars}authorization:\n  params:\n{params}"))
    };
    let map = |section: &str, most: usize, member: &str| {
        let members = fill(most, |number| format!("{},", member.replace('#', &number.to_string())));
        with(&section.replace('#', &members))
    };
    vec![
        ("500 names that are near to another", near(500, 11)),
        ("120 long names that are near to another", near(120, 110)),
        ("2,000 parameters", map("authorization: {params: {#}}\n", 2_000, "p#: a")),
        ("1,600 parameters of a list", map("authorization: {params: {#}}\n", 1_600, "p#: [1]")),
        ("1,600 parameters of nobody", map("authorization: {params: {#}}\n", 1_600, "p#: '{{ vars.x# }}'")),
        ("1,600 inputs", map("authorization: {inputs: {#}}\n", 1_600, "i#: {}")),
        ("1,600 variables", map("vars: {#}\n", 1_600, "v#: {}")),
        ("1,200 variables of each other", map("vars: {#}\n", 1_200, "v#: {from: '{{ vars.v1# }}'}")),
        ("4,800 values of a variable", map("vars: {v: {enum: [#], default: b}}\n", 4_800, "a#")),
        ("1,100 scopes that are nearly supported", {
            let list = |one: &str| {
                (0..1_100).map(|number| one.replace('#', &number.to_string())).collect::<String>()
            };
            let (default, supported) = (list("abcdefgh#,"), list("abcdefgi#: {},"));
            with(&format!("scopes: {{default: [{default}], supported: {{{supported}}}}}\n"))
        }),
        (
            "1,200 calls that are none",
            with(&format!("userinfo:\n{}", fill(1_200, |_| "  - {a: 1}\n".into()))),
        ),
        (
            "600 calls of one name",
            with(&format!(
                "userinfo:\n{}",
                fill(600, |_| "  - {as: c, endpoint: 'https://acme.example/c'}\n".into())
            )),
        ),
        (
            "600 requests for another token",
            with(&format!(
                "token:\n  then:\n{}",
                fill(600, |number| format!("    - {{endpoint: 'https://acme.example/t{number}'}}\n"))
            )),
        ),
    ]
}

fn of_structure() -> Vec<(&'static str, String)> {
    let tests = |most: usize, test: &str| {
        acme("tests:", &format!("tests:\n{}", format!("  - {test}\n").repeat(most)))
    };
    let keys = |most: usize, suffix: &str| {
        (0..most).map(|number| format!("k{number}{suffix}: 1\n")).collect::<String>()
    };
    vec![
        ("8,000 keys", keys(8_000, "")),
        ("1,600 keys that are nearly right", keys(1_600, "oken_endpoint")),
        ("1,600 tests", tests(1_600, "{error: a}")),
        ("1,500 tests that are none", tests(1_500, "{a: 1}")),
        ("4,000 tests that are numbers", tests(4_000, "1")),
        (
            "400 tests with four mistakes",
            tests(400, "{token_response: 1, userinfo: 1, profile: 1, calbck: 1}"),
        ),
        (
            "4,800 aliases",
            acme(
                "name: Acme",
                &format!("name: Acme\naliases: [{}]", fill(4_800, |number| format!("a{number},"))),
            ),
        ),
        (
            "4,800 aliases of one name",
            acme("name: Acme", &format!("name: Acme\naliases: [{}]", "a,".repeat(4_800))),
        ),
    ]
}

fn of_patterns() -> Vec<(&'static str, String)> {
    let vars = |most: usize, pattern: &str| {
        let pattern = |number: usize| format!("  v{number}: {{pattern: '^{number}{pattern}$'}}\n");
        with(&format!("vars:\n{}", fill(most, pattern)))
    };
    vec![
        ("50 patterns of any letter", vars(50, "\\w")),
        ("50 patterns of letters in any case", vars(50, "(?i)[\\pL\\pN]")),
        ("50 patterns of 200 words", vars(50, &format!("({}b)", "abc|".repeat(200)))),
        ("50 patterns of brackets", vars(50, &format!("{}a{}", "(".repeat(240), ")?".repeat(240)))),
        ("50 patterns of nothing many times", vars(50, "(((((){999}){999}){999}){999}){999}")),
        ("50 patterns of classes", vars(50, &"\\pL".repeat(330))),
        ("60 different patterns that are too large", {
            let pattern = |number: usize| format!("  v{number}: {{pattern: '^\\w{{9{number}}}$'}}\n");
            with(&format!("vars:\n{}", fill(60, pattern)))
        }),
    ]
}

/// Much in one text.
fn of_text() -> Vec<(&'static str, String)> {
    let claim = |text: String| {
        acme("profile: {sub: $.userinfo.id}", &format!("profile: {{sub: $.userinfo.id, name: '{text}'}}"))
    };
    let end = |text: String| format!("{}{text}\n", acme("id: acme", "id: acme"));
    vec![
        ("15,000 comments of a template", claim("{##}".repeat(15_000))),
        ("5,000 names in single braces", claim("{userinfo.a}".repeat(5_000))),
        ("30,000 dots", claim("a.".repeat(30_000) + "a")),
        ("30,000 pipes in a path", claim(format!("$.{}", "a|".repeat(30_000)))),
        ("12,000 roots in a path", claim(format!("$.userinfo[{}]", "$.a,".repeat(12_000)))),
        ("32,000 letters of two bytes", acme("name: Acme", &format!("name: {}", "é".repeat(32_000)))),
        ("a secret of 60 KB", with(&format!("client_secret: {}\n", "x".repeat(60_000)))),
        (
            "5,000 codes that are allowed",
            end(format!("# authcfg: allow({}) why", "unused-name,".repeat(5_000))),
        ),
        (
            "5,000 codes that do not exist",
            end(format!("# authcfg: allow({}) why", "unused-nam,".repeat(5_000))),
        ),
        (
            "1,400 comments that allow",
            end(fill(1_400, |number| format!("# authcfg: allow(unused-name) {number}\n"))),
        ),
        ("30,000 signs of a comment", end("# ".repeat(30_000))),
    ]
}
