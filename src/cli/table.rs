//! Text in columns for a terminal of 80 characters.

/// The width that everything fits.
pub const WIDTH: usize = 80;

/// A text cut to `width` characters; `…` stands for the rest.
pub fn clipped(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// `left`, and `right` at the end of the line; where both do not fit, `right` stands at the end of the next one. A `left`
/// that is too long goes on below, at column `hang`.
pub fn flush_right(left: &str, right: &str, hang: usize) -> String {
    let lines = folded(left, hang);
    let last = lines.last().map(|line| line.chars().count()).unwrap_or_default();
    let mut text = lines.join("\n");
    if right.is_empty() {
        return text + "\n";
    }
    let right = clipped(right, WIDTH);
    let length = right.chars().count();
    match WIDTH.checked_sub(last + length).filter(|gap| *gap >= 2) {
        Some(gap) => text += &format!("{:gap$}{right}\n", ""),
        None => text += &format!("\n{:gap$}{right}\n", "", gap = WIDTH - length),
    }
    text
}

/// A list of words behind `head`, on as many lines as it needs; those after the first are indented by two more.
pub fn wrapped(head: &str, text: &str) -> String {
    let line = head.trim_start_matches('\n');
    let indent = line.len() - line.trim_start().len() + 2;
    let before = &head[..head.len() - line.len()];
    format!("{before}{}\n", folded(&format!("{line}{text}"), indent).join("\n"))
}

/// A text on lines of at most 80 characters, broken at spaces where there are any; those after the first begin at `hang`.
pub fn folded(text: &str, hang: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > WIDTH {
        let least = hang + (WIDTH - hang) / 3;
        let space = (least..=WIDTH).rev().find(|at| rest[*at] == ' ');
        let (end, next) = space.map_or((WIDTH, WIDTH), |at| (at, at + 1));
        lines.push(rest[..end].iter().collect());
        rest = std::iter::repeat_n(' ', hang).chain(rest[next..].iter().copied()).collect();
    }
    lines.push(rest.into_iter().collect());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_folded_at_spaces() {
        let text = format!("  {} {}", "a".repeat(50), "b".repeat(50));
        assert_eq!(folded(&text, 4), [format!("  {}", "a".repeat(50)), format!("    {}", "b".repeat(50))]);
        let solid = "x".repeat(100);
        assert_eq!(folded(&solid, 2), ["x".repeat(80), format!("  {}", "x".repeat(20))]);
        assert_eq!(folded("short", 2), ["short"]);
    }

    #[test]
    fn the_right_column_ends_at_the_edge() {
        let line = flush_right("  name", "a.yaml:3", 2);
        assert_eq!(line.trim_end_matches('\n').chars().count(), WIDTH);
        let two = flush_right(&"n".repeat(75), "a.yaml:3", 2);
        assert_eq!(two.lines().map(|line| line.chars().count()).collect::<Vec<_>>(), [75, WIDTH]);
    }

    #[test]
    fn a_word_list_hangs_below_its_head() {
        let text = wrapped("\n  Empty: ", &"word, ".repeat(20));
        assert!(
            text.starts_with("\n  Empty: word,") && text.lines().nth(2).unwrap().starts_with("    word"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(clipped("ééé", 2), "é…");
    }
}
