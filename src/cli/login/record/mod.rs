//! `authcfg login --record`: the sign-in as a test of the provider's file, with made-up values in the place of everything that is
//! somebody's.

mod append;
mod redact;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::cli::catalog::CatalogArgs;
use crate::cli::client::Stop;
use crate::cli::effective::Effective;
use crate::cli::output;
use crate::cli::validate::{Input, replace};
use crate::client::{Client, SignIn};
use crate::clock::{Clock, SystemClock};
use crate::flow::metadata::Metadata;
use crate::mock;
use crate::provider::step::ResponseFormat;
use crate::provider::variable::{Constraint, Format};
use crate::provider::{Protocol, Provider, Vector};
use crate::rng::SystemRng;
use crate::session::iso_date;
use crate::transport::{Error, Observer, Request};

use append::{appended, item};
use redact::Redaction;

/// Claims that every id_token has anew.
const OF_THE_TOKEN: [&str; 13] = [
    "aud",
    "auth_time",
    "at_hash",
    "azp",
    "c_hash",
    "exp",
    "iat",
    "jti",
    "nbf",
    "nonce",
    "rat",
    "s_hash",
    "sid",
];
/// Inputs of OpenID Connect on which no answer depends.
const OF_THE_REQUEST: [&str; 6] =
    ["acr_values", "claims_locales", "display", "max_age", "prompt", "ui_locales"];
/// An image of one byte, in the place of a person's.
const IMAGE: &str = "iVBORw==";

/// The answers of a sign-in under way.
#[derive(Clone, Default)]
pub struct Recorder {
    answers: Arc<Mutex<Vec<Answer>>>,
}

/// An answer as it came.
struct Answer {
    step: String,
    status: StatusCode,
    content_type: String,
    body: Bytes,
}

impl Recorder {
    /// Sees every answer, and lets another one see it too.
    pub fn observer(
        &self,
        shows: impl Fn(&Request, Result<&Response<Bytes>, &Error>, Duration) + Send + Sync + 'static,
    ) -> Observer {
        let answers = self.answers.clone();
        Observer::new(move |request, answer, time| {
            shows(request, answer, time);
            if let Ok(answer) = answer {
                let content_type = content_type(answer.headers());
                let (status, body) = (answer.status(), answer.body().clone());
                let answer = Answer { step: request.step.clone(), status, content_type, body };
                answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
            }
        })
    }

    /// Writes the sign-in as a test: into the person's own provider file, else beside it, into a file of tests alone.
    ///
    /// # Errors
    /// A test that would not pass, a file that cannot be written.
    pub fn write(&self, id: &str, args: &CatalogArgs, client: &Client, sign_in: &SignIn) -> Result<(), Stop> {
        let effective = Effective::load(args, id).map_err(Stop::Said)?;
        let entry = &effective.entry;
        let (Some(provider), Some(file), Some(document)) =
            (entry.provider(), entry.value(), entry.document())
        else {
            return Err(unusable(format!("the file of `{}` has errors", entry.id)));
        };
        let mut test = self.test(client, sign_in, &file);
        pass(provider, &mut test, sign_in)?;
        let path = match entry.builtin {
            true => PathBuf::from(format!("{}.tests.yaml", entry.id)),
            false => PathBuf::from(document.name()),
        };
        let before = std::fs::read_to_string(&path);
        let text = match (&before, entry.builtin) {
            (Ok(before), _) => before.clone(),
            (Err(_), true) => format!("id: {}\n", entry.id),
            (Err(error), false) => return Err(unusable(format!("{}: {error}", path.display()))),
        };
        let after = appended(&text, &test).map_err(|why| unusable(format!("{}: {why}", path.display())))?;
        put(&path, before.ok(), &after)?;
        let vectors = if entry.builtin { format!(" --vectors {}", path.display()) } else { String::new() };
        output::diagnostic(&format!(
            "recorded in {}, with made-up values; look through it before you pass it on\n\n{}\nauthcfg test {}{vectors} plays it\n",
            path.display(),
            item(&test, 2),
            entry.id
        ));
        Ok(())
    }

