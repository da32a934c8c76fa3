//! Whole provider files to begin with, proposed in an empty one.

use std::path::Path;

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, InsertTextFormat, MarkupContent, MarkupKind, Range, TextEdit,
};

use crate::yaml::Span;

/// Whether nothing but comments and the word being typed is in a text.
pub fn is_empty(text: &str, word: Span) -> bool {
    let nothing = |text: &str| text.lines().all(|line| line.trim().is_empty() || line.starts_with('#'));
    let at_start = text[..word.start].ends_with('\n') || word.start == 0;
    at_start && nothing(&text[..word.start]) && nothing(&text[word.end..])
}

/// The proposals for a file. Once filled in, nothing is found in them.
pub fn proposals(path: &Path, range: Range, snippets: bool) -> Vec<CompletionItem> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_id(stem)).unwrap_or("acme");
    let item = |label: &str, text: fn(&str, &Holes) -> String| {
        let plain = text(stem, &Holes { snippets: false });
        let shown = MarkupContent { kind: MarkupKind::Markdown, value: format!("```yaml\n{plain}```") };
        CompletionItem {
            label: label.to_owned(),
            kind: Some(CompletionItemKind::Snippet),
            documentation: Some(shown.into()),
            insert_text_format: snippets.then_some(InsertTextFormat::Snippet),
            text_edit: Some(TextEdit { range, new_text: text(stem, &Holes { snippets }) }.into()),
            ..CompletionItem::default()
        }
    };
    vec![item("provider, OAuth 2.0", oauth), item("provider, OpenID Connect", openid)]
}

/// The places that are to be filled in.
struct Holes {
    snippets: bool,
}

impl Holes {
    fn hole(&self, number: usize, default: &str) -> String {
        match self.snippets {
            true => format!("${{{number}:{default}}}"),
            false => default.to_owned(),
        }
    }

    /// The sign that begins a path, and in a snippet a hole.
    fn dollar(&self) -> &'static str {
        if self.snippets { "\\$" } else { "$" }
    }
}

fn oauth(id: &str, holes: &Holes) -> String {
    let (name, host) = (holes.hole(1, id), holes.hole(2, &format!("{id}.example")));
    let dollar = holes.dollar();
    format!(
        "id: {id}\n\
         name: {name}\n\
         docs: https://{host}/docs\n\
         authorization_endpoint: https://{host}/authorize\n\
         token_endpoint: https://{host}/token\n\
         userinfo_endpoint: https://{host}/me\n\
         profile: {{sub: {dollar}.userinfo.id, name: {dollar}.userinfo.name}}\n\
         tests:\n  \
         - userinfo: {{id: 17, name: Ada}}\n    \
         profile: {{sub: \"17\", name: Ada}}\n  \
         - token_response: {{http: {{status: 400, body: {{error: invalid_grant}}}}}}\n    \
         error: invalid_grant\n"
    )
}

fn openid(id: &str, holes: &Holes) -> String {
    let (name, host) = (holes.hole(1, id), holes.hole(2, &format!("{id}.example")));
    format!(
        "id: {id}\n\
         name: {name}\n\
         docs: https://{host}/docs\n\
         protocol: oidc\n\
         discovery: true\n\
         issuer: https://{host}\n\
         tests:\n  \
         - claims: {{sub: \"17\"}}\n    \
         profile: {{sub: \"17\"}}\n  \
         - claims: {{sub: \"17\", iss: \"https://evil.example\"}}\n    \
         error: id_token_invalid\n"
    )
}

fn is_id(stem: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !stem.is_empty() && stem.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::validate;

    #[test]
    fn nothing_is_found_in_a_beginning() {
        for text in [oauth, openid] {
            let text = text("acme", &Holes { snippets: false });
            let found =
                validate::examine_among("acme.yaml".as_ref(), text.as_bytes(), &Default::default()).findings;
            assert!(found.is_empty(), "{text}\n{found:?}");
        }
        assert_eq!(Holes { snippets: true }.hole(2, "a.example"), "${2:a.example}");
    }

    #[test]
    fn only_a_text_without_keys_is_empty() {
        let at = |start| Span { start, end: start + 1 };
        assert!(is_empty("p", at(0)) && is_empty("# a\n\np\n\n# b\n", at(5)));
        assert!(!is_empty("p\nid: a\n", at(0)) && !is_empty("id: a\np", at(6)) && !is_empty(" p", at(1)));
    }
}
