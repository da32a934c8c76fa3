//! What the standards define for the request of each step.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::flow::later::Later;
use crate::flow::pushed;
use crate::mock::check::{Checker, Failure, Want};
use crate::mock::record::{Recorded, text};
use crate::provider::Protocol;
use crate::provider::authorize::{Pkce, ResponseMode};
use crate::provider::client_auth::TokenEndpointAuthMethod as AuthMethod;
use crate::provider::step::{Auth, Method, Step};
use crate::provider::token::{RefreshRequires, Then};

/// `client_assertion_type` (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

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
        self.begins_with_key(recorded);
        let scope = self.scope.clone();
        let present = |yes: bool| if yes { Want::Present } else { Want::Absent };
        let method = match authorize.pkce {
            Pkce::S256 => Want::Is("S256".into()),
            Pkce::Plain => Want::Is("plain".into()),
            Pkce::None => Want::Absent,
        };
        let mode = match authorize.response_mode {
            ResponseMode::Query => Want::Absent,
            mode => Want::Is(mode.as_str().into()),
        };
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
            ("response_mode", mode),
            ("client_secret", Want::Absent),
            ("code_verifier", Want::Absent),
            ("dpop_jkt", present(self.provider.dpop_bound_access_tokens)),
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

    /// Checks what went ahead of an authorization request (RFC 9126 §2.1): its form, and how the client proves itself. What it
    /// says is looked at once the browser comes.
    pub fn pushed(&mut self, recorded: &Recorded) -> Vec<Failure> {
        self.begins_with_key(recorded);
        let mut failures = self.minted(pushed::STEP, recorded);
        let step = Step { method: Method::Post, ..Step::default() };
        self.shape(pushed::STEP, recorded, &step, &mut failures);
        if recorded.param("request_uri").is_some() {
            failures.push(Failure::new(pushed::STEP, "request_uri", "absent", "present"));
        }
        let auth = Auth::Client(self.provider.client_auth.method);
        self.facets(pushed::STEP, recorded, &word(&auth, &step), &mut failures);
        failures
    }

    /// Checks the authorization request of a browser that came with a reference (RFC 9126 §4).
    pub fn by_reference(&mut self, carried: &Recorded, pushed: &Recorded) -> Vec<Failure> {
        let mut failures = self.authorization(&carried.with_pushed(pushed, self.provider));
        let client_id = self.theirs("client_id");
        for (name, value) in carried.params().filter(|(name, _)| ![client_id, "request_uri"].contains(name)) {
            failures.push(Failure::new("authorization", name, "absent: it went ahead", value));
        }
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
        let mut failures = self.minted("token", recorded);
        standard.extend(self.credentials(&auth));
        failures.extend(self.params("token", recorded, standard, &step.params, &step.query));
        self.shape("token", recorded, step, &mut failures);
        self.facets("token", recorded, &word(&auth, step), &mut failures);
        failures
    }

    /// Checks a call for facts about the person (OpenID Connect Core §5.3.1).
    pub fn userinfo(&mut self, name: &str, step: Option<&Step>, recorded: &Recorded) -> Vec<Failure> {
        let auth = step.and_then(|step| step.auth.clone()).unwrap_or(Auth::Bearer);
        let none = vec![];
        let (params, query) = step.map_or((&none, &none), |step| (&step.params, &step.query));
        let standard = self.credentials(&auth);
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

    /// Checks a request that turns the token into the one to use: nothing but what the file writes.
    pub fn then(&mut self, index: usize, then: &Then, recorded: &Recorded) -> Vec<Failure> {
        let auth = then.step.auth.clone().unwrap_or(Auth::None);
        self.later(&format!("then[{index}]"), &then.step, &auth, vec![], recorded)
    }

    /// Checks a refresh (RFC 6749 §6).
    pub fn refresh(&mut self, token: &Map<String, Value>, recorded: &Recorded) -> Vec<Failure> {
        let refresh = &self.provider.refresh;
        let auth = refresh.step.auth.clone().unwrap_or(Auth::Client(self.provider.client_auth.method));
        let refresh_token = token.get("refresh_token").map_or(Want::Present, |token| Want::Is(text(token)));
        let standard = match refresh.requires {
            RefreshRequires::RefreshToken => refresh_token,
            RefreshRequires::AccessToken => Want::Absent,
        };
        let standard = vec![("grant_type", Want::Is("refresh_token".into())), ("refresh_token", standard)];
        self.later("refresh", &refresh.step, &auth, standard, recorded)
    }

    /// Checks a revocation (RFC 7009 §2.1) or an introspection (RFC 7662 §2.1).
    pub fn after(&mut self, later: Later, token: &Map<String, Value>, recorded: &Recorded) -> Vec<Failure> {
        let is = |name: &str| token.get(name).map_or(Want::Absent, |value| Want::Is(text(value)));
        let refreshable = token.contains_key("refresh_token");
        let (step, standard) = match later {
            Later::Introspection => (
                &self.provider.introspection,
                vec![("token", is("access_token")), ("token_type_hint", Want::Is("access_token".into()))],
            ),
            Later::AccessTokenRevocation | Later::Revocation => {
                let of_refresh_token = refreshable && later == Later::Revocation;
                let hint = if of_refresh_token { "refresh_token" } else { "access_token" };
                (
                    &self.provider.revocation.step,
                    vec![("token", is(hint)), ("token_type_hint", Want::Is(hint.into()))],
                )
            }
        };
        let auth = step.auth.clone().unwrap_or(Auth::Client(self.provider.client_auth.method));
        self.later(later.as_str(), step, &auth, standard, recorded)
    }

    /// Checks a request to which a step's file may add.
    pub fn later<'n>(
        &mut self,
        name: &str,
        step: &Step,
        auth: &'n Auth,
        mut standard: Vec<(&'n str, Want)>,
        recorded: &Recorded,
    ) -> Vec<Failure> {
        let mut failures = self.minted(name, recorded);
        standard.extend(self.credentials(auth));
        failures.extend(self.params(name, recorded, standard, &step.params, &step.query));
        self.shape(name, recorded, step, &mut failures);
        self.facets(name, recorded, &word(auth, step), &mut failures);
        failures
    }

    /// The parameters of a way to authenticate.
    fn credentials<'n>(&self, auth: &'n Auth) -> Vec<(&'n str, Want)> {
        let client_id = || Want::Is(self.credentials.client_id.clone());
        let secret = || self.placeholders.get("CLIENT_SECRET").map_or(Want::Absent, |it| Want::Is(it.into()));
        match auth {
            Auth::Client(AuthMethod::ClientSecretPost) => {
                vec![("client_id", client_id()), ("client_secret", secret())]
            }
            Auth::Client(AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt) => vec![
                ("client_id", client_id()),
                ("client_assertion_type", Want::Is(ASSERTION_TYPE.into())),
                ("client_assertion", Want::Present),
                ("client_secret", Want::Absent),
            ],
            Auth::Client(
                AuthMethod::None | AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth,
            ) => {
                vec![("client_id", client_id()), ("client_secret", Want::Absent)]
            }
            Auth::Query(name) => vec![(name.as_str(), Want::Present)],
            _ => vec![("client_id", Want::Absent), ("client_secret", Want::Absent)],
        }
    }

    /// A secret that was minted for this request becomes the one to expect.
    fn minted(&mut self, step: &str, recorded: &Recorded) -> Vec<Failure> {
        if self.credentials.minted.is_none() {
            return vec![];
        }
        let Some(secret) = recorded.param(self.theirs("client_secret")) else { return vec![] };
        match self.credentials.check_minted(secret) {
            Ok(()) => {
                self.placeholders.set("CLIENT_SECRET", secret);
                vec![]
            }
            Err(why) => vec![Failure::new(step, "client_secret", why, secret)],
        }
    }
}

/// How a request must authenticate: as the client that has no secret, where the file drops it from the parameters.
fn word(auth: &Auth, step: &Step) -> String {
    let drops = step.params.iter().any(|(name, value)| name == "client_secret" && value.is_none());
    match auth {
        Auth::Client(AuthMethod::ClientSecretPost) if drops => "none".into(),
        auth => auth_word(auth),
    }
}

/// The word a file uses for a way to authenticate.
pub(super) fn auth_word(auth: &Auth) -> String {
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
