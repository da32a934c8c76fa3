//! The endpoint for parameters that go ahead of the browser (RFC 9126): they are kept until it comes with the reference.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::json;

use crate::mock::answer;
use crate::mock::record::Recorded;
use crate::mock::service::journal::Exchange;
use crate::mock::service::method;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::rng;

/// How long the reference can be used, in seconds.
const LIFETIME: u64 = 60;

impl Played {
    /// Answers a pushed authorization request (RFC 9126 §2).
    pub fn push(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        method::takes(&[Method::POST], &exchange.recorded)?;
        if self.param(exchange, "request_uri").is_some() {
            return Err(Refusal::invalid_request("a request_uri cannot go ahead (RFC 9126, section 2.1)"));
        }
        self.client(exchange, None)?;
        self.proven_key(exchange, self.param(exchange, "dpop_jkt"))?;
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{}", rng::token(&*self.rng, 16));
        let expires_at = self.clock.now() + LIFETIME;
        self.grants().push(request_uri.clone(), exchange.recorded.clone(), expires_at);
        let body = json!({"request_uri": request_uri, "expires_in": LIFETIME});
        Ok(answer::json(StatusCode::CREATED, &body))
    }

    /// The authorization request that a browser brings: as it is, or with what went ahead of it (RFC 9126 §4).
    pub fn brought(&self, exchange: &Exchange) -> Result<Recorded, Refusal> {
        let recorded = &exchange.recorded;
        let Some(request_uri) = self.param(exchange, "request_uri") else {
            let required = self.scenarios[self.first]
                .client
                .registration
                .provider
                .metadata
                .require_pushed_authorization_requests;
            return match required {
                Some(true) => {
                    Err(Refusal::invalid_request("the parameters have to go ahead (RFC 9126, section 5)"))
                }
                _ => Ok(recorded.clone()),
            };
        };
        let pushed = self.grants().pushed(request_uri, self.clock.now()).ok_or_else(|| {
            Refusal::new("invalid_request_uri", "the request_uri is unknown, was used before, or has expired")
        })?;
        let client_id = |recorded: &Recorded| {
            let name = self.provider.rename.get("client_id").map_or("client_id", String::as_str);
            recorded.param(name).map(str::to_owned)
        };
        match client_id(recorded) == client_id(&pushed) {
            true => Ok(recorded.with_pushed(&pushed, &self.provider)),
            false => Err(Refusal::invalid_request("the parameters that went ahead are another client's")),
        }
    }
}
