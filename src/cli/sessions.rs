//! `authcfg sessions`: the sessions of a person at a server that runs, and their end.

use std::process::ExitCode;

use bytes::Bytes;
use clap::{Subcommand, ValueEnum};
use http::{Method, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::cli::output;
use crate::transport::{Limit, Options, Request, Transport, Trust};

/// Where the token of the server stands.
const TOKEN: &str = "AUTHCFG_ADMIN_TOKEN";

/// List the sessions of a person at a server that runs, or end them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authcfg sessions list --email ada@acme.example
  authcfg sessions list --provider acme --sub 248289761001 --format json
  authcfg sessions end --provider acme --sub 248289761001
  authcfg sessions end --session ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0

The server has `admin: {token: {env: AUTHCFG_ADMIN_TOKEN}}` in its deployment
file, and a session store. The same token is in AUTHCFG_ADMIN_TOKEN here.

Exit codes:
  0 done, also where there was no session, 2 wrong usage, 3 the server cannot be
  reached, or its store, 4 the server refuses the token, or has none")]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, the newest first.
    List {
        #[command(flatten)]
        whose: Whose,
        /// How they are printed
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
    /// End them, at once and everywhere; their refresh tokens are revoked.
    End {
        #[command(flatten)]
        whose: Whose,
    },
}

#[derive(Debug, clap::Args)]
struct Whose {
    /// The id of the provider, with --sub
    #[arg(long, value_name = "ID", requires = "sub", conflicts_with_all = ["email", "session"])]
    provider: Option<String>,
    /// Who it is at the provider, exactly
    #[arg(long, value_name = "SUB", requires = "provider")]
    sub: Option<String>,
    /// The issuer, exactly, where a provider has several
    #[arg(long, value_name = "URL", requires = "provider")]
    issuer: Option<String>,
    /// Everybody with this e-mail address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "session", required_unless_present_any = ["provider", "session"])]
    email: Option<String>,
    /// One session, by its reference in a list
    #[arg(long, value_name = "REFERENCE")]
    session: Option<String>,
    /// Where the server answers
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3100")]
    server: Url,
}

/// How sessions are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The answer of the server.
    Json,
    /// For people.
    Text,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(3, &format!("no thread to run on: {error}")),
    };
    runtime.block_on(async {
        match args.action {
            Action::List { whose, format } => match ask(Method::GET, &whose).await {
                Ok(answer) => {
                    match format {
                        Format::Json => output::result(&format!("{answer:#}\n")),
                        Format::Text => output::result(&text(&answer)),
                    }
                    ExitCode::SUCCESS
                }
                Err((code, why)) => failed(code, &why),
            },
            Action::End { whose } => match ask(Method::DELETE, &whose).await {
                Ok(answer) => {
                    output::diagnostic(&format!(
                        "{} ended\n",
                        counted(answer["ended"].as_u64().unwrap_or_default())
                    ));
                    ExitCode::SUCCESS
                }
                Err((code, why)) => failed(code, &why),
            },
        }
    })
}

/// What the server answers; else the exit code, and why.
async fn ask(method: Method, whose: &Whose) -> Result<Value, (u8, String)> {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| (2, format!("{TOKEN} is not set: the token of the server's `admin`")))?;
    let mut url = whose.server.join("/admin/sessions").map_err(|error| (2, format!("--server: {error}")))?;
    for (name, value) in [
        ("provider", &whose.provider),
        ("issuer", &whose.issuer),
        ("sub", &whose.sub),
        ("email", &whose.email),
        ("session", &whose.session),
    ] {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    let request = http::Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Bytes::new())
        .map_err(|_| (2, format!("{TOKEN} holds what no header can")))?;
    let (provider, step) = ("authcfg".to_owned(), "sessions".to_owned());
    let request = Request { http: request, limit: Limit::Userinfo, trust: Trust::Operator, provider, step };
    let sent = Transport::new(Options::default()).send(request).await;
    let response = sent.map_err(|error| (3, format!("{}: {error}", whose.server)))?;
    let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let why = answer["error"].as_str().map(output::one_line);
    match response.status() {
        StatusCode::OK => Ok(answer),
        StatusCode::UNAUTHORIZED => Err((4, format!("the server does not take the token of {TOKEN}"))),
        StatusCode::NOT_FOUND => {
            Err((4, format!("{} has no sessions to ask for: it needs `admin` and a store", whose.server)))
        }
        StatusCode::BAD_REQUEST => {
            Err((2, why.unwrap_or_else(|| "the server does not understand this".into())))
        }
        status => Err((3, why.unwrap_or_else(|| format!("the server answers {status}")))),
    }
}

fn text(answer: &Value) -> String {
    let sessions = answer["sessions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut text = String::new();
    for session in sessions {
        let of = |name: &str| session[name].as_str().map(output::one_line);
        let whom = match (of("name"), of("email")) {
            (Some(name), Some(email)) => format!("{name} <{email}>"),
            (name, email) => name.or(email).unwrap_or_default(),
        };
        let head =
            format!("{} {}  {whom}", of("provider").unwrap_or_default(), of("sub").unwrap_or_default());
        text.push_str(&format!("{}\n", head.trim_end()));
        for name in ["issuer", "began", "renewed", "expires", "session"] {
            if let Some(value) = of(name) {
                text.push_str(&format!("  {name:8} {value}\n"));
            }
        }
    }
    text.push_str(&format!("{}\n", counted(sessions.len() as u64)));
    text
}

fn counted(number: u64) -> String {
    format!("{number} session{}", if number == 1 { "" } else { "s" })
}

fn failed(code: u8, why: &str) -> ExitCode {
    output::diagnostic(&format!("error: {why}\n"));
    ExitCode::from(code)
}
