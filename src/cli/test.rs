//! `authcfg test`: plays the tests of provider files over a real socket.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::output;
use crate::diagnostic::{Severity, render};
use crate::mock::{VectorResult, play};
use crate::provider::catalog::{Catalog, Entry};

/// Plays the tests that provider files carry, each as a whole sign-in over a real socket.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Ids of providers, or paths of provider files; all where none is given: the built-in ones, and those of ./providers laid over them
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

/// Runs the command: 0 where every test passed, 1 where one failed, 2 for an id that nobody knows.
pub fn run(args: Args) -> ExitCode {
    let mut catalog = Catalog::builtin();
    let folder = Path::new("providers");
    let findings = if folder.is_dir() { catalog.add_folder(folder) } else { vec![] };
    output::diagnostic(&render::human(&findings, output::style()));
    let entries = match args.ids.as_slice() {
        [] => catalog.entries().cloned().collect(),
        ids => match ids.iter().map(|id| find(&catalog, id)).collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(why) => {
                eprintln!("error: {why}");
                return ExitCode::from(2);
            }
        },
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(3);
        }
    };
    let (mut passed, mut failed) =
        (0, findings.iter().filter(|finding| finding.severity == Severity::Error).count());
    for entry in entries {
        let Some(provider) = entry.provider() else {
            failed += 1;
            eprintln!("{}: the file has errors: authcfg validate shows them", entry.id);
            continue;
        };
        for (number, vector) in provider.tests.iter().enumerate() {
            let result = runtime.block_on(play(provider, vector));
            if result.passed() {
                passed += 1;
                continue;
            }
            failed += 1;
            let name = vector.name.clone().unwrap_or_else(|| format!("test {}", number + 1));
            output::result(&failure_text(&entry.id, &name, &result));
        }
    }
    output::result(&format!("{passed} passed, {failed} failed\n"));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn find(catalog: &Catalog, id: &str) -> Result<Arc<Entry>, String> {
    let is_path = id.contains('/') || id.ends_with(".yaml") || id.ends_with(".yml");
    if !is_path {
        return catalog.get(id).cloned().ok_or_else(|| format!("there is no provider `{id}`"));
    }
    let mut catalog = Catalog::default();
    catalog.add_file(Path::new(id), None).map_err(|finding| format!("{id}: {}", finding.title))?;
    catalog.entries().next().cloned().ok_or_else(|| format!("{id}: no provider file"))
}

fn failure_text(id: &str, name: &str, result: &VectorResult) -> String {
    let mut text = format!("{id}: {name}\n");
    for failure in &result.failures {
        text += &format!(
            "  {} {}\n    expected {}\n    got      {}\n",
            failure.request, failure.what, failure.expected, failure.got
        );
    }
    text
}
