//! HTTP Basic with id and secret as they are, for a provider that does not undo the form-encoding of RFC 6749 §2.3.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::oauth::Secret;

/// The `Authorization` header.
pub fn header(client_id: &str, secret: &Secret) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{client_id}:{}", secret.expose()));
    let mut value = HeaderValue::try_from(format!("Basic {encoded}")).expect("base64 is a header value");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_id_and_secret_as_they_are() {
        assert_eq!(header("a/b", &Secret::from("c+d")).to_str().unwrap(), "Basic YS9iOmMrZA==");
    }
}
