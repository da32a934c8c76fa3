//! The calls that tell who has signed in (OpenID Connect Core §5.3).

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value};
use url::Url;

use crate::expr::Context;
use crate::flow::answer::Answer;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind, Misuse};
use crate::flow::metadata::{Endpoint, EndpointName, Metadata};
use crate::oauth::{ABOUT_THE_TOKEN, Secret};
use crate::provider::Registration;
use crate::provider::step::{Auth, ResponseFormat};
use crate::provider::userinfo::UserinfoCall;

/// The calls of a sign-in: those of the file, else one where a userinfo endpoint is known.
///
/// # Errors
/// An endpoint that cannot be rendered.
pub fn calls<'a>(
    registration: &'a Registration,
    metadata: &Metadata,
    context: &Context,
) -> Result<&'a [UserinfoCall], Error> {
    static STANDARD: LazyLock<[UserinfoCall; 1]> = LazyLock::new(|| [UserinfoCall::standard()]);
    match &registration.provider.userinfo {
        Some(calls) => Ok(calls),
        None if metadata.endpoint(EndpointName::Userinfo, registration, context)?.is_some() => Ok(&*STANDARD),
        None => Ok(&[]),
    }
}

/// Whether this call is made in this sign-in.
///
/// # Errors
/// A `when` that cannot be evaluated.
pub fn applies(call: &UserinfoCall, context: &Context) -> Result<bool, Error> {
    match &call.when {
        Some(when) => when.holds(context).map_err(|error| {
            Error::Misuse(Misuse::Configuration(format!("{}.when: {}", call.name, error.message)))
        }),
        None => Ok(true),
    }
}

/// Where a call goes.
///
/// # Errors
/// An endpoint that is unknown or cannot be rendered.
pub fn endpoint(
    call: &UserinfoCall,
    registration: &Registration,
    metadata: &Metadata,
    context: &Context,
) -> Result<Endpoint, Error> {
    match &call.endpoint {
        Some(template) => {
            let certificate = registration.provider.client_auth.bound_to_certificate;
            Endpoint::written(template, context, certificate)
        }
        None => metadata.needed(EndpointName::Userinfo, registration, context),
    }
}

/// Builds the request of a call.
///
/// # Errors
/// A template that cannot be rendered.
pub fn request(
    call: &UserinfoCall,
    url: Url,
    access_token: &Secret,
    caller: &Caller<'_>,
) -> Result<Request<Bytes>, Error> {
    let mut draft = Draft::new(&call.name, url);
    let auth = call.step.auth.as_ref().unwrap_or(&Auth::Bearer);
    authenticate(&mut draft, auth, Some(access_token), caller)?;
    draft.build(&call.step, &caller.registration.provider.rename, caller.context)
}

/// Reads the answer of a call.
///
/// # Errors
/// [`MisbehaviourKind::UserinfoFailed`] for anything but a success, [`MisbehaviourKind::UserinfoInvalid`] for what cannot
/// be read; the call named `userinfo` must answer with an object. A JWT is returned as it came:
/// [`signed_userinfo`](crate::flow::signed_userinfo) makes claims of it.
pub fn response(
    call: &UserinfoCall,
    response: &Response<Bytes>,
    context: &mut Context,
) -> Result<Value, Error> {
    let answer = Answer::read(&call.step, response, context, &call.name)?;
    let misbehaved = |kind, detail: String| {
        Error::ProviderMisbehaved(Misbehaviour {
            step: call.name.clone(),
            kind,
            detail,
            response: answer.error.clone(),
            status: Some(answer.status),
        })
    };
    if !answer.success {
        let detail = format!("the endpoint answered {} with an error", answer.status.as_u16());
        return Err(misbehaved(MisbehaviourKind::UserinfoFailed, detail));
    }
    if let Some(why) = &answer.unreadable {
        return Err(misbehaved(MisbehaviourKind::UserinfoInvalid, why.clone()));
    }
    let is_signed = call.step.response.format == ResponseFormat::Jwt;
    if call.name == "userinfo" && !is_signed && !answer.body.is_object() {
        return Err(misbehaved(MisbehaviourKind::UserinfoInvalid, "the answer is no JSON object".into()));
    }
    Ok(answer.body)
}

/// Userinfo must be about the person whom the id_token is about (OpenID Connect Core §5.3.2).
///
/// # Errors
/// [`MisbehaviourKind::SubMismatch`], also where userinfo has no `sub`.
pub fn check_subject(userinfo: &Value, sub: &str) -> Result<(), Error> {
    match userinfo.get("sub").and_then(Value::as_str) {
        Some(found) if found == sub => Ok(()),
        Some(_) => Err(Misbehaviour::error(
            "userinfo",
            MisbehaviourKind::SubMismatch,
            "`sub` is not that of the id_token",
        )),
        None => Err(Misbehaviour::error("userinfo", MisbehaviourKind::SubMismatch, "there is no `sub`")),
    }
}

/// `claims` are the id_token's, overlaid by userinfo; what the id_token says about itself stays. A flag is about the address
/// that came with it: where userinfo has another address and no flag, there is none.
pub fn overlay_claims(context: &mut Context, userinfo: &Value) {
    let mut claims: Map<String, Value> =
        context.get("claims").and_then(Value::as_object).cloned().unwrap_or_default();
    for (address, flag) in [("email", "email_verified"), ("phone_number", "phone_number_verified")] {
        if userinfo.get(address).is_some_and(|other| claims.get(address) != Some(other)) {
            claims.shift_remove(flag);
        }
    }
    for (name, value) in userinfo.as_object().into_iter().flatten() {
        if name != "sub" && !ABOUT_THE_TOKEN.contains(&name.as_str()) {
            claims.insert(name.clone(), value.clone());
        }
    }
    context.set("claims", Value::Object(claims));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flag_goes_with_the_address_that_it_is_about() {
        let id_token = json!({"sub": "7", "email": "ann@acme.example", "email_verified": true});
        for (userinfo, email, verified) in [
            (json!({"name": "Ann"}), "ann@acme.example", Some(true)),
            (json!({"email": "ann@acme.example"}), "ann@acme.example", Some(true)),
            (json!({"email": "other@acme.example"}), "other@acme.example", None),
            (
                json!({"email": "other@acme.example", "email_verified": false}),
                "other@acme.example",
                Some(false),
            ),
        ] {
            let mut context = Context::new();
            context.set("claims", id_token.clone());
            overlay_claims(&mut context, &userinfo);
            let claims = context.get("claims").unwrap();
            assert_eq!(claims["email"], email, "{userinfo}");
            assert_eq!(claims.get("email_verified").and_then(Value::as_bool), verified, "{userinfo}");
        }
    }

    #[test]
    fn what_a_token_says_about_itself_stays() {
        let mut context = Context::new();
        context.set("claims", json!({"sub": "7", "iss": "https://a.example"}));
        overlay_claims(&mut context, &json!({"sub": "8", "iss": "https://b.example", "name": "Ann"}));
        assert_eq!(
            context.get("claims"),
            Some(&json!({"sub": "7", "iss": "https://a.example", "name": "Ann"}))
        );
    }
}
