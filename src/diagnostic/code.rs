//! The codes of findings: kebab-case nouns of the defect. Each has its page in `codes/`.

/// The code of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as it is printed.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The page that explains it, in Markdown.
    pub fn page(self) -> &'static str {
        PAGES.iter().find(|(code, _)| *code == self.0).map_or("", |(_, page)| page)
    }

    /// Whether a finding of this code may be a warning: those can be allowed.
    pub fn may_warn(self) -> bool {
        self.always_warns() || SOMETIMES_WARNINGS.contains(&self)
    }

    /// Whether every finding of this code is a warning.
    pub fn always_warns(self) -> bool {
        WARNINGS.contains(&self)
    }

    /// Whether it is only found with `--online`.
    pub fn is_online(self) -> bool {
        ONLINE.contains(&self)
    }

    /// All codes.
    pub fn all() -> &'static [Code] {
        ALL
    }
}

/// The codes of what only the network tells.
const ONLINE: [Code; 8] = [
    ENDPOINT_MISMATCH,
    ISS_PARAMETER_MISMATCH,
    ISSUER_MISMATCH,
    MISSING_ENDPOINT,
    UNANSWERED_LOOKUP,
    UNKNOWN_HOST,
    UNLISTED_VALUE,
    UNUSABLE_DISCOVERY,
];
/// The codes of warnings.
const WARNINGS: [Code; 9] = [
    DOUBLED_SLASH,
    ENDPOINT_MISMATCH,
    MISSING_TEST,
    SIMILAR_CLAIM,
    UNANSWERED_LOOKUP,
    UNESCAPED_DOT,
    UNUSABLE_DISCOVERY,
    UNUSED_ALLOW,
    WEAK_PKCE,
];
/// The codes of warnings and of errors.
const SOMETIMES_WARNINGS: [Code; 17] = [
    DUPLICATE_NAME,
    EXPOSED_SECRET,
    INSECURE_URL,
    INVALID_VALUE,
    ISS_PARAMETER_MISMATCH,
    LITERAL_BRACE,
    LOW_CONTRAST,
    MISSING_ENDPOINT,
    MISSING_FIELD,
    NO_EFFECT,
    UNFOUNDED_TRUST,
    UNKNOWN_HOST,
    UNKNOWN_NAME,
    UNLISTED_VALUE,
    UNSAFE_FILE,
    UNUSED_NAME,
    WRONG_TYPE,
];

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code($text);)*
        const ALL: &[Code] = &[$($name),*];
        const PAGES: &[(&str, &str)] = &[$(($text, include_str!(concat!("codes/", $text, ".md")))),*];
    };
}

