//! The lines of a file that a person is shown: what moves a cursor is escaped, what is too long is trimmed.

#![allow(clippy::single_range_in_vec_init, reason = "one range is meant, not its members")]

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::yaml;

/// What stands for text that was left out.
const GAP: &str = "...";
/// So much of a line is shown in any terminal.
const MIN_WIDTH: usize = 24;

/// Some lines of a text, as they are shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The lines.
    pub text: String,
    /// The number of the first one, from 1.
    pub first_line: usize,
    /// Where the places that were asked for are now, in the same order.
    pub spans: Vec<Range<usize>>,
}

/// The lines with these places, from the first to the last. A line longer than `width` columns keeps what is around the
/// places, `spare` columns less than that. The places are on character boundaries.
pub fn excerpt(text: &str, places: &[Range<usize>], width: usize, spare: usize) -> Excerpt {
    let mut points: Vec<usize> = places.iter().flat_map(|place| [place.start, place.end]).collect();
    points.sort_unstable();
    points.dedup();
    let (first, last) =
        (points.first().copied().unwrap_or_default(), points.last().copied().unwrap_or_default());
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let mut lines = Lines { text: String::new(), points: &points, found: vec![] };
    let mut at = start;
    for line in text[start..end].split('\n') {
        if at > start {
            lines.text.push('\n');
        }
        lines.add(line, at, width.max(MIN_WIDTH), spare);
        at += line.len() + 1;
    }
    let now = |point: usize| lines.found[points.partition_point(|other| *other < point)];
    Excerpt {
        first_line: text[..start].matches('\n').count() + 1,
        spans: places.iter().map(|place| now(place.start)..now(place.end)).collect(),
        text: lines.text,
    }
}

/// An excerpt that is being written.
struct Lines<'a> {
    text: String,
    /// The bytes that are asked for, in order.
    points: &'a [usize],
    /// Where the first ones of them are now.
    found: Vec<usize>,
}

impl Lines<'_> {
    /// Adds the line that begins at the byte `at` of the text.
    fn add(&mut self, line: &str, at: usize, width: usize, spare: usize) {
        let end = at + line.len();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let here = self.points[self.found.len()..].iter().take_while(|point| **point <= end);
        let here: Vec<usize> = here.map(|point| (point - at).min(line.len())).collect();
        let mut byte = 0;
        for range in kept(line, &here, width, spare) {
            if byte < range.start {
                self.text += GAP;
            }
            for (index, c) in line[range.clone()].char_indices() {
                self.reach(at + range.start + index);
                self.text += &shown(c);
            }
            byte = range.end;
            self.reach(at + byte);
        }
        if byte < line.len() {
            self.text += GAP;
        }
        self.reach(end);
    }

    /// Whatever is asked for up to this byte is here.
    fn reach(&mut self, byte: usize) {
        while self.points.get(self.found.len()).is_some_and(|point| *point <= byte) {
            self.found.push(self.text.len());
        }
    }
}

/// The bytes of a line that are shown: all where it is short enough, else as much around the points as there is room for.
fn kept(line: &str, points: &[usize], width: usize, spare: usize) -> Vec<Range<usize>> {
    // The columns at which characters begin, and the end of the line.
    let mut columns = vec![];
    let mut column = 0;
    for (byte, c) in line.char_indices() {
        columns.push((byte, column));
        column += width_of(c);
    }
    columns.push((line.len(), column));
    if column <= width {
        return vec![0..line.len()];
    }
    let points: Vec<usize> = match points {
        [] => vec![0],
        points => {
            points.iter().map(|point| columns[columns.partition_point(|(byte, _)| byte < point)].1).collect()
        }
    };
    let width = width.saturating_sub(spare).max(MIN_WIDTH);
    let mut around = width;
    let windows = loop {
        let windows = merged(&points, around, column);
        let (first, last) = (windows[0].start, windows[windows.len() - 1].end);
        let gaps = windows.len() - 1 + usize::from(first > 0) + usize::from(last < column);
        let sum = windows.iter().map(|window| window.end - window.start).sum::<usize>() + gaps * GAP.len();
        if sum <= width || around == 0 {
            break windows;
        }
        around -= 1;
    };
    let byte = |column: usize| columns[columns.partition_point(|(_, at)| *at < column)].0;
    windows.into_iter().map(|window| byte(window.start)..byte(window.end)).collect()
}

/// The columns around points, as far as the line goes, in one piece where they touch or nearly do.
fn merged(points: &[usize], around: usize, end: usize) -> Vec<Range<usize>> {
    let mut windows: Vec<Range<usize>> = vec![];
    for point in points {
        let window = point.saturating_sub(around)..(point + around).min(end);
        match windows.last_mut() {
            Some(before) if window.start <= before.end + GAP.len() => before.end = window.end,
            _ => windows.push(window),
        }
    }
    windows
}

