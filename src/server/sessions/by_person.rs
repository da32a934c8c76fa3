//! Sessions as whoever runs the server asks for them: by the person, by an e-mail address, by a reference from a log.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::server::sessions::in_store::{Found, Kept, load};
use crate::server::sessions::refresh::revoke;
use crate::server::sessions::tokens::Tokens;
use crate::server::state::Inner;
use crate::session::iso_date;
use crate::session::store::{Key, StoreError};

/// Whose sessions are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Selected {
    /// Those with this e-mail address, at whichever provider.
    Email(String),
    /// Those of one person at one provider.
    Person {
        /// The id of the provider.
        provider: String,
        /// The issuer, exactly; any where it is left out.
        issuer: Option<String>,
        /// The subject, exactly.
        sub: String,
    },
    /// This one.
    Session(Key),
}

/// A session as it is shown to whoever runs the server: no token, and no id that opens it.
#[derive(Debug, Serialize)]
pub(in crate::server) struct Listed {
    /// Names it in a request of this kind, and nowhere else.
    session: String,
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// When the person signed in.
    began: String,
    /// When it was last written, which a read does where `update_age` has passed.
    renewed: String,
    expires: String,
}

impl Listed {
    fn of(found: &Found) -> Option<Listed> {
        let claims = &found.held.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let (provider, sub) = person(claims)?;
        Some(Listed {
            session: found.key.to_text(),
            provider: provider.to_owned(),
            issuer: issuer(found).map(str::to_owned),
            sub: sub.to_owned(),
            name: text("name"),
            email: text("email"),
            began: iso_date(found.held.began),
            renewed: iso_date(found.held.renewed),
            expires: iso_date(found.expires),
        })
    }
}

/// Makes a session known under its person and their e-mail address.
///
/// # Errors
/// [`StoreError`] where it may not be found.
pub(super) async fn know(kept: &Kept, key: &Key, claims: &Map<String, Value>) -> Result<(), StoreError> {
    if let Some((provider, sub)) = person(claims) {
        kept.store.link(key, &of_person(provider, sub)).await?;
    }
    if let Some(email) = claims.get("email").and_then(Value::as_str) {
        kept.store.link(key, &of_email(email)).await?;
    }
    Ok(())
}

/// The sessions that are meant, the newest first.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(in crate::server) async fn list(
    server: &Inner,
    kept: &Kept,
    selected: &Selected,
) -> Result<Vec<Listed>, StoreError> {
    let mut found = find(server, kept, selected).await?;
    found.sort_by_key(|found| std::cmp::Reverse((found.held.began, found.expires)));
    Ok(found.iter().filter_map(Listed::of).collect())
}

/// Ends the sessions that are meant; how many that were. Their tokens are revoked meanwhile, as at a sign-out.
///
/// # Errors
/// [`StoreError`] where one may not be over.
pub(in crate::server) async fn end(
    server: &Arc<Inner>,
    kept: &Kept,
    selected: &Selected,
) -> Result<usize, StoreError> {
    let found = find(server, kept, selected).await?;
    for one in &found {
        kept.store.delete(&one.key).await?;
        if let Some(tokens) = one.held.tokens.clone() {
            let server = server.clone();
            tokio::spawn(async move { revoke(&server, &tokens).await });
        }
    }
    Ok(found.len())
}

async fn find(server: &Inner, kept: &Kept, selected: &Selected) -> Result<Vec<Found>, StoreError> {
    let keys = match selected {
        Selected::Email(email) => kept.store.linked(&of_email(email)).await?,
        Selected::Person { provider, sub, .. } => kept.store.linked(&of_person(provider, sub)).await?,
        Selected::Session(key) => vec![*key],
    };
    let mut all = vec![];
    for key in keys {
        // What ended meanwhile, or was sealed with a secret that is none of ours any more, is no session.
        all.extend(load(server, kept, key).await?);
    }
    if let Selected::Person { issuer: Some(wanted), .. } = selected {
        all.retain(|found| issuer(found) == Some(wanted));
    }
    Ok(all)
}

/// The provider and the subject of a session.
fn person(claims: &Map<String, Value>) -> Option<(&str, &str)> {
    claims.get("sub")?.as_str()?.split_once(':')
}

fn issuer(found: &Found) -> Option<&str> {
    found.held.tokens.as_ref().and_then(|tokens: &Tokens| tokens.claim("iss"))
}

fn of_person(provider: &str, sub: &str) -> Key {
    Key::of(&json!(["person", provider, sub]).to_string())
}

/// Upper and lower case are the same here: this looks for somebody, and lets nobody in.
fn of_email(email: &str) -> Key {
    Key::of(&json!(["email", email.trim().to_lowercase()]).to_string())
}
