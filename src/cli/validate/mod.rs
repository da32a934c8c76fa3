//! `authcfg validate`: structure and meaning of files, every finding at once.

mod across;
mod allow;
mod diff;
pub(super) mod enough;
mod examine;
mod fix;
mod gather;
mod meaning;
pub mod online;
pub(in crate::cli) mod replace;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::cli::new::day;
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::cli::validate::online::Network;
use crate::clock::{Clock, SystemClock};
use crate::diagnostic::{Code, Diagnostic, Severity, Source, nearest, render, sort};

#[cfg(feature = "lsp")]
pub(super) use across::all as across;
pub use examine::{Examined, examine_all};
#[cfg(feature = "lsp")]
pub(super) use examine::{claims, examine_among};
#[cfg(feature = "lsp")]
pub(super) use fix::fix_text;
pub use fix::{Fixed, fix_all, write_all};
pub use gather::{Gathered, Input, folders, gather, roots};
#[cfg(feature = "lsp")]
pub(super) use meaning::Bases;

/// The arguments of `authcfg validate`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = include_str!("help.txt"))]
pub struct Args {
    /// Files and folders. Where none is given: the deployment file and the folders of provider files
    #[arg(value_name = "PATH", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub paths: Vec<PathBuf>,
    /// The deployment file, where no PATH is given [default: ./authcfg.yaml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A folder of provider files, where no PATH is given; repeatable [default: ./providers where it exists]
    #[arg(long, value_name = "DIR")]
    pub catalog: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What makes the command fail besides errors
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// A code whose warnings are left out; repeatable. Errors cannot be allowed
    #[arg(long, value_name = "CODE", value_parser = warning)]
    pub allow: Vec<Code>,
    /// Apply the changes that are certain; what is outside of them stays byte for byte
    #[arg(long)]
    pub fix: bool,
    /// Show what --fix would change as a unified diff, and write nothing; exit 1 where it would
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub diff: bool,
    /// Ask the network too: compare provider files with the discovery documents of their issuers, and look up the hosts
    /// that they name. Nothing private is connected to, unless the deployment file says so
    #[arg(long)]
    pub online: bool,
    /// Validate again whenever a file changes, until interrupted; writes `human` or `concise`
    #[arg(long, conflicts_with_all = ["fix", "diff", "online"])]
    pub watch: bool,
    /// Another network than that of this machine. For tests.
    #[arg(skip)]
    pub network: Network,
    /// Tomorrow, as `2026-11-25`; without it days are not looked at
    #[arg(skip)]
    pub tomorrow: Option<String>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line each
    Concise,
    /// Annotations of a GitHub workflow
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
    /// With the place in the file, the reason and the change to make
    #[default]
    Human,
    /// One JSON document on standard output
    Json,
    /// JUnit XML
    Junit,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// A code that may be allowed, by name.
fn warning(name: &str) -> Result<Code, String> {
    let Some(code) = Code::all().iter().copied().find(|code| code.as_str() == name) else {
        let near = nearest(name, Code::all().iter().map(|code| code.as_str()));
        return Err(format!(
            "there is no such code{}",
            near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default()
        ));
    };
    match code.may_warn() {
        true => Ok(code),
        false => Err("this is always an error: only warnings can be allowed".into()),
    }
}

/// What makes the command fail besides errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Warnings
    Warnings,
}

/// What a run over files found.
#[derive(Debug)]
pub struct Report {
    /// The findings, by file and place.
    pub findings: Vec<Diagnostic>,
    /// The files that were looked at, by name.
    pub files: Vec<String>,
}

