//! The sign-in that the responses would be of, as far as the profile needs it: each answer is read by the code of `flow`.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::cli::effective::Effective;
use crate::cli::given::Values;
use crate::cli::map::answers::{Answer, Answers};
use crate::cli::map::read::claims_of;
use crate::cli::map::trace::Claim;
use crate::cli::map::unread;
use crate::cli::output;
use crate::clock::{Clock, SystemClock};
use crate::expr::Context;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::metadata::Metadata;
use crate::flow::{self, CallbackParams, Pending, authorize, profile, then, token, userinfo};
use crate::mock::MockClient;
use crate::oauth::{Secret, ServerMetadata};
use crate::provider::step::ResponseFormat;
use crate::provider::userinfo::UserinfoCall;
use crate::provider::{Protocol, Registration, Vector};
use crate::rng::SystemRng;

/// What all sign-ins of a run have in common.
pub struct Setting<'a> {
    effective: &'a Effective,
    registration: Registration,
    metadata: Metadata,
    pending: Pending,
}

/// What became of the responses.
pub struct Mapped {
    /// The profile, or the code and the message of what makes the sign-in fail.
    pub profile: Result<Map<String, Value>, (String, String)>,
    /// How each claim came about.
    pub claims: Vec<Claim>,
    /// Members that nothing reads, by the response they are in.
    pub unread: Map<String, Value>,
    /// What a person should know of how the responses were taken.
    pub notes: Vec<String>,
}

