//! Cookies by bytes: reading never fails, writing follows the order of Auth.js.

use std::borrow::Cow;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use crate::session::date::http_date;

/// A longer value goes into several cookies of this many characters, as with Auth.js.
pub const CHUNK: usize = 3936;
/// At most so many.
pub const MAX_CHUNKS: usize = 5;
/// What JavaScript's `encodeURIComponent` leaves alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The cookies of a request.
#[derive(Clone, Debug, Default)]
pub struct CookieJar<'a> {
    pairs: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> CookieJar<'a> {
    /// Reads them (RFC 6265 §5.4): by bytes, so that one odd cookie spoils no other and no odd space makes a name.
    pub fn read(headers: &'a HeaderMap) -> CookieJar<'a> {
        let mut pairs = vec![];
        for header in headers.get_all(COOKIE) {
            for pair in header.as_bytes().split(|byte| *byte == b';') {
                let pair = pair.trim_ascii_start();
                if let Some(at) = pair.iter().position(|byte| *byte == b'=') {
                    pairs.push((&pair[..at], pair[at + 1..].trim_ascii_end()));
                }
            }
        }
        CookieJar { pairs }
    }

    /// A value, percent-decoded; `None` where the cookie is missing or there are two: nobody knows whose is whose.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut found = self.pairs.iter().filter(|(other, _)| *other == name.as_bytes());
        match (found.next(), found.next()) {
            (Some((_, value)), None) => decoded(value),
            _ => None,
        }
    }

    /// The values that a chunked cookie may have: the one of its plain name, and the one of its chunks `.0`, `.1`, …
    pub fn candidates(&self, name: &str) -> Vec<Cow<'a, str>> {
        let mut candidates: Vec<Cow<'a, str>> = self.get(name).into_iter().collect();
        let chunks: Vec<Cow<'a, str>> =
            (0..MAX_CHUNKS).map_while(|number| self.get(&format!("{name}.{number}"))).collect();
        if !chunks.is_empty() {
            candidates.push(chunks.concat().into());
        }
        candidates
    }

    /// The names that were sent and are that of a chunked cookie, or begin like its chunks; each once.
    pub fn names_of(&self, name: &str) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = vec![];
        for (other, _) in &self.pairs {
            let rest = other.strip_prefix(name.as_bytes());
            let chunk = rest.is_some_and(|rest| match rest {
                [] => true,
                [b'.', rest @ ..] => {
                    rest.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
                }
                _ => false,
            });
            match std::str::from_utf8(other) {
                Ok(other) if chunk && !names.contains(&other) && names.len() < 50 => names.push(other),
                _ => {}
            }
        }
        names
    }

    /// The cookies whose names begin so and go on in letters and digits, and their raw values.
    pub fn starting_with(&self, prefix: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let own = |bytes: &'a [u8]| std::str::from_utf8(bytes).ok();
        let is_one = move |name: &[u8]| {
            name.strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| rest.iter().all(u8::is_ascii_alphanumeric))
        };
        self.pairs
            .iter()
            .filter(move |(name, _)| is_one(name))
            .filter_map(move |(name, value)| Some((own(name)?, own(value)?)))
    }
}

fn decoded(value: &[u8]) -> Option<Cow<'_, str>> {
    if !value.contains(&b'%') {
        return std::str::from_utf8(value).ok().map(Cow::Borrowed);
    }
    match percent_decode(value).decode_utf8() {
        Ok(decoded) => Some(decoded),
        Err(_) => std::str::from_utf8(value).ok().map(Cow::Borrowed),
    }
}

/// A cookie to set.
#[derive(Clone, Debug)]
pub struct SetCookie<'a> {
    /// The name.
    pub name: &'a str,
    /// The value; percent-encoded on the way out.
    pub value: &'a str,
    /// Seconds until it ends; 0 clears it.
    pub max_age: Option<u64>,
    /// When it ends, in seconds since 1970.
    pub expires: Option<u64>,
    /// Whether it is for https only.
    pub secure: bool,
    /// Whether it comes along with a form that another site posts.
    pub cross_site: bool,
}

impl<'a> SetCookie<'a> {
    /// A cookie until the browser is closed.
    pub fn new(name: &'a str, value: &'a str, secure: bool) -> SetCookie<'a> {
        SetCookie { name, value, max_age: None, expires: None, secure, cross_site: false }
    }

    /// Clears a cookie.
    pub fn cleared(name: &'a str, secure: bool) -> SetCookie<'a> {
        SetCookie { max_age: Some(0), ..SetCookie::new(name, "", secure) }
    }

    /// The header; the attributes in the order of Auth.js.
    pub fn header(&self) -> HeaderValue {
        let mut text = format!("{}={}", self.name, utf8_percent_encode(self.value, COMPONENT));
        if let Some(max_age) = self.max_age {
            text.push_str(&format!("; Max-Age={max_age}"));
        }
        text.push_str("; Path=/");
        if let Some(expires) = self.expires {
            text.push_str("; Expires=");
            text.push_str(&http_date(expires));
        }
        text.push_str("; HttpOnly");
        // `None` counts only with `Secure`, which browsers take from http as well where the origin is this machine.
        if self.secure || self.cross_site {
            text.push_str("; Secure");
        }
        text.push_str(if self.cross_site { "; SameSite=None" } else { "; SameSite=Lax" });
        HeaderValue::try_from(text).expect("a name of ours and a percent-encoded value are ASCII")
    }
}

#[cfg(test)]
mod tests;
