//! What a token request is answered: the vector's answer, with tokens of this sign-in's own and an id_token that is signed.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};

use crate::mock::answer;
use crate::mock::id_token;
use crate::mock::placeholders::{Placeholders, mentions};
use crate::mock::service::grants::SignIn;
use crate::mock::service::played::Played;
use crate::mock::service::tokens;
use crate::mock::tokens::learn;
use crate::provider::step::Step;

impl Played {
    /// The answer to a token request. A refresh token gives way to a new one where it `rotates`.
    pub fn issue(
        &self,
        step: &Step,
        scripted: &Value,
        sign_in: &mut SignIn,
        base: &str,
        rotates: bool,
    ) -> Response<Bytes> {
        let scenario = &self.scenarios[sign_in.authorized.scenario];
        let registration = &scenario.client.registration;
        let filled = sign_in.authorized.placeholders.fill(scripted);
        let as_it_is = || answer::scripted(&filled, &Placeholders::default());
        let Some(members) = tokens::members(&filled) else { return as_it_is() };
        let earlier = sign_in.context.clone();
        let fresh = learn(registration, step, &members, &mut sign_in.context);
        // What the answer does not bring was known before.
        let brings = |name: &str| {
            let known = earlier.get("token").and_then(|token| token.get(name));
            fresh
                .get(name)
                .filter(|value| Some(*value) != known)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let mut body = Value::Object(members);
        if let Some(old) = brings("access_token") {
            let new = tokens::mint(old, &*self.rng);
            tokens::replace(&mut body, old, &new);
            sign_in.authorized.placeholders.set("ACCESS_TOKEN", new.as_str());
            sign_in.access_tokens.push(new);
        }
        if let Some(old) = brings("refresh_token") {
            let kept = sign_in.refresh_token.take().filter(|_| !rotates);
            let new = kept.unwrap_or_else(|| tokens::mint(old, &*self.rng));
            tokens::replace(&mut body, old, &new);
            sign_in.refresh_token = Some(new);
        }
        if let Value::Object(members) = &body {
            sign_in.context = earlier;
            learn(registration, step, members, &mut sign_in.context);
        }
        self.localise(&mut body, base);
        match body {
            Value::Object(members) => {
                answer::scripted(&tokens::with_members(&filled, members), &Placeholders::default())
            }
            _ => as_it_is(),
        }
    }

    /// Signs the id_token of a sign-in, and with `add` puts it into the answer, unless that says itself where it stands.
    pub fn sign(
        &self,
        scripted: &mut Value,
        sign_in: &mut SignIn,
        (base, secret): (&str, Option<&str>),
        add: bool,
    ) {
        let Some(id_token) = self.id_token(sign_in, base, secret) else { return };
        sign_in.authorized.placeholders.set("ID_TOKEN", id_token);
        let says_where = tokens::is_spelled_out(scripted) || mentions(scripted, "ID_TOKEN");
        if let Some(members) = scripted.as_object_mut().filter(|_| add && !says_where) {
            members.entry("id_token").or_insert_with(|| "ID_TOKEN".into());
        }
    }

    /// The id_token of a sign-in (OpenID Connect Core §2), where the vector has claims.
    fn id_token(&self, sign_in: &SignIn, base: &str, secret: Option<&str>) -> Option<String> {
        let placeholders = &sign_in.authorized.placeholders;
        let now = self.clock.now();
        let over = self.scenarios[sign_in.authorized.scenario].claims(now, placeholders)?;
        let mut claims = Map::new();
        claims.insert("iss".into(), base.into());
        claims.insert("aud".into(), sign_in.authorized.client_id.as_str().into());
        claims.insert("iat".into(), now.into());
        claims.insert("exp".into(), (now + 300).into());
        if let Some(nonce) = placeholders.get("NONCE").filter(|nonce| !nonce.is_empty()) {
            claims.insert("nonce".into(), nonce.into());
        }
        answer::lay(&mut claims, &over, &Placeholders::default());
        Some(id_token::sign(self.alg(), &claims, secret))
    }
}