    /// The test, all but its profile.
    fn test(&self, client: &Client, sign_in: &SignIn, file: &Value) -> Map<String, Value> {
        let registration = client.registration();
        let provider = client.provider();
        let mut redaction = Redaction::new(file, &SystemRng);
        let is_oidc = provider.protocol == Protocol::Oidc;
        if let Some(id_token) = sign_in.token.id_token.as_ref().filter(|_| is_oidc) {
            redaction.name(id_token.expose(), "ID_TOKEN");
        }
        let known = &sign_in.token.remembered.sign_in;
        let members = |name: &str| known.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut test = Map::new();
        test.insert("name".into(), format!("recorded on {}", &iso_date(SystemClock.now())[..10]).into());
        let is_given = |(name, _): &(&String, &Constraint)| !provider.learned.contains_key(*name);
        let vars = provider.vars.iter().filter(is_given).filter_map(|(name, rule)| {
            let value = registration.var(name).filter(|value| rule.default.as_deref() != Some(value))?;
            Some((name.as_str(), value, Some(rule)))
        });
        insert(&mut test, "vars", given(vars, &mut redaction));
        // A key is made anew for each test.
        let is_text = |(_, rule): &(&String, &Constraint)| rule.format != Some(Format::Pem);
        let client = provider.client.iter().filter(is_text).filter_map(|(name, rule)| {
            Some((name.as_str(), registration.client_member(name)?.expose(), Some(rule)))
        });
        insert(&mut test, "client", given(client, &mut redaction));
        let separator = &provider.authorize.separator;
        let scope = registration.scope();
        if scope != provider.authorize.scope.join(separator) {
            let scopes: Vec<&str> =
                scope.split(separator.as_str()).filter(|scope| !scope.is_empty()).collect();
            test.insert("scopes".into(), json!(scopes));
        }
        let inputs = &provider.authorize.inputs;
        let request = members("request");
        let request = request.iter().filter(|(name, _)| !OF_THE_REQUEST.contains(&name.as_str()));
        let request = request.filter_map(|(name, value)| {
            Some((name.as_str(), value.as_str()?, inputs.get(name).map(|input| &input.constraint)))
        });
        insert(&mut test, "request", given(request, &mut redaction));
        insert(&mut test, "callback", redaction.members(&members("callback")));
        if is_oidc {
            let issuer = Metadata::written(registration).ok().and_then(|metadata| metadata.issuer);
            let mut claims = members("claims");
            claims.retain(|name, value| {
                let is_ours = name == "iss" && issuer.as_deref() == value.as_str();
                !is_ours && !OF_THE_TOKEN.contains(&name.as_str())
            });
            test.insert("claims".into(), redaction.members(&claims).into());
        }
        for (name, value) in self.answered(provider, &mut redaction) {
            test.insert(name, value);
        }
        test
    }

    /// The answers by the names that a test has for them. Of several of one step the last one counts: those before asked to try again.
    fn answered(&self, provider: &Provider, redaction: &mut Redaction<'_>) -> Vec<(String, Value)> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answered: Vec<(String, Value)> = vec![];
        let mut then = vec![];
        let calls: Vec<&str> = provider.userinfo.iter().flatten().map(|call| call.name.as_str()).collect();
        for answer in answers.iter() {
            let step = answer.step.as_str();
            let format = provider
                .userinfo
                .iter()
                .flatten()
                .find(|call| call.name == step)
                .map(|call| call.step.response.format);
            let name = match step {
                "token" => "token_response",
                "then" => {
                    if answer.status.is_success() {
                        then.push(answer.redacted(None, redaction));
                    }
                    continue;
                }
                step if step == "userinfo" || calls.contains(&step) => step,
                _ => continue,
            };
            answered.retain(|(known, _)| known != name);
            answered.push((name.to_owned(), answer.redacted(format, redaction)));
        }
        if !then.is_empty() {
            answered.push(("then".into(), then.into()));
        }
        answered
    }
}

