//! HTTP Basic: id and secret form-encoded first, as RFC 6749 §2.3.1 asks, or as they are for a provider that does not undo it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use url::form_urlencoded;

use crate::oauth::Secret;

/// The `Authorization` header with id and secret form-encoded.
pub fn encoded(client_id: &str, secret: &Secret) -> HeaderValue {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    header(&encode(client_id), &encode(secret.expose()))
}

/// The `Authorization` header with id and secret as they are.
pub fn unencoded(client_id: &str, secret: &Secret) -> HeaderValue {
    header(client_id, secret.expose())
}

fn header(user: &str, password: &str) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {encoded}")).expect("base64 is a header value");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_id_and_secret_as_they_are() {
        assert_eq!(unencoded("a/b", &Secret::from("c+d")).to_str().unwrap(), "Basic YS9iOmMrZA==");
    }

    #[test]
    fn encodes_id_and_secret_first() {
        assert_eq!(encoded("a/b", &Secret::from("c d")).to_str().unwrap(), "Basic YSUyRmI6Yytk");
    }
}
