//! What the form of a value tells: an e-mail address, a web address, a language, a day.

use serde_json::Value;

use crate::cli::new::leaf::Leaf;

/// What a claim's value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `2001-11-24`, also with a year of zeros.
    Date,
    /// An e-mail address.
    Email,
    /// `true`, `false`, or a usual word for it.
    Flag,
    /// A language tag, such as `en` or `de_CH`.
    Language,
    /// Text that is no address.
    Name,
    /// Digits, and what people write between them.
    Phone,
    /// A time zone of the tz database.
    Zone,
    /// An http or https address.
    Web,
    /// Text that is no web address.
    Word,
}

impl Form {
    /// Whether a value looks like it. Null looks like everything: the sample may be of somebody who did not tell.
    pub fn fits(self, leaf: &Leaf) -> bool {
        match (&leaf.value, self) {
            (Value::Null, form) => form != Form::Flag,
            (Value::Bool(_), Form::Flag) => true,
            (Value::Number(number), Form::Flag) => ["0", "1"].contains(&number.to_string().as_str()),
            (Value::Number(number), Form::Phone) => number.as_u64().is_some_and(|number| number > 99_999),
            (Value::String(text), Form::Flag) => ["true", "false"].contains(&text.to_lowercase().as_str()),
            (Value::String(text), _) if text.is_empty() => true,
            (Value::String(text), form) => form.fits_text(text),
            _ => false,
        }
    }

    fn fits_text(self, text: &str) -> bool {
        match self {
            Form::Date => is_date(text),
            Form::Email => is_email(text),
            Form::Flag => false,
            Form::Language => is_language(text),
            Form::Name => text.len() < 200 && !is_web(text) && !is_email(text),
            Form::Phone => {
                text.chars().filter(char::is_ascii_digit).count() > 4
                    && text.chars().all(|c| c.is_ascii_digit() || "+-. ()/".contains(c))
            }
            Form::Web => is_web(text),
            Form::Word => text.len() < 100 && !is_web(text),
            Form::Zone => {
                text == "UTC"
                    || text.split('/').count() > 1
                        && text.starts_with(|c: char| c.is_ascii_uppercase())
                        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_-+".contains(c))
            }
        }
    }
}

/// Whether a text looks like an e-mail address.
pub fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && domain.contains('.')
                && !domain.starts_with('.')
                && !text.contains(char::is_whitespace)
                && !text.contains('/')
                && !domain.contains('@')
        }
        None => false,
    }
}

/// Whether a text is a web address.
pub fn is_web(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(char::is_whitespace)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits =
        |part: &&str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_texts_apart() {
        for (form, fits, does_not) in [
            (Form::Date, "2001-11-24", "11/24"),
            (Form::Email, "ada@acme.example", "@ada"),
            (Form::Language, "de_CH", "German"),
            (Form::Name, "Ada Lovelace", "ada@acme.example"),
            (Form::Phone, "+49 (30) 123-456", "call me"),
            (Form::Web, "https://acme.example/a", "acme.example"),
            (Form::Word, "ada_1", "https://acme.example/ada"),
            (Form::Zone, "Europe/Berlin", "+01:00"),
        ] {
            assert!(form.fits_text(fits), "{form:?} {fits}");
            assert!(!form.fits_text(does_not), "{form:?} {does_not}");
        }
    }

    #[test]
    fn a_flag_is_true_or_false() {
        let leaf = |value: Value| Leaf { call: "userinfo", path: vec![], value };
        for value in [Value::Bool(false), 1.into(), "True".into()] {
            assert!(Form::Flag.fits(&leaf(value)));
        }
        for value in [Value::Null, 2.into(), "yes, really".into()] {
            assert!(!Form::Flag.fits(&leaf(value)));
        }
    }
}