impl Answer {
    /// As a test has it: a JSON body by itself, anything else with its status and content type.
    fn redacted(&self, format: Option<ResponseFormat>, redaction: &mut Redaction<'_>) -> Value {
        let plain = self.status == StatusCode::OK;
        let told = |body: Value| json!({"http": {"status": self.status.as_u16(), "content_type": self.content_type, "body": body}});
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(body) if plain && self.content_type.starts_with("application/json") => {
                return redaction.value(&body);
            }
            Ok(body) => return told(redaction.value(&body)),
            Err(_) => {}
        }
        if format == Some(ResponseFormat::Jwt) {
            let claims = self
                .body
                .split(|byte| *byte == b'.')
                .nth(1)
                .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
            let claims: Option<Map<String, Value>> =
                claims.and_then(|claims| serde_json::from_slice(&claims).ok());
            let mut claims = claims.unwrap_or_default();
            claims.retain(|name, _| name != "iss" && !OF_THE_TOKEN.contains(&name.as_str()));
            return redaction.members(&claims).into();
        }
        if format == Some(ResponseFormat::Bytes) && plain {
            return json!({"http": {"content_type": self.content_type, "body_base64": IMAGE}});
        }
        let text = String::from_utf8_lossy(&self.body);
        if text.contains('=') && !text.contains('<') {
            let pairs: Map<String, Value> = form_urlencoded::parse(&self.body)
                .into_owned()
                .map(|(name, value)| (name, value.into()))
                .collect();
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in redaction.members(&pairs) {
                form.append_pair(&name, value.as_str().unwrap_or_default());
            }
            return told(form.finish().into());
        }
        told("".into())
    }
}

/// Values that the deployment or the person gave: one of a list as it is, any other made up.
fn given<'v>(
    values: impl Iterator<Item = (&'v str, &'v str, Option<&'v Constraint>)>,
    redaction: &mut Redaction<'_>,
) -> Map<String, Value> {
    let value = |(name, value, rule): (&str, &str, Option<&Constraint>)| {
        let list = rule.and_then(|rule| rule.one_of.as_ref());
        let is_listed = list.is_some_and(|list| list.iter().any(|one| one == value));
        let value = if is_listed { value.to_owned() } else { redaction.text(value) };
        (name.to_owned(), value.into())
    };
    values.filter(|(_, value, _)| !value.is_empty()).map(value).collect()
}

/// Plays the test, and gives it the profile that comes of it: the claims that the person got, with other values.
fn pass(provider: &Arc<Provider>, test: &mut Map<String, Value>, sign_in: &SignIn) -> Result<(), Stop> {
    let plays = |test: &Map<String, Value>| {
        let vector: Vector =
            serde_json::from_value(test.clone().into()).map_err(|error| unusable(error.to_string()))?;
        let (provider, thread) = (provider.clone(), std::thread::Builder::new());
        // A runtime of its own: this one waits.
        let played = thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            Some(runtime.block_on(mock::play(&provider, &vector)))
        });
        let result = played.ok().and_then(|thread| thread.join().ok().flatten());
        result.ok_or_else(|| unusable("the test cannot be played: no threads to run on".into()))
    };
    let refused = |why: String| unusable(format!("nothing is recorded: with made-up values {why}"));
    let first = plays(test)?;
    let Some(Value::Object(profile)) = first.profile else {
        let failure = first.failures.first().map(|failure| failure.got.clone()).unwrap_or_default();
        return Err(refused(format!("the sign-in fails: {}", output::one_line(&failure))));
    };
    let names = |profile: &Map<String, Value>| {
        profile.keys().cloned().collect::<std::collections::BTreeSet<String>>()
    };
    let differs: Vec<String> =
        names(&profile).symmetric_difference(&names(&sign_in.profile.clone().into_json())).cloned().collect();
    if !differs.is_empty() {
        return Err(refused(format!("the profile has other claims: {}", differs.join(", "))));
    }
    test.insert("profile".into(), profile.into());
    match plays(test)?.failures.first() {
        None => Ok(()),
        Some(failure) => {
            let text =
                format!("{} {}: {}, not {}", failure.request, failure.what, failure.got, failure.expected);
            Err(refused(output::one_line(&text)))
        }
    }
}

/// Writes the file: in the place of the one that was read, or a new one.
fn put(path: &Path, before: Option<String>, after: &str) -> Result<(), Stop> {
    let written = match before {
        Some(before) => replace::file(
            &Input { path: path.to_owned(), beneath: None },
            before.as_bytes(),
            after.as_bytes(),
        ),
        None => std::fs::write(path, after).map_err(|error| error.to_string()),
    };
    written.map_err(|why| unusable(format!("{}: {why}", path.display())))
}

fn insert(test: &mut Map<String, Value>, name: &str, members: Map<String, Value>) {
    if !members.is_empty() {
        test.insert(name.into(), members.into());
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn unusable(why: String) -> Stop {
    Stop::Here(1, why)
}
