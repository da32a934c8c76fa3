//! How far a sign-in has come where an expression is evaluated, and what the engine itself knows by then.

/// How far a sign-in has come where an expression is evaluated: what the context tree holds by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// Nothing but configuration: the issuer, the endpoints that are known before a sign-in.
    Metadata,
    /// The authorization request.
    Authorize,
    /// The callback has arrived.
    Callback,
    /// The token request.
    Token,
    /// The token response: `body`, before it is normalised.
    TokenResponse,
    /// A request that turns the token into the one to use.
    Then,
    /// Its answer: `body`.
    ThenResponse,
    /// The claims of the id_token are there, its signature checked, its issuer not yet.
    IdToken,
    /// Userinfo call number N.
    Userinfo(usize),
    /// The answer of userinfo call number N: `body`.
    UserinfoResponse(usize),
    /// Everything is there.
    Profile,
    /// After the sign-in, when there are tokens and what was learned with them, and nothing else of it.
    Later,
    /// The answer to a request that is made then: `body`.
    LaterResponse,
    /// The client for itself: no sign-in at all.
    Client,
    /// The answer to that: `body`.
    ClientResponse,
}

/// What the engine knows of a sign-in under `flow`.
pub(crate) const FLOW: [&str; 6] = ["nonce", "now", "redirect_uri", "scope", "state", "uuid"];
/// What of it is there afterwards; the redirect URI is kept with the tokens.
pub(super) const FLOW_LATER: [&str; 4] = ["now", "redirect_uri", "scope", "uuid"];
/// What of it is there without a sign-in.
pub(super) const FLOW_CLIENT: [&str; 3] = ["now", "scope", "uuid"];
