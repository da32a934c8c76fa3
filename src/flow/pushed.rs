//! The pushed authorization request (RFC 9126): the parameters go ahead of the browser, authenticated as the client, and the
//! browser carries a reference to them.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Response};
use url::Url;

use crate::expr::Context;
use crate::flow::answer::Answer;
use crate::flow::authorize::AuthorizationRequest;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate_by_name;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::metadata::{Endpoint, EndpointName};
use crate::provider::step::{Auth, Method, Step};

/// The name of the step.
pub const STEP: &str = "pushed_authorization_request";

/// No file says anything about this request of its own: its parameters are those of the authorization request, and the client
/// authenticates as at the token endpoint (RFC 9126 §2.1).
static PLAIN: LazyLock<Step> = LazyLock::new(|| Step { method: Method::Post, ..Step::default() });

/// Where the request goes.
///
/// # Errors
/// An address that is unknown or cannot be rendered.
pub fn endpoint(caller: &Caller<'_>) -> Result<Endpoint, Error> {
    let name = EndpointName::PushedAuthorizationRequest;
    caller.metadata.needed(name, caller.registration, caller.context)
}

/// Builds the request.
///
/// # Errors
/// A key that cannot sign.
pub fn request(
    caller: &Caller<'_>,
    endpoint: Url,
    authorization: &AuthorizationRequest,
) -> Result<Request<Bytes>, Error> {
    let registration = caller.registration;
    let mut draft = Draft::new(STEP, endpoint);
    draft.params = authorization.params().to_vec();
    draft.params.retain(|(name, _)| name != "client_id");
    authenticate_by_name(&mut draft, &Auth::Client(registration.provider.client_auth.method), caller)?;
    draft.build(&PLAIN, &registration.provider.rename, caller.context)
}

/// Reads the answer: the reference to the parameters (RFC 9126 §2.2).
///
/// # Errors
/// [`MisbehaviourKind::PushedAuthorizationRequestFailed`], with the provider's own error where it named one.
pub fn response(response: &Response<Bytes>, context: &mut Context) -> Result<String, Error> {
    let answer = Answer::read(&PLAIN, response, context, STEP)?;
    let request_uri = answer.body["request_uri"].as_str().filter(|uri| !uri.is_empty());
    if let Some(request_uri) = request_uri.filter(|_| answer.success) {
        return Ok(request_uri.to_owned());
    }
    let detail = match answer.success {
        true => "the answer has no request_uri".into(),
        false => format!("the endpoint answered {} with an error", answer.status.as_u16()),
    };
    Err(Error::ProviderMisbehaved(Misbehaviour {
        step: STEP.into(),
        kind: MisbehaviourKind::PushedAuthorizationRequestFailed,
        detail,
        response: answer.error,
        status: Some(answer.status),
    }))
}
