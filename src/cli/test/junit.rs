//! For CI servers: JUnit XML, a test suite a provider.

use std::time::Duration;

use anstream::adapter::strip_str;

use crate::cli::test::{Outcome, Report, human};
use crate::diagnostic::render::escaped;

/// All of a run.
pub fn xml(report: &Report) -> String {
    let mut suites: Vec<(&str, Vec<&Outcome>)> = vec![];
    for outcome in &report.outcomes {
        match suites.iter_mut().find(|(id, _)| *id == outcome.case.id) {
            Some((_, outcomes)) => outcomes.push(outcome),
            None => suites.push((&outcome.case.id, vec![outcome])),
        }
    }
    let all: Vec<&Outcome> = report.outcomes.iter().collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml += &format!("<testsuites name=\"authcfg test\" {}>\n", counts(&all));
    for (id, outcomes) in &suites {
        xml += &format!("  <testsuite name=\"{}\" {} skipped=\"0\">\n", escaped(id), counts(outcomes));
        for outcome in outcomes {
            xml += &test_case(outcome);
        }
        xml += "  </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

fn counts(outcomes: &[&Outcome]) -> String {
    let errors = outcomes.iter().filter(|outcome| outcome.case.broken.is_some()).count();
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let time = outcomes.iter().map(|outcome| outcome.time).sum();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{errors}\" time=\"{}\"",
        outcomes.len(),
        failed - errors,
        seconds(time)
    )
}

fn test_case(outcome: &Outcome) -> String {
    let Outcome { case, result, time } = outcome;
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"{}\"",
        escaped(&case.id),
        escaped(&case.name),
        escaped(&case.file),
        seconds(*time)
    );
    if let Some(why) = &case.broken {
        return format!(
            "{head}>\n      <error message=\"{}\" type=\"file\"/>\n    </testcase>\n",
            escaped(why)
        );
    }
    if outcome.passed() {
        return format!("{head}/>\n");
    }
    let text = strip_str(&human::difference(outcome)).to_string();
    let text: String =
        text.lines().map(|line| line.strip_prefix("        ").unwrap_or(line).to_owned() + "\n").collect();
    let about: Vec<String> =
        result.failures.iter().map(|failure| format!("{} {}", failure.request, failure.what)).collect();
    format!(
        "{head}>\n      <failure message=\"{}\" type=\"vector\">{}</failure>\n    </testcase>\n",
        escaped(&about.join(", ")),
        escaped(&text).replace("&#10;", "\n")
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_in_seconds() {
        assert_eq!(seconds(Duration::from_millis(1500)), "1.500");
    }
}
