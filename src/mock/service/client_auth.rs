//! Which client a request comes from, and whether it proves that (RFC 6749 §2.3, RFC 7523 §2.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::mock::record::Recorded;
use crate::mock::service::Rules;
use crate::mock::service::refusal::Refusal;
use crate::oauth::Secret;
use crate::provider::Provider;
use crate::provider::client_auth::TokenEndpointAuthMethod;

/// A client, as a request names it.
pub(super) struct Client {
    pub id: String,
    /// The secret that was sent; absent with an assertion too.
    pub secret: Option<Secret>,
    /// Whether it proved who it is.
    pub authenticated: bool,
}

/// The client of a request.
///
/// A secret may come in the header or in the body, whichever of the two the provider file uses: servers take both. `known`
/// is the client that the grant was made to.
pub(super) fn client(
    recorded: &Recorded,
    provider: &Provider,
    rules: &Rules,
    known: Option<&str>,
) -> Result<Client, Refusal> {
    let param = |name: &str| recorded.param(provider.rename.get(name).map_or(name, String::as_str));
    let basic = match recorded.header("authorization") {
        Some(_) => Some(recorded.basic().ok_or_else(|| {
            Refusal::invalid_client("the Authorization header is not Basic with id and secret of the client")
        })?),
        None => None,
    };
    let assertion = param("client_assertion");
    let ways = [basic.is_some(), param("client_secret").is_some(), assertion.is_some()];
    if ways.iter().filter(|used| **used).count() > 1 {
        return Err(Refusal::invalid_request(
            "the client authenticates in two ways at once (RFC 6749, section 2.3)",
        ));
    }
    let in_body = param("client_id").map(str::to_owned);
    let (named, secret) = match (basic, assertion) {
        (Some((id, secret)), _) => (Some(form_decoded(&id)), Some(secret)),
        (None, Some(assertion)) => (Some(subject(assertion)?), None),
        (None, None) => (in_body.clone(), param("client_secret").map(str::to_owned)),
    };
    if let (Some(named), Some(in_body)) = (&named, &in_body)
        && named != in_body
    {
        return Err(Refusal::invalid_client(format!("the client is {named} and {in_body} at once")));
    }
    let id = named.ok_or_else(|| Refusal::invalid_client("there is no client_id"))?;
    if let Some(known) = known.filter(|known| **known != id) {
        return Err(Refusal::invalid_grant(format!("it was issued to the client {known}, not to {id}")));
    }
    if let Some(wanted) = rules.client_id.as_deref().filter(|wanted| *wanted != id) {
        return Err(Refusal::invalid_client(format!(
            "the client_id is {id}; the mock was started for {wanted}"
        )));
    }
    // A client that has none, or makes one for each request, cannot send the one that was given.
    let wanted = rules.client_secret.as_ref().filter(|_| provider.needs_client_secret());
    if let (Some(wanted), None) = (wanted, assertion)
        && !secret.as_deref().is_some_and(|sent| [sent, &form_decoded(sent)].contains(&wanted.expose()))
    {
        let what = if secret.is_some() { "is wrong" } else { "is missing" };
        return Err(Refusal::invalid_client(format!("the client_secret {what}")));
    }
    if secret.as_deref() == Some("") {
        return Err(Refusal::invalid_client("the client_secret is empty"));
    }
    // In the header it is encoded, unless the file says otherwise or the client does otherwise and is known by it.
    let as_it_is = !recorded.headers.contains_key(AUTHORIZATION)
        || provider.client_auth.method == TokenEndpointAuthMethod::ClientSecretBasicUnencoded
        || wanted.is_some_and(|wanted| secret.as_deref() == Some(wanted.expose()));
    let secret = secret.map(|secret| Secret::from(if as_it_is { secret } else { form_decoded(&secret) }));
    Ok(Client { authenticated: secret.is_some() || assertion.is_some(), id, secret })
}

