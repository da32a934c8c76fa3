//! Puts a URL together from the text of a template and the values it prints, so that no value leaves its place.

use std::ops::Range;

use percent_encoding::utf8_percent_encode;
use url::{Host, Url};

use crate::expr::ExprError;
use crate::expr::filters::RESERVED;

/// What a name can decide in a URL, from the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UrlPart {
    /// Scheme, host and port at once: the value at the very start.
    Origin,
    /// The host, or a label of it.
    Host,
    /// A part of the path.
    Path,
    /// A part of the query.
    Query,
    /// A part of the fragment.
    Fragment,
}

/// How far a URL has come while its pieces are read in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    #[default]
    Start,
    Scheme,
    Host,
    Path,
    Query,
    Fragment,
}

impl Place {
    /// Goes on over text of the template.
    pub(crate) fn advance(&mut self, text: &str) {
        let mut rest = text;
        if matches!(self, Place::Start | Place::Scheme) && !text.is_empty() {
            match text.find("://") {
                Some(end) => (*self, rest) = (Place::Host, &text[end + 3..]),
                None => *self = Place::Scheme,
            }
        }
        for char in rest.chars() {
            *self = match (*self, char) {
                (Place::Host, '/') => Place::Path,
                (Place::Host | Place::Path, '?') => Place::Query,
                (Place::Host | Place::Path | Place::Query, '#') => Place::Fragment,
                (place, _) => place,
            };
        }
    }

    /// Goes on over a printed value, of which nothing is known: after the first one the host may not be over.
    pub(crate) fn print(&mut self) {
        if matches!(self, Place::Start | Place::Scheme) {
            *self = Place::Host;
        }
    }

    pub(crate) fn nearer(self, other: Place) -> Place {
        self.min(other)
    }

    pub(crate) fn part(self) -> UrlPart {
        match self {
            Place::Start | Place::Scheme => UrlPart::Origin,
            Place::Host => UrlPart::Host,
            Place::Path => UrlPart::Path,
            Place::Query => UrlPart::Query,
            Place::Fragment => UrlPart::Fragment,
        }
    }
}

/// A stretch of what a template rendered.
pub(crate) struct Part<'a> {
    pub text: &'a str,
    /// Whether `{{ … }}` printed it.
    pub printed: bool,
    /// Where in the source it comes from.
    pub source: Range<usize>,
}

/// What the formatter prints for an empty value, which would otherwise leave no trace.
pub(crate) const EMPTY: &str = "\0";

/// The URL.
pub(crate) fn assemble<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Result<String, ExprError> {
    let mut url = String::new();
    let mut place = Place::Start;
    let mut origin = Origin::Literal;
    let mut in_path: Vec<(Range<usize>, Range<usize>)> = Vec::new(); // of each value: where in the URL, where in the source
    let mut in_host: Option<Range<usize>> = None;
    for part in parts {
        let fail = |message: &str| Err(ExprError::at(message, part.source.clone()));
        match origin {
            Origin::Whole => {
                return fail("a URL with a query is the whole of its template: nothing can follow");
            }
            Origin::Host if part.printed || !part.text.starts_with(['/', '?', '#']) => {
                return fail("after an origin comes `/`, `?` or `#`: its host cannot be extended");
            }
            Origin::Host => origin = Origin::Literal,
            Origin::Literal => {}
        }
        if !part.printed {
            if part.text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\') {
                return fail("white space, a control character or `\\` in a URL");
            }
            url.push_str(part.text);
            place.advance(part.text);
            continue;
        }
        let value = if part.text == EMPTY { "" } else { part.text };
        let start = url.len();
        match place {
            Place::Start => {
                (place, origin) = match whole_url(value) {
                    Some(whole) => whole,
                    None => {
                        return fail(
                            "a value at the start of a URL must be an http(s) URL: no user, no fragment, no `..`, a plain host",
                        );
                    }
                };
                url.push_str(value);
            }
            Place::Scheme => return fail("a value cannot be part of a URL's scheme"),
            Place::Host => {
                let is_port = url.rsplit_once("://").is_some_and(|(_, authority)| authority.contains(':'));
                if is_port && !is_port_number(value) {
                    return fail("a value in the port of a URL must be a number");
                }
                if !is_port && !is_hostname(value) {
                    return fail("a value in the host of a URL must be a hostname or a label of one");
                }
                in_host = Some(part.source.clone());
                url.push_str(value);
            }
            Place::Path => {
                url.extend(utf8_percent_encode(value, RESERVED));
                in_path.push((start..url.len(), part.source.clone()));
            }
            Place::Query | Place::Fragment => url.extend(utf8_percent_encode(value, RESERVED)),
        }
    }
    check_segments(&url, &in_path)?;
    check_host(&url, in_host)?;
    Ok(url)
}

