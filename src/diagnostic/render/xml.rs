//! Text in XML.

/// Text as it may stand between tags and in attributes; what XML 1.0 §2.2 has no place for becomes U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            '\n' => out += "&#10;",
            '\t' => out += "&#9;",
            '\r' => out += "&#13;",
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_place() {
        let text = "a<b> & \"c\" 'd'\n\u{0}\u{1b}é";
        assert_eq!(escaped(text), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;&#10;\u{fffd}\u{fffd}é");
    }
}
