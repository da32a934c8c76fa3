//! A token on standard output, for a program that uses it.

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::cli::output;
use crate::flow::TokenSet;

/// How a token is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The token alone, and a line end
    #[default]
    Text,
    /// One JSON object: the token, its type, when it expires, its scope
    Json,
}

/// What is written.
pub struct Shown<'a> {
    /// The token.
    pub set: &'a TokenSet,
    /// Whether it is an access token; of what else it may be, `token_type` says nothing (RFC 8693 §2.2.1).
    pub is_access_token: bool,
    /// What else is to be told of it.
    pub more: Option<(&'static str, &'a str)>,
}

impl Shown<'_> {
    /// Writes it. Who holds a token that is bound to a key is told that it needs more than a header.
    pub fn write(&self, format: Format) {
        if self.set.dpop_key.is_some() {
            output::diagnostic(
                "warning: the token is bound to a key (DPoP, RFC 9449): a request with it alone is refused\n",
            );
        }
        let access_token = self.set.access_token.expose();
        output::result(&match format {
            Format::Text => format!("{access_token}\n"),
            Format::Json => format!("{:#}\n", Value::Object(self.members(access_token))),
        });
    }

    fn members(&self, access_token: &str) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("access_token".into(), access_token.into());
        let token_type = match (self.is_access_token, &self.set.dpop_key) {
            (false, _) => "N_A",
            (true, None) => "Bearer",
            (true, Some(_)) => "DPoP",
        };
        members.insert("token_type".into(), token_type.into());
        if let Some(expires_at) = self.set.expires_at {
            members.insert("expires_at".into(), expires_at.into());
        }
        let scope = self.set.scope.as_deref().map(|scope| ("scope", scope));
        for (name, value) in scope.into_iter().chain(self.more) {
            members.insert(name.into(), value.into());
        }
        members
    }
}
