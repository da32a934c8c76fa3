//! `authcfg map`: responses in, the profile out, and which path or template gave each claim.

mod answers;
mod read;
mod sign_in;
mod text;
mod trace;
mod unread;

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::cli::catalog::CatalogArgs;
use crate::cli::effective::Effective;
use crate::cli::given::{self, pair};
use crate::cli::map::answers::Answers;
use crate::cli::map::sign_in::{Mapped, Setting};
use crate::cli::output;

pub use trace::written;

/// Map responses to a profile, and see which path or template gave each claim.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Id of a provider, or path of a provider file
    #[arg(value_name = "ID|PATH")]
    provider: String,
    /// Userinfo responses, each mapped by itself (claims, where the provider is not asked for userinfo); NAME=FILE is the answer of the call with that name. Without any, the answers of the file's first test
    #[arg(value_name = "FILE|NAME=FILE")]
    files: Vec<String>,
    /// The userinfo response
    #[arg(long, value_name = "FILE")]
    userinfo: Option<String>,
    /// The claims of the id_token, or the id_token
    #[arg(long, value_name = "FILE")]
    claims: Option<String>,
    /// The token response
    #[arg(long, value_name = "FILE")]
    token: Option<String>,
    /// The parameters of the callback, as a JSON object
    #[arg(long, value_name = "FILE")]
    callback: Option<String>,
    /// The answer of the call NAME
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    response: Vec<(String, String)>,
    /// The value of a variable; repeatable
    #[arg(long = "vars", alias = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    catalog: CatalogArgs,
}

/// How the result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON document
    Json,
    /// For people
    #[default]
    Text,
}

const EXAMPLES: &str = "\
A FILE is JSON; `-` is standard input. A recorded answer, {\"kind\": \"userinfo\", \"sample\": …}, is read as well.

Examples:
  authcfg map acme                                    the file's own first test
  authcfg map acme me.json emails=emails.json         userinfo, and the call `emails`
  curl … | authcfg map ./acme.yaml -                  a live answer
  authcfg map acme --claims claims.json --callback callback.json

Exit codes: 0 a profile, 1 a file that cannot be read, 2 wrong usage, 4 no profile: the sign-in would fail.";

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    map(&args).unwrap_or_else(|code| code)
}

fn map(args: &Args) -> Result<ExitCode, ExitCode> {
    let effective = Effective::load(&args.catalog, &args.provider)?;
    let test = effective.provider.tests.iter().enumerate().find(|(_, vector)| vector.profile.is_some());
    let runs = Answers::collect(args, &effective, test)?;
    let values = given::variables(&effective, &args.vars, &given::environment(), test)?;
    given::check(&values, &effective.provider)?;
    let request = given::inputs(&effective, &[], test)?;
    let setting = Setting::new(&effective, &values, &request, test.map(|(_, vector)| vector))?;

    let mut refused = false;
    let mut results = vec![];
    for answers in &runs {
        let mapped = setting.map(answers)?;
        refused |= mapped.profile.is_err();
        match args.format {
            Format::Text => output::painted(&text::of(&effective, answers, &mapped)),
            Format::Json => results.push(json_of(&mapped)),
        }
    }
    if args.format == Format::Json {
        let document = match results.len() {
            1 => results.remove(0),
            _ => named_results(&runs, results),
        };
        output::result(&format!("{document:#}\n"));
    }
    Ok(if refused { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

/// Several results, each with the file it is made of.
fn named_results(runs: &[Answers], results: Vec<Value>) -> Value {
    let named = runs.iter().zip(results).map(|(answers, result)| {
        let mut members = Map::new();
        members.insert("file".into(), answers.title.as_str().into());
        members.extend(result.as_object().cloned().unwrap_or_default());
        Value::Object(members)
    });
    json!({"results": named.collect::<Vec<_>>()})
}

/// `profile` and `from`, or `error`; beside them what was tried for each claim, and what nothing reads.
fn json_of(mapped: &Mapped) -> Value {
    let mut document = Map::new();
    match &mapped.profile {
        Ok(profile) => {
            document.insert("profile".into(), Value::Object(profile.clone()));
        }
        Err((code, message)) => {
            document.insert("error".into(), json!({"code": code, "message": message}));
        }
    }
    let from: Map<String, Value> = mapped
        .claims
        .iter()
        .filter(|claim| claim.value.is_some())
        .filter_map(|claim| Some((claim.name.clone(), claim.source()?.text.as_str().into())))
        .collect();
    document.insert("from".into(), Value::Object(from));
    document.insert("tried".into(), trace::json(&mapped.claims));
    document.insert("unread".into(), json!(mapped.unread));
    Value::Object(document)
}