/// Runs the command.
pub fn run(mut args: Args) -> ExitCode {
    args.tomorrow = Some(tomorrow());
    if args.diff {
        return show_fixes(&args);
    }
    if args.watch {
        return watch::run(args);
    }
    let (fixed, problems) = match args.fix {
        true => write_all(fix_all(&gather(&args).inputs, &args.catalog)),
        false => Default::default(),
    };
    // What the fixed files say now.
    let report = validate(&args);
    problems.iter().for_each(|problem| output::diagnostic(&format!("error: {problem}\n")));
    write_findings(&report, &args);
    let summary = match args.fix {
        true => format!("{}; {}\n", report.summary(), fixes(&fixed, "fixed")),
        false => format!("{}\n", report.summary()),
    };
    match args.format {
        // Standard output is one document then.
        Format::Gitlab | Format::Json | Format::Junit | Format::Sarif => output::diagnostic(&summary),
        Format::Concise | Format::Github | Format::Human => output::result(&summary),
    }
    if report.fails(args.deny) || !problems.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn write_findings(report: &Report, args: &Args) {
    match args.format {
        Format::Concise => output::diagnostic(&render::concise(&report.findings)),
        Format::Github => output::result(&render::github(&report.findings)),
        Format::Gitlab => output::result(&format!("{:#}\n", render::gitlab(&report.findings))),
        Format::Human => {
            let text = render::human(&report.findings, output::style());
            output::diagnostic(&(text + &explanation(&report.findings)));
        }
        Format::Json => {
            output::result(&format!("{:#}\n", render::json(&report.findings, report.files.len())))
        }
        Format::Junit => {
            output::result(&render::junit(&report.findings, &report.files, args.deny.is_some()));
        }
        Format::Sarif => output::result(&format!("{:#}\n", render::sarif(&report.findings))),
    }
}

/// Where more is said about what was found; nothing where nothing was.
fn explanation(findings: &[Diagnostic]) -> String {
    let code = findings.first().map(|finding| finding.code.as_str());
    code.map_or_else(String::new, |code| format!("`authcfg explain {code}` says what a code means.\n"))
}

/// Shows what would be fixed: standard output is a diff then, and nothing else.
fn show_fixes(args: &Args) -> ExitCode {
    let fixed = fix_all(&gather(args).inputs, &args.catalog);
    for Fixed { input, before, after, .. } in &fixed {
        let name = Source::new(input.path.display().to_string(), "");
        output::painted(&diff::unified(name.name(), before, after));
    }
    let report = validate(args);
    output::diagnostic(&format!("{}; {}\n", report.summary(), fixes(&fixed, "to fix")));
    if report.fails(args.deny) || !fixed.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// The day after this one.
pub(super) fn tomorrow() -> String {
    day(SystemClock.now() + 86_400)
}

/// How many findings in how many files.
fn fixes(fixed: &[Fixed], word: &str) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    match (fixed.iter().map(|fixed| fixed.count).sum(), fixed.len()) {
        (0, _) => format!("nothing {word}"),
        (count, files) => format!("{count} {word} in {files} file{}", plural(files)),
    }
}

/// Looks at the files that the arguments name.
pub fn validate(args: &Args) -> Report {
    let Gathered { inputs, mut findings, .. } = gather(args);
    let progress = Progress::start("files", inputs.len());
    let mut examined = examine_all(&inputs, &args.catalog, args.online, progress.done());
    drop(progress);
    if args.online {
        online::compare(&mut examined, args.config.as_deref(), &args.network);
    }
    let across = across::all(&examined, args.tomorrow.as_deref());
    findings.extend(examined.into_iter().flat_map(|examined| examined.findings));
    allow::add_across(&mut findings, across);
    findings.retain(|finding| finding.severity == Severity::Error || !args.allow.contains(&finding.code));
    sort(&mut findings);
    let findings = enough::of_each_file(findings);
    let name = |input: &Input| Source::new(input.path.display().to_string(), "").name().to_owned();
    Report { findings, files: inputs.iter().map(name).collect() }
}

impl Report {
    /// How many findings of a severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether the command fails.
    pub fn fails(&self, deny: Option<Deny>) -> bool {
        self.count(Severity::Error) > 0 || deny.is_some() && self.count(Severity::Warning) > 0
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        let counted = |count: usize, noun: &str| match count {
            0 => None,
            1 => Some(format!("1 {noun}")),
            count => Some(format!("{count} {noun}s")),
        };
        let files = counted(self.files.len(), "file").unwrap_or_else(|| "no file".into());
        let errors = counted(self.count(Severity::Error), "error");
        let warnings = counted(self.count(Severity::Warning), "warning");
        let found: Vec<String> = errors.into_iter().chain(warnings).collect();
        match found.is_empty() {
            true => format!("{files} checked, nothing found"),
            false => format!("{files} checked: {}", found.join(", ")),
        }
    }
}
