//! The keyring of a desktop, by the Secret Service API of freedesktop.org: GNOME Keyring, KWallet, KeePassXC.

use std::collections::HashMap;

use dbus_secret_service::{EncryptionType, Error, SecretService};

use super::{ACCOUNT, Missing, SERVICE, found};
use crate::oauth::Secret;

/// Whoever is asked to unlock the keyring has this many seconds.
const PROMPT: u64 = 120;

/// The key; `None` where there is none yet.
pub(super) fn read() -> Result<Option<Secret>, Missing> {
    let service = connected()?;
    let items = service.search_items(attributes()).map_err(missing)?;
    let Some(item) = items.unlocked.first().or(items.locked.first()) else { return Ok(None) };
    item.ensure_unlocked().map_err(missing)?;
    found(item.get_secret().map_err(missing)?).map(Some)
}

/// Puts the key there, in the place of the one before.
pub(super) fn write(key: &Secret) -> Result<(), Missing> {
    let service = connected()?;
    // Not any collection: that of the session is gone with it.
    let collection = match service.get_default_collection() {
        // The first secret of this account: the service asks for the password of its new keyring.
        Err(Error::NoResult) => service.create_collection("Default keyring", "default"),
        found => found,
    };
    let collection = collection.map_err(missing)?;
    collection.ensure_unlocked().map_err(missing)?;
    let (label, secret) = ("Key of the tokens of authcfg", key.expose().as_bytes());
    collection.create_item(label, attributes(), secret, true, "text/plain").map(drop).map_err(missing)
}

fn attributes() -> HashMap<&'static str, &'static str> {
    HashMap::from([("service", SERVICE), ("username", ACCOUNT)])
}

/// The service on the bus of the session. What goes over it stays on this machine and within this account, and whoever could
/// listen could ask for the key as well: it is not encrypted once more.
fn connected() -> Result<SecretService, Missing> {
    // Without it the library would try to start a bus of its own.
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none_or(|address| address.is_empty()) {
        return Err(Missing::NoKeyring("there is no D-Bus session (DBUS_SESSION_BUS_ADDRESS)".into()));
    }
    SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, PROMPT).map_err(missing)
}

fn missing(error: Error) -> Missing {
    match error {
        Error::Unavailable => Missing::NoKeyring("no program offers a Secret Service".into()),
        Error::Prompt => Missing::Refused("nobody unlocked it".into()),
        error => Missing::Refused(error.to_string()),
    }
}
