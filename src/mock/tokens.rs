//! The answers of the mock after the authorization request: tokens, what is done with them, and who it is.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::expr::Context;
use crate::flow::later::Later;
use crate::flow::{dpop, variables};
use crate::mock::answer;
use crate::mock::check::Failure;
use crate::mock::credentials::Credentials;
use crate::mock::id_token;
use crate::mock::placeholders::mentions;
use crate::mock::provider::{Progress, Shared, SignIn};
use crate::mock::record::Recorded;
use crate::oauth::jose::Alg;
use crate::provider::step::{ResponseFormat, Step};
use crate::provider::token::Then;
use crate::provider::userinfo::UserinfoCall;
use crate::provider::{Provider, Registration};

impl Shared {
    pub fn token(&self, recorded: &mut Recorded, progress: &mut Progress) -> Response<Bytes> {
        recorded.step = "token".into();
        let by_code = recorded.params().find_map(|(_, value)| progress.by_code.get(value)).cloned();
        let mut sign_in = by_code.unwrap_or_else(|| progress.current.clone());
        progress.failures.extend(self.checker(&mut sign_in).token(recorded));
        let mut scripted = self
            .vector
            .token_response
            .clone()
            .unwrap_or_else(|| granted(&self.client.registration.provider, "AT"));
        if let Some(claims) = &self.vector.claims {
            let id_token = self.id_token(claims, &sign_in);
            sign_in.placeholders.set("ID_TOKEN", id_token);
            let spelled_out = scripted.get("http").is_some() || mentions(&scripted, "ID_TOKEN");
            if let Some(members) = scripted.as_object_mut().filter(|_| !spelled_out) {
                members.entry("id_token").or_insert_with(|| "ID_TOKEN".into());
            }
        }
        let filled = sign_in.placeholders.fill(&scripted);
        if let Some(members) = answer::members(&filled) {
            self.learn_token(&self.client.registration.provider.token, &members, &mut sign_in);
        }
        progress.current = sign_in.clone();
        answer::scripted(&scripted, &sign_in.placeholders)
    }

    /// Remembers the token, so that later addresses that depend on it are known, and the credentials to expect.
    fn learn_token(&self, step: &Step, members: &Map<String, Value>, sign_in: &mut SignIn) {
        let token = learn(&self.client.registration, step, members, &mut sign_in.context);
        if let Some(access_token) = token.get("access_token").and_then(Value::as_str) {
            sign_in.placeholders.set("ACCESS_TOKEN", access_token);
        }
    }

    fn id_token(&self, over: &Map<String, Value>, sign_in: &SignIn) -> String {
        let now = self.clock.now();
        let mut claims = Map::new();
        if let Some(issuer) = &self.endpoints.metadata.issuer {
            claims.insert("iss".into(), issuer.as_str().into());
        }
        claims.insert("aud".into(), self.client.credentials.client_id.as_str().into());
        claims.insert("iat".into(), now.into());
        claims.insert("exp".into(), (now + 300).into());
        if let Some(nonce) = sign_in.placeholders.get("NONCE") {
            claims.insert("nonce".into(), nonce.into());
        }
        answer::lay(&mut claims, over, &sign_in.placeholders);
        id_token::sign(self.alg(), &claims, self.client.credentials.client_secret.as_deref())
    }

    pub fn call(
        &self,
        call: &UserinfoCall,
        recorded: &mut Recorded,
        progress: &mut Progress,
    ) -> Response<Bytes> {
        recorded.step = call.name.clone();
        let mut sign_in = progress.current.clone();
        progress.failures.extend(self.checker(&mut sign_in).userinfo(&call.name, Some(&call.step), recorded));
        sign_in.called.push(call.name.clone());
        let scripted = match call.name.as_str() {
            "userinfo" => self.vector.userinfo.as_ref(),
            name => self.vector.named.get(name),
        };
        let response = match scripted {
            Some(scripted) => {
                if let Some(members) = answer::members(scripted) {
                    sign_in.context.set(&call.name, Value::Object(members));
                }
                match (call.step.response.format, scripted) {
                    (ResponseFormat::Jwt, Value::Object(claims)) if !claims.contains_key("http") => {
                        self.signed(call, claims, &sign_in)
                    }
                    _ => answer::scripted(scripted, &sign_in.placeholders),
                }
            }
            None => {
                let expected = "no request: the vector has no answer to it";
                progress.failures.push(Failure::new(&call.name, "request", expected, recorded.url.as_str()));
                answer::plain(StatusCode::NOT_FOUND, "the vector has no answer".into())
            }
        };
        progress.current = sign_in;
        response
    }

    /// A userinfo answer that is a JWT; null takes a claim away.
    fn signed(&self, call: &UserinfoCall, over: &Map<String, Value>, sign_in: &SignIn) -> Response<Bytes> {
        let written = call.step.response.issuer.as_ref();
        let written = written.and_then(|issuer| issuer.render(&sign_in.context).ok());
        let mut claims = Map::new();
        if let Some(issuer) = written.or(self.endpoints.metadata.issuer.clone()) {
            claims.insert("iss".into(), issuer.into());
        }
        claims.insert("aud".into(), self.client.credentials.client_id.as_str().into());
        answer::lay(&mut claims, over, &sign_in.placeholders);
        let secret = self.client.credentials.client_secret.as_deref();
        signed_userinfo(&self.client.registration.provider, &claims, secret)
    }

