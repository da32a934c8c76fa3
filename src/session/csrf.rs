//! The CSRF cookie in the format of Auth.js: a token, and its hash with the secrets.

use aws_lc_rs::{constant_time, digest};

use crate::oauth::Secret;
use crate::rng::Rng;

/// Makes and checks CSRF cookies.
pub struct Csrf {
    /// All secrets, as the hash takes them.
    secrets: Secret,
}

impl Csrf {
    /// For the secrets of a deployment.
    pub fn new(secrets: &[Secret]) -> Csrf {
        let all: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        Csrf { secrets: Secret::from(all.join(",")) }
    }

    /// A new token, and the value of its cookie.
    pub fn issue(&self, rng: &dyn Rng) -> (String, String) {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        let token = hex(&bytes);
        let value = format!("{token}|{}", self.hash(&token));
        (token, value)
    }

    /// The token of a cookie; `None` where the cookie is none of ours.
    pub fn token<'a>(&self, cookie: &'a str) -> Option<&'a str> {
        let (token, hash) = cookie.split_once('|')?;
        let sound = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        (sound && equal(hash, self.hash(token))).then_some(token)
    }

    fn hash(&self, token: &str) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(token.as_bytes());
        context.update(self.secrets.expose().as_bytes());
        hex(context.finish().as_ref())
    }
}

/// Whether two texts, or two strings of bytes, are equal, in a time that does not depend on where they differ.
pub fn equal(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> bool {
    constant_time::verify_slices_are_equal(a.as_ref(), b.as_ref()).is_ok()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn knows_its_own_cookies() {
        let csrf = Csrf::new(&["a".into(), "b".into()]);
        let (token, cookie) = csrf.issue(&SystemRng);
        assert_eq!(csrf.token(&cookie), Some(&*token));
        assert_eq!(token.len(), 64);
    }

    #[test]
    fn has_the_format_of_auth_js() {
        let csrf = Csrf::new(&["a".into(), "b".into()]);
        let token = "0".repeat(64);
        let hash = hex(digest::digest(&digest::SHA256, format!("{token}a,b").as_bytes()).as_ref());
        assert_eq!(csrf.token(&format!("{token}|{hash}")), Some(&*token));
    }

    #[test]
    fn refuses_all_others() {
        let csrf = Csrf::new(&["a".into()]);
        let (token, cookie) = csrf.issue(&SystemRng);
        let (_, foreign) = Csrf::new(&["b".into()]).issue(&SystemRng);
        let (_, rotated) = Csrf::new(&["a".into(), "b".into()]).issue(&SystemRng);
        let (_, hash) = cookie.split_once('|').unwrap();
        let other = format!("{}|{hash}", "0".repeat(64));
        let signed = |token: &str| format!("{token}|{}", csrf.hash(token));
        for cookie in [
            "",
            "|",
            &token,
            &foreign,
            &rotated,
            &other,
            &format!("{cookie}0"),
            &format!("{cookie}|"),
            &format!("{token}|"),
            &cookie.to_uppercase(),
            &signed(""),
            &signed("short"),
            &signed(&"g".repeat(64)),
            &signed(&"é".repeat(32)),
        ] {
            assert_eq!(csrf.token(cookie), None, "{cookie}");
        }
    }

    #[test]
    fn no_change_goes_unnoticed() {
        let csrf = Csrf::new(&["a".into()]);
        let (_, cookie) = csrf.issue(&SystemRng);
        for at in 0..cookie.len() {
            for byte in *b"0f|%" {
                let mut changed = cookie.clone().into_bytes();
                if std::mem::replace(&mut changed[at], byte) != byte {
                    assert_eq!(csrf.token(&String::from_utf8(changed).unwrap()), None, "{at}");
                }
            }
            assert_eq!(csrf.token(&cookie[..at]), None);
        }
    }

    #[test]
    fn equal_is_equal() {
        assert!(equal("", "") && equal("ab", "ab"));
        assert!(!equal("ab", "ac") && !equal("ab", "a") && !equal("ab", "abc") && !equal("", "a"));
    }
}