/// The client that an assertion is about (RFC 7523 §3). Whose signature it has nobody here can know.
fn subject(assertion: &str) -> Result<String, Refusal> {
    let part = assertion.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<Map<String, Value>> = part.and_then(|part| serde_json::from_slice(&part).ok());
    let claims = claims.ok_or_else(|| Refusal::invalid_client("the client_assertion is no JWT"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    match (text("iss"), text("sub")) {
        (Some(iss), Some(sub)) if iss == sub => Ok(sub.to_owned()),
        _ => Err(Refusal::invalid_client("iss and sub of the client_assertion are not the client_id")),
    }
}

fn form_decoded(text: &str) -> String {
    let plain = form_urlencoded::parse(text.as_bytes()).next();
    match plain {
        Some((decoded, rest)) if rest.is_empty() && !text.contains(['=', '&']) => decoded.into_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;
    use url::Url;

    use super::*;

    fn provider() -> Provider {
        let file = json!({
            "id": "acme", "name": "Acme", "docs": "https://acme.example", "verified": {"on": "2026-11-24", "how": "docs"},
            "authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t",
            "userinfo_endpoint": "https://acme.example/me", "profile": {"sub": "$.userinfo.id"},
        });
        crate::provider::load_value(file).0.unwrap()
    }

    fn asked(authorization: Option<&str>, body: &str, rules: &Rules) -> Result<Client, &'static str> {
        let mut builder =
            http::Request::post("/t").header("content-type", "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            builder = builder.header("authorization", value);
        }
        let (parts, body) = builder.body(Bytes::from(body.to_owned())).unwrap().into_parts();
        let recorded = Recorded::new(&parts, Url::parse("https://acme.example/t").unwrap(), &body);
        client(&recorded, &provider(), rules, Some("c 1")).map_err(|refusal| refusal.error)
    }

    #[test]
    fn takes_the_secret_in_the_header_or_in_the_body() {
        let rules = Rules { client_secret: Some("s%1".into()), ..Rules::default() };
        // base64 of `c+1:s%251`, as RFC 6749 §2.3.1 encodes it
        let header = asked(Some("Basic YysxOnMlMjUx"), "grant_type=x", &rules).unwrap();
        assert_eq!(
            (header.id.as_str(), header.secret.as_ref().map(Secret::expose), header.authenticated),
            ("c 1", Some("s%1"), true)
        );
        assert!(asked(None, "client_id=c+1&client_secret=s%251", &rules).is_ok());
        assert_eq!(asked(None, "client_id=c+1&client_secret=other", &rules).err(), Some("invalid_client"));
        assert_eq!(asked(None, "client_id=c+1", &rules).err(), Some("invalid_client"));
    }

    #[test]
    fn any_secret_will_do_where_none_was_given() {
        let any = Rules::default();
        assert!(asked(None, "client_id=c+1&client_secret=x", &any).unwrap().authenticated);
        assert!(!asked(None, "client_id=c+1", &any).unwrap().authenticated);
        assert_eq!(asked(None, "client_id=c+1&client_secret=", &any).err(), Some("invalid_client"));
        assert_eq!(asked(None, "client_secret=x", &any).err(), Some("invalid_client"));
        assert_eq!(asked(None, "client_id=c2&client_secret=x", &any).err(), Some("invalid_grant"));
        assert_eq!(asked(Some("Bearer x"), "client_id=c+1", &any).err(), Some("invalid_client"));
        assert_eq!(
            asked(Some("Basic YysxOnMlMjUx"), "client_id=c+1&client_secret=x", &any).err(),
            Some("invalid_request")
        );
    }

    #[test]
    fn an_assertion_names_its_client() {
        let jwt = |claims: Value| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let any = Rules::default();
        let good = format!("client_assertion={}", jwt(json!({"iss": "c 1", "sub": "c 1"})));
        assert!(asked(None, &good, &any).unwrap().authenticated);
        let other = format!("client_assertion={}", jwt(json!({"iss": "c 1", "sub": "c2"})));
        assert_eq!(asked(None, &other, &any).err(), Some("invalid_client"));
        assert_eq!(asked(None, "client_assertion=x", &any).err(), Some("invalid_client"));
    }
}
