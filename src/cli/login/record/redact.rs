//! What a provider answered, with made-up values of the same form in the place of everything that is somebody's.
//!
//! Nothing is looked for that must go: all goes, but the words of the provider's file, since its conditions and paths are about
//! those, and what a few members of a token response say of the token. The same value becomes the same value everywhere.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Number, Value};

use crate::rng::Rng;

/// Keys of a provider file whose texts are for people: no expression is about their words.
const PROSE: [&str; 11] = [
    "assurance",
    "brand",
    "docs",
    "id",
    "name",
    "sources",
    "successor",
    "tests",
    "title",
    "verified",
    "description",
];
/// Members that tell nothing of a person; so does each whose name says when something expires.
const TELLS_NOTHING: [&str; 3] = ["issued_token_type", "scope", "token_type"];
/// Words that are of the protocol, or of any address.
const WORDS: [&str; 4] = ["http", "https", "true", "false"];

static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(^|@|://)((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})(/|:|\?|$)").expect("a constant")
});
static HERE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^http://(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?").expect("a constant")
});
static DATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d{2}-\d{2}([T ].*)?$").expect("a constant"));
static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
        .expect("a constant")
});

/// Makes values up, the same for the same.
pub struct Redaction<'a> {
    words: HashSet<String>,
    hosts: HashSet<String>,
    made_up: HashMap<String, String>,
    used: HashSet<String>,
    rng: &'a dyn Rng,
}

