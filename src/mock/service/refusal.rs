//! A request that is refused, as the RFCs write it: the code, and for a person what was wrong.

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Response, StatusCode};

use crate::mock::answer;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    /// The code: RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1.
    pub error: &'static str,
    /// What was wrong.
    pub description: String,
    /// Whether the answer names the way to authenticate.
    challenge: Option<&'static str>,
}

impl Refusal {
    pub fn new(error: &'static str, description: impl AsRef<str>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            error,
            description: readable(description.as_ref()),
            challenge: None,
        }
    }

    pub fn invalid_request(description: impl AsRef<str>) -> Refusal {
        Refusal::new("invalid_request", description)
    }

    pub fn invalid_grant(description: impl AsRef<str>) -> Refusal {
        Refusal::new("invalid_grant", description)
    }

    /// RFC 6749 §5.2: 401, and a client that used the header is told so.
    pub fn invalid_client(description: impl AsRef<str>) -> Refusal {
        let refusal = Refusal::new("invalid_client", description);
        Refusal { status: StatusCode::UNAUTHORIZED, challenge: Some("Basic realm=\"mock\""), ..refusal }
    }

    /// RFC 6750 §3.1.
    pub fn invalid_token(description: impl AsRef<str>) -> Refusal {
        let refusal = Refusal::new("invalid_token", description);
        Refusal {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some("Bearer error=\"invalid_token\""),
            ..refusal
        }
    }

    /// RFC 9449 §5.
    pub fn invalid_proof(description: impl AsRef<str>) -> Refusal {
        Refusal::new("invalid_dpop_proof", description)
    }

    /// RFC 9449 §7.1.
    pub fn unproven_token(description: impl AsRef<str>) -> Refusal {
        Refusal { challenge: Some("DPoP error=\"invalid_token\""), ..Refusal::invalid_token(description) }
    }

    pub fn not_found(description: impl AsRef<str>) -> Refusal {
        Refusal { status: StatusCode::NOT_FOUND, ..Refusal::new("not_found", description) }
    }

    pub fn method(allowed: &str, got: &http::Method) -> Refusal {
        let refusal = Refusal::invalid_request(format!("this endpoint takes {allowed}, not {got}"));
        Refusal { status: StatusCode::METHOD_NOT_ALLOWED, ..refusal }
    }

    pub fn response(&self) -> Response<Bytes> {
        let mut response = answer::error(self.status, self.error, &self.description);
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// What may stand in an `error_description` (RFC 6749 §5.2): printable ASCII without `"` and `\`.
fn readable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '\\' => '\'',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_characters_of_the_standard() {
        assert_eq!(Refusal::invalid_grant("a \"b\" \\ ä\n").description, "a 'b' ' ??");
    }

    #[test]
    fn says_how_to_authenticate() {
        assert_eq!(
            Refusal::invalid_client("x").response().headers()[WWW_AUTHENTICATE],
            "Basic realm=\"mock\""
        );
        let answer = Refusal::invalid_token("x").response();
        assert_eq!(
            (answer.status(), answer.headers().contains_key(WWW_AUTHENTICATE)),
            (StatusCode::UNAUTHORIZED, true)
        );
        assert!(!Refusal::invalid_grant("x").response().headers().contains_key(WWW_AUTHENTICATE));
    }
}