/// A text on one line, as it is shown.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match text.chars().any(|c| c.is_control() || is_escaped(c)) {
        true => Cow::Owned(text.chars().map(|c| if c == '\t' { "\\t".into() } else { shown(c) }).collect()),
        false => Cow::Borrowed(text),
    }
}

/// A text that replaces another, as it is shown: its line breaks stay, and each line is at most `width` columns long.
pub fn replacement(text: &str, width: usize) -> String {
    let line = |line: &str| excerpt(line, &[0..0, line.len()..line.len()], width, 0).text;
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The columns that a text takes, on one line.
pub fn columns(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> usize {
    match c {
        '\t' => 4,
        c if is_escaped(c) => shown(c).len(),
        c => c.width().unwrap_or_default(),
    }
}

/// A character as it is shown.
fn shown(c: char) -> String {
    match c {
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        c if is_escaped(c) => c.escape_unicode().to_string(),
        c => c.into(),
    }
}

/// Whether a character is shown escaped: it cannot be seen, or terminals disagree on how wide what follows is.
fn is_escaped(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{200d}') || yaml::is_hidden(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, place: &str, width: usize) -> String {
        let start = text.find(place).unwrap();
        let Excerpt { text, spans, .. } = excerpt(text, &[start..start + place.len()], width, 0);
        let Range { start, end } = spans[0].clone();
        format!("{}[{}]{}", &text[..start], &text[start..end], &text[end..])
    }

    #[test]
    fn a_short_line_is_shown_whole() {
        let text = "a: 1\r\nb: two\r\nc: 3\r\n";
        assert_eq!(marked(text, "two", 24), "b: [two]");
        assert_eq!(marked(text, "b", 24), "[b]: two");
        assert_eq!(marked(text, "1\r\nb: two", 24), "a: [1\nb: two]");
        let end = excerpt(text, &[text.len()..text.len()], 24, 0);
        assert_eq!(end, Excerpt { text: String::new(), first_line: 4, spans: vec![0..0] });
        assert_eq!(excerpt(text, &[8..8, 0..1], 24, 0).spans, [7..7, 0..1]);
    }

    #[test]
    fn what_moves_a_cursor_is_escaped() {
        let text = "a\u{1b}[2J: \u{202e}x\u{200d}y\rz\tö";
        assert_eq!(marked(text, "y", 99), "a\\u{1b}[2J: \\u{202e}x\\u{200d}[y]\\rz\tö");
        assert_eq!(one_line("a\n\u{1b}\tb\u{202e}"), "a\\n\\u{1b}\\tb\\u{202e}");
        assert_eq!(one_line("größe 小明"), "größe 小明");
    }

    #[test]
    fn a_long_line_keeps_what_is_around_the_places() {
        let text = format!("{}here{}", "<".repeat(2000), ">".repeat(2000));
        assert_eq!(marked(&text, "here", 30), "...<<<<<<<<<<[here]>>>>>>>>>>...");
        let text = format!("here{}", ">".repeat(2000));
        assert_eq!(marked(&text, "here", 30), format!("[here]{}...", ">".repeat(23)));
        let text = format!("{}here", "小".repeat(2000));
        assert_eq!(marked(&text, "here", 30), format!("...{}[here]", "小".repeat(11)));
        // A place that is itself too long keeps both ends.
        let text = format!("a: b{}c", "-".repeat(2000));
        assert_eq!(marked(&text, &text[3..], 30), format!("a: [b{}...{}c]", "-".repeat(11), "-".repeat(11)));
    }

    #[test]
    fn places_far_apart_are_both_kept() {
        let text = format!("one{}two{}\n{}\nthree", ".".repeat(500), ".".repeat(500), "x".repeat(500));
        let three = text.find("three").unwrap();
        let Excerpt { text, spans, first_line } = excerpt(&text, &[503..506, 0..3, three..three + 5], 40, 0);
        let found: Vec<&str> = spans.into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["two", "one", "three"]);
        assert!(text.lines().all(|line| line.len() <= 40), "{text}");
        assert_eq!((first_line, text.lines().count()), (1, 3));
    }

    #[test]
    fn every_place_of_any_line_stays_in_it() {
        let text = "é\u{1b}小\u{200d}\t👩x\r\n".repeat(9).replace("x\r\né", "x");
        let places: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for width in [0, 24, 30, 60, 400] {
            for start in &places {
                for end in places.iter().filter(|end| *end >= start) {
                    let Excerpt { text, spans, .. } = excerpt(&text, &[*start..*end], width, 0);
                    assert!(text.get(spans[0].clone()).is_some(), "{start} {end} {width} {spans:?}");
                }
            }
        }
    }

    #[test]
    fn a_replacement_is_shortened_line_by_line() {
        assert_eq!(replacement("a\r\nb\u{1b}", 24), "a\nb\\u{1b}");
        assert_eq!(replacement(&"x".repeat(100), 24), "xxxxxxxxxx...xxxxxxxxxx");
    }
}
