//! `authcfg man`: the manual at the terminal, a page or a section of it.

mod inline;
mod page;
mod pager;
mod render;

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::cli::man::page::{PAGES, Page};
use crate::cli::output;
use crate::diagnostic::nearest;

/// The widest text that is comfortable to read.
const WIDTH: usize = 100;

/// Print a page of the manual, or a section of one.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  authcfg man                    the pages there are
  authcfg man format             a whole page
  authcfg man format scopes      one section of it, also written format#scopes
  authcfg man cookbook e-mail    every section with that word in its title
  authcfg man format expires_at  every section with that key, where no title has it
  authcfg man reference step.response.map
  authcfg man cookbook > cookbook.md

A terminal gets headings in bold and text as wide as it is; anything else gets
Markdown. AUTHCFG_PAGER, or else PAGER, names the program that shows the text on
a terminal; without them it is printed.

Exit codes:
  0 printed, 2 there is no such page or section")]
pub struct Args {
    /// A page, and behind a # a section of it; the list of pages where none is given
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
    /// A section: its title, or words of it
    #[arg(value_name = "SECTION")]
    section: Vec<String>,
}

/// Runs the command: 2 for a page or a section that is not there.
pub fn run(args: Args) -> ExitCode {
    let markdown = match args.topic.as_deref() {
        None => Ok(contents()),
        Some(topic) => find(topic, &args.section.join(" ")),
    };
    match markdown {
        Ok(markdown) if std::io::stdout().is_terminal() => {
            pager::show(&render::terminal(&markdown, output::width().unwrap_or(WIDTH).min(WIDTH)));
            ExitCode::SUCCESS
        }
        Ok(markdown) => {
            output::result(&markdown);
            ExitCode::SUCCESS
        }
        Err(why) => {
            output::diagnostic(&format!("error: {why}\n"));
            ExitCode::from(2)
        }
    }
}

/// The list of pages.
fn contents() -> String {
    let mut text = String::from("# The manual\n\n");
    for page in PAGES {
        text += &format!("- `authcfg man {}`: {}\n", page.name, page.summary);
    }
    text + "\nA section of a page is `authcfg man format scopes`.\n"
}

/// The Markdown of a page, or of the sections that `section` names; why there is none.
fn find(topic: &str, section: &str) -> Result<String, String> {
    let (name, behind) = topic.split_once('#').unwrap_or((topic, ""));
    let words = format!("{behind} {section}");
    let wanted = words.trim();
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        return Err(no_page(name));
    };
    if wanted.is_empty() {
        return Ok(page.text.to_owned());
    }
    let mut sections = page.sections(wanted);
    if sections.is_empty() {
        sections = page.sections_with(wanted);
    }
    if sections.is_empty() {
        return Err(no_section(page, wanted));
    }
    Ok(sections.join("\n"))
}

fn no_page(name: &str) -> String {
    let near = nearest(name, PAGES.iter().map(|page| page.name));
    let section = || {
        let page = PAGES.iter().find(|page| page.has(name))?;
        Some(format!("authcfg man {} {name}", page.name))
    };
    let hint = near.map(|name| format!("authcfg man {name}")).or_else(section);
    let hint = hint.unwrap_or_else(|| "authcfg man".into());
    format!("there is no page `{}`: see `{}`", output::one_line(name), output::one_line(&hint))
}

fn no_section(page: &Page, wanted: &str) -> String {
    let slugs: Vec<String> = page.slugs().collect();
    let near = nearest(&page::slug(wanted), slugs.iter().map(String::as_str));
    let hint = near.map(|slug| format!(" {slug}")).unwrap_or_default();
    let (name, wanted) = (page.name, output::one_line(wanted));
    format!("there is no section `{wanted}` on the page `{name}`: see `authcfg man {name}{hint}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_printed_as_it_is_written() {
        assert!(find("format", "").unwrap().starts_with("# Provider files\n"));
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/manual")).unwrap();
        let files = folder.map(|entry| entry.unwrap().path());
        assert_eq!(PAGES.len(), files.filter(|path| path.extension().is_some_and(|end| end == "md")).count());
    }

    #[test]
    fn a_section_is_found_by_its_title_in_both_spellings() {
        let section = find("format", "userinfo").unwrap();
        assert!(section.starts_with("## Userinfo\n"), "{section}");
        assert_eq!(find("format#userinfo", "").unwrap(), section);
        assert!(find("reference", "step.response.map").unwrap().starts_with("## step.response.map\n"));
    }

    #[test]
    fn words_find_every_section_that_has_them() {
        let found = find("cookbook", "e-mail call").unwrap();
        assert!(found.starts_with("### The e-mail is a second call\n"), "{found}");
        assert!(find("cookbook", "e-mails").unwrap().matches("\n### ").count() >= 1);
    }

    #[test]
    fn a_key_that_is_no_title_finds_where_it_is_shown() {
        let found = find("format", "expires_at").unwrap();
        assert!(found.starts_with("### Members of a token response under other names\n"), "{found}");
        assert!(!found.contains("### Errors"), "{found}");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is_near() {
        assert_eq!(find("formt", "").unwrap_err(), "there is no page `formt`: see `authcfg man format`");
        assert_eq!(
            find("userinfo", "").unwrap_err(),
            "there is no page `userinfo`: see `authcfg man format userinfo`"
        );
        assert_eq!(find("xyzzy", "").unwrap_err(), "there is no page `xyzzy`: see `authcfg man`");
        assert_eq!(
            find("format", "userifno").unwrap_err(),
            "there is no section `userifno` on the page `format`: see `authcfg man format userinfo`"
        );
        assert_eq!(
            find("format", "xyzzy").unwrap_err(),
            "there is no section `xyzzy` on the page `format`: see `authcfg man format`"
        );
    }
}
