//! `--watch`: validates again whenever a file changes.
//!
//! Before each run the folders are watched anew, so that what changes during the run leads to the next one, and what was
//! removed and made again is watched again. An interrupt ends the process, as it does everywhere.

use std::io::{IsTerminal, stdout};
use std::process::ExitCode;

use crate::cli::output;
use crate::cli::validate::{Args, Format, roots, tomorrow, validate, write_findings};
use crate::cli::watch::Changes;
use crate::clock::{Clock, SystemClock};

/// Clears a screen; what has scrolled away stays.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Runs until it is interrupted: 2 for a format that is not for people, 1 where nothing can be watched or nobody reads.
pub fn run(mut args: Args) -> ExitCode {
    if !matches!(args.format, Format::Concise | Format::Human) {
        output::diagnostic("error: --watch writes for people: `--format human` or `concise`\n");
        return ExitCode::from(2);
    }
    loop {
        let changes = match Changes::of(&roots(&args)) {
            Ok(changes) => changes,
            Err(error) => {
                output::diagnostic(&format!("error: the files cannot be watched: {error}\n"));
                return ExitCode::from(1);
            }
        };
        if stdout().is_terminal() {
            output::result(CLEAR);
        }
        args.tomorrow = Some(tomorrow());
        let report = validate(&args);
        write_findings(&report, &args);
        let now = time(SystemClock.now());
        let line = format!("{} at {now}; waiting for changes\n", report.summary());
        if !output::is_read(&line) || !changes.wait() {
            return ExitCode::from(1);
        }
    }
}

/// The time of day of a moment.
fn time(seconds: u64) -> String {
    let (minutes, second) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{second:02} UTC", minutes / 60 % 24, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_time_of_day() {
        assert_eq!(time(1_795_478_400 + 3_661), "01:01:01 UTC");
        assert_eq!(time(86_399), "23:59:59 UTC");
    }
}
