//! Did you mean: for each kind of name, a wrong one that is near a right one is shown as a patch; one that is far from all is not.

use std::path::Path;

use authcfg::cli::validate::{Args, validate};
use authcfg::diagnostic::{Diagnostic, Help};

/// A kind of name: what it is, the lines of a file in which it stands at `~`, the wrong name, the right one.
type Kind = (&'static str, &'static str, &'static str, &'static str);

/// As far from every name as can be.
const FAR: &str = "zzqxkwv";

/// Kinds of which a file may have names that nobody knows: those of the provider, or of what a browser sends.
const OPEN: [&str; 3] = ["error of a test", "input of a test", "scope"];

const PROVIDER: &str = "\
id: acme
name: Acme
authorization_endpoint: https://acme.example/authorize
token_endpoint: https://acme.example/token
userinfo_endpoint: https://acme.example/me
";
const PROFILE: &str = "profile: {sub: $.userinfo.id}\n";
const TESTS: &str = "\
tests:
  - {userinfo: {id: '7'}, profile: {sub: '7'}}
  - {token_response: {error: invalid_grant}, error: invalid_grant}
";

const IN_PROVIDER: [Kind; 27] = [
    ("key", "~: client_secret_post", "token_endpoint_auth_metod", "token_endpoint_auth_method"),
    ("key of a step", "token: {~: json}", "bdoy", "body"),
    ("key of a response", "token: {response: {map: {~: $.body.x}}}", "acces_token", "access_token"),
    ("word", "protocol: ~", "oath2", "oauth2"),
    ("word in capitals", "pkce: ~", "s256", "S256"),
    ("way to authenticate", "userinfo: {auth: ~}", "baerer", "bearer"),
    (
        "form of a value",
        "vars: {x: {optional: true, format: ~}}\nauthorization: {params: {x: '{{ vars.x }}'}}",
        "hostnam",
        "hostname",
    ),
    (
        "variable",
        "vars: {tenant: {optional: true}}\nauthorization: {params: {t: '{{ vars.~ }}{{ vars.tenant }}'}}",
        "tennant",
        "tenant",
    ),
    (
        "member of the client",
        "client: {team_id: {}}\ntoken: {params: {t: '{{ client.~ }}{{ client.team_id }}'}}",
        "teamid",
        "team_id",
    ),
    (
        "input",
        "authorization: {inputs: {hint: {send: false}}, params: {h: '{{ request.~ }}{{ request.hint }}'}}",
        "hnit",
        "hint",
    ),
    ("part of the flow", "authorization: {params: {h: '{{ flow.~ }}'}}", "uiud", "uuid"),
    (
        "root of a template",
        "vars: {tenant: {optional: true}}\nauthorization: {params: {t: '{{ ~.tenant }}{{ vars.tenant }}'}}",
        "var",
        "vars",
    ),
    ("root of a path", "callback: {code: $.~.code}", "calback", "callback"),
    ("root of a condition", "callback: {verify: ~.shop is defined}", "calback", "callback"),
    ("filter", "token: {params: {x: '{{ client.id | ~ }}'}}", "lowr", "lower"),
    ("test of a condition", "callback: {verify: callback.shop is ~}", "defned", "defined"),
    (
        "input of a list",
        "authorization: {inputs: {hint: {}}, one_of: [[hint, ~]]}\ntests: [{request: {hint: x}, userinfo: {id: '7'}, profile: {sub: '7'}}, {token_response: {error: a}, error: a}]",
        "hnit",
        "hint",
    ),
    ("scope", "scopes: {default: [~], supported: {read_user: {}, write: {}}}", "raed_user", "read_user"),
    ("parameter that is raw", "authorization: {params: {audience: a}, raw: [~]}", "audence", "audience"),
    ("standard name", "rename: {~: key}", "clinet_id", "client_id"),
    ("base", "extends: ~", "oauht2", "oauth2"),
    ("successor", "status: dead\nsuccessor: ~", "oauht2", "oauth2"),
    (
        "section of a test",
        "tests: [{userinfo: {id: '7'}, profile: {sub: '7'}, ~: {}}, {token_response: {error: a}, error: a}]",
        "expct",
        "expect",
    ),
    (
        "step of a test",
        "tests: [{userinfo: {id: '7'}, profile: {sub: '7'}, expect: {~: {code: CODE}}}, {token_response: {error: a}, error: a}]",
        "tokne",
        "token",
    ),
    (
        "part of a step of a test",
        "tests: [{userinfo: {id: '7'}, profile: {sub: '7'}, expect: {token.~: POST}}, {token_response: {error: a}, error: a}]",
        "metod",
        "method",
    ),
    (
        "error of a test",
        "tests: [{userinfo: {id: '7'}, profile: {sub: '7'}}, {callback: {state: x}, error: ~}]",
        "state_mismach",
        "state_mismatch",
    ),
    (
        "code of a comment",
        "docs: https://acme.example # authcfg: allow(~) why",
        "missing-tset",
        "missing-test",
    ),
];

const IN_TESTS: [Kind; 4] = [
    ("variable of a test", "vars: {~: x}", "tennant", "tenant"),
    ("member of the client of a test", "client: {~: x}", "teamid", "team_id"),
    ("input of a test", "request: {~: x}", "hnit", "hint"),
    ("claim of a test", "profile: {sub: '7', ~: x}", "nickame", "nickname"),
];

