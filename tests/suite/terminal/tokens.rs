//! `authcfg login` keeps tokens, `authcfg token` prints one that is valid.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::person::{CLIENT_SECRET, Ended, KEY, Person, mode, signs_in};

fn lives(seconds: u64) -> Value {
    json!({"expires_in": seconds, "refresh_token": "RT"})
}

/// A token that is due at once, and one that lives for an hour after each refresh.
fn due() -> Value {
    signs_in(
        lives(0),
        json!({"refresh_response": {"access_token": "AT2", "token_type": "bearer", "refresh_token": "RT2", "expires_in": 3600}}),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_kept_for_this_account_alone() {
    let mut file = signs_in(lives(3600), json!({"vars": {"key": KEY}}));
    file["vars"] = json!({"key": {"secret": true}});
    file["token"] = json!({"params": {"key": "{{ vars.key }}"}});
    let person = Person::at(file).await;
    let first = person.log_in(&["--quiet"]).await;
    assert_eq!(first.json()["sub"], "17");
    assert!(
        first.said.contains("not encrypted") && first.said.contains("authcfg token acme"),
        "{}",
        first.said
    );
    let second = person.log_in(&[]).await;
    assert!(!second.said.contains("not encrypted"), "said once: {}", second.said);
    let kept = person.kept();
    let [(path, text)] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((mode(path), mode(&person.folder())), (0o600, 0o700));
    for secret in [CLIENT_SECRET, KEY] {
        assert!(!text.contains(secret), "{secret}");
    }
    let kept: Value = serde_json::from_str(text).unwrap();
    for (name, value) in [("provider", "acme"), ("issuer", "acme"), ("client_id", "app"), ("sub", "17")] {
        assert_eq!(kept[name], value, "{name}");
    }
    let token = person.token();
    assert!(person.is_good(&token).await);
    assert!(!first.said.contains(&token) && !second.said.contains(&token));
    assert!(person.asked("refresh_token").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_its_credentials_is_no_trouble_for_another_one() {
    let person = Person::at(signs_in(lives(3600), json!({}))).await;
    person.deploy("providers: {acme: {}, github: {}, auth0: {client_id: a}, google: {}}\nallow: [{providers: [google]}]\n");
    assert_eq!(person.log_in(&[]).await.code, Some(0));
    person.run(&["token", "github"]).refused(1, "AUTH_GITHUB_ID");
    person.run(&["token", "auth0"]).refused(1, "AUTH_AUTH0_SECRET");
    assert_eq!(person.run(&["logout", "--all"]).code, Some(0));
    person.deploy("providers: {acme: {}, github: {client_secret: plain}}\n");
    person.run(&["token", "acme"]).refused(1, "authcfg.yaml:1:");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_where_nothing_shall_be() {
    let person = Person::at(signs_in(lives(3600), json!({}))).await;
    let ended = person.log_in(&["--no-store"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(!person.folder().exists() && !ended.said.contains("not encrypted"));
    person.run(&["token", "acme"]).refused(4, "authcfg login acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_processes_renews_a_token_that_is_due() {
    let person = Person::at(due()).await;
    person.log_in(&["--quiet"]).await;
    let before = person.kept();
    let children: Vec<_> = (0..8).map(|_| person.start(&["token", "acme"])).collect();
    let ended: Vec<Ended> =
        children.into_iter().map(|child| Ended::of(child.wait_with_output().unwrap())).collect();
    for one in &ended {
        assert_eq!((one.code, &one.printed), (Some(0), &ended[0].printed), "{}", one.said);
    }
    assert_eq!(person.asked("refresh_token").await.len(), 1);
    assert_ne!(person.kept(), before);
    assert_eq!(person.kept().len(), 1);
    assert_eq!(format!("{}\n", person.token()), ended[0].printed);
    assert!(person.is_good(ended[0].printed.trim()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_rotates_is_replaced() {
    let mut file = signs_in(
        lives(0),
        json!({"refresh_response": {"access_token": "AT2", "token_type": "bearer", "refresh_token": "RT2", "expires_in": 0}}),
    );
    file["refresh"] = json!({"rotates": true});
    let person = Person::at(file).await;
    person.log_in(&["--quiet"]).await;
    let tokens = [person.token(), person.token(), person.token()];
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
    let asked = person.asked("refresh_token").await;
    assert!(asked.iter().all(|request| request["status"] == 200), "{asked:?}");
    let sent: std::collections::BTreeSet<_> =
        asked.iter().map(|request| request["body"]["refresh_token"].as_str()).collect();
    assert_eq!(sent.len(), 3, "each is used once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_void_is_forgotten() {
    let person = Person::at(due()).await;
    person.log_in(&["--quiet"]).await;
    let kept: Value = serde_json::from_str(&person.kept()[0].1).unwrap();
    let form = [
        ("token", kept["set"]["refresh_token"].as_str().unwrap()),
        ("client_id", "app"),
        ("client_secret", CLIENT_SECRET),
    ];
    let revoke = person.provider.http.post(person.provider.at("/acme/revoke"));
    let body = crate::mock::visitor::encoded(&form);
    revoke.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
    let ended = person.run(&["token", "acme"]);
    ended.refused(4, "invalid_grant");
    assert!(ended.said.contains("help: authcfg login acme"), "{}", ended.said);
    assert!(person.kept().is_empty());
    person.run(&["token", "acme"]).refused(4, "nobody is signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_where_the_provider_cannot_be_reached() {
    let person = Person::at(due()).await;
    person.log_in(&["--quiet"]).await;
    let before = person.kept();
    // Nobody listens on port 9 of this machine.
    let mut elsewhere = due();
    elsewhere["token_endpoint"] = "http://127.0.0.1:9/token".into();
    person.rewrite(elsewhere);
    person.run(&["token", "acme"]).refused(3, "unreachable");
    assert_eq!(person.kept(), before);
    person.rewrite(due());
    assert!(person.is_good(&person.token()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_where_the_provider_has_too_much_to_do() {
    let answer = json!({"http": {"status": 503, "body": {"error": "temporarily_unavailable"}}});
    let person = Person::at(signs_in(lives(0), json!({"refresh_response": answer}))).await;
    person.log_in(&["--quiet"]).await;
    let before = person.kept();
    person.run(&["token", "acme"]).refused(3, "temporarily_unavailable");
    assert_eq!(person.kept(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_renewed_is_good_until_it_expires() {
    let person = Person::at(signs_in(json!({"expires_in": 3600}), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    assert!(person.is_good(&person.token()).await);
    let person = Person::at(signs_in(json!({"expires_in": 0}), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    person.run(&["token", "acme"]).refused(4, "has expired and cannot be renewed");
    let person = Person::at(signs_in(json!({}), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    assert!(person.is_good(&person.token()).await, "nobody said that it expires");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_can_read_or_is_a_link_is_refused() {
    let person = Person::at(signs_in(lives(3600), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    let (path, text) = person.kept().remove(0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    person.run(&["token", "acme"]).refused(1, "chmod 600");
    fs::rename(&path, person.folder().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    person.run(&["token", "acme"]).refused(1, "is a link");
    fs::remove_file(&path).unwrap();
    for broken in ["{}", &text[1..], &text.replace("access_token", "token")] {
        fs::write(&path, broken).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let ended = person.run(&["token", "acme"]);
        ended.refused(1, "holds no tokens that authcfg wrote");
        let token =
            serde_json::from_str::<Value>(&text).unwrap()["set"]["access_token"].as_str().unwrap().to_owned();
        assert!(!ended.said.contains(&token));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_of_the_same_name_has_other_tokens() {
    let person = Person::at(signs_in(lives(3600), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    let deployment = "providers: {acme: {client_id: other}}\n";
    fs::write(person.folder().join("../../../authcfg.yaml"), deployment).unwrap();
    person.run(&["token", "acme"]).refused(4, "nobody is signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_told_as_json() {
    let person = Person::at(signs_in(json!({"expires_in": 3600, "scope": "read"}), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    let told = person.run(&["token", "acme", "--format", "json"]).json();
    assert_eq!(
        (&told["token_type"], &told["scope"], &told["sub"]),
        (&json!("Bearer"), &json!("read"), &json!("17"))
    );
    assert_eq!(told["access_token"], person.token());
    assert!(told["expires_at"].as_u64().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_client_itself_is_kept_until_it_expires() {
    let answer = |expires_in: Value| json!({"client_credentials_response": {"access_token": "CT", "token_type": "bearer", "expires_in": expires_in}});
    let person = Person::at(signs_in(json!({}), answer(json!(3600)))).await;
    let ask = |more: &[&str]| {
        let ended = person.run(&[&["token", "acme", "--client-credentials"], more].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        ended.printed
    };
    let first = ask(&[]);
    assert_eq!(ask(&[]), first);
    assert_ne!(ask(&["--no-store"]), first);
    let other = ask(&["--scope", "read", "--resource", "https://a.example"]);
    assert_eq!((ask(&["--scope", "read", "--resource", "https://a.example"]), ask(&[])), (other, first));
    let asked = person.asked("client_credentials").await;
    assert_eq!(asked.len(), 3);
    assert_eq!(
        (&asked[2]["body"]["scope"], &asked[2]["body"]["resource"]),
        (&json!("read"), &json!("https://a.example"))
    );
    person.run(&["token", "acme"]).refused(4, "nobody is signed in");
    person.run(&["token", "acme", "--scope", "read"]).refused(2, "--client-credentials");
    let person = Person::at(signs_in(json!({}), answer(Value::Null))).await;
    assert_eq!(person.run(&["token", "acme", "--client-credentials"]).code, Some(0));
    assert!(person.kept().is_empty(), "nobody could tell how long it is good");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_wrong_usage() {
    let person = Person::at(json!({})).await;
    for command in ["token", "revoke", "introspect", "exchange", "logout"] {
        person.run(&[command, "acne"]).refused(2, "there is `acme`");
        person.run(&[command]).refused(2, "<ID");
    }
}
