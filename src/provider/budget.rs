//! How much one file may have compiled.

use crate::diagnostic::code;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;

/// Templates and conditions of a file: each keeps some kilobytes.
const MAX_TEMPLATES: usize = 150;
/// Bytes of the paths of a file that are more than names with dots between them: a parser of JSONPath takes those.
const MAX_PATHS: usize = 8 * 1024;
/// Patterns of a file.
const MAX_PATTERNS: usize = 30;
/// Patterns of a file that turn out to be too large: that each is costs as much as the largest one that is not.
const MAX_LARGE: usize = 10;

/// What was compiled so far.
#[derive(Default)]
pub(super) struct Budget {
    templates: usize,
    paths: usize,
    patterns: usize,
    large_patterns: usize,
}

impl Budget {
    /// A text without tags was no template.
    pub fn give_back(&mut self) {
        self.templates = self.templates.saturating_sub(1);
    }

    /// A pattern was too large.
    pub fn large_pattern(&mut self) {
        self.large_patterns += 1;
    }
}

impl Compiler {
    /// Whether one more template or condition is compiled; the first one that is not is a finding.
    pub(super) fn may_compile(&mut self, at: &str) -> bool {
        self.budget.templates += 1;
        if self.budget.templates == MAX_TEMPLATES + 1 {
            self.report(too_large(at, format!("more than {MAX_TEMPLATES} templates in one file")));
        }
        self.budget.templates <= MAX_TEMPLATES
    }

    /// Whether one more path is compiled; the first one that is not is a finding.
    pub(super) fn may_compile_path(&mut self, at: &str, source: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '.' | '_');
        let before = self.budget.paths;
        if !source.chars().all(plain) {
            // A longer one is none, and is not parsed.
            self.budget.paths += source.len().min(256);
        }
        let fits = self.budget.paths <= MAX_PATHS;
        if !fits && before <= MAX_PATHS {
            let title = format!("more than {MAX_PATHS} bytes of paths with brackets in one file");
            self.report(too_large(at, title));
        }
        fits
    }

    /// Whether one more pattern is compiled; the first one that is not is a finding.
    pub(super) fn may_compile_pattern(&mut self, at: &str) -> bool {
        self.budget.patterns += 1;
        if self.budget.patterns == MAX_PATTERNS + 1 {
            self.report(too_large(at, format!("more than {MAX_PATTERNS} patterns in one file")));
        }
        if self.budget.large_patterns == MAX_LARGE {
            self.budget.large_patterns += 1;
            let label = format!("{MAX_LARGE} others of this file are too large");
            self.report(too_large(at, "a pattern that was not looked at").label(label));
        }
        self.budget.patterns <= MAX_PATTERNS && self.budget.large_patterns < MAX_LARGE
    }
}

fn too_large(at: &str, title: impl Into<String>) -> Finding {
    Finding::error(code::TOO_LARGE, at, title)
}
