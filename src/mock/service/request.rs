//! The authorization request: whether it is in order (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).

use url::Url;

use crate::mock::record::Recorded;
use crate::mock::service::Rules;
use crate::mock::service::grants::{Authorized, Challenge};
use crate::mock::service::refusal::Refusal;
use crate::provider::authorize::ResponseMode;
use crate::provider::{Protocol, Provider};

/// Parameters that may come more than once (RFC 8707 §2).
const REPEATABLE: [&str; 2] = ["audience", "resource"];

/// How the answer can be asked for.
pub(super) const PLAYED: [ResponseMode; 5] = [
    ResponseMode::Query,
    ResponseMode::FormPost,
    ResponseMode::Jwt,
    ResponseMode::QueryJwt,
    ResponseMode::FormPostJwt,
];

/// How a wrong authorization request is answered.
pub(super) enum RequestProblem {
    /// By the application, which gets the browser back.
    Back(Box<Authorized>, Refusal),
    /// Here: who asks, or where the browser came from, is not known (RFC 6749 §4.1.2.1).
    Here(Refusal),
}

/// Reads an authorization request.
pub(super) fn read(
    recorded: &Recorded,
    provider: &Provider,
    rules: &Rules,
) -> Result<Authorized, RequestProblem> {
    let theirs = |name: &'static str| provider.rename.get(name).map_or(name, String::as_str);
    let param = |name: &'static str| recorded.param(theirs(name)).filter(|value| !value.is_empty());
    let here = |description: String| RequestProblem::Here(Refusal::invalid_request(description));
    for name in ["client_id", "redirect_uri"] {
        if count(recorded, theirs(name)) > 1 {
            return Err(here(format!("{} comes more than once", theirs(name))));
        }
    }
    let client_id = param("client_id").ok_or_else(|| here(format!("there is no {}", theirs("client_id"))))?;
    if let Some(wanted) = rules.client_id.as_deref().filter(|wanted| *wanted != client_id) {
        return Err(here(format!("the client_id is {client_id}; the mock was started for {wanted}")));
    }
    let redirect_uri =
        param("redirect_uri").ok_or_else(|| here(format!("there is no {}", theirs("redirect_uri"))))?;
    check_redirect_uri(redirect_uri).map_err(here)?;

    let mut authorized = Authorized {
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        response_mode: provider.authorize.response_mode,
        dpop_jkt: param("dpop_jkt").map(str::to_owned),
        ..Authorized::default()
    };
    let placeholders = &mut authorized.placeholders;
    placeholders.set("CLIENT_ID", client_id);
    placeholders.set("REDIRECT_URI", redirect_uri);
    placeholders.set("NONCE", param("nonce").unwrap_or_default());
    placeholders.set("CODE_CHALLENGE", param("code_challenge").unwrap_or_default());
    if let Some(state) = param("state") {
        placeholders.set("STATE", state);
    }
    if let Some(word) = param("response_mode") {
        if let Some(mode) = PLAYED.into_iter().find(|mode| mode.as_str() == word) {
            authorized.response_mode = mode;
        } else {
            let played: Vec<&str> = PLAYED.iter().map(|mode| mode.as_str()).collect();
            let refusal = Refusal::invalid_request(format!(
                "response_mode is {word}; {} are played",
                played.join(", ")
            ));
            return Err(RequestProblem::Back(Box::new(authorized), refusal));
        }
    }
    match rest(recorded, provider, &param) {
        Ok(challenge) => Ok(Authorized { challenge, ..authorized }),
        Err(refusal) => Err(RequestProblem::Back(Box::new(authorized), refusal)),
    }
}

/// What can be told to the application: the type of the answer, doubled parameters, PKCE.
fn rest<'a>(
    recorded: &'a Recorded,
    provider: &Provider,
    param: &impl Fn(&'static str) -> Option<&'a str>,
) -> Result<Option<Challenge>, Refusal> {
    if let Some((name, _)) =
        recorded.params().find(|(name, _)| count(recorded, name) > 1 && !REPEATABLE.contains(name))
    {
        return Err(Refusal::invalid_request(format!("{name} comes more than once")));
    }
    let drops_type =
        provider.authorize.params.iter().any(|(name, value)| name == "response_type" && value.is_none());
    match param("response_type") {
        Some("code") => {}
        None if drops_type => {}
        None => return Err(Refusal::invalid_request("there is no response_type")),
        Some(other) => {
            let description = format!("response_type is {other}; only code is played");
            return Err(Refusal::new("unsupported_response_type", description));
        }
    }
    let wants_openid =
        provider.protocol == Protocol::Oidc && provider.authorize.scope.iter().any(|scope| scope == "openid");
    if wants_openid && !param("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid")) {
        return Err(Refusal::new("invalid_scope", "the scope openid is missing: there would be no id_token"));
    }
    match (param("code_challenge"), param("code_challenge_method")) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(Refusal::invalid_request("there is a code_challenge_method, but no code_challenge"))
        }
        (Some(value), Some("S256")) if value.len() != 43 => Err(Refusal::invalid_request(
            "the code_challenge is no SHA-256 hash in base64url (RFC 7636, section 4.2)",
        )),
        (Some(value), Some("S256")) => Ok(Some(Challenge { value: value.to_owned(), plain: false })),
        (Some(value), None | Some("plain")) => Ok(Some(Challenge { value: value.to_owned(), plain: true })),
        (Some(_), Some(other)) => {
            Err(Refusal::invalid_request(format!("code_challenge_method is {other}, not S256 or plain")))
        }
    }
}

