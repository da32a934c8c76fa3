//! The cookies of one public address: their names, and the keys that seal them, derived once.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use crate::config::{BaseUrl, Config};
use crate::rng::Rng;
use crate::session::cookie::{CHUNK, CookieJar, MAX_CHUNKS, SetCookie};
use crate::session::csrf::{self, Csrf};
use crate::session::sealing::Sealer;
use crate::session::transaction::TransactionKeys;

/// Names and keys of the cookies.
pub(super) struct CookieKeys {
    pub session: Sealer,
    pub transaction: TransactionKeys,
    csrf: Csrf,
    secure: bool,
    session_name: String,
    csrf_name: String,
    callback_name: String,
    transaction_prefix: String,
    logout_name: String,
}

impl CookieKeys {
    pub fn new(base: &BaseUrl, config: &Config) -> CookieKeys {
        let prefixed =
            |prefix: &str, name: &str| if base.secure { format!("{prefix}{name}") } else { name.to_owned() };
        let session_prefix = if config.session.host_prefix { "__Host-" } else { "__Secure-" };
        let session_name = prefixed(session_prefix, "authjs.session-token");
        CookieKeys {
            session: Sealer::new(&config.secrets, &session_name),
            transaction: TransactionKeys::new(&config.secrets),
            csrf: Csrf::new(&config.secrets),
            secure: base.secure,
            session_name,
            csrf_name: prefixed("__Host-", "authjs.csrf-token"),
            callback_name: prefixed("__Secure-", "authjs.callback-url"),
            transaction_prefix: prefixed("__Host-", "authcfg.tx."),
            logout_name: prefixed("__Host-", "authcfg.logout"),
        }
    }

    /// A new CSRF token, and its cookie.
    pub fn new_csrf(&self, rng: &dyn Rng) -> (String, HeaderValue) {
        let (token, value) = self.csrf.issue(rng);
        let cookie = SetCookie::new(&self.csrf_name, &value, self.secure).header();
        (token, cookie)
    }

    /// Whether a form carries the token of this browser.
    pub fn csrf_matches(&self, token: &str, sent: &str) -> bool {
        csrf::equal(token, sent)
    }

    /// The cookie that remembers where to go.
    pub fn callback_url(&self, target: &str) -> HeaderValue {
        SetCookie::new(&self.callback_name, target, self.secure).header()
    }

    /// The name of a sign-in's own cookie.
    pub fn transaction_name(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.transaction_prefix)
    }

    /// The cookie of a sign-in under way. `cross_site`: the provider posts a form, which brings no other cookie along.
    pub fn transaction_cookie(
        &self,
        name: &str,
        value: &str,
        max_age: u64,
        now: u64,
        cross_site: bool,
    ) -> HeaderValue {
        let cookie = SetCookie::new(name, value, self.secure);
        SetCookie { max_age: Some(max_age), expires: Some(now + max_age), cross_site, ..cookie }.header()
    }

    /// The name of the cookie of a sign-out under way at a provider: one a browser.
    pub fn logout_name(&self) -> &str {
        &self.logout_name
    }

    /// Clears a cookie.
    pub fn cleared(&self, name: &str) -> HeaderValue {
        SetCookie::cleared(name, self.secure).header()
    }

    /// The cookies of a session token: one, or chunks where it is long; those that were sent and are no longer needed are
    /// cleared. `None` where it does not fit into five.
    pub fn session_cookies(
        &self,
        token: &str,
        expires: u64,
        cookies: &Cookies<'_>,
    ) -> Option<Vec<HeaderValue>> {
        let set = |name: &str, value: &str| {
            SetCookie { expires: Some(expires), ..SetCookie::new(name, value, self.secure) }.header()
        };
        if token.len() <= CHUNK {
            let mut headers = self.cleared_except(cookies, |name| name == self.session_name);
            headers.push(set(&self.session_name, token));
            return Some(headers);
        }
        let chunks: Vec<&str> =
            token.as_bytes().chunks(CHUNK).filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect();
        if chunks.len() > MAX_CHUNKS {
            return None;
        }
        let names: Vec<String> =
            (0..chunks.len()).map(|number| format!("{}.{number}", self.session_name)).collect();
        let mut headers = self.cleared_except(cookies, |name| names.iter().any(|own| own == name));
        headers.extend(names.iter().zip(chunks).map(|(name, chunk)| set(name, chunk)));
        Some(headers)
    }

    fn cleared_except(&self, cookies: &Cookies<'_>, keep: impl Fn(&str) -> bool) -> Vec<HeaderValue> {
        let sent = cookies.jar.names_of(&self.session_name);
        sent.into_iter().filter(|name| !keep(name)).map(|name| self.cleared(name)).collect()
    }
}

/// The cookies of a request.
pub(super) struct Cookies<'a> {
    jar: CookieJar<'a>,
    keys: &'a CookieKeys,
}

impl<'a> Cookies<'a> {
    pub fn read(headers: &'a HeaderMap, keys: &'a CookieKeys) -> Cookies<'a> {
        Cookies { jar: CookieJar::read(headers), keys }
    }

    /// The CSRF token of this browser, where its cookie is ours.
    pub fn csrf_token(&self) -> Option<String> {
        let cookie = self.jar.get(&self.keys.csrf_name)?;
        self.keys.csrf.token(&cookie).map(str::to_owned)
    }

    /// Where this browser wanted to go. Nothing about it is checked yet.
    pub fn callback_url(&self) -> Option<Cow<'a, str>> {
        self.jar.get(&self.keys.callback_name)
    }

    /// What may be the session's token.
    pub fn session_tokens(&self) -> Vec<Cow<'a, str>> {
        self.jar.candidates(&self.keys.session_name)
    }

    /// The cookie of one sign-in, or of the sign-out.
    pub fn transaction(&self, name: &str) -> Option<Cow<'a, str>> {
        self.jar.get(name)
    }

    /// The cookies of all sign-ins under way: names and values.
    pub fn transactions(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.jar.starting_with(&self.keys.transaction_prefix)
    }

    /// Clears every cookie of a session that was sent.
    pub fn cleared_session(&self, keys: &CookieKeys) -> Vec<HeaderValue> {
        keys.cleared_except(self, |_| false)
    }
}
