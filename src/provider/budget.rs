//! How much one file may have compiled.

use crate::diagnostic::code;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;

/// Templates and conditions of a file: each keeps some kilobytes.
const MAX_TEMPLATES: usize = 200;
/// Bytes of the paths of a file that a parser of JSONPath takes: names and filters in brackets.
const MAX_PATHS: usize = 16 * 1024;
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
    /// Whether one more template or condition is compiled; what is too much is a finding.
    pub(super) fn may_compile(&mut self, at: &str) -> bool {
        self.budget.templates += 1;
        let fits = self.budget.templates <= MAX_TEMPLATES;
        if !fits {
            self.report(too_large(at, format!("more than {MAX_TEMPLATES} templates in one file")));
        }
        fits
    }

    /// Whether one more path is compiled; what is too much is a finding.
    pub(super) fn may_compile_path(&mut self, at: &str, source: &str) -> bool {
        if source.contains('[') {
            // A longer one is none, and is not parsed.
            self.budget.paths += source.len().min(256);
        }
        let fits = self.budget.paths <= MAX_PATHS;
        if !fits {
            self.report(too_large(
                at,
                format!("more than {MAX_PATHS} bytes of paths with brackets in one file"),
            ));
        }
        fits
    }

    /// Whether one more pattern is compiled; what is too much is a finding.
    pub(super) fn may_compile_pattern(&mut self, at: &str) -> bool {
        self.budget.patterns += 1;
        let fits = self.budget.patterns <= MAX_PATTERNS;
        let looked_at = self.budget.large_patterns < MAX_LARGE;
        if !fits {
            self.report(too_large(at, format!("more than {MAX_PATTERNS} patterns in one file")));
        } else if !looked_at {
            let label = format!("{MAX_LARGE} others of this file are too large");
            self.report(too_large(at, "a pattern that was not looked at").label(label));
        }
        fits && looked_at
    }
}

fn too_large(at: &str, title: impl Into<String>) -> Finding {
    Finding::error(code::TOO_LARGE, at, title)
}
