//! Files that tests of several commands begin with.

/// A provider file in which nothing is found.
pub const ACME: &str = "\
id: acme
name: Acme
authorization_endpoint: https://acme.example/authorize
token_endpoint: https://acme.example/token
userinfo_endpoint: https://acme.example/me
profile: {sub: $.userinfo.id}
tests:
  - token_response: {access_token: AT, token_type: bearer}
    userinfo: {id: \"7\"}
    profile: {sub: \"7\"}
  - token_response: {http: {status: 400, body: {error: invalid_grant}}}
    error: invalid_grant
";
