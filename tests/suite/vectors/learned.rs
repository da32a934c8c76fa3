//! Variables that the sign-in brings: where they come from, what they must be like, and what may be done with them.

use authcfg::provider::load_value;
use serde_json::{Value, json};

use super::{acme, findings};

fn shop(from: Value) -> Value {
    json!({
        "vars": {"shop": {"pattern": "^[a-z]{1,20}$", "prefix": "https://", "suffix": ".shops.example", "from": from}},
        "authorization": {"inputs": {"shop": {"send": false}}},
        "authorization_endpoint": "https://{{ vars.shop }}.shops.example/authorize",
        "token_endpoint": "https://{{ vars.shop }}.shops.example/token",
        "profile": {"sub": "$.userinfo.id", "shop": "$.vars.shop"},
    })
}

#[tokio::test]
async fn an_input_chooses_the_host_within_its_rule() {
    for typed in ["ada", "https://ada.shops.example"] {
        let vector = json!({"request": {"shop": typed}, "profile": {"sub": "1", "shop": "ada"}, "expect": {
            "authorization": {}, "authorization.url": "https://ada.shops.example/authorize", "token.url": "https://ada.shops.example/token",
        }});
        assert_eq!(findings(shop(json!("$.request.shop")), vector).await, Vec::<String>::new());
    }
    for typed in ["evil.example/", "a.b", "https://evil.example", "Ada", "ada@evil.example", "ada#", ""] {
        let vector = json!({"request": {"shop": typed}, "userinfo": null, "profile": null, "token_response": null, "error": "request_refused"});
        assert_eq!(findings(shop(json!("$.request.shop")), vector).await, Vec::<String>::new(), "{typed}");
    }
}

