//! The responses that are mapped: from files, from standard input, or from a test of the provider file.

use std::path::Path;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::cli::effective::Effective;
use crate::cli::map::Args;
use crate::cli::map::read::{Shape, read};
use crate::cli::output;
use crate::diagnostic::nearest;
use crate::provider::{HttpAnswer, Protocol, Vector};

/// What a response may be of, besides a call of the provider file.
const KINDS: [&str; 4] = ["callback", "claims", "token", "userinfo"];

/// The responses of one sign-in, by what they are of: `callback`, `token`, `claims`, `userinfo` or the name of a call.
#[derive(Clone, Default)]
pub struct Answers {
    /// What they are called together: the userinfo file, else where the first comes from.
    pub title: String,
    by_kind: IndexMap<String, Answer>,
    /// Those of `token.then`, in order.
    pub then: Vec<Answer>,
}

/// One response.
#[derive(Clone)]
pub struct Answer {
    /// The file, or the test.
    pub origin: String,
    /// The response.
    pub http: Response<Bytes>,
    /// The body as JSON; null where it is none.
    pub body: Value,
    /// What it is of, where a recorded answer says so itself.
    pub kind: Option<String>,
}

impl Answers {
    /// The response of a kind.
    pub fn get(&self, kind: &str) -> Option<&Answer> {
        self.by_kind.get(kind)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Answer)> {
        self.by_kind.iter()
    }

    /// One set of responses for each userinfo file that is named; without any file, those of the test.
    pub(super) fn collect(
        args: &Args,
        effective: &Effective,
        test: Option<(usize, &Vector)>,
    ) -> Result<Vec<Answers>, ExitCode> {
        let mut shared = Answers::default();
        let mut own: Vec<(String, Answer)> = vec![];
        let options = [
            ("callback", &args.callback),
            ("claims", &args.claims),
            ("token", &args.token),
            ("userinfo", &args.userinfo),
        ];
        for (kind, file) in options {
            if let Some(file) = file {
                shared.add(kind, read(file, Shape::of(kind, effective))?, effective)?;
            }
        }
        for (kind, file) in &args.response {
            shared.add(kind, read(file, Shape::of(kind, effective))?, effective)?;
        }
        for file in &args.files {
            match file.split_once('=').filter(|(name, _)| is_name(name) && !Path::new(file).exists()) {
                Some((kind, file)) => shared.add(kind, read(file, Shape::of(kind, effective))?, effective)?,
                None => {
                    let answer = read(file, Shape::of(tells_who(effective), effective))?;
                    match answer.kind.clone() {
                        Some(kind) if kind != "userinfo" => shared.add(&kind, answer, effective)?,
                        _ => own.push((answer.origin.clone(), answer)),
                    }
                }
            }
        }
        if own.len() > 1 && args.files.iter().filter(|file| *file == "-").count() > 1 {
            return Err(wrong("standard input can be read once"));
        }
        let who = tells_who(effective);
        if !own.is_empty() && who == "userinfo" && shared.get(who).is_some() {
            return Err(wrong(
                "a FILE without a name is the userinfo response, and so is that of --userinfo",
            ));
        }
        if own.is_empty() && shared.by_kind.is_empty() {
            return match test {
                Some((number, vector)) => Ok(vec![of_test(number, vector)]),
                None => Err(wrong("the file has no test with a profile: name a FILE to map")),
            };
        }
        if own.is_empty() {
            shared.title =
                shared.by_kind.first().map(|(_, answer)| answer.origin.clone()).unwrap_or_default();
            return Ok(vec![shared]);
        }
        own.into_iter()
            .map(|(title, answer)| {
                let mut answers = Answers { title, ..shared.clone() };
                answers.add(who, answer, effective)?;
                Ok(answers)
            })
            .collect()
    }

