//! The token request, what follows it at once, and what can be done with the tokens later.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::client_auth::JwtSpec;
use crate::spec::step::{Body, Method, Params, ResponseSpec, StepKeys, step};
use crate::spec::value::Scalar;

step! {
    /// How the token request and its answer deviate from RFC 6749 §4.1.3 and §5.
    TokenSpec {
        /// Requests that turn the token into the one to use, in this order: a longer-lived one, another audience's. Each answer is
        /// laid over `token`.
        #[serde(default)]
        pub then: Vec<ThenSpec>,
    }
}

step! {
    /// A request that turns the token into the one to use. It sends what it writes, and nothing else.
    ThenSpec {
        /// Where it goes.
        pub endpoint: String,
        /// An expression; the request is made only where it holds.
        pub when: Option<String>,
    }
}

step! {
    /// How a token is refreshed, where that is not as RFC 6749 §6 says.
    RefreshSpec {
        /// Where it goes; the token endpoint where it is absent.
        pub endpoint: Option<String>,
        /// What a refresh needs; `refresh_token` where it is absent.
        pub requires: Option<RefreshRequires>,
        /// `true`: each refresh gives a new refresh token, and the one that was used is void.
        #[serde(default)]
        pub rotates: bool,
        /// Members of `token.raw` that the answer leaves out, and that stay as they were.
        #[serde(default)]
        pub keep: Vec<String>,
        /// An expression over the answer, such as `body.error == 'bad_refresh_token'`: where it holds, nothing can be refreshed any
        /// more, as with the error `invalid_grant` of RFC 6749 §5.2. Looked at where the answer is an error.
        pub ended: Option<String>,
    }
}

step! {
    /// How an assertion becomes a token (RFC 7523 §2.1). It is the application that gives the assertion, unless `assertion` is here.
    JwtBearerSpec {
        /// The assertion, signed with `client.private_key` and made anew for every request.
        pub assertion: Option<JwtSpec>,
    }
}

step! {
    /// How a token is revoked, where that is not as RFC 7009 §2.1 says.
    RevocationSpec {
        /// `false` where the access token stays valid after the refresh token is revoked: each gets a request of its own then. RFC 7009
        /// §2.1 says that a provider SHOULD end both.
        pub cascades: Option<bool>,
    }
}

/// What a refresh needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRequires {
    /// The refresh token (RFC 6749 §6). The default.
    #[default]
    RefreshToken,
    /// The access token, while it is valid: it renews itself.
    AccessToken,
}
