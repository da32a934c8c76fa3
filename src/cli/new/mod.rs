//! `authcfg new`: a provider file to begin with, from a discovery document or from a sample response.

mod form;
mod guess;
mod issuer;
mod leaf;
mod names;
mod oauth2;
mod oidc;
mod sample;
mod worth;
pub(in crate::cli) mod yaml;

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use crate::cli::output;
use crate::cli::recorded::recorded;
use crate::clock::{Clock, SystemClock};
use crate::diagnostic::{Severity, render};
use crate::oauth::json;
use crate::provider;
use crate::provider::catalog::{Catalog, files};
use crate::yaml::{Document, Limits};

/// A response longer than this is none that tells who has signed in.
const MAX_RESPONSE: usize = 512 * 1024;

/// Write a provider file to begin with: from a provider's discovery document, or from a sample of its userinfo.
///
/// The file validates, and its tests pass. What a person has to decide is marked with "decide:".
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("from").required(true).args(["issuer", "from_response"]), after_help = "\
Examples:
  authcfg new acme --issuer https://login.acme.example
  authcfg new acme --from-response me.json --name 'Acme Inc.'
  curl -H \"Authorization: Bearer $TOKEN\" https://api.acme.example/me |
    authcfg new acme --from-response - --output -

Then:
  authcfg validate providers/acme.yaml && authcfg test acme

Exit codes: 0 written, 1 a response that cannot be used, 2 wrong usage or a file
that is there already, 3 the issuer could not be reached")]
pub struct Args {
    /// The id of the provider, in kebab-case: the name of its file
    id: String,
    /// The issuer: its discovery document is read. https, or http on this machine
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// What the userinfo endpoint answers, as JSON; `-` is standard input
    #[arg(long, value_name = "FILE")]
    from_response: Option<PathBuf>,
    /// The name as the provider writes it [default: made of the id]
    #[arg(long)]
    name: Option<String>,
    /// Where to write; `-` is standard output. A file is never overwritten [default: providers/ID.yaml]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Why there is no file, and the exit code.
struct Refused(u8, String);

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    match new(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused(code, why)) => {
            output::diagnostic(&format!("error: {why}\n"));
            ExitCode::from(code)
        }
    }
}

fn new(args: &Args) -> Result<(), Refused> {
    check_id(&args.id)?;
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("providers/{}.yaml", args.id)));
    let to_output = path == Path::new("-");
    if !to_output {
        check_path(&path, &args.id)?;
    }
    let name = args.name.clone().unwrap_or_else(|| titled(&args.id));
    if name.is_empty() || name.chars().count() > 80 || name.contains(crate::yaml::is_hidden) {
        return Err(Refused(2, "a name has 1 to 80 characters that can be seen".into()));
    }
    let text = match (&args.issuer, &args.from_response) {
        (Some(issuer), _) => {
            let document = issuer::document(issuer)?;
            oidc::file(&args.id, &name, &document, &day(SystemClock.now()))
        }
        (None, Some(file)) => oauth2::file(&args.id, &name, &response(file)?),
        (None, None) => return Err(Refused(2, "give --issuer or --from-response".into())),
    };
    check(&text)?;
    if to_output {
        output::result(&text);
        return Ok(());
    }
    write(&path, &text)?;
    if Catalog::builtin().get(&args.id).is_some() {
        output::diagnostic(&format!(
            "note: the file takes the place of the built-in provider `{}`\n",
            args.id
        ));
    }
    let decisions = text.matches("# decide:").count();
    output::result(&format!("{} written: {decisions} to decide\n", path.display()));
    Ok(())
}

fn check_id(id: &str) -> Result<(), Refused> {
    let kebab = id.split('-').all(|part| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if kebab && id.len() <= 64 {
        return Ok(());
    }
    let id = id.escape_debug();
    Err(Refused(2, format!("`{id}` is no id: small letters and digits, with `-` between words, at most 64")))
}

fn check_path(path: &Path, id: &str) -> Result<(), Refused> {
    if path.symlink_metadata().is_ok() {
        return Err(Refused(2, format!("{} is there already", path.display())));
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    if stem != Some(id) || !files::is_yaml(path) {
        return Err(Refused(2, format!("the file of the provider `{id}` is called {id}.yaml")));
    }
    Ok(())
}

/// Acme Id of acme-id.
fn titled(id: &str) -> String {
    let words = id.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Reads the sample response.
fn response(file: &Path) -> Result<Value, Refused> {
    let bytes = if file == Path::new("-") {
        let mut bytes = vec![];
        let limited = std::io::stdin().take(MAX_RESPONSE as u64 + 1).read_to_end(&mut bytes);
        limited.map_err(|error| Refused(1, format!("standard input cannot be read: {error}")))?;
        if bytes.len() > MAX_RESPONSE {
            return Err(Refused(1, format!("standard input has more than {MAX_RESPONSE} bytes")));
        }
        bytes
    } else {
        files::read(file, None, MAX_RESPONSE)
            .map_err(|finding| Refused(1, format!("{}: {}", file.display(), finding.title)))?
    };
    let name = file.display();
    let value = json::parse(&bytes).map_err(|error| Refused(1, format!("{name} is no JSON: {error}")))?;
    let value = recorded(&value).map(|(_, sample)| sample.clone()).unwrap_or(value);
    match value {
        Value::Object(members) if members.is_empty() => Err(Refused(1, format!("{name} is an empty object"))),
        Value::Object(_) => Ok(value),
        Value::Array(items) if items.iter().any(Value::is_object) => Ok(Value::Array(items)),
        _ => Err(Refused(1, format!("{name} is no JSON object"))),
    }
}

/// The text must be a provider file without an error, whatever it was made of.
fn check(text: &str) -> Result<(), Refused> {
    let unusable = |why: String| Refused(1, format!("no usable file comes of this: {why}"));
    let document =
        Document::parse("the new file", text.as_bytes(), Limits::PROVIDER).map_err(|problems| {
            unusable(problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; "))
        })?;
    let (_, findings) = provider::load(&document, |_| None);
    let errors: Vec<_> = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if errors.is_empty() { Ok(()) } else { Err(unusable(render::concise(&errors))) }
}

/// Writes the file, and its folder where that is the conventional one; never over another file.
fn write(path: &Path, text: &str) -> Result<(), Refused> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Refused(2, format!("{} is there already", path.display())),
        _ => Refused(2, format!("{} cannot be written: {error}", path.display())),
    };
    if let Some(folder) = path.parent().filter(|folder| *folder == Path::new("providers")) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// The day of a moment, as `2026-11-24`: the proleptic Gregorian calendar, from days since 1970.
pub(in crate::cli) fn day(seconds: u64) -> String {
    // Years begin in March here, so that the leap day is the last one of a year of 400.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_251_199, "2024-02-29"),
            (1_795_478_400, "2026-11-24"),
        ] {
            assert_eq!(day(seconds), expected);
        }
    }

    #[test]
    fn an_id_is_kebab_case() {
        for id in ["acme", "acme-2", "a"] {
            assert!(check_id(id).is_ok(), "{id}");
        }
        for id in ["Acme", "a_b", "-a", "a-", "a--b", "", "../a", "a b"] {
            assert!(check_id(id).is_err(), "{id}");
        }
        assert_eq!(titled("acme-id"), "Acme Id");
    }
}
