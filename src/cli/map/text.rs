//! The result for people: each claim with its value, and under it where that came from.

use serde_json::Value;

use crate::cli::effective::Effective;
use crate::cli::map::answers::Answers;
use crate::cli::map::sign_in::Mapped;
use crate::cli::map::trace::{Claim, Outcome, Source};
use crate::cli::output::{BOLD, DIM, GREEN, PLAIN, RED, one_line};
use crate::cli::table::{WIDTH, clipped, flush_right, wrapped};

/// What is shown of one sign-in.
pub fn of(effective: &Effective, answers: &Answers, mapped: &Mapped) -> String {
    let of_title: Vec<&String> =
        answers.iter().filter(|(_, answer)| answer.origin == answers.title).map(|(kind, _)| kind).collect();
    let kind = match of_title.as_slice() {
        [kind] => format!(" ({kind})"),
        _ => String::new(),
    };
    let mut text = format!("{BOLD}{}{PLAIN}, {}{kind}\n", effective.provider.name, one_line(&answers.title));
    for (kind, answer) in answers.iter().filter(|(_, answer)| answer.origin != answers.title) {
        text += &format!("{DIM}  {kind}: {}{PLAIN}\n", one_line(&answer.origin));
    }
    for note in &mapped.notes {
        text += &wrapped("  ", note);
    }
    text.push('\n');
    let names = mapped.claims.iter().filter(|claim| is_shown(claim)).map(|claim| claim.name.len());
    let column = names.max().unwrap_or_default().min(26) + 4;
    for claim in mapped.claims.iter().filter(|claim| is_shown(claim)) {
        text += &claim_text(effective, claim, column);
    }
    text += &lists(mapped);
    text += &summary(mapped);
    text
}

/// A claim that stands under its own heading: it has a value, or the file itself maps it. The rest are names in a list.
fn is_shown(claim: &Claim) -> bool {
    claim.name == "sub" || claim.value.is_some() || claim.source().is_some() || claim.is_written()
}

fn claim_text(effective: &Effective, claim: &Claim, column: usize) -> String {
    let value = claim.value.as_ref().or(match claim.source().map(|source| &source.outcome) {
        Some(Outcome::Value(value)) => Some(value),
        _ => None,
    });
    let empty = if claim.name == "sub" { format!("{RED}empty{PLAIN}") } else { format!("{DIM}empty{PLAIN}") };
    let note = claim.note.map(|note| format!("  ({note})")).unwrap_or_default();
    let room = WIDTH - column - note.chars().count();
    let value = value.map_or(empty, |value| clipped(&shown(value), room));
    let name = format!("  {:<width$}", claim.name, width = column - 2);
    let mut text = format!("{BOLD}{name}{PLAIN}{value}{DIM}{note}{PLAIN}\n");
    let single = claim.sources.len() == 1;
    for source in &claim.sources {
        text += &source_text(effective, source, single, column);
    }
    text
}

fn source_text(effective: &Effective, source: &Source, single: bool, column: usize) -> String {
    let (mark, word) = match &source.outcome {
        Outcome::Value(_) if single => (" ", String::new()),
        Outcome::Value(_) => ("*", String::new()),
        Outcome::Empty if single => ("-", String::new()),
        Outcome::Empty => ("-", "empty  ".to_owned()),
        Outcome::Failed(why) => ("!", format!("{}  ", one_line(why))),
        Outcome::NotTried => (" ", "not tried  ".to_owned()),
    };
    let indent = column - 2;
    let right = format!("{word}{}", effective.short(&source.place));
    let mut text = String::new();
    let left = format!("{:indent$}{mark} {}", "", one_line(&source.text));
    text += &format!("{DIM}{}{PLAIN}", flush_right(&left, &right, column));
    for (name, value) in &source.parts {
        let value = value.as_ref().map_or_else(|| "empty".to_owned(), shown);
        let line = format!("{:column$}  {name} = {value}", "");
        text += &format!("{DIM}{}{PLAIN}\n", clipped(&line, WIDTH));
    }
    text
}

/// What is empty, and what nothing reads.
fn lists(mapped: &Mapped) -> String {
    let mut text = String::new();
    let empty: Vec<&str> =
        mapped.claims.iter().filter(|claim| !is_shown(claim)).map(|claim| claim.name.as_str()).collect();
    if !empty.is_empty() {
        text += &wrapped("\n  Empty: ", &empty.join(", "));
    }
    for (kind, names) in &mapped.unread {
        let names: Vec<String> =
            names.as_array().into_iter().flatten().filter_map(Value::as_str).map(one_line).collect();
        text += &wrapped(&format!("\n  Nothing reads, of {kind}: "), &names.join(", "));
    }
    text
}

fn summary(mapped: &Mapped) -> String {
    match &mapped.profile {
        Ok(profile) => {
            let claims =
                if profile.len() == 1 { "1 claim".to_owned() } else { format!("{} claims", profile.len()) };
            format!("\n{GREEN}{claims}, sub {}{PLAIN}\n", clipped(&shown(&profile["sub"]), WIDTH - 20))
        }
        Err((code, message)) => {
            format!("\n{RED}The sign-in would fail: {code}: {}{PLAIN}\n", one_line(message))
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text),
        value => value.to_string(),
    }
}
