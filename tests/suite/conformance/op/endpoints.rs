//! What the endpoints of the hostile provider answer. It is strict about what it is sent: a request that is not as the
//! standard has it is refused, and the case fails.

use std::collections::HashMap;
use std::sync::Arc;

use authcfg::clock::Clock;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{Request, Response};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::keys::{CLIENT_KEY, at_hash, b64, compact};
use super::{ACCESS_TOKEN, Answer, Behaviour, CLIENT_ID, CLIENT_SECRET, CODE, Grant, SUB, Shared, here, lay};

type Params = HashMap<String, String>;

pub async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer = shared.answer(&parts, &body);
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a response")
}

impl Shared {
    fn answer(&self, parts: &Parts, body: &str) -> Answer {
        let behaviour = self.behaviour.lock().unwrap().clone();
        // In whatever folder its discovery document says that it is.
        let path = parts.uri.path();
        let endpoint = match path.rsplit('/').next() {
            Some("openid-configuration") => "discovery",
            Some("jwks") => "jwks",
            Some("device") => "device",
            Some("par") => "par",
            Some("token") => "token",
            Some("userinfo") => "userinfo",
            _ => "elsewhere",
        };
        self.asked.lock().unwrap().push(match path {
            "/mtls/token" => "mtls/token",
            "/mtls/userinfo" => "mtls/userinfo",
            _ => endpoint,
        });
        if ["par", "token", "userinfo"].contains(&endpoint) {
            let line = format!("{} {} {:?} {body}", parts.method, parts.uri, parts.headers);
            self.seen.lock().unwrap().push(line);
        }
        match endpoint {
            "discovery" => behaviour.discovery_answer.clone().unwrap_or_else(|| self.discovery(&behaviour)),
            "jwks" => {
                let keys = json!({"keys": behaviour.keys});
                behaviour.jwks_answer.clone().unwrap_or_else(|| Answer::json(keys.to_string()))
            }
            "device" => {
                let mut answer = json!({
                    "device_code": CODE, "user_code": "WDJB-MJHT", "verification_uri": "https://op.example/device",
                    "expires_in": 600, "interval": 1,
                });
                lay(&mut answer, &behaviour.device);
                Answer::json(answer.to_string())
            }
            "par" => self.push(&behaviour, parts, body),
            "token" => self.token(&behaviour, parts, body),
            "userinfo" => self.userinfo(&behaviour, parts),
            _ => Answer::new(404, "text/plain", "nothing here"),
        }
    }

