//! The device authorization grant (RFC 8628), for what has no browser: it shows a code, somebody types it in elsewhere, and it
//! asks the token endpoint until they have.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::answer::Answer;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate_by_name;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::metadata::{Endpoint, EndpointName, checked};
use crate::flow::token_set::{self, Reads, TokenSet};
use crate::flow::variables;
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::learned::Stage;
use crate::provider::step::{Auth, Method, Step};

/// The name of the step.
pub const STEP: &str = "device_authorization";
/// The name of the grant (RFC 8628 §3.4).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How many seconds lie between two questions where the provider does not say (RFC 8628 §3.2).
const INTERVAL: u64 = 5;
/// How many seconds more they are after each `slow_down` (RFC 8628 §3.5).
const SLOWER: u64 = 5;
/// A code that a person has to type is no longer than this.
const MAX_USER_CODE: usize = 64;

/// What a device shows, and asks with.
#[derive(Clone, Debug)]
pub struct DeviceAuthorization {
    /// What the person types in.
    pub user_code: String,
    /// Where.
    pub verification_uri: Url,
    /// The same with the code in it, for a QR code; not every provider has one.
    pub verification_uri_complete: Option<Url>,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// How many seconds to wait before the next question.
    pub interval: u64,
    device_code: Secret,
}

/// What the token endpoint says meanwhile.
#[derive(Debug)]
pub enum Progress {
    /// The person has typed it in.
    Granted(Box<TokenSet>),
    /// Not yet (`authorization_pending`).
    Pending,
    /// Not yet, and the questions come too fast (`slow_down`).
    SlowDown,
}

/// Where a device asks for a code.
///
/// # Errors
/// An address that is unknown or cannot be rendered.
pub fn endpoint(caller: &Caller<'_>) -> Result<Endpoint, Error> {
    caller.metadata.needed(EndpointName::DeviceAuthorization, caller.registration, caller.context)
}

/// Where it asks for the token.
///
/// # Errors
/// An address that is unknown or cannot be rendered.
pub fn token_endpoint(caller: &Caller<'_>) -> Result<Endpoint, Error> {
    caller.metadata.needed(EndpointName::Token, caller.registration, caller.context)
}

/// Asks for a code (RFC 8628 §3.1).
///
/// # Errors
/// A key that cannot sign.
pub fn request(caller: &Caller<'_>, endpoint: Url) -> Result<Request<Bytes>, Error> {
    let registration = caller.registration;
    let mut draft = Draft::new(STEP, endpoint);
    let scope = registration.scope();
    if !scope.is_empty() {
        draft.params.push(("scope".into(), scope));
    }
    authenticate_by_name(&mut draft, &Auth::Client(registration.provider.client_auth.method), caller)?;
    draft.build(&post(), &registration.provider.rename, caller.context)
}

