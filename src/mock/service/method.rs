//! Which HTTP methods an endpoint takes: that of the provider file, and where the standard leaves the choice the other one.

use http::Method;

use crate::mock::record::Recorded;
use crate::mock::service::refusal::Refusal;
use crate::provider::step::{Method as Written, Step};

/// A request to the token endpoint or its like: POST, also where the file's own client sends a GET.
pub(super) fn of_token(step: &Step, recorded: &Recorded) -> Result<(), Refusal> {
    match step.method {
        Written::Delete => takes(&[Method::DELETE], recorded),
        Written::Get => takes(&[Method::GET, Method::POST], recorded),
        Written::Post => takes(&[Method::POST], recorded),
    }
}

/// A call for facts about the person. The userinfo endpoint takes GET and POST (OpenID Connect Core §5.3.1).
pub(super) fn of_call(step: Option<&Step>, is_userinfo: bool, recorded: &Recorded) -> Result<(), Refusal> {
    match step.map_or(Written::Get, |step| step.method) {
        Written::Delete => takes(&[Method::DELETE], recorded),
        Written::Get if is_userinfo => takes(&[Method::GET, Method::POST], recorded),
        Written::Get => takes(&[Method::GET], recorded),
        Written::Post => takes(&[Method::POST], recorded),
    }
}

pub(super) fn takes(methods: &[Method], recorded: &Recorded) -> Result<(), Refusal> {
    if methods.contains(&recorded.method) {
        return Ok(());
    }
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    Err(Refusal::method(&names.join(" or "), &recorded.method))
}