codes! {
    /// Two YAML parsers read a text differently.
    AMBIGUOUS_YAML = "ambiguous-yaml";
    /// A condition that looks at nothing.
    CONSTANT_CONDITION = "constant-condition";
    /// A credential travels twice.
    CREDENTIALS_TWICE = "credentials-twice";
    /// A path with a doubled slash.
    DOUBLED_SLASH = "doubled-slash";
    /// Two providers with one id.
    DUPLICATE_ID = "duplicate-id";
    /// A key that comes twice.
    DUPLICATE_KEY = "duplicate-key";
    /// Two things with one name.
    DUPLICATE_NAME = "duplicate-name";
    /// A file with nothing in it.
    EMPTY_FILE = "empty-file";
    /// An address that is not that of the discovery document.
    ENDPOINT_MISMATCH = "endpoint-mismatch";
    /// A secret that would leave the server.
    EXPOSED_SECRET = "exposed-secret";
    /// A character that cannot be seen.
    HIDDEN_CHARACTER = "hidden-character";
    /// An id that is not the name of its file.
    ID_MISMATCH = "id-mismatch";
    /// An address without TLS.
    INSECURE_URL = "insecure-url";
    /// A default that breaks its own rule.
    INVALID_DEFAULT = "invalid-default";
    /// A text that is not UTF-8.
    INVALID_ENCODING = "invalid-encoding";
    /// An expression that cannot be read.
    INVALID_EXPRESSION = "invalid-expression";
    /// A path that cannot be read.
    INVALID_PATH = "invalid-path";
    /// A pattern that is no regular expression.
    INVALID_PATTERN = "invalid-pattern";
    /// A template that cannot be read.
    INVALID_TEMPLATE = "invalid-template";
    /// An address that cannot be read.
    INVALID_URL = "invalid-url";
    /// A value that is not one of those there are.
    INVALID_VALUE = "invalid-value";
    /// A text that is no YAML.
    INVALID_YAML = "invalid-yaml";
    /// `iss` in the callback, promised by the file or by the discovery document alone.
    ISS_PARAMETER_MISMATCH = "iss-parameter-mismatch";
    /// An issuer that is not that of its discovery document.
    ISSUER_MISMATCH = "issuer-mismatch";
    /// A placeholder that nothing fills in.
    LITERAL_BRACE = "literal-brace";
    /// Colours that cannot be told apart.
    LOW_CONTRAST = "low-contrast";
    /// An endpoint that neither the file nor the discovery document has.
    MISSING_ENDPOINT = "missing-endpoint";
    /// A key that is needed.
    MISSING_FIELD = "missing-field";
    /// A secret that is not there.
    MISSING_SECRET = "missing-secret";
    /// A provider without the tests that prove it.
    MISSING_TEST = "missing-test";
    /// A secret and public keys for one signature.
    MIXED_ALGORITHMS = "mixed-algorithms";
    /// A key that cannot take effect.
    NO_EFFECT = "no-effect";
    /// A path where a template stands, or the other way round.
    MIXED_NOTATION = "mixed-notation";
    /// A parameter that is set in two places.
    PARAMETER_TWICE = "parameter-twice";
    /// A secret in the file itself.
    PLAIN_SECRET = "plain-secret";
    /// A public client that anybody's code works for.
    PUBLIC_CLIENT_WITHOUT_PKCE = "public-client-without-pkce";
    /// A parameter that belongs to the engine.
    RESERVED_PARAMETER = "reserved-parameter";
    /// Two endpoints of one address.
    SAME_ENDPOINT = "same-endpoint";
    /// A claim one letter from a standard one.
    SIMILAR_CLAIM = "similar-claim";
    /// More than is read.
    TOO_LARGE = "too-large";
    /// A pattern that accepts anything around a match.
    UNANCHORED_PATTERN = "unanchored-pattern";
    /// A host that nobody could be asked about.
    UNANSWERED_LOOKUP = "unanswered-lookup";
    /// A host that a variable chooses freely.
    UNBOUNDED_HOST = "unbounded-host";
    /// A dot that stands for any character.
    UNESCAPED_DOT = "unescaped-dot";
    /// Trust without a reason.
    UNFOUNDED_TRUST = "unfounded-trust";
    /// A key that nobody knows.
    UNKNOWN_FIELD = "unknown-field";
    /// A host that does not exist.
    UNKNOWN_HOST = "unknown-host";
    /// A name that no context holds.
    UNKNOWN_NAME = "unknown-name";
    /// A provider that is not in the catalogue.
    UNKNOWN_PROVIDER = "unknown-provider";
    /// A value that the discovery document does not list.
    UNLISTED_VALUE = "unlisted-value";
    /// A file that cannot be read.
    UNREADABLE_FILE = "unreadable-file";
    /// A file that others can change.
    UNSAFE_FILE = "unsafe-file";
    /// A subject that is not for good.
    UNSTABLE_SUBJECT = "unstable-subject";
    /// YAML that configuration does not need.
    UNSUPPORTED_YAML = "unsupported-yaml";
    /// A discovery document that cannot be had or used.
    UNUSABLE_DISCOVERY = "unusable-discovery";
    /// A comment that allows nothing.
    UNUSED_ALLOW = "unused-allow";
    /// A name that nothing reads.
    UNUSED_NAME = "unused-name";
    /// PKCE with a challenge that hides nothing.
    WEAK_PKCE = "weak-pkce";
    /// A secret that can be guessed.
    WEAK_SECRET = "weak-secret";
    /// A value of another type.
    WRONG_TYPE = "wrong-type";
}
