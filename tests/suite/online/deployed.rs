//! Deployment files: an issuer that is a variable with a value, and keys laid over a provider file.

use serde_json::{Value, json};

use crate::online::{URL, document, network, with};
use authcfg::cli::validate::{Args, validate};

const TENANTS: &str = "\
id: tenants
name: Tenants
protocol: oidc
vars: {issuer: {title: Issuer, format: https-url}, region: {title: Region, default: eu, enum: [eu, us]}}
issuer: \"{{ vars.issuer }}\"
discovery: true
revocation_endpoint: https://{{ vars.region }}.api.example/revoke
";

/// `CODE severity TEXT` of each finding about the deployment file, with the text that it marks.
fn found(deployment: &str, answers: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("providers")).unwrap();
    std::fs::write(folder.path().join("providers/tenants.yaml"), TENANTS).unwrap();
    let path = folder.path().join("authcfg.yaml");
    std::fs::write(&path, format!("base_url: https://app.example.com\n{deployment}\n")).unwrap();
    let (network, _) = network(answers);
    let report = validate(&Args { paths: vec![path], online: true, network, ..Args::default() });
    let told = report.findings.iter().map(|finding| {
        let label = finding.primary();
        let marked = &label.source.text()[label.span.start..label.span.end];
        format!("{} {} {marked}", finding.code.as_str(), finding.severity.as_str())
    });
    told.collect()
}

fn of_acme(rest: &str) -> String {
    format!("providers: {{tenants: {{issuer: https://acme.example{rest}}}}}")
}

#[test]
fn a_deployment_that_agrees_has_no_finding() {
    assert_eq!(found(&of_acme(""), &with(json!({}))), [""; 0]);
    // Nothing of it is known without the environment.
    assert_eq!(found("providers: {tenants: {issuer: {env: ISSUER}}}", &json!({})), [""; 0]);
    assert_eq!(found("providers: {tenants: {}}", &json!({})), [""; 0]);
}

#[test]
fn an_issuer_is_held_against_its_document() {
    let slash = with(json!({"issuer": "https://acme.example/"}));
    assert_eq!(found(&of_acme(""), &slash), ["issuer-mismatch error https://acme.example"]);
    let unknown = json!({"documents": {URL: document()}, "unknown": ["acme.example"]});
    assert_eq!(found(&of_acme(""), &unknown), ["unknown-host error https://acme.example"]);
    assert_eq!(found(&of_acme(""), &json!({})), ["unusable-discovery warning https://acme.example"]);
    let keyless = with(json!({"jwks_uri": null}));
    assert_eq!(found(&of_acme(""), &keyless), ["missing-endpoint error https://acme.example"]);
    let used = "providers: {acme: {use: tenants, issuer: https://acme.example}}";
    assert_eq!(found(used, &keyless), ["missing-endpoint error https://acme.example"]);
}

#[test]
fn the_keys_of_a_deployment_are_compared() {
    let scopes = with(json!({"scopes_supported": ["openid", "groups"]}));
    assert_eq!(found(&of_acme(", scopes: [openid, group]"), &scopes), ["unlisted-value warning group"]);
    assert_eq!(found(&of_acme(", scopes: [openid, groups]"), &scopes), [""; 0]);
    let old = of_acme(", token_endpoint: \"{{ vars.issuer }}/old\"");
    assert_eq!(found(&old, &with(json!({}))), ["endpoint-mismatch warning \"{{ vars.issuer }}/old\""]);
    // The issuer is the deployment's, so that an address that does not follow it gives way.
    assert_eq!(found(&of_acme(", token_endpoint: https://old.example"), &with(json!({}))), [""; 0]);
    let plain = with(json!({"code_challenge_methods_supported": ["plain"]}));
    assert_eq!(found(&of_acme(", pkce: plain"), &plain), [""; 0]);
    assert_eq!(found(&of_acme(""), &plain), ["unlisted-value error https://acme.example"]);
}

#[test]
fn a_value_of_a_variable_may_lead_nowhere_and_the_file_is_not_blamed() {
    let answers = |unknown: &str| json!({"documents": {URL: document()}, "unknown": [unknown]});
    let us = of_acme(", vars: {region: us}");
    assert_eq!(found(&us, &answers("us.api.example")), ["unknown-host warning us"]);
    assert_eq!(found(&us, &answers("eu.api.example")), [""; 0]);
    assert_eq!(found(&of_acme(""), &answers("eu.api.example")), [""; 0], "a matter of the provider file");
}

#[test]
fn a_comment_allows_what_is_found() {
    let line = "providers:\n  tenants:\n    issuer: https://acme.example # authcfg: allow(unusable-discovery) behind a wall";
    assert_eq!(found(line, &json!({})), [""; 0]);
    let unused = found(line, &with(json!({})));
    assert_eq!(unused, ["unused-allow warning unusable-discovery"]);
}

#[test]
fn a_deployment_with_errors_is_not_compared() {
    assert_eq!(found(&of_acme(", pkce: S255"), &json!({})).len(), 1);
}
