//! The list as a table of Markdown, for a page.

use crate::cli::list::row::Row;

/// The table.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::from(
        "| Provider | Id | Protocol | PKCE | Client authentication | E-mail verified | Capabilities | Scopes | Verified | Status | Tests | Source |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let name = match &row.docs {
            Some(docs) => {
                format!("[{}]({})", escaped(&row.name), docs.replace(')', "%29").replace('|', "%7C"))
            }
            None => escaped(&row.name),
        };
        let ids: Vec<String> = std::iter::once(&row.id).chain(&row.aliases).map(|id| code(id)).collect();
        let scopes: Vec<String> = row.scopes.iter().map(|scope| code(scope)).collect();
        let cells = [
            name,
            ids.join(", "),
            row.protocol.to_owned(),
            row.pkce.clone(),
            code(&row.client_auth),
            row.email_verified.to_owned(),
            row.capabilities.join(", "),
            scopes.join(" "),
            row.verified.as_ref().map(|(on, how)| format!("{} ({how})", escaped(on))).unwrap_or_default(),
            row.successor
                .as_ref()
                .map_or_else(|| row.status.clone(), |id| format!("{}: use {}", row.status, code(id))),
            row.tests.to_string(),
            escaped(&row.source),
        ];
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace('\n', " "))
}

/// Text that Markdown shows as it is.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' => out.extend(['\\', c]),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::list::table::tests::row;

    #[test]
    fn a_row_is_a_line_whatever_the_name() {
        let text = text(&[row("acme", "A|b [c]\n_d_")]);
        assert_eq!(
            text.lines().last().unwrap(),
            "| [A\\|b \\[c\\] \\_d\\_](https://acme.example/docs) | `acme` | oidc | S256 | `client_secret_post` | claim | discovery, refresh | `openid` `email` | 2026-11-24 (docs) | active | 3 | built-in |"
        );
        assert_eq!(text.lines().count(), 3);
    }
}
