//! Files and findings as other programs name them: paths, addresses, fingerprints.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::diagnostic::{Code, Diagnostic, Source};

/// All but the unreserved characters of RFC 3986 §2.3, and the slash between segments.
const NOT_IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The path of a file without the `./` that a shell may have put before it.
pub fn path(source: &Source) -> &str {
    source.path().strip_prefix("./").unwrap_or(source.path())
}

/// The path of a file as a URI reference (RFC 3986 §4.1), relative to where the command ran unless it is absolute.
pub fn uri(source: &Source) -> String {
    let scheme = if source.path().starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(path(source), NOT_IN_PATH))
}

/// A fingerprint for each finding, that stays when lines above it come or go: of its file, code and title, and of its
/// number among those that are alike.
pub fn fingerprints(diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut seen: HashMap<(&str, Code, &str), usize> = HashMap::new();
    let mut prints = vec![];
    for diagnostic in diagnostics {
        let (code, title) = (diagnostic.code, diagnostic.title.as_str());
        let file = path(&diagnostic.primary().source);
        let number = seen.entry((file, code, title)).or_default();
        *number += 1;
        let hash = digest(&SHA256, format!("{file}\0{}\0{title}\0{number}", code.as_str()).as_bytes());
        prints.push(hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect());
    }
    prints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;

    #[test]
    fn odd_names_are_encoded() {
        let uri = |name: &str| uri(&Source::new(name, ""));
        assert_eq!(uri("./a b/ü:c.yaml"), "a%20b/%C3%BC%3Ac.yaml");
        assert_eq!(uri("/etc/a.yaml"), "file:///etc/a.yaml");
        assert_eq!(uri("a\nb#?%.yaml"), "a%0Ab%23%3F%25.yaml");
    }

    #[test]
    fn alike_findings_have_fingerprints_of_their_own() {
        let finding = |name: &str| Diagnostic::about_file(code::EMPTY_FILE, name, "nothing");
        let prints = fingerprints(&[finding("a"), finding("./a"), finding("b")]);
        assert!(prints[0] != prints[1] && prints[0] != prints[2]);
        assert_eq!(prints[0], fingerprints(&[finding("./a")])[0]);
        assert_eq!(prints[0].len(), 32);
    }
}
