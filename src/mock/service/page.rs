//! The pages of the service: who signs in, and that somebody has signed out. They work without a script.

use std::fmt::Write;

use crate::mock::page::escape;
use crate::mock::service::grants::Authorized;
use crate::mock::service::scenario::Scenario;

/// The page that asks who signs in, or what goes wrong. `ticket` finds the request again.
pub(super) fn choose(
    provider: &str,
    scenarios: &[Scenario],
    authorized: &Authorized,
    ticket: &str,
    base: &str,
) -> String {
    let list = |succeeds: bool| {
        let mut items = String::new();
        for (number, scenario) in scenarios.iter().enumerate().filter(|(_, one)| one.succeeds() == succeeds) {
            let checked = if number == authorized.scenario { " checked autofocus" } else { "" };
            let (title, detail) = labels(scenario);
            let _ = write!(
                items,
                "<label><input type=\"radio\" name=\"scenario\" value=\"{number}\"{checked}> \
                 <span><b>{}</b> <small>{}</small></span></label>",
                escape(&title),
                escape(&detail)
            );
        }
        items
    };
    let group = |legend: &str, items: String| match items.is_empty() {
        true => items,
        false => format!("<fieldset><legend>{legend}</legend>{items}</fieldset>"),
    };
    include_str!("choose.html")
        .replace("{people}", &group("Who signs in", list(true)))
        .replace("{errors}", &group("Or what goes wrong", list(false)))
        .replace("{provider}", &escape(provider))
        .replace("{redirect_uri}", &escape(&authorized.redirect_uri))
        .replace("{ticket}", &escape(ticket))
        .replace("{action}", &escape(&format!("{base}/authcfg/answer")))
}

/// What a scenario is called on the page: the person, and beside it the vector's name; or the vector's name and the error.
fn labels(scenario: &Scenario) -> (String, String) {
    match (scenario.error(), scenario.email().or(scenario.person())) {
        (Some(error), _) => (scenario.name.clone(), error.to_owned()),
        (None, Some(person)) => (person.to_owned(), scenario.name.clone()),
        (None, None) => (scenario.name.clone(), String::new()),
    }
}

/// The page after a sign-out that leads nowhere.
pub(super) fn signed_out(provider: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Signed out</title>\
         <main><h1>Signed out of {}</h1></main></html>",
        escape(provider)
    )
}