    fn add(&mut self, kind: &str, answer: Answer, effective: &Effective) -> Result<(), ExitCode> {
        let calls = effective.provider.userinfo.iter().flatten().map(|call| call.name.as_str());
        let known: Vec<&str> = KINDS.into_iter().chain(calls).collect();
        if !known.contains(&kind) {
            let hint = match nearest(kind, known.iter().copied()) {
                Some(near) => format!(": did you mean `{near}`?"),
                None => format!(": there are {}", known.join(", ")),
            };
            return Err(wrong(&format!(
                "no call of this provider is named `{}`{hint}",
                output::one_line(kind)
            )));
        }
        if kind == "userinfo" && tells_who(effective) != "userinfo" {
            return Err(wrong("this provider is not asked for userinfo: its file makes no such call"));
        }
        if self.by_kind.insert(kind.to_owned(), answer).is_some() {
            return Err(wrong(&format!("two responses are of `{kind}`")));
        }
        Ok(())
    }
}

/// What a file is of that is named without more: the response that tells who has signed in.
fn tells_who(effective: &Effective) -> &'static str {
    let asked = effective
        .provider
        .userinfo
        .as_ref()
        .is_none_or(|calls| calls.iter().any(|call| call.name == "userinfo"));
    match effective.provider.protocol {
        _ if asked => "userinfo",
        Protocol::Oidc => "claims",
        Protocol::Oauth2 => "token",
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn wrong(why: &str) -> ExitCode {
    output::diagnostic(&format!("error: {why}\n"));
    ExitCode::from(2)
}

/// The answers that a test gives.
fn of_test(number: usize, vector: &Vector) -> Answers {
    let origin = match &vector.name {
        Some(name) => format!("the file's test \"{name}\""),
        None => format!("the file's test {}", number + 1),
    };
    let mut by_kind = IndexMap::new();
    let object = |members: &Map<String, Value>| Some(Value::Object(members.clone()));
    let given = [
        ("callback", Some(&vector.callback).filter(|members| !members.is_empty()).and_then(object)),
        ("token", vector.token_response.clone()),
        ("claims", vector.claims.as_ref().and_then(object)),
        ("userinfo", vector.userinfo.clone()),
    ];
    let named = vector.named.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
    for (kind, value) in given.into_iter().chain(named) {
        if let Some(value) = value {
            by_kind.insert(kind.to_owned(), Answer::of_vector(&origin, value));
        }
    }
    let then = vector.then.iter().map(|answer| Answer::of_vector(&origin, answer.clone())).collect();
    Answers { title: origin, by_kind, then }
}

impl Answer {
    /// The body of a 200 with JSON.
    pub fn of_json(origin: &str, body: Value) -> Answer {
        let mut http = Response::new(Bytes::from(body.to_string()));
        http.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        Answer { origin: origin.to_owned(), http, body, kind: None }
    }

    /// As a vector writes it: the body of a 200, or `{http: {…}}`.
    fn of_vector(origin: &str, value: Value) -> Answer {
        let members = value.as_object().filter(|members| members.len() == 1);
        let http = members.and_then(|members| members.get("http"));
        let Some(http) = http.and_then(|http| serde_json::from_value::<HttpAnswer>(http.clone()).ok()) else {
            return Answer::of_json(origin, value);
        };
        let mut answer = Answer::of_json(origin, http.body.clone().unwrap_or_default());
        match (&http.body, &http.body_base64) {
            (_, Some(encoded)) => {
                *answer.http.body_mut() = STANDARD.decode(encoded).unwrap_or_default().into()
            }
            (Some(Value::String(text)), _) => *answer.http.body_mut() = Bytes::from(text.clone()),
            _ => {}
        }
        let status = http.status.and_then(|status| StatusCode::from_u16(status).ok());
        *answer.http.status_mut() = status.unwrap_or_default();
        if let Some(value) = http.content_type.and_then(|text| text.parse().ok()) {
            answer.http.headers_mut().insert(CONTENT_TYPE, value);
        }
        answer
    }
}
