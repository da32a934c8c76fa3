//! A provider file from a discovery document: what deviates from the defaults, the endpoints left to discovery.

use serde_json::{Map, Value};

use crate::cli::new::yaml;
use crate::spec::client_auth::TokenEndpointAuthMethod;
use crate::spec::id_token::IdTokenAlg;

/// The scopes of a sign-in where a file says nothing.
const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// The text of a provider file; `day` is today.
pub fn file(id: &str, name: &str, document: &Map<String, Value>, day: &str) -> String {
    let issuer = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![
        "# Written by `authcfg new` from the discovery document. What says \"decide:\" wants a person."
            .to_owned(),
        format!("id: {id}"),
        format!("name: {}", yaml::text(name)),
    ];
    match document.get("service_documentation").and_then(Value::as_str) {
        Some(docs) if docs.starts_with("https://") => lines.push(format!("docs: {}", yaml::text(docs))),
        _ => {
            lines.push("# decide: the page that says how the provider signs people in".to_owned());
            lines.push("# docs: https://provider.example/docs/openid-connect".to_owned());
        }
    }
    lines.push(format!("verified: {{on: {day}, how: discovery}}"));
    lines.push("protocol: oidc".to_owned());
    lines.push("discovery: true".to_owned());
    lines.push(format!("issuer: {}", yaml::text(issuer)));
    lines.extend(auth_method(document));
    lines.extend(pkce(document));
    lines.extend(scopes(document));
    lines.extend(response_mode(document));
    lines.extend(algs(document));
    lines.extend(email_verified(document));
    lines.join("\n") + "\n" + &tests(document)
}

/// The words of a list; none where the document does not say.
fn listed<'a>(document: &'a Map<String, Value>, name: &str) -> Option<Vec<&'a str>> {
    Some(document.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
}

/// The word of a file, if the format has it.
fn known<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

fn auth_method(document: &Map<String, Value>) -> Vec<String> {
    let methods = listed(document, "token_endpoint_auth_methods_supported").unwrap_or_default();
    if methods.is_empty() || methods.contains(&"client_secret_basic") {
        return vec![];
    }
    let order = [
        "client_secret_post",
        "private_key_jwt",
        "client_secret_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
        "none",
    ];
    let usable = order
        .into_iter()
        .find(|method| methods.contains(method) && known::<TokenEndpointAuthMethod>(method).is_some());
    let of = methods.iter().map(|method| visible(method)).collect::<Vec<_>>().join(", ");
    match usable {
        Some("client_secret_post") => vec!["token_endpoint_auth_method: client_secret_post".to_owned()],
        Some("private_key_jwt") => vec![
            format!("# decide: the provider takes {of}"),
            "token_endpoint_auth_method: private_key_jwt".to_owned(),
            "client: {private_key: {secret: true, format: pem}}".to_owned(),
            "client_assertion: {alg: RS256}".to_owned(),
        ],
        Some("client_secret_jwt") => vec![
            format!("# decide: the provider takes {of}"),
            "token_endpoint_auth_method: client_secret_jwt".to_owned(),
            "client_assertion: {alg: HS256}".to_owned(),
        ],
        Some(method @ ("tls_client_auth" | "self_signed_tls_client_auth")) => vec![
            format!("# decide: the provider takes {of}"),
            format!("token_endpoint_auth_method: {method}"),
            "client:".to_owned(),
            "  certificate: {secret: true, format: pem}".to_owned(),
            "  certificate_key: {secret: true, format: pem}".to_owned(),
        ],
        Some(method) => vec![
            format!("# decide: the provider takes {of}"),
            format!("token_endpoint_auth_method: {method}"),
        ],
        None => vec![format!("# decide: the provider takes {of}, none of which is known here")],
    }
}

/// No other method is there to choose.
const PLAIN: &str = "pkce: plain # authcfg: allow(weak-pkce) the discovery document lists no other method";

fn pkce(document: &Map<String, Value>) -> Vec<String> {
    match listed(document, "code_challenge_methods_supported") {
        Some(methods) if methods.contains(&"S256") => vec![],
        Some(methods) if methods.contains(&"plain") => vec![PLAIN.to_owned()],
        Some(_) => vec!["pkce: none".to_owned()],
        None => vec![
            "# decide: the document does not say whether the provider knows PKCE; S256 is sent".to_owned(),
            "# pkce: none".to_owned(),
        ],
    }
}

fn scopes(document: &Map<String, Value>) -> Vec<String> {
    let Some(supported) = listed(document, "scopes_supported") else { return vec![] };
    let mut lines = vec![];
    let further: Vec<&str> =
        supported.iter().copied().filter(|scope| !SCOPES.contains(scope)).take(20).collect();
    if !further.is_empty() {
        let further: Vec<String> = further.into_iter().map(visible).collect();
        lines.push(format!("# decide: there are further scopes: {}", further.join(" ")));
    }
    let default: Vec<&str> =
        SCOPES.into_iter().filter(|scope| *scope == "openid" || supported.contains(scope)).collect();
    if default.len() < SCOPES.len() {
        lines.push(format!("scopes: {{default: [{}]}}", default.join(", ")));
    }
    lines
}

fn response_mode(document: &Map<String, Value>) -> Vec<String> {
    let modes = listed(document, "response_modes_supported").unwrap_or_default();
    let form_post = modes.contains(&"form_post") && !modes.contains(&"query");
    if form_post { vec!["authorization: {response_mode: form_post}".to_owned()] } else { vec![] }
}

