//! A sign-in under way, in a cookie of its own: short, sealed, and good for one callback.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::oauth::{Secret, json};
use crate::rng::Rng;
use crate::session::aead::AeadKey;

/// How long a sign-in may take, in seconds.
pub const LIFETIME: u64 = 600;
/// How far the clock of another server may be ahead, in seconds.
const TOLERANCE: u64 = 60;
/// The layout of the bytes. Another one is refused.
const VERSION: u8 = 3;

/// What must be known again when the provider sends the browser back: from a sign-in, or from a sign-out there, which has a
/// state and a target and nothing else.
///
/// `state` itself is not kept: its hash finds the cookie and is compared with that of the callback's.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The provider, as the deployment calls it.
    pub provider: String,
    /// The issuer that the request went to.
    pub issuer: String,
    /// SHA-256 of the client id, as base64url.
    pub client_hash: String,
    /// The configuration of the provider that it began with, by its fingerprint; zeros for a sign-out.
    pub configuration: [u8; 16],
    /// SHA-256 of `state`.
    pub state_hash: [u8; 32],
    /// `nonce`.
    pub nonce: Option<Secret>,
    /// `code_verifier`.
    pub code_verifier: Option<Secret>,
    /// The key that the access token will be bound to (RFC 9449).
    pub dpop_key: Option<Secret>,
    /// The inputs of the sign-in.
    pub request: Map<String, Value>,
    /// Where the browser goes afterwards.
    pub target: String,
    /// When it began, in seconds since 1970.
    pub created: u64,
}

/// Seals and opens transactions. The first secret seals, all open.
pub struct TransactionKeys {
    keys: Vec<AeadKey>,
}

/// SHA-256 of a `state`.
pub fn state_hash(state: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, state.as_bytes()).as_ref());
    hash
}

