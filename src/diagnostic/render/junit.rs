//! For CI servers: JUnit XML, a test suite a file. No standard defines it; it keeps to `junit-10.xsd` of Jenkins's xUnit plugin.

use std::collections::BTreeMap;

use crate::diagnostic::render::position::Position;
use crate::diagnostic::render::xml::escaped;
use crate::diagnostic::{Diagnostic, Severity};

/// All findings in their files; a file without any is one test that passed. A warning is a test that was skipped, and one
/// that failed where warnings are denied.
pub fn junit(diagnostics: &[Diagnostic], files: &[String], deny: bool) -> String {
    let mut suites: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    files.iter().for_each(|name| suites.entry(name).or_default().clear());
    // What could not be listed or read has a finding, and is no file that was looked at.
    for diagnostic in diagnostics {
        suites.entry(diagnostic.primary().source.name()).or_default().push(diagnostic);
    }
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Diagnostic> = diagnostics.iter().collect();
    let passed = suites.values().filter(|found| found.is_empty()).count();
    let (counted, _) = counts(&all, passed, deny);
    xml += &format!("<testsuites name=\"authcfg validate\" {counted}>\n");
    for (name, found) in suites {
        let passed = usize::from(found.is_empty());
        let (counted, skipped) = counts(&found, passed, deny);
        xml += &format!("  <testsuite name=\"{}\" {counted} skipped=\"{skipped}\">\n", escaped(name));
        if found.is_empty() {
            xml += &format!(
                "    <testcase classname=\"{0}\" name=\"nothing found\" file=\"{0}\"/>\n",
                escaped(name)
            );
        }
        found.iter().for_each(|diagnostic| xml += &test_case(diagnostic, name, deny));
        xml += "  </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

/// The counts that suites and all of them together have, and the number of skipped tests, which only suites have.
fn counts(diagnostics: &[&Diagnostic], passed: usize, deny: bool) -> (String, usize) {
    let failed = diagnostics.iter().filter(|diagnostic| fails(diagnostic, deny)).count();
    let counted = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\"", diagnostics.len() + passed);
    (counted, diagnostics.len() - failed)
}

fn fails(diagnostic: &Diagnostic, deny: bool) -> bool {
    deny || diagnostic.severity == Severity::Error
}

fn test_case(diagnostic: &Diagnostic, name: &str, deny: bool) -> String {
    let label = diagnostic.primary();
    let Position { line, column, .. } = Position::of(label.source.text(), label.span);
    let (name, code) = (escaped(name), diagnostic.code.as_str());
    let message = escaped(&diagnostic.title);
    let severity = diagnostic.severity.as_str();
    let outcome = match fails(diagnostic, deny) {
        true => format!(
            "<failure message=\"{message}\" type=\"{code}\">{name}:{line}:{column}: {severity}[{code}]: {message}</failure>"
        ),
        false => format!("<skipped message=\"{message}\"/>"),
    };
    format!(
        "    <testcase classname=\"{name}\" name=\"{line}:{column} {code}\" file=\"{name}\" line=\"{line}\">\n      {outcome}\n    </testcase>\n"
    )
}