fn algs(document: &Map<String, Value>) -> Vec<String> {
    let supported = listed(document, "id_token_signing_alg_values_supported").unwrap_or_default();
    if supported.is_empty() || supported.contains(&"RS256") {
        return vec![];
    }
    // What is signed with the client's secret proves less, and is for a person to choose.
    let usable: Vec<&str> = supported
        .iter()
        .copied()
        .filter(|alg| *alg != "HS256" && known::<IdTokenAlg>(alg).is_some())
        .collect();
    match usable.is_empty() {
        false => vec![format!("id_token: {{algs: [{}]}}", usable.join(", "))],
        true => {
            let supported: Vec<String> = supported.into_iter().map(visible).collect();
            vec![format!(
                "# decide: id_tokens are signed with {}; RS256 is what is taken",
                supported.join(", ")
            )]
        }
    }
}

fn email_verified(document: &Map<String, Value>) -> Vec<String> {
    let claims = listed(document, "claims_supported").unwrap_or_default();
    if claims.is_empty() || claims.contains(&"email_verified") || !claims.contains(&"email") {
        return vec![];
    }
    vec![
        "# decide: email_verified is not among the claims of the document: without it no address counts as verified"
            .to_owned(),
    ]
}

/// A sign-in, and a code that was used before.
fn tests(document: &Map<String, Value>) -> String {
    let supported = listed(document, "scopes_supported");
    let asked: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| *scope == "openid" || supported.as_ref().is_none_or(|list| list.contains(scope)))
        .collect();
    let userinfo = document.get("userinfo_endpoint").is_some_and(Value::is_string);
    let person = "name: Ada Example, email: ada@example.com, email_verified: true";
    let (claims, answer) = match userinfo {
        true => (
            "    claims: {sub: \"248289761001\"}\n".to_owned(),
            format!("    userinfo: {{sub: \"248289761001\", {person}}}\n"),
        ),
        false => (format!("    claims: {{sub: \"248289761001\", {person}}}\n"), String::new()),
    };
    format!(
        "tests:\n\
         \x20 - name: a sign-in\n{claims}\
         \x20   token_response: {{access_token: AT, token_type: Bearer, expires_in: 3600}}\n{answer}\
         \x20   expect:\n\
         \x20     authorization: {{scope: {}, nonce: NONCE}}\n\
         \x20   profile: {{sub: \"248289761001\", {person}}}\n\
         \x20 - name: a code that was used before\n\
         \x20   token_response: {{http: {{status: 400, body: {{error: invalid_grant}}}}}}\n\
         \x20   error: invalid_grant\n",
        asked.join(" ")
    )
}

/// A word of the document, for a comment.
fn visible(word: &str) -> String {
    word.chars().filter(|c| !c.is_whitespace() && !crate::yaml::is_hidden(*c)).take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(over: Value) -> String {
        let mut document = json!({"issuer": "https://acme.example", "userinfo_endpoint": "https://acme.example/me", "code_challenge_methods_supported": ["S256"], "service_documentation": "https://acme.example/docs"});
        for (name, value) in over.as_object().unwrap() {
            document[name] = value.clone();
        }
        let text = file("acme", "Acme", document.as_object().unwrap(), "2026-11-24");
        let parsed =
            crate::yaml::Document::parse("acme.yaml", text.as_bytes(), crate::yaml::Limits::PROVIDER)
                .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let (provider, mut findings) = crate::provider::load(&parsed, |_| None);
        findings.retain(|finding| !text.contains(&format!("# authcfg: allow({})", finding.code.as_str())));
        assert!(provider.is_some() && findings.is_empty(), "{findings:?}\n{text}");
        text.split("tests:\n").next().unwrap().lines().skip(8).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_the_default_is_not_written() {
        let all = json!({
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "scopes_supported": ["openid", "profile", "email"], "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "response_modes_supported": ["query", "form_post"], "claims_supported": ["sub", "email", "email_verified"],
        });
        assert_eq!(written(all), "");
        assert_eq!(written(json!({})), "");
    }

    #[test]
    fn what_deviates_is_written() {
        for (member, value, expected) in [
            (
                "token_endpoint_auth_methods_supported",
                json!(["client_secret_post"]),
                "token_endpoint_auth_method: client_secret_post",
            ),
            ("code_challenge_methods_supported", json!(["plain"]), PLAIN),
            ("code_challenge_methods_supported", json!([]), "pkce: none"),
            ("scopes_supported", json!(["openid", "email"]), "scopes: {default: [openid, email]}"),
            (
                "id_token_signing_alg_values_supported",
                json!(["HS256", "ES256", "PS256", "XS1"]),
                "id_token: {algs: [ES256, PS256]}",
            ),
            ("response_modes_supported", json!(["form_post"]), "authorization: {response_mode: form_post}"),
        ] {
            assert_eq!(written(json!({member: value})), expected);
        }
    }

    #[test]
    fn what_a_person_decides_is_a_comment() {
        for (member, value, expected) in [
            ("code_challenge_methods_supported", json!(null), "whether the provider knows PKCE"),
            (
                "scopes_supported",
                json!(["openid", "profile", "email", "offline_access"]),
                "further scopes: offline_access",
            ),
            ("id_token_signing_alg_values_supported", json!(["XS1"]), "signed with XS1"),
            ("claims_supported", json!(["sub", "email"]), "email_verified is not among"),
            (
                "token_endpoint_auth_methods_supported",
                json!(["tls_client_auth", "self_signed_tls_client_auth"]),
                "token_endpoint_auth_method: tls_client_auth\nclient:\n  certificate: {",
            ),
            (
                "token_endpoint_auth_methods_supported",
                json!(["tls_client_auth_\nid: x"]),
                "none of which is known",
            ),
        ] {
            let text = written(json!({member: value}));
            assert!(text.contains("# decide: ") && text.contains(expected), "{text}");
        }
    }
}
