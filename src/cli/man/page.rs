//! The pages of the manual and their sections.

/// A page of the manual.
pub(super) struct Page {
    /// The name it is asked for by.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub summary: &'static str,
    /// The Markdown.
    pub text: &'static str,
}

/// Every page, in the order in which they are worth reading.
pub(super) const PAGES: &[Page] = &[
    Page {
        name: "format",
        summary: "provider files, with an example for everything they can say",
        text: include_str!("../../manual/format.md"),
    },
    Page {
        name: "cookbook",
        summary: "your provider does X, write Y",
        text: include_str!("../../manual/cookbook.md"),
    },
    Page {
        name: "reference",
        summary: "every key of a provider file",
        text: include_str!("../../manual/reference.md"),
    },
    Page {
        name: "deployment",
        summary: "the deployment file, authcfg.yaml",
        text: include_str!("../../manual/deployment.md"),
    },
    Page {
        name: "validate",
        summary: "what authcfg validate finds, fixes, allows and writes, and its exit codes",
        text: include_str!("../../manual/validate.md"),
    },
    Page {
        name: "editors",
        summary: "completion in an editor, and the check in pre-commit, GitHub, GitLab and any CI",
        text: include_str!("../../manual/editors.md"),
    },
    Page {
        name: "login",
        summary: "signing in from a terminal, by a browser or by a code",
        text: include_str!("../../manual/login.md"),
    },
    Page {
        name: "tokens",
        summary: "valid tokens for a terminal: kept, renewed, exchanged, revoked",
        text: include_str!("../../manual/tokens.md"),
    },
    Page {
        name: "mock",
        summary: "a provider on this machine, for the tests of an application",
        text: include_str!("../../manual/mock.md"),
    },
    Page {
        name: "sessions",
        summary: "where a session is kept, and how long it lives",
        text: include_str!("../../manual/sessions.md"),
    },
    Page {
        name: "forward-auth",
        summary: "a proxy that asks before it lets a request through to an application",
        text: include_str!("../../manual/forward-auth.md"),
    },
    Page {
        name: "operations",
        summary: "the server beside others: reload, readiness, its end, systemd, Kubernetes",
        text: include_str!("../../manual/operations.md"),
    },
    Page {
        name: "observe",
        summary: "the log, the audit log, and limits for each client",
        text: include_str!("../../manual/observe.md"),
    },
    Page {
        name: "sign-in",
        summary: "one sign-in, from YAML to session",
        text: include_str!("../../manual/sign-in.md"),
    },
];

impl Page {
    /// The sections that `words` name: the one of that title, else all whose titles have every word.
    pub fn sections(&self, words: &str) -> Vec<String> {
        let wanted = slug(words);
        let headings = self.headings();
        let exact = headings.iter().position(|heading| slug(heading.title) == wanted);
        let parts: Vec<&str> = wanted.split('-').filter(|part| !part.is_empty()).collect();
        let has_all = |heading: &Heading| {
            let slug = slug(heading.title);
            !parts.is_empty() && parts.iter().all(|part| slug.contains(part))
        };
        let mut found: Vec<usize> = match exact {
            Some(index) => vec![index],
            None => (0..headings.len()).filter(|index| has_all(&headings[*index])).collect(),
        };
        // A section that stands inside a found one is printed with it.
        let ends: Vec<usize> = (0..headings.len()).map(|index| self.end(&headings, index)).collect();
        let all = found.clone();
        found.retain(|inner| !all.iter().any(|outer| outer < inner && headings[*inner].start < ends[*outer]));
        found
            .iter()
            .map(|index| self.text[headings[*index].start..ends[*index]].trim_end().to_owned() + "\n")
            .collect()
    }

    /// The sections that have a key, for a word that is in no title: each without the sections inside it.
    pub fn sections_with(&self, key: &str) -> Vec<String> {
        let headings = self.headings();
        let own = |index: usize| {
            let end = headings.get(index + 1).map_or(self.text.len(), |next| next.start);
            &self.text[headings[index].start..end]
        };
        let found = (0..headings.len()).map(own).filter(|text| has_key(text, key));
        found.map(|text| text.trim_end().to_owned() + "\n").collect()
    }

    /// Whether there is a section of exactly that title.
    pub fn has(&self, title: &str) -> bool {
        self.slugs().any(|existing| existing == slug(title))
    }

    /// The titles of the sections, as they are asked for.
    pub fn slugs(&self) -> impl Iterator<Item = String> {
        self.headings().into_iter().map(|heading| slug(heading.title))
    }

    fn end(&self, headings: &[Heading<'_>], index: usize) -> usize {
        let own = &headings[index];
        let next = headings[index + 1..].iter().find(|heading| heading.level <= own.level);
        next.map_or(self.text.len(), |heading| heading.start)
    }

    /// The headings below the title of the page.
    fn headings(&self) -> Vec<Heading<'_>> {
        let mut headings = vec![];
        let mut start = 0;
        let mut in_code = false;
        for line in self.text.split_inclusive('\n') {
            in_code ^= line.starts_with("```");
            let title = line.trim_start_matches('#');
            let level = line.len() - title.len();
            if !in_code && level > 1 && title.starts_with(' ') {
                headings.push(Heading { start, level, title: title.trim() });
            }
            start += line.len();
        }
        headings
    }
}

/// Whether a text has a key: `key` in backticks, or before a colon.
fn has_key(text: &str, key: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !key.is_empty()
        && text
            .match_indices(key)
            .any(|(at, _)| !text[..at].ends_with(is_word) && text[at + key.len()..].starts_with(['`', ':']))
}

/// A heading, and where it stands in the text.
struct Heading<'a> {
    start: usize,
    level: usize,
    title: &'a str,
}

/// A title as one asks for it: `Token response` is `token-response`, and so is `token.response`.
pub(super) fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page {
        name: "a",
        summary: "",
        text: "# A\n\n## One\n\n```sh\n## no heading\n```\n\n### One more\n\nx\n\n## Two.more `code`\n\ny\n\n[a]: b\n",
    };

    #[test]
    fn a_section_ends_where_the_next_one_of_its_level_begins() {
        assert_eq!(PAGE.sections("one"), ["## One\n\n```sh\n## no heading\n```\n\n### One more\n\nx\n"]);
        assert_eq!(PAGE.sections("One more"), ["### One more\n\nx\n"]);
    }

    #[test]
    fn words_find_titles_and_nothing_twice() {
        assert_eq!(PAGE.sections("more").len(), 2);
        assert_eq!(PAGE.sections("on").len(), 1);
        assert_eq!(PAGE.sections("two-more-code").len(), 1);
        assert!(PAGE.sections("heading").is_empty());
        assert!(PAGE.sections("#").is_empty());
    }

    #[test]
    fn a_key_is_found_where_it_stands() {
        assert!(has_key("say `a_b`", "a_b") && has_key("{a_b: 1}", "a_b") && has_key("a_b:\n", "a_b"));
        assert!(!has_key("a_b c, xa_b: 1, a_bc: 1", "a_b") && !has_key("`` : ", ""));
        assert_eq!(PAGE.sections_with("code"), ["## Two.more `code`\n\ny\n\n[a]: b\n"]);
        assert!(PAGE.sections_with("y").is_empty());
    }

    #[test]
    fn no_page_has_two_sections_of_one_title() {
        for page in PAGES {
            let mut slugs: Vec<String> = page.slugs().collect();
            slugs.sort();
            let all = slugs.len();
            slugs.dedup();
            assert_eq!(slugs.len(), all, "{}", page.name);
        }
    }
}