const IN_DEPLOYMENT: [Kind; 14] = [
    ("key of a deployment", "~: []\nproviders: {acme: {}}", "rotues", "routes"),
    ("provider", "providers: {~: {}}", "acmee", "acme"),
    ("provider that is used", "providers: {mine: {use: ~}}", "acmee", "acme"),
    ("key of a provider", "providers: {acme: {~: Acme}}", "nmae", "name"),
    ("variable of a provider", "providers: {acme: {vars: {~: x}}}", "tennant", "tenant"),
    ("member of the client of a provider", "providers: {acme: {client: {~: x}}}", "teamid", "team_id"),
    ("input of a provider", "providers: {acme: {request: {~: x}}}", "hnit", "hint"),
    (
        "provider of a route",
        "providers: {acme: {}}\nroutes: [{domains: [a.example], provider: ~}]",
        "acmee",
        "acme",
    ),
    (
        "input of a route",
        "providers: {acme: {}}\nroutes: [{domains: [a.example], provider: acme, request: {~: x}}]",
        "hnit",
        "hint",
    ),
    ("provider of a rule", "providers: {acme: {}}\nallow: [{providers: [~]}]", "acmee", "acme"),
    ("claim of a rule", "providers: {acme: {}}\nallow: [{profile: {~: [x]}}]", "nickame", "nickname"),
    ("claim of the session", "providers: {acme: {}}\nsession: {claims: [~]}", "nickame", "nickname"),
    ("word of the session", "providers: {acme: {}}\nsession: {strategy: ~}", "databse", "database"),
    ("key of the session", "providers: {acme: {}}\nsession: {~: 30d}", "maxage", "max_age"),
];

/// A provider with a name of every kind.
fn acme(test: &str) -> String {
    let given =
        "vars: {tenant: x}, client: {team_id: x}, request: {hint: x}, profile: {sub: '7', nickname: x}";
    let key = test.split(':').next().unwrap_or_default();
    let given: Vec<&str> = given.split("}, ").filter(|part| !part.starts_with(&format!("{key}:"))).collect();
    let given = given.join("}, ");
    let given = if given.ends_with('}') { given } else { given + "}" };
    let test = if test.is_empty() { String::new() } else { format!(", {test}") };
    format!(
        "{PROVIDER}vars: {{tenant: {{optional: true}}}}\nclient: {{team_id: {{}}}}\n\
         token: {{params: {{t: '{{{{ vars.tenant }}}}{{{{ client.team_id }}}}'}}}}\nauthorization: {{inputs: {{hint: {{}}}}}}\n\
         profile: {{sub: $.userinfo.id, nickname: $.userinfo.nick}}\n\
         tests:\n  - {{userinfo: {{id: '7', nick: x}}, {given}{test}}}\n  - {{vars: {{tenant: x}}, client: {{team_id: x}}, token_response: {{error: a}}, error: a}}\n"
    )
}

fn found(folder: &Path, files: &[(&str, &str)], looked_at: &str) -> Vec<Diagnostic> {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    validate(&Args { paths: vec![folder.join(looked_at)], ..Args::default() }).findings
}

/// The names that are proposed in the place of `wrong`.
fn proposed(findings: &[Diagnostic], wrong: &str) -> Vec<String> {
    let patches = findings.iter().filter_map(|finding| match &finding.help {
        Some(Help::Patch { source, span, replacement, .. }) => {
            let marked = source.text().get(span.start..span.end)?;
            marked.contains(wrong).then(|| replacement.trim_matches(['"', '\'']).to_owned())
        }
        _ => None,
    });
    patches.collect()
}

/// What is not as it should be about a kind of name, where `file` writes the files with a name in its place.
fn told(kind: &Kind, file: impl Fn(&str) -> Vec<Diagnostic>) -> Option<String> {
    let (what, _, wrong, right) = kind;
    let near = file(wrong);
    let far = file(FAR);
    let names = proposed(&near, wrong);
    let titles = |findings: &[Diagnostic]| -> Vec<String> {
        findings.iter().map(|finding| format!("{}: {}", finding.code.as_str(), finding.title)).collect()
    };
    if near.len() != 1
        || names.len() != 1
        || !names[0].contains(right)
        || names[0].contains(wrong) && !right.contains(wrong)
    {
        return Some(format!("{what}, near: {:?} proposes {names:?}", titles(&near)));
    }
    if far.is_empty() && OPEN.contains(what) {
        return None;
    }
    if far.len() != 1 || !proposed(&far, "").is_empty() {
        return Some(format!("{what}, far: {:?} proposes {:?}", titles(&far), proposed(&far, "")));
    }
    (near[0].code != far[0].code).then(|| format!("{what}: {:?}, {:?}", titles(&near), titles(&far)))
}

#[test]
fn a_near_name_is_proposed_and_a_far_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let in_provider = IN_PROVIDER.iter().filter_map(|kind| {
        told(kind, |name| {
            let mut text = PROVIDER.to_owned() + &kind.1.replace('~', name) + "\n";
            let absent = |key: &str| !text.contains(&format!("\n{key}:"));
            let (profile, tests) = (absent("profile"), absent("tests"));
            text += if profile { PROFILE } else { "" };
            text += if tests { TESTS } else { "" };
            found(folder.path(), &[("acme.yaml", &text)], "acme.yaml")
        })
    });
    let in_tests = IN_TESTS.iter().filter_map(|kind| {
        told(kind, |name| {
            found(folder.path(), &[("acme.yaml", &acme(&kind.1.replace('~', name)))], "acme.yaml")
        })
    });
    let in_deployment = IN_DEPLOYMENT.iter().filter_map(|kind| {
        told(kind, |name| {
            let text = format!("base_url: https://app.example\n{}\n", kind.1.replace('~', name));
            let files = [("providers/acme.yaml", acme("")), ("authcfg.yaml", text)];
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            found(folder.path(), &files, "authcfg.yaml")
        })
    });
    let wrong: Vec<String> = in_provider.chain(in_tests).chain(in_deployment).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
