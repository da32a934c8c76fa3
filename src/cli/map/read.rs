//! A response from a file or from standard input: JSON, unless the provider sends something else.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::cli::effective::Effective;
use crate::cli::map::answers::Answer;
use crate::cli::output;
use crate::cli::recorded::recorded;
use crate::oauth::json;
use crate::provider::catalog::files;
use crate::provider::step::ResponseFormat;

/// A response longer than this is none.
const MAX_BYTES: usize = 1024 * 1024;
/// What a file may hold.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    /// Whatever the provider sends: a form, an image.
    Any,
    /// JSON.
    Json,
    /// JSON, or a JWT whose payload counts; its signature does not.
    Jwt,
}

impl Shape {
    /// What the file of a response may hold.
    pub fn of(kind: &str, effective: &Effective) -> Shape {
        let provider = &effective.provider;
        let call = provider.userinfo.iter().flatten().find(|call| call.name == kind);
        let format = match kind {
            "claims" => return Shape::Jwt,
            "token" => provider.token.response.format,
            _ => call.map(|call| call.step.response.format).unwrap_or_default(),
        };
        match format {
            ResponseFormat::Bytes | ResponseFormat::Form => Shape::Any,
            ResponseFormat::Json => Shape::Json,
            ResponseFormat::Jwt => Shape::Jwt,
        }
    }
}

/// Reads a response.
///
/// # Errors
/// The exit code, once the reason is on standard error.
pub fn read(file: &str, shape: Shape) -> Result<Answer, ExitCode> {
    let refuse = |why: &str| {
        output::diagnostic(&format!("error: {}: {why}\n", output::one_line(file)));
        ExitCode::FAILURE
    };
    let bytes = match file {
        "-" => {
            let mut bytes = vec![];
            let read = std::io::stdin().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
            read.map_err(|_| refuse("standard input cannot be read"))?;
            if bytes.len() > MAX_BYTES {
                return Err(refuse(&format!("standard input has more than {MAX_BYTES} bytes")));
            }
            bytes
        }
        path => files::read(Path::new(path), None, MAX_BYTES).map_err(|finding| refuse(&finding.title))?,
    };
    let origin = if file == "-" { "standard input" } else { file };
    if let Some(claims) = std::str::from_utf8(&bytes).ok().filter(|_| shape == Shape::Jwt).and_then(claims_of)
    {
        return Ok(Answer::of_json(origin, claims));
    }
    if shape == Shape::Any && json::parse(&bytes).is_err() {
        let mut answer = Answer::of_json(origin, Value::Null);
        let media_type = http::HeaderValue::from_static(media_type(&bytes));
        answer.http.headers_mut().insert(CONTENT_TYPE, media_type);
        *answer.http.body_mut() = bytes.into();
        return Ok(answer);
    }
    let body = json::parse(&bytes).map_err(|error| {
        // Line and column go where a person looks for them, behind the name of the file.
        let text = error.to_string();
        let place = text.split_once(" (line ").and_then(|(why, at)| {
            let (line, column) = at.strip_suffix(')')?.split_once(", column ")?;
            Some((why.to_owned(), format!("{line}:{column}")))
        });
        let (why, at) = place.unwrap_or((text, "1:1".into()));
        output::diagnostic(&format!("error: {}:{at}: this is not JSON: {why}\n", output::one_line(origin)));
        ExitCode::FAILURE
    })?;
    if let Some((kind, sample)) = recorded(&body) {
        let answer = Answer::of_json(origin, sample.clone());
        return Ok(Answer { kind: Some(kind.to_owned()), ..answer });
    }
    let mut answer = Answer::of_json(origin, body);
    *answer.http.body_mut() = bytes.into();
    Ok(answer)
}

/// What a provider would say that these bytes are: pictures are told by how they begin.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        bytes if std::str::from_utf8(bytes).is_ok() => "application/x-www-form-urlencoded",
        _ => "application/octet-stream",
    }
}

/// The claims of an id_token, to be mapped: nothing of it is verified here.
pub fn claims_of(text: &str) -> Option<Value> {
    let mut parts = text.trim().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    json::parse(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok().filter(Value::is_object)
}
