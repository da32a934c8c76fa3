//! The provider and its requests for a person: sections of aligned lines, the place of each value on the right.

use crate::cli::effective::Effective;
use crate::cli::output::{BOLD, DIM, GREEN, PLAIN, YELLOW, one_line};
use crate::cli::show::facts::{self, Fact, Section};
use crate::cli::show::metadata::left_to_discovery;
use crate::cli::show::plan::Plan;
use crate::cli::show::play::Played;
use crate::cli::show::sent::Sent;
use crate::cli::show::why::{Why, title};
use crate::cli::table::{flush_right, folded, wrapped};
use crate::flow::sections;

/// The column where values begin is at most this.
const VALUES: usize = 33;

/// What is shown.
pub fn of(effective: &Effective, plan: &Plan, played: &Played, why: bool) -> String {
    let provider = &effective.provider;
    let files: Vec<String> = effective.files().into_iter().map(one_line).collect();
    let head = folded(&format!("{} ({}) {}", provider.name, provider.protocol.as_str(), files.join(", ")), 2);
    let head = head.join("\n");
    let rest = head.strip_prefix(provider.name.as_str()).unwrap_or_default();
    let mut text = format!("{BOLD}{}{PLAIN}{DIM}{rest}{PLAIN}\n", provider.name);
    text += &format!("{DIM}callback URL{PLAIN} {}\n", plan.callback_url);
    for mut section in facts::of(effective, plan) {
        if section.key == "metadata" {
            section.facts.extend(discovery(effective, plan));
        }
        text += &section_text(effective, &section, why);
    }
    text += &requests(effective, plan, played, why);
    text
}

/// A heading and its facts.
fn section_text(effective: &Effective, section: &Section, why: bool) -> String {
    let mut text = heading(section.title);
    // What nobody wrote is a list of names.
    let (standard, what) = match section.key {
        "inputs" => (sections::parameter("authorization", "login_hint"), "as the standard has them"),
        "profile" => (sections::key("profile"), "claims of the same name"),
        _ => (None, ""),
    };
    let is_standard = |fact: &&Fact| standard.is_some_and(|standard| fact.place == standard);
    let shown: Vec<&Fact> = section.facts.iter().filter(|fact| !is_standard(fact)).collect();
    let column = column(shown.iter().map(|fact| fact.name.as_str()));
    for fact in shown {
        let (first, more) = fact.text.split_first().expect("a fact has a line");
        let place = fact.place.split_once(" https://").map_or(fact.place.as_str(), |(word, _)| word);
        let place = if why { effective.short(place) } else { String::new() };
        text += &row(&fact.name, first, &place, column);
        for line in more {
            text += &format!(
                "{DIM}{}{PLAIN}",
                flush_right(&format!("{:column$}{}", "", one_line(line)), "", column)
            );
        }
    }
    let names: Vec<&str> = section.facts.iter().filter(is_standard).map(|fact| fact.name.as_str()).collect();
    if !names.is_empty() {
        let from = standard.filter(|_| why).map(|section| format!(" ({section})")).unwrap_or_default();
        let list = wrapped(&format!("  {what}{from}: "), &names.join(", "));
        text += &format!("{DIM}{}{PLAIN}\n", list.trim_end_matches('\n'));
    }
    text
}

/// The discovery document, and what is left to it.
fn discovery(effective: &Effective, plan: &Plan) -> Vec<Fact> {
    let Some(url) = &plan.discovery_url else { return vec![] };
    let fact = |name: &str, text: &str, place: String| Fact {
        name: name.to_owned(),
        text: vec![text.to_owned()],
        json: serde_json::Value::Null,
        place,
    };
    let left = left_to_discovery(effective, plan);
    let mut facts = vec![fact("discovery", url.as_str(), effective.place("/discovery").unwrap_or_default())];
    facts.extend(left.into_iter().map(|name| fact(name, "(discovered)", "discovery".into())));
    facts
}

fn requests(effective: &Effective, plan: &Plan, played: &Played, why: bool) -> String {
    let mut text = heading("Requests");
    for (index, sent) in played.requests.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text += &request(index + 1, sent, effective, &Why::new(effective, plan, sent), why);
    }
    match &played.stopped {
        Some(stopped) => text += &format!("\n{YELLOW}{}{PLAIN}", wrapped("  ", stopped)),
        None => text += &format!("\n{GREEN}{}{PLAIN}\n", summary(played)),
    }
    text
}