/// Any address will do that a browser can be sent to and that runs no script (RFC 6749 §3.1.2).
fn check_redirect_uri(text: &str) -> Result<(), String> {
    let Ok(url) = Url::parse(text) else {
        return Err("the redirect_uri is no absolute address".into());
    };
    if ["javascript", "data", "blob", "file", "vbscript"].contains(&url.scheme()) {
        return Err(format!("the redirect_uri has the scheme {}", url.scheme()));
    }
    match url.fragment() {
        Some(_) => Err("the redirect_uri has a fragment (RFC 6749, section 3.1.2)".into()),
        None => Ok(()),
    }
}

pub(super) fn count(recorded: &Recorded, name: &str) -> usize {
    recorded.params().filter(|(other, _)| *other == name).count()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn asked(query: &str) -> Result<Authorized, (bool, &'static str)> {
        let file = json!({
            "id": "acme", "name": "Acme", "docs": "https://acme.example", "verified": {"on": "2026-11-24", "how": "docs"},
            "protocol": "oidc", "issuer": "https://acme.example", "discovery": true,
        });
        let provider = crate::provider::load_value(file).0.unwrap();
        let (parts, _) = http::Request::get("/").body(()).unwrap().into_parts();
        let url = Url::parse(&format!("https://acme.example/authorize?{query}")).unwrap();
        read(&Recorded::new(&parts, url, &Bytes::new()), &provider, &Rules::default()).map_err(|problem| {
            match problem {
                RequestProblem::Back(_, refusal) => (true, refusal.error),
                RequestProblem::Here(refusal) => (false, refusal.error),
            }
        })
    }

    const GOOD: &str = "client_id=c&redirect_uri=http://localhost/cb&response_type=code&scope=openid";

    #[test]
    fn a_request_in_order_is_read() {
        let authorized =
            asked(&format!("{GOOD}&state=s&code_challenge=v&code_challenge_method=plain")).unwrap();
        assert_eq!((authorized.client_id.as_str(), authorized.response_mode), ("c", ResponseMode::Query));
        assert!(authorized.challenge.unwrap().plain);
        assert_eq!(authorized.placeholders.get("STATE"), Some("s"));
        let posted = asked(&format!("{GOOD}&response_mode=form_post&resource=a&resource=b")).unwrap();
        assert!(
            posted.response_mode.is_posted()
                && posted.challenge.is_none()
                && posted.placeholders.get("STATE").is_none()
        );
    }

    #[test]
    fn who_asks_from_nowhere_is_told_here() {
        for query in [
            "redirect_uri=http://localhost/cb",
            "client_id=c",
            "client_id=c&client_id=d&redirect_uri=http://localhost/cb",
            "client_id=c&redirect_uri=/cb",
            "client_id=c&redirect_uri=javascript:alert(1)",
            "client_id=c&redirect_uri=http://localhost/cb%23f",
        ] {
            assert_eq!(asked(query).err(), Some((false, "invalid_request")), "{query}");
        }
    }

    #[test]
    fn the_rest_is_told_to_the_application() {
        for (query, error) in [
            ("client_id=c&redirect_uri=http://localhost/cb", "invalid_request"),
            ("client_id=c&redirect_uri=http://localhost/cb&response_type=token", "unsupported_response_type"),
            ("client_id=c&redirect_uri=http://localhost/cb&response_type=code&scope=email", "invalid_scope"),
            (&format!("{GOOD}&scope=email"), "invalid_request"),
            (&format!("{GOOD}&response_mode=fragment"), "invalid_request"),
            (&format!("{GOOD}&code_challenge=short&code_challenge_method=S256"), "invalid_request"),
            (&format!("{GOOD}&code_challenge=v&code_challenge_method=S512"), "invalid_request"),
            (&format!("{GOOD}&code_challenge_method=S256"), "invalid_request"),
        ] {
            assert_eq!(asked(query).err(), Some((true, error)), "{query}");
        }
    }
}
