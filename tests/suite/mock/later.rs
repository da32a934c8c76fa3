//! What comes after the tokens: refresh, exchange, revocation, introspection, signing out.

use serde_json::{Value, json};

use super::shapes::{stage, token};
use super::visitor::{Stage, encoded, json as ask, request};

fn signs_in(more: Value) -> Value {
    let mut vector = json!({
        "token_response": {"access_token": "AT", "token_type": "bearer", "refresh_token": "RT"},
        "userinfo": {"id": "1"}, "profile": {"sub": "1"},
    });
    vector.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([vector])
}

async fn post(stage: &Stage, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
    let mut form = vec![("client_id", "app"), ("client_secret", "s3cret")];
    form.extend(params);
    let post = stage.http.post(stage.at(path)).header("content-type", "application/x-www-form-urlencoded");
    ask(post.body(encoded(&form))).await
}

async fn refresh(stage: &Stage, token: &Value) -> (u16, Value) {
    let token = token["refresh_token"].as_str().unwrap();
    post(stage, "/acme/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

async fn is_good(stage: &Stage, token: &Value) -> bool {
    stage.userinfo("/acme/me", token["access_token"].as_str().unwrap()).await.0 == 200
}

#[tokio::test]
async fn a_refresh_token_that_does_not_rotate_stays() {
    let stage = stage(json!({"tests": signs_in(json!({}))})).await;
    let first = token(&stage).await;
    let (status, second) = refresh(&stage, &first).await;
    assert_eq!((status, &second["refresh_token"]), (200, &first["refresh_token"]), "{second}");
    assert_ne!(first["access_token"], second["access_token"]);
    assert!(is_good(&stage, &first).await && is_good(&stage, &second).await);
    assert_eq!(refresh(&stage, &first).await.0, 200);
}

#[tokio::test]
async fn a_refresh_token_that_rotates_is_good_once() {
    let vector = json!({"refresh_response": {"access_token": "AT2", "token_type": "bearer", "refresh_token": "RT2", "expires_in": 7}});
    let stage = stage(json!({"refresh": {"rotates": true}, "tests": signs_in(vector)})).await;
    let first = token(&stage).await;
    let (_, second) = refresh(&stage, &first).await;
    assert_eq!(second["expires_in"], 7);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let (status, answer) = refresh(&stage, &first).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(refresh(&stage, &second).await.0, 200);
}

#[tokio::test]
async fn a_refresh_token_belongs_to_its_client() {
    let stage = stage(json!({"tests": signs_in(json!({}))})).await;
    let first = token(&stage).await;
    let form = encoded(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
        ("client_id", "other"),
        ("client_secret", "s"),
    ]);
    let post =
        stage.http.post(stage.at("/acme/token")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(ask(post.body(form)).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_token_is_exchanged_and_renews_itself() {
    let stage = stage(json!({
        "token": {"then": [{"endpoint": "https://acme.example/token", "method": "GET", "params": {"grant_type": "exchange", "access_token": "{{ token.access_token }}"}}]},
        "refresh": {"endpoint": "https://graph.acme.example/renew", "requires": "access_token", "method": "GET", "auth": "none", "params": {"grant_type": null, "access_token": "{{ token.access_token }}"}},
        "tests": [{
            "token_response": {"access_token": "SHORT", "token_type": "bearer"}, "then": [{"access_token": "LONG", "expires_in": 5}],
            "refresh_response": {"access_token": "LONGER", "expires_in": 6}, "userinfo": {"id": "1"}, "profile": {"sub": "1"},
        }],
    }))
    .await;
    let short = token(&stage).await;
    let get = |path: &str, token: &Value| {
        let token = token["access_token"].as_str().unwrap();
        ask(stage.http.get(stage.at(&format!("{path}access_token={token}"))))
    };
    let (status, long) = get("/acme/token?grant_type=exchange&", &short).await;
    assert_eq!((status, &long["expires_in"]), (200, &json!(5)), "{long}");
    assert_ne!(long["access_token"], "LONG");
    let (_, longer) = get("/acme/renew?", &long).await;
    assert_eq!(longer["expires_in"], 6, "{longer}");
    assert!(is_good(&stage, &longer).await);
    let (status, answer) = get("/acme/renew?", &json!({"access_token": "made-up"})).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    let steps = stage.json("/acme/authcfg/requests").await;
    let steps: Vec<&str> = steps.as_array().unwrap().iter().filter_map(|one| one["step"].as_str()).collect();
    assert_eq!(steps, ["authorization", "token", "then", "refresh", "userinfo", "refresh"]);
}

#[tokio::test]
async fn what_is_revoked_is_not_active() {
    let stage = stage(json!({
        "revocation_endpoint": "https://acme.example/revoke", "introspection_endpoint": "https://acme.example/introspect",
        "tests": signs_in(json!({})),
    }))
    .await;
    let first = token(&stage).await;
    let access_token = first["access_token"].as_str().unwrap();
    let about = [("token", access_token)];
    let (status, told) = post(&stage, "/acme/introspect", &about).await;
    assert_eq!(
        (status, told),
        (200, json!({"active": true, "client_id": "app", "token_type": "Bearer", "sub": "1"}))
    );
    assert_eq!(post(&stage, "/acme/revoke", &about).await.0, 200);
    assert_eq!(post(&stage, "/acme/introspect", &about).await.1, json!({"active": false}));
    assert!(!is_good(&stage, &first).await);
    assert_eq!(refresh(&stage, &first).await.0, 200, "an access token alone was revoked");
    assert_eq!(
        post(&stage, "/acme/revoke", &[("token", first["refresh_token"].as_str().unwrap())]).await.0,
        200
    );
    assert_eq!(refresh(&stage, &first).await.1["error"], "invalid_grant");
    assert_eq!(post(&stage, "/acme/revoke", &[("token", "made-up")]).await.0, 200);
    assert_eq!(post(&stage, "/acme/revoke", &[]).await.1["error"], "invalid_request");
    let nobody = stage
        .http
        .post(stage.at("/acme/introspect"))
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(ask(nobody.body(encoded(&about))).await.1["error"], "invalid_client");
}

#[tokio::test]
async fn a_token_is_revoked_as_its_provider_has_it() {
    let stage = stage(json!({
        "revocation_endpoint": "https://api.acme.example/apps/{{ client.id }}/token",
        "revocation": {"method": "DELETE", "auth": "client_secret_basic", "body": "json", "params": {"token": null, "token_type_hint": null, "access_token": "{{ token.access_token }}"}},
        "tests": signs_in(json!({"revocation_response": {"http": {"status": 204}}})),
    }))
    .await;
    let endpoints = stage.json("/").await["providers"]["acme"]["endpoints"].clone();
    assert_eq!(endpoints["revocation_endpoint"], stage.at("/acme/apps/mock/token"));
    let first = token(&stage).await;
    let body = json!({"access_token": first["access_token"]}).to_string();
    let delete = |id: &str| {
        let delete =
            stage.http.delete(stage.at("/acme/apps/app/token")).header("content-type", "application/json");
        delete.basic_auth(id, Some("s")).body(body.clone())
    };
    assert_eq!(stage.http.post(stage.at("/acme/apps/app/token")).send().await.unwrap().status(), 405);
    assert_eq!(delete("app").send().await.unwrap().status(), 204);
    assert!(!is_good(&stage, &first).await);
}

#[tokio::test]
async fn a_client_has_a_token_of_its_own_where_a_vector_says_so() {
    let with = json!({"client_credentials_response": {"access_token": "CT", "token_type": "bearer", "expires_in": 9}});
    let asked = [("grant_type", "client_credentials")];
    let found = post(&stage(json!({"tests": signs_in(with)})).await, "/acme/token", &asked).await;
    assert_eq!((found.0, &found.1["expires_in"]), (200, &json!(9)));
    assert_ne!(found.1["access_token"], "CT");
    let found = post(&stage(json!({"tests": signs_in(json!({}))})).await, "/acme/token", &asked).await;
    assert_eq!(found.1["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn a_token_is_exchanged_where_a_vector_says_so() {
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let with = json!({"expect": {"token_exchange": {}}});
    let stage_with = stage(json!({"tests": signs_in(with)})).await;
    let asked = [
        ("grant_type", exchange),
        ("subject_token", "ST"),
        ("subject_token_type", "urn:x"),
        ("audience", "a"),
        ("audience", "b"),
    ];
    let (status, answer) = post(&stage_with, "/acme/token", &asked).await;
    assert_eq!(
        (status, &answer["issued_token_type"]),
        (200, &json!("urn:ietf:params:oauth:token-type:access_token"))
    );
    for wrong in [&asked[..2], &[asked[0], asked[2]], &[asked[0], asked[1], asked[2], ("actor_token", "x")]] {
        assert_eq!(post(&stage_with, "/acme/token", wrong).await.1["error"], "invalid_request", "{wrong:?}");
    }
    let document = stage_with.json("/acme/.well-known/oauth-authorization-server").await;
    assert_eq!(document["grant_types_supported"], json!(["authorization_code", "refresh_token", exchange]));
    let without = stage(json!({"tests": signs_in(json!({}))})).await;
    assert_eq!(post(&without, "/acme/token", &asked).await.1["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn an_assertion_becomes_a_token_where_a_vector_says_so() {
    let with = json!({"jwt_bearer_response": {"access_token": "JT", "token_type": "bearer"}});
    let stage = stage(json!({"tests": signs_in(with), "jwt_bearer": {"auth": "none"}})).await;
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let ask_with = async |form: &[(&str, &str)]| {
        let post = stage
            .http
            .post(stage.at("/acme/token"))
            .header("content-type", "application/x-www-form-urlencoded");
        ask(post.body(encoded(form))).await
    };
    let (status, answer) = ask_with(&[grant, ("assertion", "x.y.z")]).await;
    assert!(status == 200 && answer["access_token"] != "JT", "{answer}");
    assert_eq!(ask_with(&[grant]).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn signing_out_leads_back() {
    let stage = stage(json!({"end_session_endpoint": "https://acme.example/logout"})).await;
    let params = [("post_logout_redirect_uri", "http://localhost:3000/bye"), ("state", "s")];
    let back = stage.authorize("/acme/logout", &params).await;
    assert_eq!((back.status, back.location.unwrap().as_str()), (302, "http://localhost:3000/bye?state=s"));
    let page = stage.authorize("/acme/logout", &[]).await;
    assert!(page.status == 200 && page.body.contains("Signed out of Acme"));
    assert_eq!(
        stage.authorize("/acme/logout", &[("post_logout_redirect_uri", "javascript:alert(1)")]).await.status,
        400
    );
}

#[tokio::test]
async fn userinfo_can_be_signed() {
    use authcfg::oauth::jose::{Alg, JwkSet, Jws};
    let stage = stage(json!({
        "protocol": "oidc", "discovery": true, "issuer": "https://acme.example", "userinfo": {"response": {"format": "jwt"}},
        "userinfo_signed_response_alg": "RS256", "profile": null, "authorization_endpoint": null, "token_endpoint": null,
        "tests": [{
            "claims": {"sub": "1"}, "token_response": {"access_token": "AT", "token_type": "bearer"},
            "userinfo": {"sub": "1", "name": "Ada"}, "profile": {"sub": "1", "name": "Ada", "email_verified": false},
        }],
    }))
    .await;
    let code = stage.authorize("/acme/authorize", &request(&[])).await.code();
    let (_, token) = stage.token("/acme/token", &[("code", &code)]).await;
    let answer = stage.http.get(stage.at("/acme/me")).bearer_auth(token["access_token"].as_str().unwrap());
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/jwt");
    let keys = JwkSet::parse(&stage.json("/acme/jwks").await).unwrap();
    let jws = Jws::parse(&answer.text().await.unwrap()).unwrap();
    let verified = jws.verify(&keys, &[Alg::RS256], None).unwrap();
    assert_eq!(
        (&verified.claims()["iss"], &verified.claims()["name"]),
        (&json!(stage.at("/acme")), &json!("Ada"))
    );
}
