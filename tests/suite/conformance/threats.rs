//! Which test holds which clause of the threat list: `threats.md` beside this file. A test that is not there any more fails this one.

use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("threats.md");
/// How many clauses the page has: none vanishes unseen.
const CLAUSES: usize = 120;

#[test]
fn every_clause_has_its_test() {
    let there = tests_of_this_binary();
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && *line != "| Clause | Held by |");
    let rows: Vec<(&str, &str)> =
        rows.map(|row| row.trim_matches(['|', ' ']).rsplit_once(" | ").expect("two columns")).collect();
    let mut lost: Vec<&str> = vec![];
    for (clause, held_by) in &rows {
        let mut tests = held_by.split("<br>").peekable();
        assert!(tests.peek().is_some_and(|test| !test.is_empty()), "{clause}");
        let named = tests.filter(|test| !test.starts_with("Not held: "));
        lost.extend(named.filter(|test| !is_there(test.trim_matches('`'), &there)));
    }
    assert!(lost.is_empty(), "there is no such test, or more than one: {lost:#?}");
    assert_eq!(rows.len(), CLAUSES);
}

fn tests_of_this_binary() -> Vec<String> {
    let this = std::env::current_exe().expect("this program");
    let list = Command::new(this).args(["--list", "--format", "terse"]).output().expect("a list");
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    list.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect()
}

/// Whether there is one test whose name ends so, or one of that name in a file of the library.
fn is_there(test: &str, there: &[String]) -> bool {
    match test.split_once(' ') {
        Some((file, name)) => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("fn {name}()")))
        }
        None => there.iter().filter(|name| name.ends_with(&format!("::{test}"))).count() == 1,
    }
}
