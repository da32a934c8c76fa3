//! `authcfg serve` beside the mock, with the deployment that the mock prints.

use std::sync::Arc;

use authcfg::provider::Vector;
use authcfg::provider::catalog::{Catalog, Entry};
use reqwest::{Client, redirect};
use serde_json::Value;
use url::Url;

use super::program::Program;
use super::visitor::{encoded, json as ask};

/// As long as a key of HS256 has to be.
const SECRET: &str = "a client secret of 32 bytes and more";

/// The mock, and `authcfg serve` beside it with the deployment that the mock prints.
struct Pair {
    mock: Program,
    settings: Value,
    _serve: Program,
    origin: Url,
    http: Client,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn start(ids: &[&str], more: &[&str]) -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let options =
            ["mock", "--listen", "127.0.0.1:0", "--auto", "--print", "json", "--client-secret", SECRET];
        let args = [&options, more, ids].concat();
        let mut mock = Program::start(folder.path(), &args, &[]);
        let settings: Value = serde_json::from_str(&mock.until("\n")).unwrap();
        let mut providers = serde_json::Map::new();
        let mut env =
            vec![("AUTH_SECRET".to_owned(), "a secret of the test, and long enough for that".to_owned())];
        for id in ids {
            providers.insert((*id).to_owned(), settings["providers"][id]["deployment"].clone());
            let prefix = format!("AUTH_{}", id.to_uppercase().replace('-', "_"));
            env.push((format!("{prefix}_ID"), "mock".into()));
            env.push((format!("{prefix}_SECRET"), SECRET.into()));
            let provider = super::visitor::builtin(id);
            let vector = provider.tests.iter().find(|vector| vector.error.is_none()).unwrap();
            for (name, _) in provider.client.iter().filter(|(_, member)| member.secret) {
                let value = vector.client.get(name).cloned().unwrap_or_else(private_key);
                env.push((format!("{prefix}_{}", name.to_uppercase()), value));
            }
        }
        let deployment = serde_json::json!({ "providers": providers });
        std::fs::write(folder.path().join("authcfg.yaml"), deployment.to_string()).unwrap();
        let env: Vec<(&str, &str)> =
            env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut serve = Program::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &env);
        let text = serve.until("listening on ");
        let origin = Url::parse(text.trim_end().rsplit(' ').next().unwrap()).unwrap();
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Pair { mock, settings, _serve: serve, origin, http, _folder: folder }
    }

    fn at(&self, path: &str) -> Url {
        self.origin.join(&format!("/api/auth{path}")).unwrap()
    }

    /// A whole sign-in; the session, or where the browser ended instead.
    async fn sign_in(&self, id: &str, scenario: Option<&str>) -> Result<Value, String> {
        let mut jar = Jar::default();
        let answer = self.http.get(self.at("/csrf")).send().await.unwrap();
        jar.keep(&answer);
        let csrf: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let form = encoded(&[("csrfToken", csrf["csrfToken"].as_str().unwrap()), ("callbackUrl", "/")]);
        let origin = self.origin.as_str().trim_end_matches('/');
        let start = jar.request(self.http.post(self.at(&format!("/signin/{id}"))), Some(form), origin);
        let answer = start.send().await.unwrap();
        jar.keep(&answer);
        let authorize = location(&answer)?;
        let mut authorize = Url::parse(&authorize).unwrap();
        if let Some(scenario) = scenario {
            let others: Vec<_> =
                authorize.query_pairs().into_owned().filter(|(name, _)| name != "login_hint").collect();
            authorize.query_pairs_mut().clear().extend_pairs(others).append_pair("login_hint", scenario);
        }
        let back = self.http.get(authorize).send().await.unwrap();
        let callback = match location(&back) {
            Ok(callback) => jar.request(self.http.get(callback), None, origin),
            Err(_) => {
                let mut page = http::Response::new(back.bytes().await.unwrap());
                page.headers_mut().remove("location");
                let form = authcfg::mock::callback_of(&page).filter(|form| !form.is_empty());
                let form = form.ok_or_else(|| String::from_utf8_lossy(page.body()).into_owned())?;
                jar.request(self.http.post(self.at(&format!("/callback/{id}"))), Some(form), origin)
            }
        };
        let answer = callback.send().await.unwrap();
        jar.keep(&answer);
        location(&answer)?;
        Ok(ask(jar.request(self.http.get(self.at("/session")), None, origin)).await.1)
    }
}

