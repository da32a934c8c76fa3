//! `authcfg revoke` and `authcfg logout`.

use std::fs;

use serde_json::{Value, json};

use super::person::{Person, signs_in};

fn refreshable() -> Value {
    signs_in(json!({"expires_in": 3600, "refresh_token": "RT"}), json!({}))
}

async fn revocations(person: &Person) -> Vec<Value> {
    person.requests(|request| request["step"] == "revocation").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_is_forgotten() {
    let person = Person::at(refreshable()).await;
    person.run(&["revoke", "acme"]).refused(4, "nobody is signed in");
    person.log_in(&["--quiet"]).await;
    let token = person.token();
    person.run(&["revoke", "acme"]).refused(0, "revoked at Acme");
    assert!(!person.is_good(&token).await && person.kept().is_empty());
    let sent = revocations(&person).await;
    assert_eq!((sent.len(), &sent[0]["body"]["token_type_hint"]), (1, &json!("refresh_token")));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_token_is_revoked_and_the_sign_in_stays() {
    let person = Person::at(refreshable()).await;
    person.log_in(&["--quiet"]).await;
    let first = person.token();
    person.log_in(&["--quiet"]).await;
    person.run_with(&["revoke", "acme", "--token", "-"], &first).refused(0, "revoked at Acme");
    assert!(!person.is_good(&first).await && person.is_good(&person.token()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_revoked_stays() {
    let person = Person::at(refreshable()).await;
    person.log_in(&["--quiet"]).await;
    let mut elsewhere = refreshable();
    elsewhere["revocation_endpoint"] = "http://127.0.0.1:9/revoke".into();
    person.rewrite(elsewhere);
    person.run(&["revoke", "acme"]).refused(3, "unreachable");
    assert_eq!(person.kept().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_revokes_forgets_and_leads_to_the_providers_page() {
    let mut file = refreshable();
    file["end_session_endpoint"] = "https://acme.example/logout?app=1".into();
    let person = Person::at(file.clone()).await;
    file["revocation_endpoint"] = "https://acme.example/revoke".into();
    person.rewrite(file);
    person.log_in(&["--quiet"]).await;
    let token = person.token();
    let ended = person.run(&["logout", "acme", "--no-browser"]);
    ended.refused(0, "signed out at Acme as 17");
    let address = person.provider.at("/acme/logout?app=1&client_id=app");
    assert!(ended.said.contains(&address) && !ended.said.contains("id_token_hint"), "{}", ended.said);
    assert!(!person.is_good(&token).await && person.kept().is_empty());
    let again = person.run(&["logout", "acme", "--no-browser"]);
    again.refused(0, "nobody is signed in at Acme");
    assert_eq!(revocations(&person).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_needs_no_endpoint() {
    let mut file = refreshable();
    file["revocation_endpoint"] = Value::Null;
    let person = Person::at(file).await;
    person.log_in(&["--quiet"]).await;
    let ended = person.run(&["logout", "acme"]);
    ended.refused(0, "signed out at Acme");
    assert!(!ended.said.contains("browser") && person.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_forgets_whatever_the_provider_says() {
    for (endpoint, code, said) in
        [("http://127.0.0.1:9/revoke", 3, "unreachable"), ("https://acme.example/token", 4, "error: ")]
    {
        let person = Person::at(refreshable()).await;
        person.log_in(&["--quiet"]).await;
        let mut elsewhere = refreshable();
        elsewhere["revocation_endpoint"] = endpoint.into();
        person.rewrite(elsewhere);
        let ended = person.run(&["logout", "acme"]);
        ended.refused(code, said);
        assert!(ended.said.contains("signed out at Acme") && person.kept().is_empty(), "{}", ended.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_in_ends_at_once() {
    let with = json!({"client_credentials_response": {"access_token": "CT", "token_type": "bearer", "expires_in": 3600}});
    let person = Person::at(signs_in(json!({"expires_in": 3600}), with)).await;
    person.log_in(&["--quiet"]).await;
    assert_eq!(person.run(&["token", "acme", "--client-credentials"]).code, Some(0));
    let (path, text) = person.kept().remove(0);
    let other = path.with_file_name("other.0123456789abcdef.json");
    fs::copy(&path, &other).unwrap();
    fs::write(&other, text.replace("\"provider\":\"acme\"", "\"provider\":\"other\"")).unwrap();
    let ended = person.run(&["logout", "--all"]);
    ended.refused(0, "`other` is of another deployment");
    assert!(person.kept().is_empty());
    assert_eq!(revocations(&person).await.len(), 2);
    person.run(&["logout", "--all"]).refused(0, "");
    person.run(&["logout", "acme", "--all"]).refused(2, "cannot be used with");
}