fn summary(played: &Played) -> String {
    let count =
        |count: usize, noun: &str| if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") };
    let documents: Vec<&str> = played.documents.iter().map(|(step, _)| step.as_str()).collect();
    let requests = count(played.requests.len(), "request");
    match documents.is_empty() {
        true => requests,
        false => format!("{requests}; fetched before and kept: {}", documents.join(", ")),
    }
}

fn request(number: usize, sent: &Sent, effective: &Effective, reason: &Why<'_>, why: bool) -> String {
    let (name, what) = title_of(&sent.step);
    // The address of the discovery document is told once, among the metadata.
    let place = |place: String| match place.split_once(' ') {
        _ if !why => String::new(),
        Some(("discovery", _)) => "discovery".into(),
        _ => effective.short(&place),
    };
    let mut text = format!("  {BOLD}{number} {name}{PLAIN}  {DIM}{what}{PLAIN}\n");
    let line = format!("    {} {}", sent.method, sent.url);
    text += &colored_head(&line, &place(reason.url()));
    let headers: Vec<(String, &str)> =
        sent.headers.iter().map(|(name, value)| (title(name), value.as_str())).collect();
    let names =
        headers.iter().map(|(name, _)| name.as_str()).chain(sent.params().map(|(name, _)| name.as_str()));
    let column = column(names) + 4;
    for ((shown, value), (name, _)) in headers.iter().zip(&sent.headers) {
        text += &indented(shown, value, &place(reason.header(name)), column);
    }
    let groups = [("query", &sent.query), (sent.format.unwrap_or("body"), &sent.body)];
    for (kind, params) in groups.into_iter().filter(|(_, params)| !params.is_empty()) {
        text += &format!("    {DIM}{kind}{PLAIN}\n");
        for (name, value) in params {
            let note =
                if sent.raw.iter().any(|(raw, _)| raw == name) { "  (not percent-encoded)" } else { "" };
            text += &indented(name, &format!("{value}{note}"), &place(reason.param(name)), column);
        }
    }
    if let Some(fragment) = &sent.fragment {
        text += &format!("    {DIM}fragment{PLAIN}\n      #{}\n", one_line(fragment));
    }
    text
}

/// The name of a step for a person, and who does what.
pub fn title_of(step: &str) -> (&str, &'static str) {
    let what = match step {
        "authorization" => "the browser goes to the provider",
        "protected_resource" => "the resource says who hands out its tokens",
        "registration" => "the client registers itself",
        "pushed_authorization_request" => "the server sends ahead what the browser would carry",
        "token" => "the server turns the code into a token",
        "userinfo" => "the server asks who has signed in",
        "refresh" => "the server turns an old token into a new one",
        "revocation" => "the server ends a token",
        "access_token_revocation" => "the server ends the access token too",
        "introspection" => "the server asks what a token is worth",
        "client_credentials" => "the server gets a token for itself",
        "jwt_bearer" => "the server turns an assertion into a token",
        "token_exchange" => "the server turns the token into one for another service",
        step if step.starts_with("then") => "the server turns the token into the one to use",
        _ => "the server asks for more",
    };
    (step, what)
}

fn heading(title: &str) -> String {
    format!("\n{BOLD}{title}{PLAIN}\n")
}

fn column<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or_default().min(VALUES - 4) + 4
}

/// `name  value                 place`
fn row(name: &str, value: &str, place: &str, column: usize) -> String {
    let left = format!("  {:<width$}{}", format!("{name}  "), one_line(value), width = column - 2);
    let folded = flush_right(&left, place, column);
    dimmed_end(&folded, place)
}

fn indented(name: &str, value: &str, place: &str, column: usize) -> String {
    let left = format!("      {:<width$}{}", format!("{name}  "), one_line(value), width = column - 6);
    dimmed_end(&flush_right(&left, place, column), place)
}

fn colored_head(line: &str, place: &str) -> String {
    let (method, url) = line.trim_start().split_once(' ').unwrap_or((line, ""));
    let plain = flush_right(&format!("    {method} {url}"), place, 6);
    dimmed_end(&plain.replacen(method, &format!("{BOLD}{method}{PLAIN}"), 1), place)
}

/// The place at the end of a text, dimmed.
fn dimmed_end(text: &str, place: &str) -> String {
    match text.trim_end_matches('\n').strip_suffix(place).filter(|_| !place.is_empty()) {
        Some(rest) => format!("{rest}{DIM}{place}{PLAIN}\n"),
        None => text.to_owned(),
    }
}