/// Reads the answer (RFC 8628 §3.2).
///
/// # Errors
/// [`MisbehaviourKind::DeviceAuthorizationFailed`]: an error of the provider's, or a member that is missing or cannot be shown:
/// the address is https, or of this machine, and the code a short text.
pub fn response(
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<DeviceAuthorization, Error> {
    let answer = Answer::read(&post(), response, context, STEP)?;
    let failed = |detail: String| {
        Error::ProviderMisbehaved(Misbehaviour {
            step: STEP.into(),
            kind: MisbehaviourKind::DeviceAuthorizationFailed,
            detail,
            response: answer.error.clone(),
            status: Some(answer.status),
        })
    };
    if !answer.success {
        return Err(failed(format!("the endpoint answered {} with an error", answer.status.as_u16())));
    }
    let text = |name: &str| answer.body[name].as_str().filter(|text| !text.is_empty());
    let needed = |name: &str| text(name).ok_or_else(|| failed(format!("the answer has no {name}")));
    let user_code = needed("user_code")?;
    if user_code.len() > MAX_USER_CODE || user_code.chars().any(char::is_control) {
        return Err(failed("its user_code is nothing that a person could type".into()));
    }
    let address = |text: &str| checked(text).map_err(|_| failed("its address is not https".into()));
    let expires_in =
        seconds(&answer.body["expires_in"]).ok_or_else(|| failed("it has no expires_in".into()))?;
    Ok(DeviceAuthorization {
        user_code: user_code.to_owned(),
        // So it was called before there was the RFC.
        verification_uri: address(text("verification_uri").or(text("verification_url")).unwrap_or_default())?,
        verification_uri_complete: text("verification_uri_complete").map(address).transpose()?,
        expires_at: clock.now().saturating_add(expires_in),
        interval: seconds(&answer.body["interval"]).filter(|seconds| *seconds > 0).unwrap_or(INTERVAL),
        device_code: Secret::from(needed("device_code")?),
    })
}

/// Asks for the token (RFC 8628 §3.4).
///
/// # Errors
/// A template that cannot be rendered, a key that cannot sign.
pub fn token_request(
    caller: &Caller<'_>,
    endpoint: Url,
    authorization: &DeviceAuthorization,
) -> Result<Request<Bytes>, Error> {
    let registration = caller.registration;
    let mut draft = Draft::new("token", endpoint);
    draft.params.push(("grant_type".into(), GRANT_TYPE.into()));
    draft.params.push(("device_code".into(), authorization.device_code.expose().to_owned()));
    let default = Auth::Client(registration.provider.client_auth.method);
    authenticate_by_name(&mut draft, registration.provider.token.auth.as_ref().unwrap_or(&default), caller)?;
    draft.build(&post(), &registration.provider.rename, caller.context)
}

/// Reads the answer (RFC 8628 §3.5); a token response goes into `context` as `token`.
///
/// # Errors
/// [`MisbehaviourKind::TokenResponseInvalid`], with the provider's own error where it named one: `access_denied`,
/// `expired_token`.
pub fn token_response(
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<Progress, Error> {
    let read = match token_set::read(
        "token",
        &registration.provider.token,
        response,
        context,
        clock,
        Reads::Whole,
    ) {
        Ok(read) => read,
        Err(Error::ProviderMisbehaved(misbehaviour)) => {
            let error = misbehaviour.response.as_ref().map(|response| response.error.as_str());
            return match error {
                Some("authorization_pending") => Ok(Progress::Pending),
                Some("slow_down") => Ok(Progress::SlowDown),
                _ => Err(Error::ProviderMisbehaved(misbehaviour)),
            };
        }
        Err(error) => return Err(error),
    };
    read.put(context);
    match registration.provider.then.is_empty() {
        true => variables::learn(registration, Stage::Token, context)?,
        false => variables::learn_early(registration, context),
    }
    Ok(Progress::Granted(Box::new(read.into_token_set(context))))
}

impl DeviceAuthorization {
    /// Waits longer from now on.
    pub fn slow_down(&mut self) {
        self.interval = self.interval.saturating_add(SLOWER);
    }
}

/// A request of which no file says anything.
fn post() -> Step {
    Step { method: Method::Post, ..Step::default() }
}

/// A number of seconds; some providers write it as a text.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::FixedClock;

    fn read(status: u16, over: Value) -> Result<DeviceAuthorization, String> {
        let mut body = json!({
            "device_code": "DEVICE", "user_code": "WDJB-MJHT", "verification_uri": "https://acme.example/device",
            "verification_uri_complete": "https://acme.example/device?user_code=WDJB-MJHT", "expires_in": 1800, "interval": 7,
        });
        crate::provider::merge(body.as_object_mut().unwrap(), over.as_object().unwrap());
        let answer = Response::builder().status(status).header("content-type", "application/json");
        let answer = answer.body(Bytes::from(body.to_string())).unwrap();
        response(&answer, &mut Context::new(), &FixedClock::new(1_000)).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_a_person_needs() {
        let mut device = read(200, json!({})).unwrap();
        assert_eq!((&*device.user_code, device.expires_at, device.interval), ("WDJB-MJHT", 2_800, 7));
        assert_eq!(device.verification_uri.as_str(), "https://acme.example/device");
        assert!(device.verification_uri_complete.as_ref().unwrap().query().is_some());
        assert!(!format!("{device:?}").contains("DEVICE"), "{device:?}");
        device.slow_down();
        assert_eq!(device.interval, 12);
    }

    #[test]
    fn takes_what_providers_write_instead() {
        let old = json!({"verification_uri": null, "verification_url": "https://acme.example/old", "expires_in": "900"});
        let device = read(200, old).unwrap();
        assert_eq!((device.verification_uri.path(), device.expires_at), ("/old", 1_900));
        for interval in [json!(null), json!(0), json!(-1), json!("x")] {
            assert_eq!(read(200, json!({"interval": interval})).unwrap().interval, 5);
        }
        assert!(
            read(200, json!({"verification_uri_complete": null}))
                .unwrap()
                .verification_uri_complete
                .is_none()
        );
        assert!(read(200, json!({"verification_uri": "http://127.0.0.1:4000/device"})).is_ok());
    }

    #[test]
    fn shows_nothing_that_could_mislead() {
        for over in [
            json!({"verification_uri": "javascript:alert(1)"}),
            json!({"verification_uri": "http://acme.example/device"}),
            json!({"verification_uri": "https://user@acme.example/device"}),
            json!({"verification_uri": null}),
            json!({"verification_uri_complete": "javascript:alert(1)"}),
            json!({"user_code": "\u{1b}[2J"}),
            json!({"user_code": "A".repeat(65)}),
            json!({"user_code": ""}),
            json!({"device_code": null}),
            json!({"expires_in": null}),
        ] {
            assert!(read(200, over.clone()).is_err(), "{over}");
        }
        assert!(read(400, json!({"error": "invalid_client"})).unwrap_err().contains("invalid_client"));
    }

    #[test]
    fn tells_waiting_from_refusal() {
        let file = json!({
            "id": "acme", "name": "Acme", "authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t",
            "profile": {"sub": "$.token.raw.id"},
        });
        let (provider, findings) = crate::provider::load_value(file);
        let provider = provider.unwrap_or_else(|| panic!("{findings:?}"));
        let values = crate::provider::RegistrationValues {
            client_id: "id".into(),
            client_secret: Some(Secret::from("secret")),
            ..Default::default()
        };
        let registration = Registration::new("acme", provider.into(), values).unwrap();
        let progress = |status: u16, body: Value| {
            let answer = Response::builder().status(status).header("content-type", "application/json");
            let answer = answer.body(Bytes::from(body.to_string())).unwrap();
            let read = token_response(&registration, &answer, &mut Context::new(), &FixedClock::new(1));
            match read {
                Ok(Progress::Granted(token)) => format!("granted {}", token.access_token.expose()),
                Ok(progress) => format!("{progress:?}"),
                Err(Error::ProviderMisbehaved(misbehaviour)) => misbehaviour.code().to_owned(),
                Err(error) => error.to_string(),
            }
        };
        let granted = json!({"access_token": "AT", "token_type": "Bearer", "id": "1"});
        assert_eq!(progress(200, granted), "granted AT");
        for (error, outcome) in [
            ("authorization_pending", "Pending"),
            ("slow_down", "SlowDown"),
            ("access_denied", "access_denied"),
            ("expired_token", "expired_token"),
            ("invalid_grant", "invalid_grant"),
        ] {
            assert_eq!(progress(400, json!({"error": error})), outcome);
        }
        assert_eq!(progress(500, json!({})), "token_response_invalid");
        assert_eq!(progress(200, json!({"token_type": "Bearer"})), "token_response_invalid");
    }
}
