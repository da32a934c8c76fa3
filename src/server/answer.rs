//! What the server answers: an address, JSON or a page; with cookies, and with the headers that every answer has.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, EXPIRES, LOCATION, PRAGMA, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, VARY,
};
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// An answer under construction.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
    location: Option<String>,
    /// Whether the address stays in a header where it goes out as JSON: not for a failure, as with Auth.js.
    keeps_location: bool,
    cookies: Vec<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
    never_cached: bool,
    retry_after: Option<u64>,
}

impl Answer {
    fn new(status: StatusCode, content_type: Option<&'static str>, body: Bytes) -> Answer {
        Answer {
            status,
            content_type,
            body,
            location: None,
            keeps_location: true,
            cookies: vec![],
            headers: vec![],
            never_cached: false,
            retry_after: None,
        }
    }

    /// Sends the browser on. 302, as Auth.js: after a POST a browser comes with GET, never with the form again.
    pub fn redirect(location: impl Into<String>) -> Answer {
        Answer { location: Some(location.into()), ..Answer::new(StatusCode::FOUND, None, Bytes::new()) }
    }

    /// Sends the browser to where a failure is told.
    pub fn failure(location: impl Into<String>) -> Answer {
        Answer { keeps_location: false, ..Answer::redirect(location) }
    }

    /// A status and nothing more.
    pub fn empty(status: StatusCode) -> Answer {
        Answer::new(status, None, Bytes::new())
    }

    /// JSON.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
        Answer::new(status, Some("application/json"), body.into())
    }

    /// A page.
    pub fn html(status: StatusCode, body: String) -> Answer {
        Answer::new(status, Some("text/html; charset=utf-8"), body.into())
    }

    /// The style sheet.
    pub fn css(body: Bytes) -> Answer {
        Answer::new(StatusCode::OK, Some("text/css; charset=utf-8"), body)
    }

    /// What Auth.js says to anything that is no request of the protocol.
    pub fn bad_request() -> Answer {
        Answer::json(StatusCode::BAD_REQUEST, Bytes::from_static(b"\"Bad request.\""))
    }

    /// Says where to go on, beside a status that is no redirect.
    pub fn location(mut self, location: String) -> Answer {
        self.location = Some(location);
        self
    }

    /// Sets headers of its own.
    pub fn headers(mut self, headers: impl Iterator<Item = (HeaderName, HeaderValue)>) -> Answer {
        self.headers.extend(headers);
        self
    }

    /// Sets a cookie.
    pub fn cookie(mut self, cookie: HeaderValue) -> Answer {
        self.cookies.push(cookie);
        self
    }

    /// Sets cookies.
    pub fn cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Answer {
        self.cookies.extend(cookies);
        self
    }

    /// Says in how many seconds it may be otherwise (RFC 9110 §10.2.3).
    pub fn retry_after(mut self, seconds: u64) -> Answer {
        self.retry_after = Some(seconds);
        self
    }

    /// Says it to old caches as well.
    pub fn never_cached(mut self) -> Answer {
        self.never_cached = true;
        self
    }

    /// The response. `as_json`: the client reads an address from the body, because `fetch` cannot see a redirect.
    pub fn into_response(mut self, as_json: bool, csp: &HeaderValue) -> Response {
        if as_json && let Some(location) = &self.location {
            self.status = StatusCode::OK;
            self.content_type = Some("application/json");
            self.body = json!({"url": location}).to_string().into();
            if !self.keeps_location {
                self.location = None;
            }
        }
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(location) = self.location {
            match HeaderValue::try_from(location) {
                Ok(location) => drop(headers.insert(LOCATION, location)),
                Err(_) => tracing::error!("an address holds what no header can"),
            }
        }
        if self.never_cached {
            headers.insert(EXPIRES, HeaderValue::from_static("0"));
            headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        secure(headers, csp);
        response
    }
}

/// The headers that every answer has, failures included.
pub fn secure(headers: &mut http::HeaderMap, csp: &HeaderValue) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(CONTENT_SECURITY_POLICY, csp.clone());
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(VARY, HeaderValue::from_static("Cookie"));
}

/// The policy of a deployment: its own styles, pictures in the page, forms to us and on to any provider.
///
/// A browser applies `form-action` to every redirect after a form, and a provider may send it on to an origin that nobody
/// here knows; so all of https, and the `http` origins of providers on this machine.
pub fn content_security_policy(http_origins: &[String]) -> HeaderValue {
    let origins: String = http_origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' https:{origins}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
