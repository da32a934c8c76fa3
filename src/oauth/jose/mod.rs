//! Signed tokens: keys, compact JWS and the algorithms that are taken (RFC 7515, RFC 7517, RFC 7518).

mod alg;
mod jwk;
mod jws;
mod pem;
mod private_jwk;
mod proof;
mod sign;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use alg::{Alg, UnknownAlg};
pub use jwk::{Jwk, JwkSet, MAX_KEYS};
pub use jws::{Jws, MAX_HEADER, MAX_TOKEN, VerifiedJws};
pub use private_jwk::is_private_jwk;
pub use proof::{PROOF_TYPE, Proof, thumbprint};
pub use sign::{SigningKey, sign, sign_as, sign_proof};

/// Why a token, a key set or a key was refused. Never holds the token or a part of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// The token is signed with an algorithm that is not expected.
    #[error("it is signed with `{found}`; expected {expected}")]
    Alg {
        /// `alg` of the header, cut and escaped.
        found: String,
        /// What is taken, for people.
        expected: String,
    },
    /// More than one key could have signed it.
    #[error("the key set holds several different keys for {kid}")]
    AmbiguousKey {
        /// `kid` of the header, or that there is none, for people.
        kid: String,
    },
    /// A member of the header that is not taken.
    #[error("its header has `{0}`, which is not taken")]
    Header(&'static str),
    /// A key or secret of ours cannot be used.
    #[error("{0}")]
    Key(&'static str),
    /// The key of that `kid` is for something else.
    #[error("the key for {kid} is not one for `{alg}`")]
    KeyMismatch {
        /// `kid` of the header, for people.
        kid: String,
        /// The algorithm of the token.
        alg: Alg,
    },
    /// A key set that is none.
    #[error("{0}")]
    KeySet(&'static str),
    /// It is no compact JWS with a JSON object in it.
    #[error("{0}")]
    Malformed(&'static str),
    /// The signature is not that of the key.
    #[error("the signature is wrong")]
    Signature,
    /// No key of the set fits: the set may be older than the key, so fetch it again, once.
    #[error("the key set holds no usable key for {kid} and `{alg}`{}", ignored.map(|reason| format!(": {reason}")).unwrap_or_default())]
    UnknownKey {
        /// `kid` of the header, or that there is none, for people.
        kid: String,
        /// The algorithm of the token.
        alg: Alg,
        /// Why the key of that `kid` is not used, if it is there.
        ignored: Option<&'static str>,
    },
}

/// Unpadded base64url with no stray bit: one text for one value (RFC 7515 §2, RFC 4648 §3.5).
fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Text of a stranger, for a message: short, and without a character that could do harm.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(200).flat_map(char::escape_debug).collect();
    if text.chars().nth(200).is_some() {
        shown.push('…');
    }
    shown
}

/// `kid` for a message.
fn shown_kid(kid: Option<&str>) -> String {
    kid.map_or_else(|| "a token without `kid`".to_owned(), |kid| format!("kid `{}`", shown(kid)))
}
