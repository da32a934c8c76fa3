//! Parameters that come several times, and parameters that are JSON (RFC 8707, OpenID Connect Core §5.5).

use serde_json::{Value, json};

use super::findings;

const NOTHING: Vec<String> = vec![];

#[tokio::test]
async fn a_list_is_sent_several_times_in_every_step() {
    let list = json!({"resource": ["https://a.example", "{{ vars.b }}", "{{ vars.none }}"]});
    let over = json!({
        "vars": {"b": {"default": "https://b.example"}, "none": {"optional": true}},
        "pushed_authorization_request_endpoint": "https://acme.example/par",
        "authorization": {"params": list}, "token": {"params": list, "query": {"x": ["1", 2, true]}},
        "userinfo": {"params": list},
    });
    let sent = json!(["https://a.example", "https://b.example"]);
    let expect = |sent: Value| {
        json!({"expect": {
            "authorization": {"resource": sent}, "token": {"resource": sent, "x": ["1", "2", "true"]}, "userinfo": {"resource": sent},
        }})
    };
    assert_eq!(findings(over.clone(), expect(sent)).await, NOTHING);
    for wrong in [json!(["https://a.example"]), json!(["https://b.example", "https://a.example"])] {
        let found = findings(over.clone(), expect(wrong.clone())).await;
        assert_eq!(found.len(), 3, "{found:?}");
        let got = r#"["https://a.example","https://b.example"]"#;
        assert_eq!(found[0], format!("authorization resource: {wrong}/{got}"));
    }
}

#[tokio::test]
async fn a_mapping_is_json_with_templates_in_it() {
    let claims = json!({"userinfo": {"email": null, "level": {"value": 3}}, "id_token": {"acr": {"values": ["{{ request.tenant }}", "{{ vars.none }}"]}}});
    let over = json!({
        "vars": {"none": {"optional": true}},
        "authorization": {"inputs": {"tenant": {}}, "params": {"claims": claims}},
        "token": {"body": "json", "params": {"context": {"tenant": "{{ request.tenant }}", "n": [1, "2"]}, "one": ["x"]}},
    });
    let sent = json!({"userinfo": {"email": null, "level": {"value": 3}}, "id_token": {"acr": {"values": ["t\"1"]}}});
    let vector = |sent: Value| {
        json!({"request": {"tenant": "t\"1"}, "expect": {
            "authorization": {"tenant": "t\"1", "claims": sent},
            "token": {"context": {"tenant": "t\"1", "n": [1, "2"]}, "one": ["x"]},
        }})
    };
    assert_eq!(findings(over.clone(), vector(sent)).await, NOTHING);
    let found = findings(over, vector(json!({"userinfo": {}}))).await;
    assert!(
        found.len() == 1 && found[0].starts_with(r#"authorization claims: {"userinfo":{}}/{"#),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_is_missing_in_a_list_or_in_json_is_an_error() {
    for params in [json!({"a": ["{{ request.tenant }}"]}), json!({"a": {"b": "{{ request.tenant }}"}})] {
        let found = findings(json!({"authorization": {"params": params}}), json!({})).await;
        assert!(found.len() == 1 && found[0].contains("misconfigured"), "{found:?}");
    }
}
