//! Markdown for a terminal: headings in bold, code as it is, text as wide as the screen.

use crate::cli::man::inline::words;
use crate::cli::output::{BOLD, PLAIN};

/// What a line of Markdown is.
enum Line<'a> {
    Blank,
    Definition,
    Heading(&'a str),
    /// How deep it is indented, its mark, and its text.
    Item(usize, &'a str, &'a str),
    Row(&'a str),
    Text(&'a str),
}

/// A page as a terminal shows it.
pub(super) fn terminal(markdown: &str, width: usize) -> String {
    let mut screen =
        Screen { text: String::new(), width, paragraph: String::new(), first: String::new(), rest: 0 };
    let mut in_code = false;
    let mut rows = 0;
    for line in markdown.lines() {
        if line.starts_with("```") {
            screen.flush();
            in_code = !in_code;
            continue;
        }
        if in_code {
            screen.line(&format!("    {line}"));
            continue;
        }
        let kind = kind(line);
        rows = if matches!(kind, Line::Row(_)) { rows + 1 } else { 0 };
        match kind {
            Line::Blank => screen.blank(),
            Line::Definition => {}
            Line::Heading(title) => {
                screen.flush();
                let title =
                    words(title).into_iter().map(|(word, _)| plain(&word)).collect::<Vec<_>>().join(" ");
                screen.line(&format!("{BOLD}{title}{PLAIN}"));
            }
            Line::Item(depth, mark, text) => {
                screen.flush();
                screen.begin(format!("{}{mark} ", " ".repeat(depth)), text);
            }
            // The first row is the heading, the second the line below it.
            Line::Row(_) if rows <= 2 => {}
            Line::Row(row) => screen.row(row),
            Line::Text(text) => screen.add(text),
        }
    }
    screen.flush();
    screen.text.trim_end().to_owned() + "\n"
}

fn kind(line: &str) -> Line<'_> {
    let text = line.trim_start();
    let depth = line.len() - text.len();
    if text.is_empty() {
        return Line::Blank;
    }
    if let Some(row) = line.strip_prefix('|') {
        return Line::Row(row.trim_end().trim_end_matches('|'));
    }
    if line.starts_with('[') && line.contains("]: ") {
        return Line::Definition;
    }
    let title = line.trim_start_matches('#');
    if title.len() < line.len() && title.starts_with(' ') {
        return Line::Heading(title.trim());
    }
    if let Some((mark, text)) = text.split_once(' ') {
        let numbered = mark.strip_suffix('.').is_some_and(|digits| digits.parse::<u8>().is_ok());
        if mark == "-" || numbered {
            return Line::Item(depth, mark, text);
        }
    }
    Line::Text(text)
}

/// The page as far as it is written, and the paragraph that is being read.
struct Screen {
    text: String,
    width: usize,
    paragraph: String,
    first: String,
    rest: usize,
}

impl Screen {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.flush();
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn begin(&mut self, first: String, text: &str) {
        self.rest = first.chars().count();
        self.first = first;
        self.paragraph = text.to_owned();
    }

    fn add(&mut self, text: &str) {
        if !self.paragraph.is_empty() {
            self.paragraph.push(' ');
        }
        self.paragraph.push_str(text);
    }

    /// A row of a table: what its first cell names, then what the others say of it.
    fn row(&mut self, row: &str) {
        let row = row.replace("\\|", "\u{1}");
        let mut cells = row.split('|').map(|cell| cell.trim().replace('\u{1}', "|"));
        let name = cells.next().unwrap_or_default();
        let said: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
        self.begin("  ".into(), &format!("{name}: {}", said.join("; ")));
        self.rest = 6;
        self.flush();
    }

    fn flush(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let mut line = std::mem::take(&mut self.first);
        let mut used = line.chars().count();
        let mut empty = true;
        for (word, width) in words(&paragraph) {
            if !empty && used + 1 + width > self.width {
                self.line(&line);
                line = " ".repeat(self.rest);
                used = self.rest;
                empty = true;
            }
            if !empty {
                line.push(' ');
                used += 1;
            }
            line.push_str(&word);
            used += width;
            empty = false;
        }
        if !empty {
            self.line(&line);
        }
        self.rest = 0;
    }
}

/// A text without its colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str, width: usize) -> String {
        plain(&terminal(markdown, width))
    }

    #[test]
    fn a_heading_is_bold_and_code_is_as_it_is() {
        assert_eq!(
            terminal("## The `token` step\n\n```yaml\ntoken:\n  a: `1`\n```\n", 40),
            "\x1b[1mThe token step\x1b[0m\n\n    token:\n      a: `1`\n"
        );
    }

    #[test]
    fn text_is_as_wide_as_the_screen() {
        assert_eq!(shown("one two\nthree four\n\nfive\n", 14), "one two three\nfour\n\nfive\n");
        assert_eq!(shown("a-very-long-word x\n", 4), "a-very-long-word\nx\n");
    }

    #[test]
    fn an_item_keeps_its_indent() {
        let page = "- one two three\n  four\n  - five six\n1. seven\n";
        assert_eq!(shown(page, 11), "- one two\n  three\n  four\n  - five\n    six\n1. seven\n");
    }

    #[test]
    fn a_table_is_a_line_for_each_row() {
        let page = "| name | holds | from |\n|---|---|---|\n| `a` | b \\| c | d |\n| e | | f g h |\n";
        assert_eq!(shown(page, 13), "  a: b | c; d\n  e: f g h\n");
        assert_eq!(shown(page, 8), "  a: b |\n      c;\n      d\n  e: f g\n      h\n");
    }

    #[test]
    fn definitions_of_links_are_for_other_readers() {
        assert_eq!(shown("See the [reference].\n\n[reference]: reference.md\n", 80), "See the reference.\n");
    }

    #[test]
    fn no_line_of_the_manual_is_too_wide_but_code() {
        for page in crate::cli::man::page::PAGES {
            let shown = shown(page.text, 80);
            let wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("    ");
            let wide: Vec<&str> = shown.lines().filter(wide).collect();
            assert!(wide.is_empty(), "{}: {wide:#?}", page.name);
        }
    }
}
