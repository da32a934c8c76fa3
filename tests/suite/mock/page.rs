//! The page that asks who signs in.

use authcfg::mock::{Service, ServiceError, ServiceOptions};

use super::visitor::{Authorized, Stage, builtin, request};

/// The page's form, answered; `scenario` is the text beside one of its buttons.
async fn answer(stage: &Stage, page: &Authorized, scenario: Option<&str>, button: &str) -> Authorized {
    let between = |text: &str, before: &str, after: &str| {
        text.split_once(before)
            .and_then(|(_, rest)| rest.split_once(after))
            .map(|(value, _)| value.to_owned())
    };
    let action = between(&page.body, "action=\"", "\"").unwrap();
    let ticket = between(&page.body, "name=\"ticket\" value=\"", "\"").unwrap();
    let labels: Vec<&str> = page.body.split("<label>").skip(1).collect();
    let label = labels.iter().find(|label| match scenario {
        Some(text) => label.contains(text),
        None => label.contains(" checked"),
    });
    let number = between(label.expect("the scenario is on the page"), "value=\"", "\"").unwrap();
    let params = [("ticket", ticket.as_str()), ("scenario", &number), ("answer", button)];
    let url = url::Url::parse_with_params(&action, &params).unwrap();
    Authorized::of(stage.http.get(url).send().await.unwrap()).await
}

async fn page(stage: &Stage, more: &[(&str, &str)]) -> Authorized {
    let page = stage.authorize("/github/login/oauth/authorize", &request(more)).await;
    assert_eq!(page.status, 200);
    page
}

#[tokio::test]
async fn the_person_chooses_and_allows() {
    let stage = Stage::set(&[builtin("github")], ServiceOptions::default()).await;
    let shown = page(&stage, &[]).await;
    for part in [
        "Sign in with GitHub",
        "octocat@github.com",
        "verified primary e-mail",
        "Or what goes wrong",
        ">Allow<",
        ">Deny<",
    ] {
        assert!(shown.body.contains(part), "{part}");
    }
    assert!(!shown.body.contains("<script"), "it works without a script");
    let back = answer(&stage, &shown, Some("data residency"), "allow").await;
    let (_, token) = stage.token("/github/login/oauth/access_token", &[("code", &back.code())]).await;
    let user = stage.userinfo("/github/user", token["access_token"].as_str().unwrap()).await.1;
    assert_eq!(user["login"], "octocat_acme");
    let again = answer(&stage, &shown, None, "allow").await;
    assert_eq!((again.status, again.location), (410, None));
}

#[tokio::test]
async fn the_person_denies_in_the_provider_s_words() {
    let stage = Stage::set(&[builtin("github")], ServiceOptions::default()).await;
    let back = answer(&stage, &page(&stage, &[]).await, None, "deny").await;
    assert_eq!(back.param("error").as_deref(), Some("access_denied"));
    assert_eq!(
        back.param("error_description").as_deref(),
        Some("The user has denied your application access.")
    );
    assert_eq!((back.param("code"), back.param("state").is_some()), (None, true));
}

#[tokio::test]
async fn a_hint_is_chosen_beforehand() {
    let stage = Stage::set(&[builtin("github")], ServiceOptions::default()).await;
    let shown = page(&stage, &[("login_hint", "octocat@example.com")]).await;
    let back = answer(&stage, &shown, None, "allow").await;
    assert!(back.param("iss").is_some(), "the one with iss was chosen");
}

#[tokio::test]
async fn what_the_application_sends_cannot_leave_its_place() {
    let stage = Stage::set(&[builtin("github")], ServiceOptions::default()).await;
    let shown = page(&stage, &[("redirect_uri", "http://localhost/\"><script>alert(1)</script>")]).await;
    assert!(!shown.body.contains("<script"), "{}", shown.body);
    let here = stage
        .authorize("/github/login/oauth/authorize", &request(&[("redirect_uri", "javascript:alert(1)")]))
        .await;
    assert_eq!((here.status, here.location), (400, None));
}

#[tokio::test]
async fn prompt_none_is_not_asked() {
    let stage = Stage::set(&[builtin("google")], ServiceOptions::default()).await;
    let back = stage.authorize("/google/authorize", &request(&[("prompt", "none")])).await;
    assert_eq!(back.param("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn a_vector_that_was_named_is_played_without_a_page() {
    let options = ServiceOptions { vector: Some("Data Residency".into()), ..ServiceOptions::default() };
    let stage = Stage::set(&[builtin("google"), builtin("github")], options).await;
    let back = stage.authorize("/github/login/oauth/authorize", &request(&[])).await;
    let (_, token) = stage.token("/github/login/oauth/access_token", &[("code", &back.code())]).await;
    assert_eq!(stage.userinfo("/github/user", token["access_token"].as_str().unwrap()).await.1["id"], 2);
    assert_eq!(stage.authorize("/google/authorize", &request(&[])).await.status, 302);
}

#[test]
fn a_vector_that_nobody_has_is_no_vector() {
    let options = ServiceOptions { vector: Some("data residence".into()), ..ServiceOptions::default() };
    let address = "127.0.0.1:9400".parse().unwrap();
    let clock = std::sync::Arc::new(authcfg::clock::SystemClock);
    let rng = std::sync::Arc::new(authcfg::rng::SystemRng);
    let service = Service::new(&[builtin("github")], address, options, clock, rng);
    let Err(ServiceError::NoSuchVector { known, .. }) = service else { panic!("there is none") };
    assert!(known.contains(&"data residency".to_owned()), "{known:?}");
}
