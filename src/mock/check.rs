//! What a request must have: what the standards define for its step, and what the vector lists.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::mock::credentials::Credentials;
use crate::mock::placeholders::Placeholders;
use crate::mock::record::{Recorded, text};
use crate::provider::authorize::{Pkce, ResponseMode};
use crate::provider::step::{Auth, Body, Method, ParamTemplates, Step};
use crate::provider::{Protocol, Provider};

/// Something that is not as the vector or the standard says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The step whose request it is, or `result`.
    pub request: String,
    /// What about it: a parameter, `method`, `url`, `auth`, `headers.NAME`, `body`.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it was.
    pub got: String,
}

impl Failure {
    pub(super) fn new(
        request: &str,
        what: &str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Failure {
        Failure { request: request.into(), what: what.into(), expected: expected.into(), got: got.into() }
    }
}

/// What is known about the sign-in that a request belongs to.
pub(super) struct Checker<'a> {
    pub provider: &'a Provider,
    pub credentials: &'a Credentials,
    pub expect: &'a IndexMap<String, Value>,
    pub placeholders: &'a mut Placeholders,
}

/// What a standard says about a parameter.
enum Want {
    Absent,
    Is(String),
    Present,
}

impl Checker<'_> {
    /// Checks an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).
    pub fn authorization(&mut self, recorded: &Recorded) -> Vec<Failure> {
        let authorize = &self.provider.authorize;
        let oidc = self.provider.protocol == Protocol::Oidc && self.provider.id_token.nonce;
        for (name, placeholder) in [
            ("state", "STATE"),
            ("nonce", "NONCE"),
            ("code_challenge", "CODE_CHALLENGE"),
            ("redirect_uri", "REDIRECT_URI"),
        ] {
            let known = placeholder == "REDIRECT_URI" && self.placeholders.get(placeholder).is_some();
            if let Some(value) = recorded.param(self.theirs(name)).filter(|_| !known) {
                self.placeholders.set(placeholder, value);
            }
        }
        let scope = authorize.scope.join(&authorize.separator);
        let present = |yes: bool| if yes { Want::Present } else { Want::Absent };
        let method = match authorize.pkce {
            Pkce::S256 => Want::Is("S256".into()),
            Pkce::Plain => Want::Is("plain".into()),
            Pkce::None => Want::Absent,
        };
        let form_post = authorize.response_mode == ResponseMode::FormPost;
        let standard = vec![
            ("response_type", Want::Is("code".into())),
            ("client_id", Want::Is(self.credentials.client_id.clone())),
            (
                "redirect_uri",
                self.placeholders.get("REDIRECT_URI").map_or(Want::Present, |uri| Want::Is(uri.into())),
            ),
            ("scope", if scope.is_empty() { Want::Absent } else { Want::Is(scope) }),
            ("state", Want::Present),
            ("nonce", present(oidc)),
            ("code_challenge", present(authorize.pkce != Pkce::None)),
            ("code_challenge_method", method),
            ("response_mode", if form_post { Want::Is("form_post".into()) } else { Want::Absent }),
            ("client_secret", Want::Absent),
            ("code_verifier", Want::Absent),
        ];
        let mut failures = self.params("authorization", recorded, standard, &authorize.params, &vec![]);
        for name in ["state", "nonce"] {
            if recorded.param(self.theirs(name)).is_some_and(|value| value.len() < 22) {
                failures.push(Failure::new(
                    "authorization",
                    name,
                    "128 random bits or more",
                    "a shorter text",
                ));
            }
        }
        self.facets("authorization", recorded, "none", &mut failures);
        failures
    }

    /// Checks a token request (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub fn token(&mut self, recorded: &Recorded) -> Vec<Failure> {
        let step = &self.provider.token;
        let verifier = recorded.param(self.theirs("code_verifier")).unwrap_or_default();
        let challenge = self.placeholders.get("CODE_CHALLENGE").unwrap_or_default();
        let proof = match self.provider.authorize.pkce {
            Pkce::S256 if challenge_of(verifier) == challenge => Want::Is(verifier.into()),
            Pkce::Plain if verifier == challenge => Want::Is(verifier.into()),
            Pkce::None => Want::Absent,
            _ => Want::Is("the verifier of the challenge".into()),
        };
        if let Want::Is(verifier) = &proof {
            self.placeholders.set("CODE_VERIFIER", verifier.as_str());
        }
        let code = self.placeholders.get("CODE").unwrap_or_default().to_owned();
        let redirect_uri = self.placeholders.get("REDIRECT_URI").unwrap_or_default().to_owned();
        let mut standard = vec![
            ("grant_type", Want::Is("authorization_code".into())),
            ("code", Want::Is(code)),
            ("redirect_uri", Want::Is(redirect_uri)),
            ("code_verifier", proof),
        ];
        let auth = step.auth.clone().unwrap_or(Auth::Client(self.provider.client_auth.method));
        let word = auth_word(&auth);
        let mut failures = vec![];
        if self.credentials.minted.is_some()
            && let Some(secret) = recorded.param(self.theirs("client_secret"))
        {
            match self.credentials.check_minted(secret) {
                Ok(()) => self.placeholders.set("CLIENT_SECRET", secret),
                Err(why) => failures.push(Failure::new("token", "client_secret", why, secret)),
            }
        }
        if let Some(secret) = self.placeholders.get("CLIENT_SECRET").filter(|_| word == "client_secret_post")
        {
            standard.push(("client_secret", Want::Is(secret.into())));
        } else {
            standard.push(("client_secret", Want::Absent));
        }
        let in_params = ["client_secret_post", "none"].contains(&word.as_str());
        standard.push((
            "client_id",
            if in_params { Want::Is(self.credentials.client_id.clone()) } else { Want::Absent },
        ));
        failures.extend(self.params("token", recorded, standard, &step.params, &step.query));
        self.shape("token", recorded, step, &mut failures);
        self.facets("token", recorded, &word, &mut failures);
        failures
    }

    /// Checks a call for facts about the person (OpenID Connect Core §5.3.1).
    pub fn userinfo(&mut self, name: &str, step: Option<&Step>, recorded: &Recorded) -> Vec<Failure> {
        let auth = step.and_then(|step| step.auth.clone()).unwrap_or(Auth::Bearer);
        let none = vec![];
        let (params, query) = step.map_or((&none, &none), |step| (&step.params, &step.query));
        let credential = match &auth {
            Auth::Query(name) => vec![name.as_str()],
            Auth::Client(_) => vec!["client_id", "client_secret"],
            _ => vec![],
        };
        let standard = credential.into_iter().map(|name| (name, Want::Present)).collect();
        let mut failures = self.params(name, recorded, standard, params, query);
        match step {
            Some(step) => self.shape(name, recorded, step, &mut failures),
            None if recorded.method != http::Method::GET => {
                failures.push(Failure::new(name, "method", "GET", recorded.method.as_str()));
            }
            None => {}
        }
        self.facets(name, recorded, &auth_word(&auth), &mut failures);
        failures
    }

    /// The name this provider has for a standard parameter.
    fn theirs<'n>(&'n self, name: &'n str) -> &'n str {
        self.provider.rename.get(name).map_or(name, String::as_str)
    }

    fn params(
        &self,
        step: &str,
        recorded: &Recorded,
        standard: Vec<(&str, Want)>,
        params: &ParamTemplates,
        query: &ParamTemplates,
    ) -> Vec<Failure> {
        let mut failures = vec![];
        let listed = self.expect.get(step).and_then(Value::as_object);
        let is_listed = |name: &str| listed.is_some_and(|listed| listed.contains_key(name));
        let mut known = vec![];
        for (name, want) in standard {
            let written = params.iter().chain(query).find(|(written, _)| written == name);
            let want = match written {
                Some((_, None)) => Want::Absent,
                Some((_, Some(_))) => continue,
                None => want,
            };
            let theirs = self.theirs(name);
            known.push(theirs.to_owned());
            if theirs != name && recorded.param(name).is_some() {
                failures.push(Failure::new(step, name, format!("`{theirs}` instead"), name));
            }
            if !is_listed(theirs) {
                failures.extend(self.one(step, theirs, &want, recorded));
            }
        }
        for (name, value) in listed.into_iter().flatten() {
            let want = match value {
                Value::Null => Want::Absent,
                value => Want::Is(self.placeholders.fill_text(&text(value))),
            };
            failures.extend(self.one(step, name, &want, recorded));
        }
        for (name, value) in recorded.params() {
            if recorded.params().filter(|(other, _)| *other == name).count() > 1 {
                failures.push(Failure::new(step, name, "once", "more than once"));
            }
            if listed.is_some() && !is_listed(name) && !known.iter().any(|known| known == name) {
                failures.push(Failure::new(step, name, "absent: the vector does not list it", value));
            }
        }
        failures
    }

    fn one(&self, step: &str, name: &str, want: &Want, recorded: &Recorded) -> Option<Failure> {
        match (want, recorded.param(name)) {
            (Want::Absent, None) | (Want::Present, Some(_)) => None,
            (Want::Is(wanted), Some(got)) if wanted == got => None,
            (Want::Absent, Some(got)) => Some(Failure::new(step, name, "absent", got)),
            (Want::Present, None) => Some(Failure::new(step, name, "present", "absent")),
            (Want::Is(wanted), got) => Some(Failure::new(step, name, wanted, got.unwrap_or("absent"))),
        }
    }

    /// The method, and how the body is written.
    fn shape(&self, name: &str, recorded: &Recorded, step: &Step, failures: &mut Vec<Failure>) {
        let (method, body) = match (step.method, step.body) {
            (Method::Get, _) => ("GET", None),
            (Method::Post, Body::Form) => ("POST", Some("form")),
            (Method::Post, Body::Json) => ("POST", Some("json")),
        };
        if recorded.method.as_str() != method {
            failures.push(Failure::new(name, "method", method, recorded.method.as_str()));
        }
        if recorded.format != body {
            failures.push(Failure::new(
                name,
                "body",
                body.unwrap_or("none"),
                recorded.format.unwrap_or("none"),
            ));
        }
    }

    /// What the vector says with a dot: `token.method`, `token.url`, `token.auth`, `token.headers`, `token.body`, `token.jwt`.
    fn facets(&self, step: &str, recorded: &Recorded, auth: &str, failures: &mut Vec<Failure>) {
        let facet = |name: &str| self.expect.get(&format!("{step}.{name}"));
        let mut compare = |what: &str, wanted: &str, got: &str| {
            if wanted != got {
                failures.push(Failure::new(step, what, wanted, got));
            }
        };
        if let Some(wanted) = facet("method") {
            compare("method", &text(wanted), recorded.method.as_str());
        }
        if let Some(wanted) = facet("url") {
            compare("url", &self.placeholders.fill_text(&text(wanted)), recorded.url.as_str());
        }
        if let Some(wanted) = facet("body") {
            let written = match (recorded.format, recorded.query.is_empty()) {
                (Some(format), _) => format,
                (None, false) => "query",
                (None, true) => "none",
            };
            compare("body", &text(wanted), written);
        }
        for (name, wanted) in facet("headers").and_then(Value::as_object).into_iter().flatten() {
            let got = recorded.header(name).unwrap_or("absent");
            match wanted {
                Value::Null => compare(&format!("headers.{name}"), "absent", got),
                wanted => {
                    compare(&format!("headers.{name}"), &self.placeholders.fill_text(&text(wanted)), got)
                }
            }
        }
        if let Some(wanted) = facet("jwt").and_then(Value::as_object) {
            let jwt = recorded.param(self.theirs("client_secret")).map(opened).unwrap_or_default();
            for (name, wanted) in wanted {
                let got = jwt.get(name).map_or("absent".into(), text);
                compare(&format!("jwt.{name}"), &self.placeholders.fill_text(&text(wanted)), &got);
            }
        }
        let wanted = facet("auth").map_or(auth.to_owned(), text);
        if step != "authorization"
            && let Err(got) =
                self.credentials.authenticates(&wanted, recorded, self.provider, self.placeholders)
        {
            failures.push(Failure::new(step, "auth", wanted, got));
        }
    }
}