#[tokio::test]
async fn the_deployment_gives_the_value_only_where_the_file_says_so() {
    let pinned =
        json!({"vars": {"shop": "ada"}, "request": {"shop": "eve"}, "profile": {"sub": "1", "shop": "ada"}});
    assert_eq!(
        findings(shop(json!(["config", "$.request.shop"])), pinned.clone()).await,
        Vec::<String>::new()
    );
    let asked =
        json!({"vars": {"shop": "ada"}, "request": {"shop": "eve"}, "profile": {"sub": "1", "shop": "eve"}});
    assert_eq!(findings(shop(json!(["$.request.shop", "config"])), asked).await, Vec::<String>::new());
    let refused =
        json!({"vars": {"shop": "ada"}, "userinfo": null, "profile": null, "error": "configuration_refused"});
    assert_eq!(findings(shop(json!("$.request.shop")), refused).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_callback_brings_is_checked_before_the_code_is_redeemed() {
    let over = json!({
        "vars": {"realm": {"pattern": "^[0-9]{4,12}$", "from": "$.callback.realm"}},
        "token": {"params": {"realm": "{{ vars.realm }}"}},
        "profile": {"sub": "$.userinfo.id", "realm": "$.vars.realm"},
    });
    let vector = json!({"callback": {"realm": "123456"}, "expect": {"token": {"realm": "123456"}}, "profile": {"sub": "1", "realm": "123456"}});
    assert_eq!(findings(over.clone(), vector).await, Vec::<String>::new());
    for realm in [json!("12 34"), json!("1&scope=admin"), Value::Null] {
        let vector = json!({"callback": {"realm": realm}, "userinfo": null, "profile": null, "error": "callback_refused"});
        assert_eq!(findings(over.clone(), vector).await, Vec::<String>::new(), "{realm}");
    }
}

#[tokio::test]
async fn what_the_token_response_brings_chooses_where_userinfo_is() {
    let over = json!({
        "vars": {"dc": {"pattern": "^[a-z]{2}[0-9]$", "from": "$.token.raw.dc"}},
        "userinfo_endpoint": "https://{{ vars.dc }}.api.acme.example/me",
    });
    let vector = |dc: Value| json!({"token_response": {"access_token": "AT", "dc": dc}, "expect": {"userinfo.url": "https://us1.api.acme.example/me"}});
    assert_eq!(findings(over.clone(), vector(json!("us1"))).await, Vec::<String>::new());
    for dc in [json!("evil.example/"), json!(1), json!({}), Value::Null] {
        let mut vector = vector(dc.clone());
        vector["error"] = "token_response_invalid".into();
        vector["profile"] = Value::Null;
        vector["userinfo"] = Value::Null;
        vector["expect"] = json!({});
        assert_eq!(findings(over.clone(), vector).await, Vec::<String>::new(), "{dc}");
    }
}

/// What is wrong with a file that has `over` laid over it.
fn titles(over: Value) -> Vec<String> {
    let mut file = json!({
        "id": "acme", "name": "Acme", "docs": "https://acme.example",
        "authorization_endpoint": "https://acme.example/authorize", "token_endpoint": "https://acme.example/token",
        "userinfo_endpoint": "https://acme.example/me", "authorization": {"inputs": {"host": {}}},
        "profile": {"sub": "$.userinfo.id"},
    });
    authcfg::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
    let (_, findings) = load_value(file);
    let errors =
        findings.into_iter().filter(|finding| finding.severity == authcfg::diagnostic::Severity::Error);
    errors.map(|finding| format!("{}: {}", finding.code.as_str(), finding.title)).collect()
}

#[test]
fn a_host_that_the_sign_in_names_needs_a_list_or_a_fixed_end() {
    let over = |rule: Value, endpoint: &str| {
        let mut rule = rule;
        rule["from"] = json!("$.token.raw.host");
        json!({"vars": {"host": rule}, "userinfo_endpoint": endpoint})
    };
    for (rule, endpoint) in [
        (json!({"pattern": "^[a-z0-9.-]+$"}), "https://{{ vars.host }}/me"),
        (json!({"format": "hostname"}), "https://{{ vars.host }}/me"),
        (json!({"format": "https-origin"}), "{{ vars.host }}/me"),
        (json!({}), "https://{{ vars.host }}/me"),
    ] {
        let found = titles(over(rule.clone(), endpoint));
        assert!(found.iter().any(|title| title.starts_with("unbounded-host")), "{rule}: {found:?}");
    }
    assert_eq!(
        titles(over(json!({"enum": ["a.example", "b.example"]}), "https://{{ vars.host }}/me")),
        Vec::<String>::new()
    );
    assert_eq!(
        titles(over(json!({"pattern": "^[a-z]+$"}), "https://{{ vars.host }}.acme.example/me")),
        Vec::<String>::new()
    );
    let asked = json!({"vars": {"host": {"pattern": "^[a-z]+[.]acme[.]example$", "from": "$.request.host"}}, "token_endpoint": "https://{{ vars.host }}/t"});
    assert_eq!(titles(asked), Vec::<String>::new());
    // A person who signs in would choose where the client secret goes.
    for pattern in ["^[a-z0-9.-]+$", "^[a-z]+[.][a-z]+$", "^[^/]+$", "^[a-z]+$"] {
        let over = json!({"vars": {"host": {"pattern": pattern, "from": "$.request.host"}}, "token_endpoint": "https://{{ vars.host }}/t"});
        let found = titles(over);
        assert!(found.len() == 1 && found[0].starts_with("unbounded-host"), "{pattern}: {found:?}");
    }
}

#[test]
fn a_variable_is_not_read_before_it_can_be_known() {
    for (from, over) in [
        ("$.callback.x", json!({"authorization": {"params": {"y": "{{ vars.x }}"}}})),
        ("$.token.raw.x", json!({"token": {"params": {"y": "{{ vars.x }}"}}})),
        ("$.token.raw.x", json!({"token_endpoint": "https://{{ vars.x }}.acme.example/token"})),
        ("$.request.host", json!({"client_credentials": {"params": {"y": "{{ vars.x }}"}}})),
    ] {
        let mut over = over;
        over["vars"] = json!({"x": {"pattern": "^a$", "from": from}});
        let found = titles(over.clone());
        assert_eq!(found, ["unknown-name: `vars.x` is not known yet"], "{over}");
    }
    for over in [
        json!({"vars": {"x": {"from": "$.userinfo.id"}}}),
        json!({"vars": {"x": {"from": "a literal"}}}),
        json!({"vars": {"x": {"from": "config"}}}),
        json!({"vars": {"issuer": {"from": "$.callback.iss"}}}),
    ] {
        assert_eq!(titles(over.clone()).len(), 1, "{over}: {:?}", titles(over.clone()));
    }
}

#[test]
fn a_file_of_the_test_is_right_without_more() {
    assert_eq!(titles(json!({})), Vec::<String>::new());
    assert!(acme(json!({})).learned.is_empty());
}