/// The name of a transaction's cookie, after its prefix: 16 hexadecimal digits of the hash of `state`.
pub fn cookie_suffix(state_hash: &[u8; 32]) -> String {
    state_hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl TransactionKeys {
    /// Derives the keys.
    pub fn new(secrets: &[Secret]) -> TransactionKeys {
        let key = |secret| AeadKey::derive(secret, "authcfg.tx", "authcfg/v1/transaction");
        TransactionKeys { keys: secrets.iter().map(key).collect() }
    }

    /// Seals a transaction for the cookie of that name.
    pub fn seal(&self, transaction: &Transaction, cookie: &str, rng: &dyn Rng) -> String {
        let key = self.keys.first().expect("a deployment without a secret is refused when it is compiled");
        URL_SAFE_NO_PAD.encode(key.seal(transaction.to_bytes(), cookie.as_bytes(), rng))
    }

    /// Opens the cookie of that name; `None` where it is none of ours, or over.
    pub fn open(&self, value: &str, cookie: &str, now: u64) -> Option<Transaction> {
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let opened = self.keys.iter().find_map(|key| key.open(&bytes, cookie.as_bytes()))?;
        let transaction = Transaction::from_bytes(&opened)?;
        let begins = transaction.created.saturating_sub(TOLERANCE);
        let ends = transaction.created.saturating_add(LIFETIME);
        (begins..=ends).contains(&now).then_some(transaction)
    }
}

impl Transaction {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.created.to_be_bytes());
        bytes.extend_from_slice(&self.state_hash);
        bytes.extend_from_slice(&self.configuration);
        let request = if self.request.is_empty() {
            String::new()
        } else {
            Value::Object(self.request.clone()).to_string()
        };
        let texts = [&self.provider, &self.issuer, &request, &self.target];
        texts.into_iter().for_each(|text| put(&mut bytes, text.as_bytes()));
        put_token(&mut bytes, Some(&self.client_hash));
        put_token(&mut bytes, self.nonce.as_ref().map(Secret::expose));
        put_token(&mut bytes, self.code_verifier.as_ref().map(Secret::expose));
        put_token(&mut bytes, self.dpop_key.as_ref().map(Secret::expose));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Transaction> {
        let (version, mut rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let created = u64::from_be_bytes(take(&mut rest, 8)?.try_into().ok()?);
        let state_hash = take(&mut rest, 32)?.try_into().ok()?;
        let configuration = take(&mut rest, 16)?.try_into().ok()?;
        let mut text = || String::from_utf8(part(&mut rest)?.to_vec()).ok();
        let (provider, issuer, request, target) = (text()?, text()?, text()?, text()?);
        let request = match request.as_str() {
            "" => Map::new(),
            text => match json::parse(text.as_bytes()).ok()? {
                Value::Object(members) => members,
                _ => return None,
            },
        };
        let client_hash = token(&mut rest)??;
        let nonce = token(&mut rest)?.map(Secret::from);
        let code_verifier = token(&mut rest)?.map(Secret::from);
        let dpop_key = token(&mut rest)?.map(Secret::from);
        rest.is_empty().then_some(Transaction {
            provider,
            issuer,
            client_hash,
            configuration,
            state_hash,
            nonce,
            code_verifier,
            dpop_key,
            request,
            target,
            created,
        })
    }
}

/// How a token follows its kind: what is base64url of random bytes or of a hash goes in as these bytes.
const ABSENT: u8 = 0;
const BYTES: u8 = 1;
const TEXT: u8 = 2;

fn put_token(bytes: &mut Vec<u8>, token: Option<&str>) {
    let Some(token) = token else { return bytes.push(ABSENT) };
    match URL_SAFE_NO_PAD.decode(token) {
        Ok(raw) => {
            bytes.push(BYTES);
            put(bytes, &raw);
        }
        Err(_) => {
            bytes.push(TEXT);
            put(bytes, token.as_bytes());
        }
    }
}

/// `None` where there is none to read, `Some(None)` where it is absent: never one for the other.
fn token(rest: &mut &[u8]) -> Option<Option<String>> {
    match take(rest, 1)? {
        [ABSENT] => Some(None),
        [BYTES] => Some(Some(URL_SAFE_NO_PAD.encode(part(rest)?))),
        [TEXT] => Some(Some(String::from_utf8(part(rest)?.to_vec()).ok()?)),
        _ => None,
    }
}

/// A part follows its length, seven bits a byte, the last byte below 128.
fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    let mut length = part.len();
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(part);
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let [byte] = take(rest, 1)? else { return None };
        length |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return take(rest, length);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rng::{self, SystemRng};
    use crate::session::csrf::Csrf;
    use crate::session::sealing::Sealer;

    const NAME: &str = "__Host-authcfg.tx.0123456789abcdef";

    fn transaction() -> Transaction {
        Transaction {
            provider: "acme".into(),
            issuer: "https://login.acme.example".into(),
            client_hash: rng::token(&SystemRng, 32),
            configuration: [7; 16],
            state_hash: state_hash("s"),
            nonce: Some(rng::token(&SystemRng, 32).into()),
            code_verifier: Some(rng::token(&SystemRng, 32).into()),
            dpop_key: Some(rng::token(&SystemRng, 32).into()),
            request: json!({"domain": "acme.example"}).as_object().unwrap().clone(),
            target: "https://app.example.com/dashboard".into(),
            created: 1_000,
        }
    }

    fn keys(secrets: &[&str]) -> TransactionKeys {
        TransactionKeys::new(&secrets.iter().map(|secret| Secret::from(*secret)).collect::<Vec<_>>())
    }

    fn exposed(secret: &Option<Secret>) -> Option<&str> {
        secret.as_ref().map(Secret::expose)
    }

    #[test]
    fn opens_what_it_sealed() {
        let transaction = transaction();
        let sealed = keys(&["new", "old"]).seal(&transaction, NAME, &SystemRng);
        let before = keys(&["old"]).seal(&transaction, NAME, &SystemRng);
        assert!(keys(&["new", "old"]).open(&before, NAME, 1_000).is_some());
        let opened = keys(&["new"]).open(&sealed, NAME, 1_600).unwrap();
        assert_eq!(
            (
                opened.provider,
                opened.issuer,
                opened.client_hash,
                opened.target,
                opened.request,
                opened.created
            ),
            (
                "acme".into(),
                transaction.issuer,
                transaction.client_hash,
                transaction.target,
                transaction.request,
                1_000
            )
        );
        assert_eq!(opened.state_hash, transaction.state_hash);
        assert_eq!(opened.configuration, transaction.configuration);
        assert_eq!(exposed(&opened.nonce), exposed(&transaction.nonce));
        assert_eq!(exposed(&opened.code_verifier), exposed(&transaction.code_verifier));
        assert_eq!(exposed(&opened.dpop_key), exposed(&transaction.dpop_key));
    }

    #[test]
    fn twelve_leave_room_for_a_session() {
        let all = |transaction| {
            let sealed = keys(&["a"]).seal(&transaction, NAME, &SystemRng);
            12 * (NAME.len() + "=; ".len() + sealed.len())
        };
        let plain = all(Transaction { dpop_key: None, ..transaction() });
        let bound = all(transaction());
        assert!(plain < 5 * 1024 && bound - plain <= 12 * 44, "{plain} {bound}");
    }

    #[test]
    fn a_nonce_or_verifier_of_any_form_comes_back_and_is_never_taken_for_none() {
        for text in ["", "A", "AB", "a nonce", "not=base64", "Zm9v", "ü", &"x".repeat(70_001)] {
            let [nonce, code_verifier] = [Some(Secret::from(text)), Some(Secret::from(text))];
            let transaction = Transaction { nonce, code_verifier, ..transaction() };
            let opened = Transaction::from_bytes(&transaction.to_bytes()).unwrap();
            assert_eq!((exposed(&opened.nonce), exposed(&opened.code_verifier)), (Some(text), Some(text)));
        }
        let without = Transaction { nonce: None, code_verifier: None, ..transaction() };
        let opened = Transaction::from_bytes(&without.to_bytes()).unwrap();
        assert!(opened.nonce.is_none() && opened.code_verifier.is_none());
    }

    #[test]
    fn refuses_what_is_over_or_not_begun() {
        let sealed = keys(&["a"]).seal(&transaction(), NAME, &SystemRng);
        let is_open = |now| keys(&["a"]).open(&sealed, NAME, now).is_some();
        assert!(is_open(940) && is_open(1_600));
        assert!(!is_open(939) && !is_open(1_601) && !is_open(0) && !is_open(u64::MAX));
    }

    #[test]
    fn refuses_another_cookies_value() {
        let keys = keys(&["a"]);
        let sealed = keys.seal(&transaction(), NAME, &SystemRng);
        for name in ["__Host-authcfg.tx.0123456789abcdee", "authcfg.tx.0123456789abcdef", ""] {
            assert!(keys.open(&sealed, name, 1_000).is_none(), "{name}");
        }
        assert!(TransactionKeys::new(&["b".into()]).open(&sealed, NAME, 1_000).is_none());

        let secret = [Secret::from("a")];
        let sealer = Sealer::new(&secret, "authjs.session-token");
        let session = sealer.seal(&Map::new(), 60, 1_000, &SystemRng);
        let (_, csrf) = Csrf::new(&secret).issue(&SystemRng);
        for value in [&session, &csrf] {
            assert!(keys.open(value, NAME, 1_000).is_none());
        }
        assert!(sealer.open(&sealed, 1_000).is_none() && sealer.open(&csrf, 1_000).is_none());
        assert!(Csrf::new(&secret).token(&sealed).is_none() && Csrf::new(&secret).token(&session).is_none());
    }

    #[test]
    fn no_change_goes_unnoticed() {
        let keys = keys(&["a"]);
        let sealed = keys.seal(&transaction(), NAME, &SystemRng);
        for at in 0..sealed.len() {
            for byte in *b"A_." {
                let mut changed = sealed.clone().into_bytes();
                if std::mem::replace(&mut changed[at], byte) != byte {
                    assert!(keys.open(&String::from_utf8(changed).unwrap(), NAME, 1_000).is_none(), "{at}");
                }
            }
            assert!(keys.open(&sealed[..at], NAME, 1_000).is_none());
        }
        assert!(keys.open(&format!("{sealed}A"), NAME, 1_000).is_none());
        assert!(keys.open(&format!("{sealed}="), NAME, 1_000).is_none());
    }

    /// What is under the seal is ours; should it not be, that is an error too.
    #[test]
    fn bytes_of_another_layout_are_refused() {
        let bytes = transaction().to_bytes();
        assert!(Transaction::from_bytes(&[&bytes[..], &[0]].concat()).is_none());
        assert!(Transaction::from_bytes(&[&[1], &bytes[1..]].concat()).is_none());
        for end in 0..bytes.len() {
            assert!(Transaction::from_bytes(&bytes[..end]).is_none(), "{end}");
        }
        for at in 0..bytes.len() {
            for byte in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = byte;
                let _ = Transaction::from_bytes(&changed);
            }
        }
    }

    #[test]
    fn shows_no_secret() {
        let transaction = transaction();
        let shown = format!("{transaction:?}");
        for secret in [&transaction.nonce, &transaction.code_verifier, &transaction.dpop_key] {
            assert!(!shown.contains(exposed(secret).unwrap()));
        }
    }

    #[test]
    fn its_cookie_is_named_after_the_state() {
        let suffix = cookie_suffix(&state_hash("s"));
        assert!(suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(suffix, cookie_suffix(&state_hash("t")));
    }
}