/// What a value at the start brought with it, until the next part has been looked at.
#[derive(Clone, Copy)]
enum Origin {
    /// Nothing that limits what follows.
    Literal,
    /// A host that must not be extended.
    Host,
    /// A query: nothing may follow.
    Whole,
}

fn whole_url(value: &str) -> Option<(Place, Origin)> {
    if !value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte)) {
        return None;
    }
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let url = Url::parse(value).ok()?;
    let plain = url.host_str().is_some_and(|parsed| parsed.eq_ignore_ascii_case(host))
        && url.username().is_empty()
        && url.password().is_none();
    let named = !matches!(url.host(), Some(Host::Domain(_))) || is_hostname(host);
    let path = tail.split('?').next().unwrap_or_default();
    if authority.contains('@')
        || !plain
        || !named
        || !port.is_none_or(is_port_number)
        || path.split('/').any(is_dots)
    {
        return None;
    }
    Some(match tail {
        "" => (Place::Host, Origin::Host),
        tail if tail.contains('?') => (Place::Query, Origin::Whole),
        _ => (Place::Path, Origin::Literal),
    })
}

fn check_segments(url: &str, values: &[(Range<usize>, Range<usize>)]) -> Result<(), ExprError> {
    for (value, source) in values {
        let from = url[..value.start].rfind('/').map_or(0, |slash| slash + 1);
        let to = url[value.end..].find(['/', '?', '#']).map_or(url.len(), |end| value.end + end);
        let segment = &url[from..to];
        if segment.is_empty() || is_dots(segment) {
            return Err(ExprError::at(
                "a value would leave a segment of the URL's path empty, `.` or `..`",
                source.clone(),
            ));
        }
    }
    Ok(())
}

/// The host that a URL parser finds must be the host that was written.
fn check_host(url: &str, printed: Option<Range<usize>>) -> Result<(), ExprError> {
    let fail = |message: &str| Err(ExprError { range: printed.clone(), ..ExprError::new(message) });
    let Some((scheme, rest)) = url.split_once("://") else {
        return fail("a URL begins with `https://`, or with a value that does");
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let Ok(parsed) = Url::parse(url) else {
        return fail("this is no URL");
    };
    if !matches!(scheme, "https" | "http") || authority.contains('@') {
        return fail("a URL has the scheme https or http, and no user");
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port_number(port) => host,
        _ => authority,
    };
    if !parsed.host_str().is_some_and(|parsed| parsed.eq_ignore_ascii_case(host)) {
        return fail("the host of this URL would be read as another one");
    }
    if printed.is_some() && !(matches!(parsed.host(), Some(Host::Domain(_))) && is_hostname(host)) {
        return fail("a value in the host of a URL must give a hostname, not an address");
    }
    Ok(())
}

/// `.` or `..`, percent-encoded or not.
fn is_dots(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..")
}

fn is_port_number(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 5
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Labels of letters, digits and inner hyphens ([RFC 1123 §2.1](https://www.rfc-editor.org/rfc/rfc1123#section-2.1)).
fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests;
