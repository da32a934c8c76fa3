//! A request object, read (RFC 9101 §6): its parameters as if they had come by themselves.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::flow::request_object;
use crate::mock::check::{Checker, Failure};
use crate::mock::record::{Recorded, text};
use crate::oauth::jose::{Alg, JwkSet, Jws};

/// What a request object of the client must look like.
#[derive(Clone)]
pub(super) struct RequestObject {
    pub alg: Alg,
    /// The public key of the client.
    pub keys: JwkSet,
    /// The issuer.
    pub aud: String,
}

/// The claims that are about the object, not about the sign-in.
const ABOUT_ITSELF: [&str; 6] = ["aud", "exp", "iat", "iss", "jti", "nbf"];

impl Recorded {
    /// The request with the parameters of its request object, whoever has signed that; as it is where there is none.
    pub(super) fn opened(&self) -> Recorded {
        let object = self.param("request").and_then(|jwt| {
            let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
            serde_json::from_slice::<Map<String, Value>>(&payload).ok()
        });
        let Some(claims) = object else { return self.clone() };
        let each = |(name, value): (String, Value)| match value {
            Value::Array(values) => values.iter().map(|value| (name.clone(), text(value))).collect(),
            value => vec![(name, text(&value))],
        };
        let claims = claims.into_iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str()));
        let params: Vec<(String, String)> = claims.flat_map(each).collect();
        let is_posted = self.body.iter().any(|(name, _)| name == "request");
        let mut opened = Recorded { encoded: vec![], ..self.clone() };
        let place = if is_posted { &mut opened.body } else { &mut opened.query };
        place.retain(|(name, _)| name != "request" && !params.iter().any(|(other, _)| other == name));
        place.extend(params);
        opened
    }
}

impl Checker<'_> {
    /// Checks the request object that goes to `step`, where the file has one signed: beside it stands nothing but the client.
    pub(super) fn request_object(&self, step: &str, recorded: &Recorded) -> Vec<Failure> {
        let Some(wanted) = &self.credentials.request_object else { return vec![] };
        let mut failures = vec![];
        if let Err(why) = self.signed_request(wanted, recorded) {
            failures.push(Failure::new(step, "request", "a request object", why));
        }
        let proof = ["client_assertion", "client_assertion_type", "client_id", "client_secret"];
        let beside = recorded.params().map(|(name, _)| name);
        let beside =
            beside.filter(|name| *name != "request" && !proof.iter().any(|it| self.theirs(it) == *name));
        failures.extend(
            beside.map(|name| Failure::new(step, name, "absent: the request object has it", "present")),
        );
        failures
    }

    fn signed_request(&self, wanted: &RequestObject, recorded: &Recorded) -> Result<(), String> {
        let jwt = recorded.param("request").ok_or("absent")?;
        let verified = Jws::parse(jwt).and_then(|jws| jws.verify(&wanted.keys, &[wanted.alg], None));
        let verified = verified.map_err(|error| format!("one of which {error}"))?;
        if verified.typ() != Some(request_object::TYPE) {
            return Err("a JWT of another type".into());
        }
        let claims = verified.claims();
        let client_id = &self.credentials.client_id;
        for (name, wanted) in [("iss", client_id), ("client_id", client_id), ("aud", &wanted.aud)] {
            let name = if name == "client_id" { self.theirs(name) } else { name };
            if claims.get(name).and_then(Value::as_str) != Some(wanted) {
                return Err(format!("one whose {name} is not `{wanted}`"));
            }
        }
        let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
        match number("nbf") <= self.now && self.now < number("exp") && number("exp") - self.now <= 3600 {
            true if claims.get("jti").and_then(Value::as_str).is_some_and(|jti| jti.len() >= 22) => Ok(()),
            _ => Err("one that is not of now, or without a random jti".into()),
        }
    }
}