    fn discovery(&self, behaviour: &Behaviour) -> Answer {
        let issuer = &self.issuer;
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
        });
        lay(&mut document, &here(issuer, &behaviour.discovery));
        Answer::json(document.to_string())
    }

    /// Pushed authorization requests (RFC 9126).
    fn push(&self, behaviour: &Behaviour, parts: &Parts, body: &str) -> Answer {
        let params = params(body);
        if !self.authenticates(behaviour, parts, &params) {
            return refuse("invalid_client", "the credentials are wrong");
        }
        if params.contains_key("request_uri") {
            return refuse("invalid_request", "a reference to a reference");
        }
        // RFC 9449 §10.1
        if let Err(answer) = self.proof(behaviour, parts, "token-nonce") {
            return answer;
        }
        let mut pushed = self.pushed.lock().unwrap();
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{}", pushed.len());
        pushed.insert(request_uri.clone(), body.to_owned());
        let answer = json!({"request_uri": request_uri, "expires_in": 60});
        Answer::new(201, "application/json", answer.to_string())
    }

    fn token(&self, behaviour: &Behaviour, parts: &Parts, body: &str) -> Answer {
        let params = params(body);
        if !self.authenticates(behaviour, parts, &params) {
            return refuse("invalid_client", "the credentials are wrong");
        }
        let key = match self.proof(behaviour, parts, "token-nonce") {
            Ok(key) => key,
            Err(answer) => return answer,
        };
        let grant_type = params.get("grant_type").map(String::as_str).unwrap_or_default();
        if grant_type == "urn:ietf:params:oauth:grant-type:device_code" {
            let mut waits = self.behaviour.lock().unwrap();
            return match waits.waits.pop() {
                Some(error) => refuse(error, "not yet"),
                None => self.granted(behaviour, &Grant::default()),
            };
        }
        if grant_type == "refresh_token" {
            let known = params.get("refresh_token") == Some(&*self.refresh_token.lock().unwrap());
            return match known && key == *self.key.lock().unwrap() {
                true => self.granted(behaviour, &Grant::default()),
                false => refuse("invalid_grant", "unknown refresh token"),
            };
        }
        if params.get("grant_type").is_some_and(|grant| grant != "authorization_code") {
            return self.granted(behaviour, &Grant::default());
        }
        let code = params.get("code").cloned().unwrap_or_default();
        let mut grants = self.grants.lock().unwrap();
        let grant = if behaviour.reuses_codes { grants.get(&code).cloned() } else { grants.remove(&code) };
        let Some(grant) = grant else { return refuse("invalid_grant", "unknown code") };
        if params.get("redirect_uri") != Some(&grant.redirect_uri) {
            return refuse("invalid_grant", "another redirect_uri");
        }
        let verifier = params.get("code_verifier").cloned().unwrap_or_default();
        let challenge =
            b64(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()).as_ref());
        let proven = match grant.method.as_deref() {
            Some("S256") => grant.challenge == Some(challenge),
            Some("plain") => grant.challenge == Some(verifier),
            _ => false,
        };
        if behaviour.checks_pkce && !proven {
            return refuse("invalid_grant", "PKCE");
        }
        // The key that the sign-in began with (RFC 9449 §10).
        if key.is_some() && key != grant.jkt {
            return refuse("invalid_grant", "another key");
        }
        *self.key.lock().unwrap() = key;
        self.scope.lock().unwrap().clone_from(&grant.scope);
        self.granted(behaviour, &grant)
    }

    fn granted(&self, behaviour: &Behaviour, grant: &Grant) -> Answer {
        if let Some(answer) = &behaviour.token_answer {
            let filled = String::from_utf8(answer.body.clone())
                .map(|text| text.replace("ID_TOKEN", &self.id_token(behaviour, grant)).into_bytes())
                .unwrap_or_else(|error| error.into_bytes());
            return Answer { body: filled, ..answer.clone() };
        }
        let mut response = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600,
            "id_token": self.id_token(behaviour, grant),
        });
        lay(&mut response, &behaviour.token);
        if let Some(token) = response["refresh_token"].as_str() {
            *self.refresh_token.lock().unwrap() = token.to_owned();
        }
        Answer::json(response.to_string())
    }

    /// A callback as a JWT (JARM §2.1).
    pub fn signed(&self, behaviour: &Behaviour, callback: &[(String, String)]) -> String {
        let mut claims = json!({"iss": self.issuer, "aud": CLIENT_ID, "exp": self.clock.now() + 600});
        for (name, value) in callback {
            claims[name] = value.as_str().into();
        }
        lay(&mut claims, &behaviour.response);
        let mut header = json!({"alg": "RS256", "kid": "k1"});
        lay(&mut header, &behaviour.header);
        lay(&mut header, &behaviour.response_header);
        let sign = behaviour.response_sign.as_ref().unwrap_or(&behaviour.sign);
        compact(&header, claims.to_string().as_bytes(), sign)
    }

    fn id_token(&self, behaviour: &Behaviour, grant: &Grant) -> String {
        let now = self.clock.now();
        let mut claims = json!({
            "iss": self.issuer, "sub": SUB, "aud": CLIENT_ID, "iat": now, "exp": now + 600,
            "at_hash": at_hash(ACCESS_TOKEN),
        });
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        lay(&mut claims, &behaviour.claims);
        let mut header = json!({"alg": "RS256", "kid": "k1", "typ": "JWT"});
        lay(&mut header, &here(&self.issuer, &behaviour.header));
        let mut payload = claims.to_string();
        (behaviour.payload)(&mut payload);
        let mut id_token = compact(&header, payload.as_bytes(), &behaviour.sign);
        (behaviour.id_token)(&mut id_token);
        id_token
    }

    /// Userinfo: what the scopes of the access token are good for (OpenID Connect Core §5.4).
    fn userinfo(&self, behaviour: &Behaviour, parts: &Parts) -> Answer {
        let key = match self.proof(behaviour, parts, "userinfo-nonce") {
            Ok(key) => key,
            Err(answer) => return answer,
        };
        let scheme = if key.is_some() { "DPoP" } else { "Bearer" };
        if authorization(parts) != Some(format!("{scheme} {ACCESS_TOKEN}").as_str())
            || key != *self.key.lock().unwrap()
        {
            return Answer::new(401, "application/json", r#"{"error":"invalid_token"}"#);
        }
        let mut userinfo = json!({"sub": SUB});
        let scope = self.scope.lock().unwrap();
        for (name, member, value) in [("profile", "name", "Jane Doe"), ("email", "email", "jane@example.com")]
        {
            if scope.split(' ').any(|scope| scope == name) {
                userinfo[member] = value.into();
            }
        }
        lay(&mut userinfo, &here(&self.issuer, &behaviour.userinfo));
        behaviour.userinfo_answer.clone().unwrap_or_else(|| Answer::json(userinfo.to_string()))
    }

    /// The key that a request proves, where tokens are bound to one; or the answer to a proof that is not right, or without the
    /// nonce that is asked for (RFC 9449 §8, §9).
    fn proof(&self, behaviour: &Behaviour, parts: &Parts, nonce: &str) -> Result<Option<String>, Answer> {
        if behaviour.file["dpop_bound_access_tokens"] != true {
            return Ok(None);
        }
        let url = format!("{}{}", self.issuer, parts.uri.path());
        let proof = self.proofs.check(parts, &url, self.clock.now());
        let (given, key) = proof.map_err(|why| refuse("invalid_dpop_proof", why))?;
        let Some(scheme) = behaviour.asks_nonces.filter(|_| given.as_deref() != Some(nonce)) else {
            return Ok(Some(key));
        };
        let mut answer = refuse("use_dpop_nonce", "with a nonce");
        answer.headers.push(("dpop-nonce", nonce.to_owned()));
        if authorization(parts).is_some_and(|value| value.starts_with("DPoP ")) {
            answer.status = 401;
            answer.headers.push(("www-authenticate", format!("{scheme} error=\"use_dpop_nonce\"")));
        }
        Err(answer)
    }

    /// By one method, the one that the client is registered for (RFC 6749 §2.3).
    fn authenticates(&self, behaviour: &Behaviour, parts: &Parts, params: &Params) -> bool {
        let authorization = authorization(parts);
        if params.contains_key("client_secret") {
            return false;
        }
        match behaviour.file["token_endpoint_auth_method"].as_str() {
            Some("private_key_jwt") => {
                let assertion = params.get("client_assertion").and_then(|jwt| CLIENT_KEY.claims(jwt));
                return authorization.is_none() && assertion.is_some_and(|claims| self.takes(&claims));
            }
            // What certificate it is, only a connection with TLS knows: `tests/e2e/suite/certificate.test.js`.
            Some("self_signed_tls_client_auth") => {
                return authorization.is_none() && params.get("client_id").is_some_and(|id| id == CLIENT_ID);
            }
            _ => {}
        }
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(CLIENT_ID), encode(CLIENT_SECRET));
        authorization == Some(format!("Basic {}", STANDARD.encode(pair)).as_str())
    }

    /// An assertion of the client (RFC 7523 §3): for this provider, not over, not seen before.
    fn takes(&self, claims: &Value) -> bool {
        let ours = claims["iss"] == CLIENT_ID && claims["sub"] == CLIENT_ID && claims["aud"] == *self.issuer;
        let fresh = claims["exp"].as_u64().is_some_and(|exp| exp > self.clock.now());
        let jti = claims["jti"].as_str().unwrap_or_default();
        ours && fresh && !jti.is_empty() && self.assertions.lock().unwrap().insert(jti.to_owned())
    }
}

fn authorization(parts: &Parts) -> Option<&str> {
    parts.headers.get("authorization").and_then(|value| value.to_str().ok())
}

fn params(form: &str) -> Params {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

fn refuse(error: &str, description: &str) -> Answer {
    Answer::new(
        400,
        "application/json",
        json!({"error": error, "error_description": description}).to_string(),
    )
}
