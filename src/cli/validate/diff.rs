//! Two texts as a unified diff that `patch -p0` and `git apply -p0` take.

use crate::cli::output::{BOLD, GREEN, PLAIN, RED};

/// Lines around a change.
const CONTEXT: usize = 3;
/// How far apart equal lines are looked for.
const WINDOW: usize = 64;

/// A line of either text, or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Added(&'a str),
    Removed(&'a str),
    Same(&'a str),
}

/// The difference of two texts of a file, with colours; empty where there is none.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let lines = align(&split(before), &split(after));
    let changed: Vec<usize> =
        (0..lines.len()).filter(|index| !matches!(lines[*index], Line::Same(_))).collect();
    if changed.is_empty() {
        return String::new();
    }
    let mut text = format!("{BOLD}--- {name}{PLAIN}\n{BOLD}+++ {name}{PLAIN}\n");
    let mut rest = changed.as_slice();
    while let Some(first) = rest.first() {
        let apart = |pair: &[usize]| pair[1] - pair[0] > 2 * CONTEXT;
        let count = rest.windows(2).position(apart).map_or(rest.len(), |index| index + 1);
        let end = (rest[count - 1] + CONTEXT + 1).min(lines.len());
        text += &hunk(&lines, first.saturating_sub(CONTEXT), end);
        rest = &rest[count..];
    }
    text
}

fn hunk(lines: &[Line<'_>], start: usize, end: usize) -> String {
    let of = |lines: &[Line<'_>], old: bool| {
        let is = |line: &&Line<'_>| match line {
            Line::Added(_) => !old,
            Line::Removed(_) => old,
            Line::Same(_) => true,
        };
        lines.iter().filter(is).count()
    };
    let range = |old: bool| {
        let (skipped, count) = (of(&lines[..start], old), of(&lines[start..end], old));
        format!("{},{count}", if count == 0 { skipped } else { skipped + 1 })
    };
    let mut text = format!("@@ -{} +{} @@\n", range(true), range(false));
    for line in &lines[start..end] {
        let (sign, line, colour) = match line {
            Line::Added(line) => ('+', line, GREEN),
            Line::Removed(line) => ('-', line, RED),
            Line::Same(line) => (' ', line, ""),
        };
        let bare = line.strip_suffix('\n').unwrap_or(line);
        text += &format!("{colour}{sign}{bare}{}\n", if colour.is_empty() { "" } else { PLAIN });
        if bare.len() == line.len() {
            text += "\\ No newline at end of file\n";
        }
    }
    text
}

fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Walks both texts at once; where they part, the nearest pair of equal lines brings them together again. Of patches,
/// which change few lines, that is the shortest difference.
fn align<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let (mut a, mut b) = (0, 0);
    let mut lines = vec![];
    while a < old.len() || b < new.len() {
        if a < old.len() && b < new.len() && old[a] == new[b] {
            lines.push(Line::Same(old[a]));
            (a, b) = (a + 1, b + 1);
            continue;
        }
        let (removed, added) = meet(&old[a..], &new[b..]);
        lines.extend(old[a..a + removed].iter().map(|line| Line::Removed(line)));
        lines.extend(new[b..b + added].iter().map(|line| Line::Added(line)));
        (a, b) = (a + removed, b + added);
    }
    lines
}

/// How many lines of each differ until equal ones follow.
fn meet(old: &[&str], new: &[&str]) -> (usize, usize) {
    for distance in 1..=WINDOW {
        for removed in 0..=distance {
            let added = distance - removed;
            if old.get(removed).is_some_and(|line| new.get(added) == Some(line)) {
                return (removed, added);
            }
        }
    }
    (old.len(), new.len())
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn plain(before: &str, after: &str) -> String {
        strip_str(&unified("a.yaml", before, after)).to_string()
    }

    #[test]
    fn shows_changed_lines_with_three_around() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14";
        let after = before.replace("\n5\n", "\nfive\n").replace("14", "fourteen");
        let expected = "--- a.yaml\n+++ a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
            @@ -11,4 +11,4 @@\n 11\n 12\n 13\n-14\n\\ No newline at end of file\n+fourteen\n\
            \\ No newline at end of file\n";
        assert_eq!(plain(before, &after), expected);
        assert_eq!(plain(before, before), "");
    }

    #[test]
    fn lines_come_and_go_and_keep_their_ends() {
        assert_eq!(
            plain("a\r\nb\r\n", "a\r\nc\r\nb\r\n").as_bytes(),
            b"--- a.yaml\n+++ a.yaml\n@@ -1,2 +1,3 @@\n a\r\n+c\r\n b\r\n"
        );
        assert_eq!(plain("", "a\n"), "--- a.yaml\n+++ a.yaml\n@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(plain("a\n", ""), "--- a.yaml\n+++ a.yaml\n@@ -1,1 +0,0 @@\n-a\n");
        let (old, new): (String, String) = ("x\n".repeat(200), "y\n".repeat(300));
        assert_eq!(plain(&old, &new).lines().count(), 3 + 500);
    }
}