    /// Answers a request that turns the token into the one to use.
    pub fn then(
        &self,
        index: usize,
        then: &Then,
        recorded: &mut Recorded,
        progress: &mut Progress,
    ) -> Response<Bytes> {
        recorded.step = "then".into();
        let mut sign_in = progress.current.clone();
        progress.failures.extend(self.checker(&mut sign_in).then(index, then, recorded));
        sign_in.then = index + 1;
        let Some(scripted) = self.vector.then.get(index) else {
            let expected = "no request: the vector has no answer to it";
            let what = format!("then[{index}]");
            progress.failures.push(Failure::new(&what, "request", expected, recorded.url.as_str()));
            return answer::plain(StatusCode::NOT_FOUND, "the vector has no answer".into());
        };
        let filled = sign_in.placeholders.fill(scripted);
        if let Some(members) = answer::members(&filled) {
            self.learn_token(&then.step, &members, &mut sign_in);
        }
        progress.current = sign_in.clone();
        answer::scripted(scripted, &sign_in.placeholders)
    }

    /// Answers a refresh.
    pub fn refresh(&self, recorded: &mut Recorded, progress: &mut Progress) -> Response<Bytes> {
        recorded.step = "refresh".into();
        let mut sign_in = progress.current.clone();
        let token = token_of(&sign_in);
        progress.failures.extend(self.checker(&mut sign_in).refresh(&token, recorded));
        let standard = granted(&self.client.registration.provider, "AT2");
        let scripted = self.vector.refresh_response.clone().unwrap_or(standard);
        let filled = sign_in.placeholders.fill(&scripted);
        if let Some(members) = answer::members(&filled) {
            self.learn_token(&self.client.registration.provider.refresh.step, &members, &mut sign_in);
        }
        progress.current = sign_in.clone();
        answer::scripted(&scripted, &sign_in.placeholders)
    }

    /// Answers a revocation or an introspection.
    pub fn later(&self, later: Later, recorded: &mut Recorded, progress: &mut Progress) -> Response<Bytes> {
        let mut sign_in = progress.current.clone();
        let token = token_of(&sign_in);
        let outlives =
            token.contains_key("refresh_token") && !self.client.registration.provider.revocation.cascades;
        let later = match later {
            Later::Revocation if outlives && progress.has_seen(later.as_str()) => {
                Later::AccessTokenRevocation
            }
            later => later,
        };
        recorded.step = later.as_str().into();
        progress.failures.extend(self.checker(&mut sign_in).after(later, &token, recorded));
        let (scripted, standard) = match later {
            Later::Introspection => (&self.vector.introspection_response, json!({"active": true})),
            Later::AccessTokenRevocation | Later::Revocation => (&self.vector.revocation_response, json!({})),
        };
        let scripted = scripted.as_ref().unwrap_or(&standard);
        match (
            later,
            self.client.registration.provider.introspection_signed_response_alg,
            scripted.get("http"),
        ) {
            (Later::Introspection, Some(alg), None) => self.signed_introspection(alg.into(), scripted),
            _ => answer::scripted(scripted, &sign_in.placeholders),
        }
    }

    /// An answer that is a JWT (RFC 9701 §5).
    fn signed_introspection(&self, alg: Alg, told: &Value) -> Response<Bytes> {
        let Credentials { client_id, client_secret, .. } = &self.client.credentials;
        let claims = json!({"iss": self.endpoints.metadata.issuer, "aud": client_id, "iat": self.clock.now(), "token_introspection": told});
        let claims = claims.as_object().cloned().unwrap_or_default();
        let jwt = id_token::sign_as(alg, INTROSPECTION_TYPE, &claims, client_secret.as_deref());
        let mut response = answer::plain(StatusCode::OK, jwt);
        let content_type = HeaderValue::from_static("application/token-introspection+jwt");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// `typ` of an introspection that is a JWT (RFC 9701 §5).
const INTROSPECTION_TYPE: &str = "token-introspection+jwt";

/// A token response of which a vector says nothing.
pub(super) fn granted(provider: &Provider, access_token: &str) -> Value {
    let token_type = if provider.dpop_bound_access_tokens { dpop::SCHEME } else { "Bearer" };
    json!({"access_token": access_token, "token_type": token_type})
}

/// Lays the answer to a token request over `token` in `context`, its members under their standard names too, and returns
/// what that is now.
pub(super) fn learn(
    registration: &Registration,
    step: &Step,
    members: &Map<String, Value>,
    context: &mut Context,
) -> Map<String, Value> {
    let mut token = context.get("token").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut raw = token.get("raw").and_then(Value::as_object).cloned().unwrap_or_default();
    raw.extend(members.clone());
    token.extend(members.clone());
    token.insert("raw".into(), Value::Object(raw));
    context.set("body", Value::Object(members.clone()));
    for (name, read) in &step.response.map {
        if let Ok(Some(value)) = read.value(context) {
            token.insert((*name).to_owned(), value);
        }
    }
    context.set("token", Value::Object(token.clone()));
    variables::learn_early(registration, context);
    token
}

/// A userinfo answer that is a JWT (OpenID Connect Core §5.3.2).
pub(super) fn signed_userinfo(
    provider: &Provider,
    claims: &Map<String, Value>,
    secret: Option<&str>,
) -> Response<Bytes> {
    let alg = provider.userinfo_signed_response_alg.map_or(Alg::RS256, Alg::from);
    let mut response = answer::plain(StatusCode::OK, id_token::sign(alg, claims, secret));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
    response
}

/// What is known of the tokens of a sign-in.
pub(super) fn token_of(sign_in: &SignIn) -> Map<String, Value> {
    sign_in.context.get("token").and_then(Value::as_object).cloned().unwrap_or_default()
}
