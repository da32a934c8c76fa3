//! For people: one line a test, and how what came differs from what was expected.

use serde_json::{Map, Value};

use crate::cli::output::{BOLD, DIM, GREEN, PLAIN, RED, YELLOW, one_line};
use crate::cli::test::{Outcome, Report};
use crate::mock::Failure;

/// All of a run; the last line counts.
pub fn text(report: &Report) -> String {
    let width =
        report.outcomes.iter().map(|outcome| outcome.case.id.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for outcome in &report.outcomes {
        let (color, word) = if outcome.passed() { (GREEN, "ok") } else { (RED, "FAILED") };
        let (id, name) = (one_line(&outcome.case.id), one_line(&outcome.case.name));
        text += &format!("{color}{word:<6}{PLAIN}  {id:<width$}  {name}\n");
        if !outcome.passed() {
            text += &difference(outcome);
        }
    }
    for note in &report.notes {
        text += &format!("{YELLOW}note{PLAIN}    {}\n", one_line(note));
    }
    text + &report.summary()
}

/// Where a test stands that failed, and how what came differs from what was expected.
pub fn difference(outcome: &Outcome) -> String {
    let case = &outcome.case;
    let place = case.place.as_ref().map(|place| format!(":{place}")).unwrap_or_default();
    let mut text = format!("        {DIM}--> {}{place}{PLAIN}\n", one_line(&case.file));
    if let Some(why) = &case.broken {
        text += &format!("        {why}\n");
    }
    let failures = &outcome.result.failures;
    let mut titles: Vec<String> = vec![];
    for title in failures.iter().map(title) {
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    for heading in titles {
        let wanted = case.played.as_ref().and_then(|(_, vector)| vector.profile.as_ref());
        match (heading == "profile").then_some(wanted.zip(outcome.result.profile.as_ref())).flatten() {
            Some((wanted, got)) => {
                text += &format!("        {BOLD}profile{PLAIN}  {DIM}- expected  + got{PLAIN}\n");
                text += &profile(wanted, got);
            }
            None => {
                text += &format!("        {BOLD}{heading}{PLAIN}\n");
                for failure in failures.iter().filter(|failure| title(failure) == heading) {
                    text += &lines(failure);
                }
            }
        }
    }
    text
}

/// What a failure is about: a request, or what the sign-in came to.
fn title(failure: &Failure) -> String {
    match (failure.request.as_str(), failure.what.split_once('.')) {
        ("result", Some(("token", _))) => "token response".into(),
        ("result", Some((part, _))) => part.replace('_', " "),
        ("result", None) => "result".into(),
        (request, _) => format!("{} request", one_line(request)),
    }
}

fn lines(failure: &Failure) -> String {
    let what = match failure.request.as_str() {
        "result" => failure.what.split_once('.').map_or(failure.what.as_str(), |(_, name)| name),
        _ => &failure.what,
    };
    format!(
        "          {}\n            expected  {GREEN}{}{PLAIN}\n            got       {RED}{}{PLAIN}\n",
        one_line(what),
        one_line(&failure.expected),
        one_line(&failure.got)
    )
}

/// Claim by claim: `-` what was expected, `+` what came.
fn profile(wanted: &Map<String, Value>, got: &Value) -> String {
    let none = Map::new();
    let got = got.as_object().unwrap_or(&none);
    let further = got.keys().filter(|name| !wanted.contains_key(*name));
    let mut text = String::new();
    for name in wanted.keys().chain(further) {
        let value = |claims: &Map<String, Value>| {
            claims.get(name).filter(|value| !value.is_null()).map(|value| one_line(&value.to_string()))
        };
        let shown = one_line(name);
        match (value(wanted), value(got)) {
            (None, None) => {}
            (Some(a), Some(b)) if a == b => text += &format!("            {DIM}{shown}: {a}{PLAIN}\n"),
            (a, b) => {
                if let Some(a) = a {
                    text += &format!("          {GREEN}- {shown}: {a}{PLAIN}\n");
                }
                if let Some(b) = b {
                    text += &format!("          {RED}+ {shown}: {b}{PLAIN}\n");
                }
            }
        }
    }
    text
}
