//! One request in the hands of a route: what it says, and what it may set on the way.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use crate::config::BaseUrl;
use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::body::{self, Body};
use crate::server::cookies::Cookies;
use crate::server::failure::{Failure, FailurePage};
use crate::server::redirect::{self, Target};
use crate::server::state::{Inner, Site};
use crate::server::turned_away;
use crate::server::visitor::Visitor;

/// A request of the protocol.
pub(super) struct Call<'a> {
    pub server: &'a Arc<Inner>,
    pub visitor: &'a Visitor,
    pub site: &'a Site,
    pub is_post: bool,
    /// The query as it came.
    pub query: &'a str,
    pub body: Body,
    pub headers: &'a HeaderMap,
}

impl Call<'_> {
    /// The address that the request is for.
    pub fn base(&self) -> &BaseUrl {
        &self.site.base
    }

    /// A parameter of the query; the last of its name.
    pub fn query(&self, name: &str) -> Option<String> {
        body::last(self.query, name)
    }

    /// What a `callbackUrl` leads to.
    pub fn target(&self, value: &str) -> Target {
        redirect::check(value, self.base(), &self.server.config.redirect_allow)
    }

    /// Writes down what happened in this request.
    pub fn note(&self, event: Event) {
        let visitor = self.visitor;
        self.server.note(Event {
            request_id: Some(visitor.request_id.clone()),
            client_address: visitor.address,
            ..event
        });
    }

    /// Tells a failure: the code to the visitor, the reason to the log.
    pub fn failed(&self, failure: &Failure) -> Answer {
        let event = Event::of(Kind::Refusal).at(&failure.provider).because(&failure.kind);
        let who = *failure.who.clone().unwrap_or_default();
        self.note(Event {
            step: Some(failure.step.to_string()),
            issuer: who.issuer,
            sub: who.sub,
            email: who.email,
            ..event
        });
        tracing::warn!(
            provider = %failure.provider,
            step = %failure.step,
            kind = %failure.kind,
            error = failure.code,
            reason = %failure.reason,
            "a request failed",
        );
        let pages = &self.server.config.pages;
        match failure.page {
            FailurePage::Error => self.sent_to(&pages.error, "error", failure.code),
            FailurePage::Later => turned_away::overloaded(self),
            FailurePage::SignIn => self.sent_to(&pages.sign_in, "signin", failure.code),
        }
    }

    /// Sends the browser to where a failure is told: the application's page, or the built-in one.
    fn sent_to(&self, own: &Option<String>, name: &str, code: &str) -> Answer {
        let address = match own {
            Some(page) if page.starts_with('/') => format!("{}{page}", self.base().origin),
            Some(page) => page.clone(),
            None => format!("{}/{name}", self.base().href()),
        };
        Answer::failure(with_params(&address, &[("error", code)]))
    }

    /// Whether a POST may be one of our own forms or of the application's: what the browser says about where it comes from.
    pub fn comes_from_us(&self) -> bool {
        let header = |name: &str| self.headers.get(name).map(HeaderValue::as_bytes);
        match (header("sec-fetch-site"), header("origin")) {
            (Some(site), _) => site == b"same-origin",
            (None, Some(b"null") | None) => true,
            (None, Some(origin)) => {
                self.server.sites.iter().any(|site| site.base.origin.as_bytes() == origin)
            }
        }
    }
}

/// An address with parameters added to its query, percent-encoded.
pub(super) fn with_params(address: &str, params: &[(&str, &str)]) -> String {
    if params.is_empty() {
        return address.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    let (address, fragment) =
        address.split_once('#').map_or((address, None), |(address, rest)| (address, Some(rest)));
    let separator = if address.contains('?') { '&' } else { '?' };
    match fragment {
        Some(fragment) => format!("{address}{separator}{query}#{fragment}"),
        None => format!("{address}{separator}{query}"),
    }
}

/// What Auth.js finds out before every action but a callback: the visitor's cookies, CSRF token and `callbackUrl`.
pub(super) struct Visit<'a> {
    pub cookies: Cookies<'a>,
    /// The token of this browser, new where it had none.
    pub csrf_token: String,
    /// Whether the request carries this browser's token.
    pub csrf_verified: bool,
    /// Where to go afterwards; always an address that is allowed.
    pub callback_url: String,
    /// Whether the body asked for an address that is none.
    pub malformed: bool,
    /// Cookies that are new or changed.
    pub set: Vec<HeaderValue>,
}

impl<'a> Visit<'a> {
    pub fn of(call: &Call<'a>) -> Visit<'a> {
        let cookies = Cookies::read(call.headers, &call.site.cookies);
        let mut set = vec![];
        let (csrf_token, is_new) = match cookies.csrf_token() {
            Some(token) => (token, false),
            None => {
                let (token, cookie) = call.site.cookies.new_csrf(&*call.server.rng);
                set.push(cookie);
                (token, true)
            }
        };
        let sent = if call.is_post { call.body.get("csrfToken") } else { None };
        let csrf_verified =
            !is_new && sent.is_some_and(|sent| call.site.cookies.csrf_matches(&csrf_token, &sent));

        let asked = |value: Option<String>| value.filter(|value| !value.is_empty());
        let in_body = if call.is_post { asked(call.body.get("callbackUrl")) } else { None };
        let received = cookies.callback_url();
        let target = match (&in_body, asked(call.query("callbackUrl"))) {
            (Some(value), _) => Some(call.target(value)),
            (None, Some(value)) => Some(call.target(&value)),
            // A cookie that is no good counts as none: it must not lock a visitor out.
            (None, None) => received.as_deref().map(|value| call.target(value)),
        };
        let malformed = in_body.is_some() && target == Some(Target::Malformed);
        let callback_url =
            target.map_or_else(|| call.base().origin.clone(), |target| target.or_origin(call.base()));
        if received.as_deref() != Some(&callback_url) {
            set.push(call.site.cookies.callback_url(&callback_url));
        }
        Visit { cookies, csrf_token, csrf_verified, callback_url, malformed, set }
    }

    /// Only a form of ours, from this browser, may change something.
    ///
    /// # Errors
    /// [`Failure::missing_csrf`], [`Failure::configuration`] for a `callbackUrl` that is no address.
    pub fn verified(&self, call: &Call<'_>) -> Result<(), Failure> {
        if !call.comes_from_us() {
            return Err(Failure::missing_csrf("the request comes from another site"));
        }
        if !self.csrf_verified {
            return Err(Failure::missing_csrf("the CSRF token is missing or not of this browser"));
        }
        match self.malformed {
            true => Err(Failure::configuration(
                "",
                "callback_url",
                "invalid_callback_url",
                "`callbackUrl` is no address",
            )),
            false => Ok(()),
        }
    }
}
