//! The list as a table that fits its terminal: columns that do not fit are left out, and named.

use crate::cli::list::row::Row;
use crate::cli::output::{BOLD, DIM, PLAIN, one_line};

/// The columns in their order.
const COLUMNS: [&str; 13] = [
    "ID",
    "NAME",
    "PROTOCOL",
    "PKCE",
    "AUTH",
    "E-MAIL",
    "CAPABILITIES",
    "SCOPES",
    "VERIFIED",
    "STATUS",
    "TESTS",
    "SOURCE",
    "DOCS",
];

/// Which columns are taken in first, besides the first two.
const WANTED: [&str; 11] = [
    "PROTOCOL",
    "E-MAIL",
    "VERIFIED",
    "AUTH",
    "CAPABILITIES",
    "STATUS",
    "PKCE",
    "TESTS",
    "SCOPES",
    "SOURCE",
    "DOCS",
];

/// A column: its name, and a cell a row.
type Column = (&'static str, Vec<String>);

/// What stands between two columns.
const GAP: usize = 2;

/// The table and its summary; `None` for as wide as it gets.
pub fn text(rows: &[Row], width: Option<usize>) -> String {
    if rows.is_empty() {
        return summary(0, &[]);
    }
    let column = |name: &'static str| -> Column {
        (name, rows.iter().map(|row| one_line(&cell(row, name))).collect())
    };
    let mut columns = vec![column("ID"), column("NAME")];
    for name in WANTED {
        columns.push(column(name));
        if width.is_some_and(|width| total(&columns) > width) {
            columns.pop();
        }
    }
    columns.sort_by_key(|(name, _)| COLUMNS.iter().position(|other| other == name));
    let left_out: Vec<&str> =
        COLUMNS.into_iter().filter(|name| columns.iter().all(|(column, _)| column != name)).collect();
    if let Some(width) = width {
        let over = total(&columns).saturating_sub(width);
        let names = &mut columns[1].1;
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let room = longest.saturating_sub(over).max(8);
        names.iter_mut().for_each(|name| *name = clipped(name, room));
    }
    let mut text = String::new();
    let head: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    text += &format!("{BOLD}{}{PLAIN}\n", line(&columns, &head));
    for number in 0..rows.len() {
        let cells: Vec<&str> = columns.iter().map(|(_, cells)| cells[number].as_str()).collect();
        text += &format!("{}\n", line(&columns, &cells));
    }
    text + &format!("{DIM}{}{PLAIN}", summary(rows.len(), &left_out))
}

/// One line for a person.
pub fn summary(rows: usize, left_out: &[&str]) -> String {
    let providers = if rows == 1 { "provider" } else { "providers" };
    let hint = match left_out {
        [] => String::new(),
        columns => format!("; too wide: {}", columns.join(", ").to_lowercase()),
    };
    format!("{rows} {providers}{hint}\n")
}

fn cell(row: &Row, column: &str) -> String {
    match column {
        "ID" => row.id.clone(),
        "NAME" => row.name.clone(),
        "PROTOCOL" => row.protocol.to_owned(),
        "PKCE" => row.pkce.clone(),
        "AUTH" => row.client_auth.replace("client_secret_", ""),
        "E-MAIL" => row.email_verified.to_owned(),
        "CAPABILITIES" => row.capabilities.join(" "),
        "SCOPES" => row.scopes.join(" "),
        "VERIFIED" => row.verified.as_ref().map(|(on, _)| on.clone()).unwrap_or_default(),
        "STATUS" => row.status.clone(),
        "TESTS" => row.tests.to_string(),
        "SOURCE" => row.source.clone(),
        _ => row.docs.clone().unwrap_or_default(),
    }
}

fn total(columns: &[Column]) -> usize {
    columns.iter().map(width).sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

fn width((name, cells): &Column) -> usize {
    cells.iter().map(|cell| cell.chars().count()).chain([name.len()]).max().unwrap_or_default()
}

fn line(columns: &[Column], cells: &[&str]) -> String {
    let padded = columns.iter().zip(cells).map(|(column, cell)| format!("{cell:<0$}", width(column) + GAP));
    padded.collect::<String>().trim_end().to_owned()
}

fn clipped(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => text.chars().take(width - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn row(id: &str, name: &str) -> Row {
        Row {
            id: id.into(),
            name: name.into(),
            aliases: vec![],
            protocol: "oidc",
            pkce: "S256".into(),
            client_auth: "client_secret_post".into(),
            scopes: vec!["openid".into(), "email".into()],
            capabilities: vec!["discovery", "refresh"],
            email_verified: "claim",
            verified: Some(("2026-11-24".into(), "docs".into())),
            status: "active".into(),
            successor: None,
            categories: vec![],
            docs: Some("https://acme.example/docs".into()),
            tests: 3,
            source: "built-in".into(),
        }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn is_as_wide_as_it_gets_where_nobody_looks() {
        let text = plain(&text(&[row("acme", "Acme")], None));
        assert_eq!(
            text,
            "ID    NAME  PROTOCOL  PKCE  AUTH  E-MAIL  CAPABILITIES       SCOPES        VERIFIED    STATUS  TESTS  SOURCE    DOCS\n\
             acme  Acme  oidc      S256  post  claim   discovery refresh  openid email  2026-11-24  active  3      built-in  https://acme.example/docs\n\
             1 provider\n"
        );
    }

    #[test]
    fn leaves_out_what_does_not_fit_and_says_so() {
        let rows = [row("acme", "Acme"), row("long-id-of-acme", "The Long Name of Acme Incorporated")];
        for width in [20, 40, 60, 80, 100, 120, 200] {
            let text = plain(&text(&rows, Some(width)));
            let lines: Vec<&str> = text.lines().collect();
            for line in &lines[..3] {
                assert!(line.chars().count() <= width.max(25), "{width}: {text}");
            }
            assert!(lines[0].starts_with("ID") && lines[1].starts_with("acme"), "{text}");
        }
        let text = plain(&text(&rows, Some(100)));
        assert!(
            text.ends_with("2 providers; too wide: pkce, capabilities, scopes, tests, source, docs\n"),
            "{text}"
        );
    }

    #[test]
    fn says_that_there_is_none() {
        assert_eq!(plain(&text(&[], Some(80))), "0 providers\n");
    }
}
