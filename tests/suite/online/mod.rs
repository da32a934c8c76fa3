//! `authcfg validate --online`, on a network that the test made.

mod deployed;
mod network;

use std::path::Path;
use std::sync::atomic::Ordering;

use authcfg::cli::validate::{Args, Deny, Report, validate};
use serde_json::{Value, json};

pub use network::network;

const ACME: &str = "\
id: acme
name: Acme
protocol: oidc
discovery: true
issuer: https://acme.example
profile: {sub: $.claims.sub}
";

const URL: &str = "https://acme.example/.well-known/openid-configuration";

fn document() -> Value {
    json!({
        "issuer": "https://acme.example",
        "authorization_endpoint": "https://acme.example/authorize",
        "token_endpoint": "https://acme.example/token",
        "userinfo_endpoint": "https://acme.example/me",
        "jwks_uri": "https://acme.example/jwks",
        "response_types_supported": ["code"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

fn run(files: &[(&str, &str)], answers: &Value) -> (Report, usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (network, asked) = network(answers);
    let args = Args { paths: vec![folder.path().to_owned()], online: true, network, ..Args::default() };
    let report = validate(&args);
    (report, asked.names.load(Ordering::Relaxed), asked.documents.load(Ordering::Relaxed))
}

/// `CODE severity KEY` of each finding about one file, with the text that it marks.
fn found(file: &str, answers: &Value) -> Vec<String> {
    let (report, ..) = run(&[("acme.yaml", file)], answers);
    let findings = report.findings.iter().filter(|finding| finding.code.as_str() != "missing-test");
    findings
        .map(|finding| {
            let label = finding.primary();
            let marked = &label.source.text()[label.span.start..label.span.end];
            format!("{} {} {marked}", finding.code.as_str(), finding.severity.as_str())
        })
        .collect()
}

fn with(changes: Value) -> Value {
    let mut document = document();
    for (name, value) in changes.as_object().unwrap() {
        match value.is_null() {
            true => drop(document.as_object_mut().unwrap().remove(name)),
            false => document[name] = value.clone(),
        }
    }
    json!({"documents": {URL: document}})
}

#[test]
fn a_file_that_agrees_has_no_finding() {
    assert_eq!(found(ACME, &with(json!({}))), [""; 0]);
}

#[test]
fn what_sign_in_cannot_work_with_is_an_error() {
    for (line, changes, expected) in [
        ("", json!({"issuer": "https://acme.example/"}), "issuer-mismatch error https://acme.example"),
        ("", json!({"issuer": null}), "issuer-mismatch error https://acme.example"),
        ("", json!({"token_endpoint": null}), "missing-endpoint error true"),
        ("", json!({"jwks_uri": null}), "missing-endpoint error true"),
        ("", json!({"id_token_signing_alg_values_supported": ["ES256"]}), "unlisted-value error oidc"),
        ("id_token: {algs: [ES256]}", json!({}), "unlisted-value error [ES256]"),
        ("", json!({"code_challenge_methods_supported": ["plain"]}), "unlisted-value error true"),
        ("pkce: S256", json!({"code_challenge_methods_supported": ["plain"]}), "unlisted-value error S256"),
        ("", json!({"response_types_supported": ["id_token"]}), "unlisted-value error true"),
        (
            "authorization_response_iss_parameter_supported: true",
            json!({"authorization_response_iss_parameter_supported": false}),
            "iss-parameter-mismatch error true",
        ),
        (
            "userinfo: {method: POST}",
            json!({"userinfo_endpoint": null}),
            "missing-endpoint error {method: POST}",
        ),
    ] {
        assert_eq!(found(&format!("{ACME}{line}\n"), &with(changes.clone())), [expected], "{line} {changes}");
    }
}

#[test]
fn what_may_work_all_the_same_is_a_warning() {
    for (line, changes, expected) in [
        (
            "token_endpoint: https://acme.example/old",
            json!({}),
            "endpoint-mismatch warning https://acme.example/old",
        ),
        (
            "end_session_endpoint: https://acme.example/out",
            json!({"end_session_endpoint": "https://acme.example/logout"}),
            "endpoint-mismatch warning https://acme.example/out",
        ),
        (
            "scopes: {default: [openid, read:all]}",
            json!({"scopes_supported": ["openid", "email"]}),
            "unlisted-value warning read:all",
        ),
        ("", json!({"scopes_supported": ["openid", "email"]}), "unlisted-value warning oidc"),
        (
            "authorization: {response_mode: form_post}",
            json!({"response_modes_supported": ["query"]}),
            "unlisted-value warning form_post",
        ),
        (
            "token_endpoint_auth_method: client_secret_post",
            json!({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}),
            "unlisted-value warning client_secret_post",
        ),
        (
            "",
            json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}),
            "unlisted-value warning true",
        ),
        (
            "userinfo_signed_response_alg: RS256",
            json!({"userinfo_signing_alg_values_supported": ["ES256"]}),
            "unlisted-value warning RS256",
        ),
        (
            "authorization_response_iss_parameter_supported: true",
            json!({}),
            "iss-parameter-mismatch warning true",
        ),
        (
            "authorization_response_iss_parameter_supported: false",
            json!({"authorization_response_iss_parameter_supported": true}),
            "iss-parameter-mismatch warning false",
        ),
    ] {
        assert_eq!(found(&format!("{ACME}{line}\n"), &with(changes.clone())), [expected], "{line} {changes}");
    }
}

#[test]
fn the_same_address_in_another_spelling_is_no_contradiction() {
    let line = "token_endpoint: https://ACME.example:443/token";
    assert_eq!(found(&format!("{ACME}{line}\n"), &with(json!({}))), [""; 0]);
}

#[test]
fn an_empty_list_says_nothing() {
    let lists = json!({
        "scopes_supported": [], "response_modes_supported": null, "token_endpoint_auth_methods_supported": [],
        "code_challenge_methods_supported": [], "id_token_signing_alg_values_supported": [7],
    });
    assert_eq!(found(ACME, &with(lists)), [""; 0]);
}

#[test]
fn an_issuer_that_varies_is_held_against_no_document() {
    let file = format!("{ACME}id_token: {{issuer: 'https://acme.example/{{{{ claims.tid }}}}'}}\n");
    assert_eq!(found(&file, &with(json!({"issuer": "https://acme.example/{tid}"}))), [""; 0]);
}

#[test]
fn a_network_that_fails_is_a_warning_of_its_own() {
    for answer in [
        json!({"status": 403}),
        json!({"status": 404}),
        json!({"status": 302}),
        json!("<html>Welcome to our hotel</html>"),
        json!([1]),
        json!({"jwks_uri": 1}),
        json!("{\"issuer\": \"".to_owned() + &"x".repeat(200_000) + "\"}"),
    ] {
        let answers = json!({"documents": {URL: answer}});
        assert_eq!(found(ACME, &answers), ["unusable-discovery warning true"], "{:.80}", answer.to_string());
    }
    let answers = json!({"unanswered": ["acme.example"]});
    assert_eq!(found(ACME, &answers), ["unanswered-lookup warning https://acme.example"]);
}

#[test]
fn a_host_that_does_not_exist_is_told_from_a_name_service_that_does_not_answer() {
    let docs = format!("{ACME}docs: https://gone.example/docs\n");
    let unknown = |hosts: &[&str]| json!({"documents": {URL: document()}, "unknown": hosts});
    assert_eq!(found(&docs, &unknown(&["gone.example"])), ["unknown-host warning https://gone.example/docs"]);
    assert_eq!(found(ACME, &unknown(&["acme.example"])), ["unknown-host error https://acme.example"]);
    // Nobody knows a name that everybody knows: this is no view of the world.
    let hosts = ["acme.example", "example.com"];
    assert_eq!(found(ACME, &unknown(&hosts)), ["unanswered-lookup warning https://acme.example"]);
    assert_eq!(
        found(
            &format!("{docs}# authcfg: allow(missing-field) the company is gone\nstatus: dead\n"),
            &unknown(&hosts)
        ),
        [""; 0]
    );
}

#[test]
fn a_provider_without_a_document_may_write_everything_itself() {
    let file = "id: acme\nname: Acme\nprotocol: oidc\nissuer: https://acme.example\n\
        authorization_endpoint: https://acme.example/a\ntoken_endpoint: https://acme.example/t\n\
        jwks_uri: https://acme.example/jwks\nprofile: {sub: $.claims.sub}\n";
    assert_eq!(found(file, &json!({})), [""; 0]);
    let expected = ["unusable-discovery warning https://acme.example"];
    assert_eq!(found(file, &json!({"documents": {URL: {"status": 403}}})), expected);
    let found = found(file, &with(json!({"authorization_response_iss_parameter_supported": true})));
    assert_eq!(found[0], "iss-parameter-mismatch warning https://acme.example");
}

#[test]
fn each_host_and_each_document_is_asked_once() {
    let file = |id: &str| ACME.replace("id: acme", &format!("id: {id}"));
    let files: Vec<(String, String)> =
        (0..40).map(|n| (format!("a{n}.yaml"), file(&format!("a{n}")))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let (report, names, documents) = run(&files, &with(json!({"token_endpoint": null})));
    let missing = report.findings.iter().filter(|finding| finding.code.as_str() == "missing-endpoint");
    assert_eq!((missing.count(), names, documents), (40, 1, 1));
}

#[test]
fn a_comment_allows_what_is_found_and_is_not_blamed_where_nobody_asked() {
    let line =
        "token_endpoint: https://acme.example/old # authcfg: allow(endpoint-mismatch) the new one is slow\n";
    let file = format!("{ACME}{line}");
    assert_eq!(found(&file, &with(json!({}))), [""; 0]);
    assert_eq!(
        found(&file, &json!({"documents": {URL: {"status": 403}}})),
        ["unusable-discovery warning true"]
    );
    let agreed = with(json!({"token_endpoint": "https://acme.example/old"}));
    assert_eq!(found(&file, &agreed), ["unused-allow warning endpoint-mismatch"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.yaml"), &file).unwrap();
    let offline = validate(&Args { paths: vec![folder.path().join("acme.yaml")], ..Args::default() });
    assert!(offline.findings.iter().all(|finding| finding.code.as_str() == "missing-test"));
}

#[test]
fn options_hold_for_what_the_network_says() {
    let (report, ..) = run(&[("acme.yaml", ACME)], &json!({"unanswered": ["acme.example"]}));
    assert!(!report.fails(None) && report.fails(Some(Deny::Warnings)));
}

/// The network of a golden case, where it has one.
pub fn of_case(case: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(case.join("network.json")).ok()?;
    Some(serde_json::from_str(&text).expect("JSON"))
}
