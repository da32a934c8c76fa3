//! What each filter gives, in one line.

/// The filters by name.
const FILTERS: [(&str, &str); 43] = [
    ("abs", "the number without its sign"),
    ("b64", "the text, or the bytes of a digest, in base64"),
    ("b64url", "the text, or the bytes of a digest, in base64url without padding"),
    ("bool", "`true` or `false`: whether there is anything"),
    ("canonical_query", "a mapping as a query string, names in order; `exclude=[…]` leaves some out"),
    ("capitalize", "the text, its first letter large and the others small"),
    ("count", "how many members or characters there are"),
    ("d", "the value, or the argument where it is missing: `default`"),
    ("data_uri", "base64 as an address that holds the bytes (`data:`); the argument is the media type"),
    ("default", "the value, or the argument where it is missing"),
    ("first", "the first member"),
    ("float", "a fraction, from a number or its digits"),
    ("hex", "the text, or the bytes of a digest, in hexadecimal"),
    ("hmac_sha256", "the HMAC with SHA-256; the argument is the key"),
    ("host", "the host of an address"),
    ("int", "an integer, from a number or its digits"),
    ("join", "the members as one text, with the argument between them"),
    ("join_nonempty", "the members that are not empty as one text, with the argument between them"),
    ("last", "the last member"),
    ("length", "how many members or characters there are"),
    ("list", "the members as a list"),
    ("lower", "the text in small letters"),
    ("map", "of each member what the filter, or `attribute=…`, gives"),
    ("max", "the greatest member"),
    ("md5", "the MD5 digest, in hexadecimal where it is printed"),
    ("min", "the least member"),
    ("reject", "the members for which the test does not hold"),
    ("rejectattr", "the members for whose attribute the test does not hold"),
    ("replace", "the text with one part replaced by another"),
    ("reverse", "the members or characters, last one first"),
    ("round", "the number rounded; the argument is how many digits stay"),
    ("select", "the members for which the test holds"),
    ("selectattr", "the members for whose attribute the test holds"),
    ("sha256", "the SHA-256 digest, in hexadecimal where it is printed"),
    ("sort", "the members in order"),
    ("split", "the parts of the text between the argument"),
    ("string", "the value as text"),
    ("title", "the text, the first letter of each word large"),
    ("tojson", "the value as JSON"),
    ("trim", "the text without white space at its ends"),
    ("unique", "each member once"),
    ("upper", "the text in large letters"),
    ("urlencode", "the text percent-encoded"),
];

/// All filters.
pub fn all() -> &'static [(&'static str, &'static str)] {
    &FILTERS
}

/// What a filter gives.
pub fn meaning(name: &str) -> Option<&'static str> {
    FILTERS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_something_about_every_filter_that_there_is_and_no_other() {
        assert_eq!(FILTERS.map(|(name, _)| name), crate::expr::FILTERS);
        assert_eq!(meaning("lower"), Some("the text in small letters"));
        assert_eq!(meaning("tolower"), None);
    }
}
