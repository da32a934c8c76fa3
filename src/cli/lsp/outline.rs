//! Where the cursor is, by indentation alone: for a text that is not YAML at the moment.

use crate::cli::lsp::cursor::Cursor;
use crate::cli::lsp::schema::Step;

/// A line: its dashes, and the key that follows them.
struct Line<'a> {
    dashes: Vec<usize>,
    column: usize,
    key: Option<&'a str>,
    value: &'a str,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Line<'a> {
        let (mut column, mut dashes) = (line.len() - line.trim_start_matches(' ').len(), vec![]);
        while let Some(rest) = line[column..].strip_prefix("- ").or((&line[column..] == "-").then_some("")) {
            dashes.push(column);
            let rest = rest.trim_start_matches(' ');
            column = line.len() - rest.len();
        }
        let content = &line[column..];
        let colon = content.find(": ").or(content.strip_suffix(':').map(str::len));
        let key = colon.map(|at| content[..at].trim_matches(['"', '\'']));
        Line { dashes, column, key, value: colon.map_or(content, |at| content[at + 1..].trim_start()) }
    }

    fn is_empty(&self) -> bool {
        self.key.is_none() && self.dashes.is_empty() && (self.value.is_empty() || self.value.starts_with('#'))
    }
}

/// Where the cursor at a byte is.
pub fn cursor(text: &str, offset: usize) -> Cursor {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let here = Line::of(&text[start..offset]);
    let mut path = vec![];
    let mut siblings = vec![];
    let value = match here.key {
        Some(key) => {
            path.push(Step::Key(key.to_owned()));
            Some(here.value.to_owned())
        }
        None if here.value.is_empty() => None,
        None => Some(here.value.to_owned()),
    };
    let typed = value.is_none();
    // Up: keys further left are the ancestors, keys in the same column the siblings.
    let mut column = here.column;
    let mut open = climb(&here, &mut column, &mut path);
    for line in text[..start].lines().rev().map(Line::of).filter(|line| !line.is_empty()) {
        match line.key {
            Some(key) if line.column == column && !open => siblings.extend(typed.then(|| key.to_owned())),
            Some(key) if line.column < column || open && line.column <= column => {
                path.push(Step::Key(key.to_owned()));
                column = line.column;
            }
            _ if line.dashes.first().is_some_and(|dash| *dash < column) => {}
            _ => continue,
        }
        if column == line.column || line.dashes.first().is_some_and(|dash| *dash < column) {
            let siblings_end = line.dashes.is_empty() && line.column == column;
            open = climb(&line, &mut column, &mut path) || open && !siblings_end;
        }
        if path.iter().any(|step| matches!(step, Step::Key(_))) && column == 0 && !open {
            break;
        }
    }
    siblings.reverse();
    // Down: until something stands further left.
    let below = text[offset..].lines().skip(1).map(Line::of).filter(|line| !line.is_empty());
    let below = below.take_while(|line| line.column >= here.column && line.dashes.is_empty());
    siblings.extend(
        below
            .filter(|line| typed && line.column == here.column)
            .filter_map(|line| line.key)
            .map(str::to_owned),
    );
    path.reverse();
    Cursor { path, siblings, value, alone: false, colon: false }
}

/// Steps out of the lists that begin on a line; whether a key may follow in the column of the dash.
fn climb(line: &Line<'_>, column: &mut usize, path: &mut Vec<Step>) -> bool {
    for dash in line.dashes.iter().rev() {
        path.push(Step::Member);
        *column = *dash;
    }
    !line.dashes.is_empty()
}
