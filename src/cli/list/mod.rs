//! `authcfg list`: the catalogue, as a table, as JSON, or as a page of Markdown.

mod markdown;
mod row;
mod table;

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::Value;

use crate::cli::catalog::CatalogArgs;
use crate::cli::list::row::Row;
use crate::cli::output;
use crate::diagnostic::{Severity, sort};

/// List the providers of the catalogue, and what each of them can do.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  authcfg list                        the whole catalogue
  authcfg list enterprise             what has the word in its id, name, aliases
                                      or categories
  authcfg list --format json          everything there is to say, one document
  authcfg list --format markdown > PROVIDERS.md

The columns:
  AUTH          how the client authenticates, without `client_secret_`
  E-MAIL        yes: the provider verifies every address. claim: it says for each
                whether it is verified. no: nothing is known
  CAPABILITIES  discovery: endpoints come from the discovery document. refresh,
                revocation, introspection, device: the file says how, or shows it
                in a test
  VERIFIED      when somebody last compared the file with the provider

Exit codes:
  0 listed, 1 a file cannot be used: it is left out, 2 wrong usage")]
pub struct Args {
    /// Only providers with one of these words in their id, name, aliases or categories
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// How the list is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    catalog: CatalogArgs,
}

/// How the list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON document
    Json,
    /// A table for a page
    Markdown,
    /// A table as wide as the terminal
    #[default]
    Table,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let (catalog, mut findings) = args.catalog.load();
    let mut rows = vec![];
    for entry in catalog.entries() {
        match Row::of(entry) {
            Some(row) => rows.push(row),
            None => findings.extend(entry.diagnostics().to_vec()),
        }
    }
    sort(&mut findings);
    output::findings(&findings);
    if !args.words.is_empty() {
        rows.retain(|row| args.words.iter().any(|word| row.has(word)));
    }
    match args.format {
        Format::Json => {
            let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
            output::result(&format!("{:#}\n", Value::Array(rows)));
        }
        Format::Markdown => output::result(&markdown::text(&rows)),
        Format::Table => output::painted(&table::text(&rows, output::width())),
    }
    if args.format != Format::Table {
        output::diagnostic(&table::summary(rows.len(), &[]));
    }
    match findings.iter().any(|finding| finding.severity == Severity::Error) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}
