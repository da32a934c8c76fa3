//! The keychain of macOS and the credentials of Windows, by one interface.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};

use super::{ACCOUNT, Missing, SERVICE, found};
use crate::oauth::Secret;

/// The key; `None` where there is none yet.
pub(super) fn read() -> Result<Option<Secret>, Missing> {
    match entry()?.get_secret() {
        Ok(bytes) => found(bytes).map(Some),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(missing(error)),
    }
}

/// Puts the key there, in the place of the one before.
pub(super) fn write(key: &Secret) -> Result<(), Missing> {
    entry()?.set_secret(key.expose().as_bytes()).map_err(missing)
}

fn entry() -> Result<Entry, Missing> {
    let store = store().map_err(|error| Missing::NoKeyring(error.to_string()))?;
    Entry::new_in_store(&store, SERVICE, ACCOUNT).map_err(missing)
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// On another system, where this is only tested, one in memory.
#[cfg(not(any(target_os = "macos", windows)))]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    static STORE: std::sync::OnceLock<Arc<CredentialStore>> = std::sync::OnceLock::new();
    if let Some(store) = STORE.get() {
        return Ok(store.clone());
    }
    let store = keyring_core::mock::Store::new()?;
    Ok(STORE.get_or_init(|| store).clone())
}

/// What is wrong; never what was found, which some of these errors carry.
fn missing(error: Error) -> Missing {
    match error {
        Error::PlatformFailure(why) | Error::NoStorageAccess(why) => Missing::Refused(why.to_string()),
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => {
            Missing::NoKeyring("this system offers none".into())
        }
        _ => Missing::Refused("it does not give what was kept in it".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_it_was_put() {
        assert!(matches!(read(), Ok(None)));
        let key = Secret::from("k".repeat(43));
        write(&key).unwrap();
        assert!(read().unwrap().unwrap().ct_eq(&key));
        entry().unwrap().set_secret(b"short").unwrap();
        assert!(matches!(read(), Err(Missing::Refused(why)) if !why.contains("short")));
    }

    #[test]
    fn an_error_shows_nothing_of_what_was_found() {
        let why = missing(Error::BadEncoding(b"secret-in-the-keyring".to_vec()));
        assert!(!why.to_string().contains("secret-in") && !format!("{why:?}").contains("115"));
    }
}
