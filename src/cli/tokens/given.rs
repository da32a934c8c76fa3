//! A token that somebody gives: on standard input, never as an argument, which everybody on this machine could read.

use std::io::Read;

use crate::cli::client::Stop;
use crate::flow::TokenSet;
use crate::flow::token_set::Remembered;
use crate::oauth::Secret;

/// A token longer than this is none.
const MAX_TOKEN: u64 = 64 * 1024;

/// The value of an option that takes a token: `-`, and nothing else.
#[derive(Clone, Debug)]
pub struct Standing(bool);

/// Takes any text, so that nothing repeats it where it is wrong: it may be a token. [`from_stdin`] refuses it.
impl From<&str> for Standing {
    fn from(text: &str) -> Standing {
        Standing(text == "-")
    }
}

/// The token on standard input; `None` where none is asked for.
///
/// # Errors
/// 2 where the option has another value than `-`, or there is nothing that could be a token.
pub fn from_stdin(option: &str, standing: Option<&Standing>) -> Result<Option<Secret>, Stop> {
    let refused = |why: &str| Stop::Here(2, format!("{option}: {why}"));
    match standing {
        None => return Ok(None),
        Some(Standing(false)) => {
            return Err(refused(
                "write - and give the token on standard input: an argument can be read by everybody on this machine",
            ));
        }
        Some(Standing(true)) => {}
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text);
    let token = Secret::from(text);
    let trimmed = token.expose().trim();
    match read {
        Ok(_) if !trimmed.is_empty() && !trimmed.contains(char::is_whitespace) => {
            Ok(Some(Secret::from(trimmed)))
        }
        _ => Err(refused("there is no token on standard input")),
    }
}

/// A token that stands in for that of the sign-in.
#[derive(Clone, Debug, clap::Args)]
pub struct OtherToken {
    /// Another token than that of the sign-in: - reads it from standard input
    #[arg(long, value_name = "-", allow_hyphen_values = true)]
    token: Option<Standing>,
}

impl OtherToken {
    /// The token; `None` where it is that of the sign-in.
    ///
    /// # Errors
    /// As [`from_stdin`].
    pub fn given(&self) -> Result<Option<TokenSet>, Stop> {
        Ok(from_stdin("--token", self.token.as_ref())?.map(alone))
    }
}

/// An access token of which nothing else is known.
fn alone(access_token: Secret) -> TokenSet {
    TokenSet {
        access_token,
        expires_at: None,
        id_token: None,
        refresh_token: None,
        dpop_key: None,
        scope: None,
        remembered: Remembered::default(),
    }
}
