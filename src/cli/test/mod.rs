//! `authcfg test`: plays the tests of provider files over a real socket.

mod gather;
mod human;
mod json;
mod junit;
mod run;
mod vectors;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::catalog::CatalogArgs;
use crate::cli::output;
use crate::cli::test::gather::{Case, Gathered, gather};
use crate::mock::VectorResult;

/// Plays the tests that provider files carry, each as a whole sign-in over a real socket.
///
/// Every request is checked: method, address, headers, credentials, each parameter, and that there is none besides. The
/// profile is compared exactly. Nothing leaves this machine.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  authcfg test                               every provider of the catalogue
  authcfg test acme ./providers/beta.yaml    a provider by its id, and a file
  authcfg test ./providers                   the files of a folder, no others
  authcfg test --vectors ./vectors           the tests of other files alone
  authcfg test acme --vectors ./vectors      those of acme, beside its own
  authcfg test --format junit > report.xml   for a CI server

A file of --vectors has the id of a provider, and tests as in a provider file:
  id: acme
  tests:
    - name: no e-mail
      token_response: {access_token: AT, token_type: bearer}
      userinfo: {id: 1, login: ada}
      profile: {sub: \"1\", preferred_username: ada, email_verified: false}

Exit codes:
  0 every test passed, 1 one failed or a file is wrong, 2 wrong usage or an id
  that nobody knows, 3 no threads to run on")]
pub struct Args {
    /// Ids of providers, or paths of provider files and folders; all of the catalogue where neither an ID nor --vectors is
    /// given
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// A file of further tests, or a folder of such files; repeatable. Without an ID they alone are played, with one those
    /// of that provider beside its own
    #[arg(long, value_name = "PATH")]
    vectors: Vec<PathBuf>,
    /// How the results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    catalog: CatalogArgs,
}

/// How the results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a test, and how what came differs from what was expected
    #[default]
    Human,
    /// One JSON document on standard output
    Json,
    /// JUnit XML on standard output
    Junit,
}

/// What came of a test.
#[derive(Debug)]
struct Outcome {
    case: Case,
    result: VectorResult,
    time: Duration,
}

/// What came of a run.
#[derive(Debug)]
struct Report {
    outcomes: Vec<Outcome>,
    notes: Vec<String>,
}

impl Report {
    fn passed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.passed()).count()
    }

    fn failed(&self) -> usize {
        self.outcomes.len() - self.passed()
    }

    fn summary(&self) -> String {
        format!("{} passed, {} failed\n", self.passed(), self.failed())
    }
}

impl Outcome {
    fn passed(&self) -> bool {
        self.case.broken.is_none() && self.result.passed()
    }
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let Gathered { cases, notes, findings } = match gather(&args) {
        Ok(gathered) => gathered,
        Err(not_found) => return not_found.report(),
    };
    output::findings(&findings);
    let outcomes = match run::all(cases) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            output::diagnostic(&format!("error: {error}\n"));
            return ExitCode::from(3);
        }
    };
    let report = Report { outcomes, notes };
    match args.format {
        Format::Human => output::painted(&human::text(&report)),
        Format::Json => output::result(&format!("{:#}\n", json::value(&report))),
        Format::Junit => output::result(&junit::xml(&report)),
    }
    if args.format != Format::Human {
        // Standard output is one document then.
        let notes: String = report.notes.iter().map(|note| format!("note: {note}\n")).collect();
        output::diagnostic(&(notes + &report.summary()));
    }
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
