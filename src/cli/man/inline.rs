//! Markdown inside a line: code, bold text and links, as words for a terminal.

use crate::cli::output::{BOLD, PLAIN};

/// For what is written in a file or at a prompt.
const CODE: &str = "\x1b[36m";

/// The words of a text: where a line may be broken, with how wide each is on the screen.
pub(super) fn words(text: &str) -> Vec<(String, usize)> {
    let mut words = vec![];
    let mut word = Word::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (consumed, shown, style) = token(rest, c);
        let Some(shown) = shown else {
            words.extend(word.end());
            rest = &rest[consumed..];
            continue;
        };
        // Code is broken at its spaces too; each part carries the colour.
        for (number, part) in shown.split(' ').enumerate() {
            if number > 0 {
                words.extend(word.end());
            }
            word.push(part, style);
        }
        rest = &rest[consumed..];
    }
    words.extend(word.end());
    words
}

/// What the text begins with: its length, what is shown of it (`None`: a space) and in which style.
fn token(text: &str, first: char) -> (usize, Option<&str>, &'static str) {
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        inner.find(close).filter(|end| *end > 0).map(|end| &inner[..end])
    };
    if first == ' ' || first == '\n' {
        return (1, None, "");
    }
    if let Some(code) = between("``", "``").or_else(|| between("`", "`")) {
        let ticks = if text.starts_with("``") { 2 } else { 1 };
        return (code.len() + 2 * ticks, Some(code.trim()), CODE);
    }
    if let Some(bold) = between("**", "**") {
        return (bold.len() + 4, Some(bold), BOLD);
    }
    if let Some(emphasis) = between("*", "*").filter(|emphasis| !emphasis.starts_with([' ', '*'])) {
        return (emphasis.len() + 2, Some(emphasis), "");
    }
    if let Some(label) = between("[", "]").filter(|label| !label.contains(['`', '"', '{'])) {
        let behind = &text[label.len() + 2..];
        let target = |open: &str, close: char| {
            let inner = behind.strip_prefix(open)?;
            inner.find(close).map(|end| end + 2)
        };
        if let Some(length) = target("(", ')').or_else(|| target("[", ']')) {
            return (label.len() + 2 + length, Some(label), "");
        }
        if label.chars().all(|c| c.is_ascii_lowercase() || c == '-') && label.len() > 1 {
            return (label.len() + 2, Some(label), "");
        }
    }
    (first.len_utf8(), Some(&text[..first.len_utf8()]), "")
}

/// A word that is being put together.
#[derive(Default)]
struct Word {
    text: String,
    width: usize,
}

impl Word {
    fn push(&mut self, part: &str, style: &str) {
        self.width += part.chars().count();
        match style {
            "" => self.text.push_str(part),
            _ if part.is_empty() => {}
            style => self.text.extend([style, part, PLAIN]),
        }
    }

    fn end(&mut self) -> Option<(String, usize)> {
        let word = std::mem::take(self);
        (word.width > 0).then_some((word.text, word.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn code_and_bold_text_lose_their_marks() {
        assert_eq!(
            shown("a `b c`, **d**"),
            ["a", "\x1b[36mb\x1b[0m", "\x1b[36mc\x1b[0m,", "\x1b[1md\x1b[0m"]
        );
        assert_eq!(words("`ab`,"), [("\x1b[36mab\x1b[0m,".to_owned(), 3)]);
    }

    #[test]
    fn a_link_is_its_text() {
        assert_eq!(
            shown("the [reference] and [this page][format], [there](#x)"),
            ["the", "reference", "and", "this", "page,", "there"]
        );
    }

    #[test]
    fn what_looks_like_markup_stays() {
        assert_eq!(shown("2 * 3 * 4 [RS256] a` b"), ["2", "*", "3", "*", "4", "[RS256]", "a`", "b"]);
    }
}
