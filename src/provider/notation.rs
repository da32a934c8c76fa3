//! The two notations of a file, mixed up: a path where a template stands, a name without its `$.`, the placeholders and
//! operators of other languages.

use crate::diagnostic::{code, nearest};
use crate::expr::{Condition, Path, Template};
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::provider::moment::Moment;
use crate::provider::placeholder::{self, Placeholder, is_dotted};

impl Compiler {
    /// A text that goes out: a path in it would be sent as it is written.
    pub(super) fn sent_as_written(&mut self, at: &str, source: &str, moment: Moment) {
        if let Some(name) = source.strip_prefix("$.").filter(|name| self.is_known(name, moment)) {
            let finding = Finding::error(code::MIXED_NOTATION, at, "a path where a template stands")
                .label("would be sent as it is written")
                .note("what goes out is a template, what comes in may be a path")
                .replace("as a template", format!("\"{{{{ {name} }}}}\""));
            self.report(if is_dotted(name) { finding.certain() } else { finding });
            return;
        }
        for found in placeholder::in_text(source) {
            if let Some(name) = self.resolved(&found.name, moment) {
                self.placeholder(at, &found, Some(name));
                return;
            }
        }
    }

    /// A literal that comes in: a name without its `$.` would be the claim of everybody.
    pub(super) fn read_as_written(&mut self, at: &str, text: &str, moment: Moment) {
        if text.contains('.') && is_dotted(text) && self.is_known(text, moment) {
            self.report(
                Finding::error(code::MIXED_NOTATION, at, "a text that reads like a path")
                    .label("this very text would be the value, for everybody")
                    .note("a path begins with `$`; a text that is meant is written `{value: TEXT}`")
                    .replace("as a path", format!("$.{text}"))
                    .certain(),
            );
            return;
        }
        let found = placeholder::in_text(text);
        if found.is_empty() || !found.iter().all(|found| self.is_known(&found.name, moment)) {
            return;
        }
        let mut template = text.to_owned();
        for found in found.iter().rev() {
            template.replace_range(found.range.clone(), &format!("{{{{ {} }}}}", found.name));
        }
        let finding = Finding::error(code::MIXED_NOTATION, at, "a text with names in single braces")
            .label("this very text would be the value, for everybody");
        self.report(match Template::compile(&template).is_ok() && !template.contains(['"', '\\']) {
            true => finding.replace("as a template", format!("\"{template}\"")).certain(),
            false => finding.help("a template has two braces: `{{ userinfo.name }}`"),
        });
    }

    /// An address with a placeholder that nothing fills in.
    pub(super) fn placeholder_in_address(&mut self, at: &str, source: &str, moment: Moment) {
        if let Some(found) = placeholder::in_address(source) {
            let name = self.resolved(&found.name, moment);
            self.placeholder(at, &found, name);
        }
    }

    fn placeholder(&mut self, at: &str, found: &Placeholder, name: Option<String>) {
        let title = "a placeholder that nothing fills in";
        let finding = match found.doubtful {
            true => Finding::warning(code::LITERAL_BRACE, at, title),
            false => Finding::error(code::LITERAL_BRACE, at, title),
        };
        let finding = finding.range(Some(found.range.clone()));
        let near = || nearest(&found.name, self.declared("vars")?).map(|name| format!("vars.{name}"));
        self.report(match (name, near()) {
            (Some(name), _) => finding.replace("as a template", format!("{{{{ {name} }}}}")).certain(),
            (None, Some(near)) => {
                finding.replace("a declared variable is similar", format!("{{{{ {near} }}}}"))
            }
            (None, None) => finding.help("a template has two braces: `{{ vars.NAME }}`"),
        });
    }

    /// The path that was meant by one that cannot be read, and whether nothing else can have been.
    pub(super) fn path_meant(&self, source: &str, moment: Moment) -> Option<String> {
        let quoted = |path: String| (!path.contains(['"', '\\'])).then(|| format!("\"{path}\""));
        let bare = source.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(source);
        if is_dotted(bare) && self.is_known(bare, moment) {
            return Some(format!("$.{bare}"));
        }
        let rest = source.strip_prefix("$.")?;
        if let Some((path, filter)) = rest.split_once('|').filter(|(_, filter)| !filter.starts_with('|')) {
            let template = format!("{{{{ {} | {} }}}}", path.trim(), filter.trim());
            return Template::compile(&template).ok().and_then(|_| quoted(template));
        }
        let segments: Vec<&str> = rest.split('.').map(|segment| segment.trim_end_matches('?')).collect();
        let plain = |segment: &&str| {
            !segment.is_empty()
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:@/".contains(&byte))
        };
        let mut meant = String::from("$");
        for segment in &segments {
            meant += &match is_dotted(segment) {
                true => format!(".{segment}"),
                false => format!("['{segment}']"),
            };
        }
        let same = segments.iter().all(plain) && Path::compile(&meant).is_ok() && self.is_known(rest, moment);
        same.then(|| quoted(meant)).flatten()
    }

    /// The condition that was meant by one in the words of another language.
    pub(super) fn condition_meant(source: &str) -> Option<String> {
        let bare = source.trim();
        let bare = bare.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare).trim();
        let words = bare.replace("===", "==").replace("!==", "!=").replace("&&", "and").replace("||", "or");
        let words = match words.strip_prefix('!').filter(|rest| !rest.starts_with('=')) {
            Some(rest) => format!("not {}", rest.trim_start()),
            None => words,
        };
        let words = words.replace(" !(", " not (").replace(" !body", " not body");
        (words != source && Condition::compile(&words).is_ok()).then_some(words)
    }

    /// Whether a dotted name begins with something that is known at that moment.
    fn is_known(&self, name: &str, moment: Moment) -> bool {
        let mut parts = name.split(['.', '[', '?']);
        let root = parts.next().unwrap_or_default();
        let member = parts.next();
        let declared = self.declared(root);
        self.roots(moment).contains(&root)
            && member.is_none_or(|member| declared.is_none_or(|declared| declared.contains(&member)))
    }

    /// What a placeholder stands for: a dotted name, or one that is declared in one place.
    fn resolved(&self, name: &str, moment: Moment) -> Option<String> {
        if name.contains('.') {
            return (is_dotted(name) && self.is_known(name, moment)).then(|| name.to_owned());
        }
        // A client's `id` is not what `{id}` in an address means.
        let declares = |root: &&str| {
            let declared = self.declared(root).unwrap_or_default();
            declared.contains(&name) && self.roots(moment).contains(root)
        };
        match ["vars", "request", "captured", "client"].into_iter().find(declares) {
            Some("client") if ["id", "secret"].contains(&name) => None,
            Some(root) => Some(format!("{root}.{name}")),
            None if name == "client_id" => Some("client.id".into()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_conditions_of_other_languages() {
        for (theirs, ours) in [
            ("{{ body.ok }}", "body.ok"),
            ("body.ok === true", "body.ok == true"),
            ("body.ok && !body.error", "body.ok and not body.error"),
            ("body.a || body.b", "body.a or body.b"),
            ("!body.error", "not body.error"),
        ] {
            assert_eq!(Compiler::condition_meant(theirs).as_deref(), Some(ours), "{theirs}");
        }
        for theirs in ["body.ok", "body.ok ??", "typeof body"] {
            assert_eq!(Compiler::condition_meant(theirs), None, "{theirs}");
        }
    }
}