/// The members of a JWT's header and claims; nothing where it is none.
fn opened(jwt: &str) -> Map<String, Value> {
    let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    jwt.split('.').take(2).filter_map(part).flat_map(|members: Map<String, Value>| members).collect()
}

/// The word a file uses for a way to authenticate.
fn auth_word(auth: &Auth) -> String {
    match auth {
        Auth::Bearer => "bearer".into(),
        Auth::Client(method) => serde_json::to_value(method).map(|word| text(&word)).unwrap_or_default(),
        Auth::Header(name) => format!("header:{name}"),
        Auth::None => "none".into(),
        Auth::Query(name) => format!("query:{name}"),
        Auth::Scheme(word) => format!("scheme:{word}"),
    }
}

/// The `S256` challenge of a verifier (RFC 7636 §4.2).
pub(super) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// Compares the members that a vector lists, or with `exact` all of them.
pub(super) fn members(
    what: &str,
    wanted: &Map<String, Value>,
    got: &Map<String, Value>,
    exact: bool,
) -> Vec<Failure> {
    let shown = |value: Option<&Value>| {
        value.filter(|value| !value.is_null()).map_or("absent".into(), Value::to_string)
    };
    let mut failures = vec![];
    for (name, wanted) in wanted {
        if shown(Some(wanted)) != shown(got.get(name)) {
            failures.push(Failure::new(
                "result",
                &format!("{what}.{name}"),
                shown(Some(wanted)),
                shown(got.get(name)),
            ));
        }
    }
    for (name, value) in got.iter().filter(|(name, _)| exact && !wanted.contains_key(*name)) {
        failures.push(Failure::new("result", &format!("{what}.{name}"), "absent", shown(Some(value))));
    }
    failures
}
