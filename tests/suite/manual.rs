//! The manual's examples: whole files and parts of files, each valid, each with tests that pass; wrong ones are refused.

mod coverage;
mod example;
mod mock;
mod page;
mod reference;
mod schema;
mod validate;

use crate::manual::example::Example;
use crate::manual::page::{Block, Kind, blocks};

#[test]
fn every_example_is_valid_and_every_wrong_one_refused_as_it_says() {
    let blocks = blocks();
    let mut wrong = vec![];
    for (block, example) in examples(&blocks) {
        let findings = example.findings();
        let found: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
        match &block.kind {
            Kind::Wrong { code, .. } if found.iter().all(|found| found == code) && !found.is_empty() => {}
            Kind::Wrong { code, .. } => {
                wrong.push(format!("{}: {code} wanted, found {found:?}", block.place()))
            }
            _ if findings.is_empty() => {}
            _ => {
                let findings = authcfg::diagnostic::render::concise(&findings);
                wrong.push(format!("{}: {findings}", block.place()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_tests_of_every_example_pass() {
    let blocks = blocks();
    let mut failed = vec![];
    for (block, example) in examples(&blocks) {
        if matches!(block.kind, Kind::Part { .. } | Kind::Provider(_)) {
            let failures = example.play().await;
            failed.extend(failures.into_iter().map(|failure| format!("{}: {failure}", block.place())));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_recipe_has_an_example_and_says_who_needs_it() {
    let (_, page) = page::pages().into_iter().find(|(name, _)| name == "cookbook.md").unwrap();
    let (recipes, _) = page.split_once("\n[format]: ").unwrap();
    let recipes: Vec<&str> = recipes.split("\n### ").skip(1).collect();
    assert!(recipes.len() >= 35, "{} recipes", recipes.len());
    for recipe in recipes {
        let title = recipe.lines().next().unwrap();
        let recipe = recipe.split("\n## ").next().unwrap();
        let first = recipe.lines().nth(2).unwrap_or_default();
        assert!(
            first.ends_with(|c: char| !c.is_whitespace()) && !first.starts_with("```"),
            "{title}: a word first"
        );
        assert!(recipe.contains("\n```yaml\n"), "{title}: no example");
        let last = recipe.trim_end().rsplit("\n\n").next().unwrap();
        let tells = |word| last.contains(word);
        assert!(
            !last.starts_with("```") && ["eeded by ", "ffered by ", " at ", "show"].into_iter().any(tells),
            "{title}: {last}"
        );
    }
}

fn examples(blocks: &[Block]) -> impl Iterator<Item = (&Block, Example)> {
    blocks.iter().filter_map(|block| Some((block, Example::write(block, blocks)?)))
}