impl<'a> Setting<'a> {
    /// A client with made-up credentials and the values of a run.
    pub fn new(
        effective: &'a Effective,
        values: &Values,
        request: &Values,
        test: Option<&Vector>,
    ) -> Result<Setting<'a>, ExitCode> {
        let vars = values.iter().map(|(name, given)| (name.clone(), given.value.clone()));
        let vector = Vector {
            vars: vars.collect(),
            client: test.map(|vector| vector.client.clone()).unwrap_or_default(),
            ..Vector::default()
        };
        let client = MockClient::of_vector(&effective.provider, &vector).map_err(|failures| {
            for failure in failures {
                output::diagnostic(&format!("error: {}: {}\n", failure.what, failure.expected));
            }
            ExitCode::from(2)
        })?;
        let registration = client.registration;
        let written = Metadata::written(&registration).map_err(|error| refused(&error))?;
        let request: Map<String, Value> =
            request.iter().map(|(name, given)| (name.clone(), given.value.as_str().into())).collect();
        let pending = Pending {
            provider_id: registration.id.clone(),
            issuer: written.issuer.clone().unwrap_or_default(),
            client_id_hash: authorize::client_id_hash(&registration.client_id),
            state: Secret::from("STATE"),
            nonce: Some(Secret::from("NONCE")),
            code_verifier: Some(Secret::from("CODE_VERIFIER")),
            dpop_key: None,
            redirect_uri: "https://app.example.com/api/auth/callback".into(),
            request,
            created: SystemClock.now(),
        };
        let metadata = with_userinfo(&written);
        Ok(Setting { effective, registration, metadata, pending })
    }

    /// Maps the responses of one sign-in.
    pub fn map(&self, answers: &Answers) -> Result<Mapped, ExitCode> {
        let mut notes = vec![];
        let mut context = authorize::context(&self.registration, &self.pending, &SystemClock, &SystemRng)
            .map_err(|error| refused(&error))?;
        let outcome = self.run(answers, &mut context, &mut notes);
        if outcome.is_err() {
            // What each claim would have been is shown all the same.
            for (kind, answer) in answers.iter() {
                if context.get(kind).is_none() {
                    context.set(kind, answer.body.clone());
                }
            }
        }
        let profile =
            outcome.and_then(|()| Ok(profile::map(&self.registration, &context)?.into_json())).map_err(
                |error| (crate::client::Error::from(error.clone()).code().to_owned(), error.to_string()),
            );
        let claims: Vec<Claim> = self
            .registration
            .provider
            .profile
            .iter()
            .map(|(name, read)| Claim::read(self.effective, name, read, &context, profile.as_ref().ok()))
            .collect();
        let unread = unread::members(self.effective, answers);
        Ok(Mapped { profile, claims, unread, notes })
    }

    /// Reads the answers in the order of a sign-in; each goes into the context.
    fn run(&self, answers: &Answers, context: &mut Context, notes: &mut Vec<String>) -> Result<(), Error> {
        let registration = &self.registration;
        context.set("callback", json!({}));
        context.set("captured", json!({}));
        if let Some(answer) = answers.get("callback") {
            let params = CallbackParams::parse(&self.callback(&answer.body));
            params.verify(registration, &self.metadata, &self.pending, context, SystemClock.now())?;
        }
        let mut id_token = None;
        if let Some(answer) = answers.get("token") {
            let mut token = token::response(registration, &answer.http, context, &SystemClock)?;
            for (step, answer) in registration.provider.then.iter().zip(&answers.then) {
                if then::applies(step, context)? {
                    token = then::response(step, &token, registration, &answer.http, context, &SystemClock)?;
                }
            }
            id_token = token.id_token;
        }
        let oidc = registration.provider.protocol == Protocol::Oidc;
        let given = answers.get("claims").map(|answer| answer.body.clone());
        let in_token = || claims_of(id_token.as_ref().filter(|_| oidc)?.expose());
        let claims = given.or_else(in_token).and_then(|claims| claims.as_object().cloned());
        if claims.as_ref().is_some_and(|claims| oidc && claims.get("sub").is_some_and(|sub| !sub.is_string()))
        {
            let why = "`sub` is no text, as OpenID Connect Core §2 wants it";
            return Err(Misbehaviour::error("id_token", MisbehaviourKind::IdTokenInvalid, why));
        }
        if oidc && claims.is_none() && answers.get("userinfo").is_some() {
            notes.push("no claims are given: the id_token is taken to be of the userinfo's `sub`".into());
        }
        context.set("claims", Value::Object(claims.clone().unwrap_or_default()));
        for call in userinfo::calls(registration, &self.metadata, context)? {
            let Some(answer) = answers.get(&call.name) else { continue };
            if !userinfo::applies(call, context)? {
                notes.push(format!("`{}` is not called here: its `when` does not hold", call.name));
                continue;
            }
            match read_call(call, answer, context) {
                Ok(body) => {
                    if oidc && call.name == "userinfo" {
                        self.join(claims.as_ref(), &body, context)?;
                    }
                    context.set(&call.name, body);
                }
                Err(error) if call.optional => {
                    notes.push(format!("{error}: the sign-in goes on without it"));
                }
                Err(error) => {
                    notes.extend(self.not_ok(call, answer));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The condition of the file that an answer with a good status does not meet.
    fn not_ok(&self, call: &UserinfoCall, answer: &Answer) -> Option<String> {
        call.step.response.ok.as_ref().filter(|_| answer.http.status().is_success())?;
        let calls = self.effective.key("/userinfo").and_then(Value::as_array);
        let own = |spec: &Value| spec.get("as").and_then(Value::as_str).unwrap_or("userinfo") == call.name;
        let pointer = match calls.and_then(|calls| calls.iter().position(own)) {
            Some(index) => format!("/userinfo/{index}/response/ok"),
            None => "/userinfo/response/ok".into(),
        };
        let source = self.effective.key(&pointer).and_then(Value::as_str)?;
        let place = self.effective.place(&pointer).unwrap_or_default();
        Some(format!("`{}` does not hold what `ok` wants: {source} ({place})", call.name))
    }

    /// Userinfo over the id_token's claims; both must be about one person.
    fn join(
        &self,
        claims: Option<&Map<String, Value>>,
        body: &Value,
        context: &mut Context,
    ) -> Result<(), Error> {
        match claims {
            Some(claims) => {
                let sub = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
                userinfo::check_subject(body, sub)?;
            }
            None => context.set("claims", json!({"sub": body.get("sub")})),
        }
        userinfo::overlay_claims(context, body);
        Ok(())
    }

    /// The query of a callback: `code`, `state`, `iss` where it is promised, and over them what is given.
    fn callback(&self, over: &Value) -> String {
        let mut members = Map::new();
        members.insert("code".into(), "CODE".into());
        members.insert("state".into(), "STATE".into());
        if let Some(issuer) =
            self.metadata.issuer.as_deref().filter(|_| self.metadata.sends_iss(&self.registration))
        {
            members.insert("iss".into(), issuer.into());
        }
        for (name, value) in over.as_object().into_iter().flatten() {
            members.insert(name.clone(), value.clone());
        }
        members.insert("state".into(), "STATE".into());
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            query.append_pair(name, &text);
        }
        query.finish()
    }
}

fn read_call(call: &UserinfoCall, answer: &Answer, context: &mut Context) -> Result<Value, Error> {
    // Of a JWT, its claims are at hand already.
    let is_signed = call.step.response.format == ResponseFormat::Jwt;
    if is_signed && answer.http.status().is_success() && answer.body.is_object() {
        return Ok(answer.body.clone());
    }
    userinfo::response(call, &answer.http, context)
}

/// The metadata as if discovery had told a userinfo endpoint: whether there is one, the answers say.
fn with_userinfo(written: &Metadata) -> Metadata {
    let document = json!({"userinfo_endpoint": "https://discovered.invalid/userinfo"});
    let discovered = ServerMetadata::parse(&document).ok().map(Arc::new);
    Metadata { discovered, ..written.clone() }
}

fn refused(error: &flow::Error) -> ExitCode {
    output::diagnostic(&format!("error: {error}\n"));
    ExitCode::FAILURE
}
