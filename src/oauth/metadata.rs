//! A discovery document (RFC 8414 §2, OpenID Connect Discovery §3).

use serde_json::{Map, Value};

/// What a provider says about itself, as far as a sign-in uses it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerMetadata {
    /// `issuer`
    pub issuer: Option<String>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207 §3)
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// `require_pushed_authorization_requests` (RFC 9126 §5)
    pub require_pushed_authorization_requests: Option<bool>,
    /// `code_challenge_methods_supported`; empty where the document does not say
    pub code_challenge_methods_supported: Vec<String>,
    endpoints: Endpoints,
    mtls_endpoint_aliases: Endpoints,
}

/// Addresses by their names in RFC 8414 §2.
type Endpoints = Vec<(&'static str, String)>;

/// A document that is no metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is no JSON object.
    #[error("the document is no JSON object")]
    NotAnObject,
    /// A member has another type than RFC 8414 gives it.
    #[error("`{0}` has the wrong type")]
    WrongType(&'static str),
}

const ALIASES: &str = "mtls_endpoint_aliases";

const ENDPOINTS: [&str; 10] = [
    "authorization_endpoint",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "jwks_uri",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
];

impl ServerMetadata {
    /// Reads a document. Members that no sign-in uses are not looked at.
    ///
    /// # Errors
    /// A member of the wrong type.
    pub fn parse(document: &Value) -> Result<ServerMetadata, MetadataError> {
        let members = document.as_object().ok_or(MetadataError::NotAnObject)?;
        let aliases = match members.get(ALIASES) {
            None | Some(Value::Null) => vec![],
            Some(Value::Object(aliases)) => {
                endpoints(aliases).map_err(|_| MetadataError::WrongType(ALIASES))?
            }
            Some(_) => return Err(MetadataError::WrongType(ALIASES)),
        };
        let flag = |name: &'static str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(MetadataError::WrongType(name)),
        };
        let pkce = "code_challenge_methods_supported";
        let methods = match members.get(pkce) {
            None | Some(Value::Null) => vec![],
            Some(Value::Array(methods)) => methods
                .iter()
                .map(|method| method.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or(MetadataError::WrongType(pkce))?,
            Some(_) => return Err(MetadataError::WrongType(pkce)),
        };
        Ok(ServerMetadata {
            issuer: text(members, "issuer")?,
            code_challenge_methods_supported: methods,
            authorization_response_iss_parameter_supported: flag(
                "authorization_response_iss_parameter_supported",
            )?,
            require_pushed_authorization_requests: flag("require_pushed_authorization_requests")?,
            endpoints: endpoints(members)?,
            mtls_endpoint_aliases: aliases,
        })
    }

    /// Whether a sign-in reads this endpoint from a document.
    pub fn is_read(name: &str) -> bool {
        ENDPOINTS.contains(&name)
    }

    /// The address of an endpoint, by its name in RFC 8414 §2.
    pub fn endpoint(&self, name: &str) -> Option<&str> {
        find(&self.endpoints, name)
    }

    /// The same for a client that shows a certificate: its alias where there is one (RFC 8705 §5).
    pub fn mtls_endpoint(&self, name: &str) -> Option<&str> {
        find(&self.mtls_endpoint_aliases, name).or_else(|| self.endpoint(name))
    }
}

fn endpoints(members: &Map<String, Value>) -> Result<Endpoints, MetadataError> {
    let mut found = vec![];
    for name in ENDPOINTS {
        if let Some(url) = text(members, name)? {
            found.push((name, url));
        }
    }
    Ok(found)
}

fn find<'a>(endpoints: &'a Endpoints, name: &str) -> Option<&'a str> {
    endpoints.iter().find(|(known, _)| *known == name).map(|(_, url)| url.as_str())
}

fn text(members: &Map<String, Value>, name: &'static str) -> Result<Option<String>, MetadataError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(MetadataError::WrongType(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_a_sign_in_uses() {
        let document =
            json!({"issuer": "https://a.example", "token_endpoint": "https://a.example/t", "other": [1]});
        let metadata = ServerMetadata::parse(&document).unwrap();
        assert_eq!(metadata.issuer.as_deref(), Some("https://a.example"));
        assert_eq!(metadata.endpoint("token_endpoint"), Some("https://a.example/t"));
        assert_eq!(metadata.endpoint("jwks_uri"), None);
    }

    #[test]
    fn an_alias_comes_before_the_endpoint_where_a_certificate_is_shown() {
        let document = json!({
            "token_endpoint": "https://a.example/t", "userinfo_endpoint": "https://a.example/u",
            "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.a.example/t", "other": 1},
        });
        let metadata = ServerMetadata::parse(&document).unwrap();
        assert_eq!(metadata.endpoint("token_endpoint"), Some("https://a.example/t"));
        assert_eq!(metadata.mtls_endpoint("token_endpoint"), Some("https://mtls.a.example/t"));
        assert_eq!(metadata.mtls_endpoint("userinfo_endpoint"), Some("https://a.example/u"));
        assert_eq!(metadata.mtls_endpoint("jwks_uri"), None);
        for aliases in [json!([]), json!({"token_endpoint": 1})] {
            assert!(ServerMetadata::parse(&json!({"mtls_endpoint_aliases": aliases})).is_err(), "{aliases}");
        }
    }

    #[test]
    fn refuses_members_of_another_type() {
        assert_eq!(ServerMetadata::parse(&json!([])), Err(MetadataError::NotAnObject));
        assert_eq!(ServerMetadata::parse(&json!({"jwks_uri": 1})), Err(MetadataError::WrongType("jwks_uri")));
        assert!(
            ServerMetadata::parse(&json!({"authorization_response_iss_parameter_supported": "true"}))
                .is_err()
        );
    }
}