/// A key as a provider hands it out to its clients.
fn private_key() -> String {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::Engine;
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(key.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// The cookies of a browser.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn keep(&mut self, answer: &reqwest::Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    fn request(
        &self,
        request: reqwest::RequestBuilder,
        form: Option<String>,
        origin: &str,
    ) -> reqwest::RequestBuilder {
        let cookies: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; ")).header("origin", origin);
        match form {
            Some(form) => request.header("content-type", "application/x-www-form-urlencoded").body(form),
            None => request,
        }
    }
}

/// Where the browser is sent, unless that is a page with an error.
fn location(answer: &reqwest::Response) -> Result<String, String> {
    let there = answer.headers().get("location").and_then(|there| there.to_str().ok());
    match there {
        Some(there) if there.contains("error=") => Err(there.to_owned()),
        Some(there) => Ok(there.to_owned()),
        None => Err(format!("no redirect, but {}", answer.status())),
    }
}

#[tokio::test]
async fn serve_signs_in_with_the_deployment_that_is_printed() {
    let pair = Pair::start(&["github", "google", "keycloak"], &[]);
    for (id, email) in
        [("github", "octocat@github.com"), ("google", "jsmith@example.com"), ("keycloak", "ada@example.com")]
    {
        assert_eq!(pair.sign_in(id, None).await.unwrap()["user"]["email"], email);
    }
    assert_eq!(pair.mock.end("-TERM"), (Some(0), String::new()));
}

#[tokio::test]
async fn at_serve_every_scenario_ends_as_its_vector_says() {
    let catalog = Catalog::builtin();
    let ids = with_a_sign_in(&catalog);
    let pair = Pair::start(&ids, &[]);
    let (mut played, mut wrong) = (0, vec![]);
    for id in ids {
        let vectors = &super::visitor::builtin(id).tests;
        // The deployment has the values of the first one's variables.
        let first = vectors.iter().find(|vector| vector.error.is_none()).unwrap();
        for scenario in pair.settings["providers"][id]["scenarios"].as_array().unwrap() {
            let name = scenario["name"].as_str().unwrap();
            let vector = vectors.iter().find(|vector| vector.name.as_deref() == Some(name));
            // An error of a refresh comes long after the sign-in.
            let later = |vector: &Vector| vector.error.is_some() && vector.refresh_response.is_some();
            if vector.is_some_and(|vector| vector.vars != first.vars || later(vector)) {
                continue;
            }
            played += 1;
            let found = pair.sign_in(id, Some(name)).await;
            let is_in = found.as_ref().is_ok_and(|session| session["user"].is_object());
            if is_in == scenario["error"].is_string() {
                wrong.push(format!("{id}: {name}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(played > 150, "{played} scenarios");
}

/// The providers that tell who comes.
fn with_a_sign_in(catalog: &Catalog) -> Vec<&str> {
    let signs_in = |entry: &&Arc<Entry>| entry.provider().is_some_and(|provider| provider.signs_in);
    catalog.entries().filter(signs_in).map(|entry| entry.id.as_str()).collect()
}

#[tokio::test]
async fn serve_sends_what_strict_wants() {
    let catalog = Catalog::builtin();
    let ids = with_a_sign_in(&catalog);
    let pair = Pair::start(&ids, &["--strict"]);
    let mut wrong = vec![];
    for id in ids {
        wrong.extend(pair.sign_in(id, None).await.err().map(|why| format!("{id}: {why}")));
    }
    let told = pair.mock.end("-TERM").1;
    assert!(wrong.is_empty() && told.is_empty(), "{}\n{told}", wrong.join("\n"));
}