impl<'a> Redaction<'a> {
    /// For the answers of a provider with this file.
    pub fn new(file: &Value, rng: &'a dyn Rng) -> Redaction<'a> {
        let mut redaction = Redaction {
            words: WORDS.map(str::to_owned).into(),
            hosts: HashSet::new(),
            made_up: HashMap::new(),
            used: HashSet::new(),
            rng,
        };
        redaction.learn(file);
        redaction
    }

    /// Has a text become this one, whatever its form.
    pub fn name(&mut self, text: &str, name: &str) {
        self.made_up.insert(text.to_owned(), name.to_owned());
    }

    /// Another value of the same form.
    pub fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => Value::Object(self.members(members)),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text).into(),
            Value::Bool(_) | Value::Null => value.clone(),
        }
    }

    /// Other members of the same form.
    pub fn members(&mut self, members: &Map<String, Value>) -> Map<String, Value> {
        let member = |(name, value): (&String, &Value)| {
            let told = TELLS_NOTHING.contains(&name.as_str()) || name.contains("expire");
            // A name may be somebody's too, such as the address that a list of e-mails is by.
            let is_data = name.contains('@') || name.chars().filter(char::is_ascii_digit).count() > 3;
            let value = if told && !value.is_object() { value.clone() } else { self.value(value) };
            (if is_data { self.text(name) } else { name.clone() }, value)
        };
        members.iter().map(member).collect()
    }

    /// Another text of the same form.
    pub fn text(&mut self, text: &str) -> String {
        if let Some(made_up) = self.made_up.get(text) {
            return made_up.clone();
        }
        if DATE.is_match(text) {
            let rest: String = text[10..].chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            return format!("2001-02-03{rest}");
        }
        if let Ok(Value::Object(members)) = serde_json::from_str(text) {
            return Value::Object(self.members(&members)).to_string();
        }
        let here = HERE.find(text).map_or(0, |found| found.end());
        let hex = UUID.is_match(text);
        let mut made_up = text[..here].to_owned();
        let mut at = here;
        while let Some(found) = HOST.captures_at(text, at) {
            let (whole, host) = (found.get(0).expect("a match"), found.get(2).expect("a host"));
            made_up += &self.runs(&text[at..host.start()], hex);
            made_up += &self.host(host.as_str());
            at = host.end();
            if whole.end() == text.len() {
                break;
            }
        }
        made_up + &self.runs(&text[at..], hex)
    }

    /// A host of nobody; that of the provider stays.
    fn host(&mut self, host: &str) -> String {
        if self.hosts.contains(&host.to_lowercase()) {
            return host.to_owned();
        }
        let (labels, _) = host.rsplit_once('.').unwrap_or((host, ""));
        format!("{}.example", self.runs(labels, false).to_lowercase())
    }

    /// Letters and digits, run by run; what stands between them stays.
    fn runs(&mut self, text: &str, hex: bool) -> String {
        let mut made_up = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let in_run = first.is_alphanumeric();
            let end = rest.find(|c: char| c.is_alphanumeric() != in_run).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            made_up += &if in_run { self.run(run, hex) } else { run.to_owned() };
            rest = after;
        }
        made_up
    }

    fn run(&mut self, run: &str, hex: bool) -> String {
        if self.words.contains(run) {
            return run.to_owned();
        }
        if let Some(made_up) = self.made_up.get(run) {
            return made_up.clone();
        }
        let hex = hex && run.chars().all(|c| c.is_ascii_hexdigit());
        let mut made_up = String::new();
        // Two that differ go on to differ, where there are enough of that form.
        for _ in 0..20 {
            made_up = run.chars().map(|c| self.like(c, hex)).collect();
            if made_up != run && !self.used.contains(&made_up) {
                break;
            }
        }
        self.used.insert(made_up.clone());
        self.made_up.insert(run.to_owned(), made_up.clone());
        made_up
    }

    fn number(&mut self, number: &Number) -> Value {
        let text = number.to_string();
        let digits = text.chars().filter(char::is_ascii_digit).count();
        // A digit is a switch or a count, and nobody's.
        if digits < 2 || self.words.contains(&text) {
            return number.clone().into();
        }
        let run = text.trim_start_matches('-');
        let mut made_up = self.runs(run, false);
        // So that it is no shorter, and no greater than what fits.
        made_up.replace_range(..1, "1");
        if digits > 18 {
            made_up.replace_range(1..2, "0");
        }
        let sign = if run.len() < text.len() { "-" } else { "" };
        // The same number as text is the same.
        self.made_up.insert(run.to_owned(), made_up.clone());
        serde_json::from_str(&format!("{sign}{made_up}")).unwrap_or_else(|_| 10.into())
    }

    /// Another letter or digit.
    fn like(&self, c: char, hex: bool) -> char {
        const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        let of = match c {
            '0'..='9' => &b"123456789"[..],
            'A'..='F' if hex => &UPPER[..6],
            'a'..='f' if hex => &LOWER[..6],
            c if c.is_uppercase() => UPPER,
            _ => LOWER,
        };
        let mut byte = [0];
        self.rng.fill(&mut byte);
        char::from(of[usize::from(byte[0]) % of.len()])
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => {
                for (name, value) in members.iter().filter(|(name, _)| !PROSE.contains(&name.as_str())) {
                    self.learn_text(name);
                    self.learn(value);
                }
            }
            Value::String(text) => self.learn_text(text),
            Value::Number(number) => drop(self.words.insert(number.to_string())),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn learn_text(&mut self, text: &str) {
        self.words.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        self.hosts.extend(HOST.captures_iter(text).map(|found| found[2].to_lowercase()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// The same bytes every time: what is random might hold any word.
    struct Same(AtomicU32);

    impl Rng for Same {
        fn fill(&self, bytes: &mut [u8]) {
            let next = |last: u32| Some(last.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            for byte in bytes {
                let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap();
                *byte = (last >> 16) as u8;
            }
        }
    }

    const FILE: &str = r#"{
        "name": "Acme Ada", "issuer": "https://login.acme.com/{{ claims.tid }}/v2.0", "client": {"org": {"pattern": "^org_[A-Z0-9]+$"}},
        "token": {"response": {"ok": "body.code == 200"}}, "profile": {"email": "$.emails[?@.type == 'primary'].email"}
    }"#;

    fn redacted(value: Value) -> Value {
        let file: Value = serde_json::from_str(FILE).unwrap();
        Redaction::new(&file, &Same(AtomicU32::new(1))).value(&value)
    }

    fn form(text: &str) -> String {
        let class = |c: char| match c {
            '0'..='9' => '9',
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            c => c,
        };
        text.chars().map(class).collect()
    }

    #[test]
    fn nothing_of_a_person_stays() {
        let answer = json!({
            "access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "id": 583231, "login": "ada-lovelace", "name": "Ada Lovelace",
            "bio": "I am Ada", "age": 36, "at": 51.5072, "ada@acme.org": {"plan": "Secret"}, "list": ["canary", {"deep": "Canary"}],
            "picture": "https://avatars.acme.org/u/583231?v=4", "birthdate": "1815-12-10", "updated": "2024-05-06T07:08:09.123Z",
            "uuid": "0b7ea2c8-92f1-4c6b-9b55-5b2f0d1f6c3e", "phone": "+44 20 7946 0958", "städte": "Köln 東京",
            "user": "{\"name\":{\"firstName\":\"Ada\"}}", "jwt": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2ln",
        });
        let text = redacted(answer.clone()).to_string();
        for word in [
            "gho", "16C7", "583231", "ada", "Ada", "lovelace", "Lovelace", "acme.org", "Secret", "canary",
            "Canary", "1815", "2024", "0b7ea2c8", "7946", "Köln", "東京", "eyJhbGci", "avatars",
        ] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        let (old, new) = (answer, serde_json::from_str::<Value>(&text).unwrap());
        for name in ["access_token", "login", "uuid", "phone", "jwt"] {
            assert_eq!(form(old[name].as_str().unwrap()), form(new[name].as_str().unwrap()), "{name}");
        }
        assert!(old["age"] != new["age"] && old["at"] != new["at"], "{new}");
        assert!(UUID.is_match(new["uuid"].as_str().unwrap()));
        assert_eq!(
            (&new["birthdate"], &new["updated"]),
            (&json!("2001-02-03"), &json!("2001-02-03T00:00:00.000Z"))
        );
        assert!(new["id"].as_u64().unwrap() >= 100_000 && new["at"].is_f64());
    }

    #[test]
    fn the_same_is_the_same_everywhere() {
        let new = redacted(json!({
            "id": 583231, "sub": "583231", "url": "https://a.org/583231", "email": "ada@b.org", "mails": ["ada@b.org"], "other": 583232,
        }));
        let id = new["id"].to_string();
        assert_eq!(new["sub"], id);
        assert!(new["url"].as_str().unwrap().ends_with(&format!(".example/{id}")), "{new}");
        assert_eq!(new["email"], new["mails"][0]);
        assert_ne!(new["other"], new["id"]);
        assert!(new["email"].as_str().unwrap().ends_with(".example"));
    }

    #[test]
    fn what_the_file_is_about_stays() {
        let answer = json!({
            "code": 200, "ok": true, "nothing": null, "one": 1, "type": "primary", "org": "org_01ABC", "expires_in": 3600,
            "token_type": "bearer", "scope": "read:user", "iss": "https://login.acme.com/0b7ea2c8-92f1-4c6b-9b55-5b2f0d1f6c3e/v2.0",
            "tid": "0b7ea2c8-92f1-4c6b-9b55-5b2f0d1f6c3e", "here": "http://127.0.0.1:4000/me",
        });
        let new = redacted(answer.clone());
        for name in ["code", "ok", "nothing", "one", "type", "expires_in", "token_type", "scope"] {
            assert_eq!(new[name], answer[name], "{name}");
        }
        assert_eq!(new["iss"], format!("https://login.acme.com/{}/v2.0", new["tid"].as_str().unwrap()));
        assert!(new["org"].as_str().unwrap().starts_with("org_") && new["org"] != answer["org"]);
        assert!(new["here"].as_str().unwrap().starts_with("http://127.0.0.1:4000/"));
        assert_eq!(redacted(json!({"name": "Acme Ada"})).to_string().find("Ada"), None, "a name is prose");
    }

    #[test]
    fn every_integer_stays_one() {
        for number in [u64::MAX, i64::MAX as u64, 10, 999_999_999_999_999_999] {
            let new = redacted(json!([number]));
            assert!(
                new[0].is_u64() && new[0].to_string().len() == number.to_string().len(),
                "{number}: {new}"
            );
        }
        assert!(redacted(json!([-12345]))[0].as_i64().unwrap() < -9999);
    }
}
