//! The key of this account, in the keyring of the system: without it the files with tokens open for nobody.
//!
//! The keyring holds one key and not the tokens themselves: one in Windows takes 2,560 bytes, which an id_token alone may exceed,
//! and a file is replaced whole or not at all, under a lock, which no keyring offers.

#[cfg(all(feature = "keyring", any(target_os = "macos", windows, test)))]
#[cfg_attr(not(any(target_os = "macos", windows)), allow(dead_code))]
mod native;
#[cfg(all(feature = "keyring", unix, not(target_os = "macos")))]
mod secret_service;

#[cfg(all(feature = "keyring", any(target_os = "macos", windows)))]
use native as system;
#[cfg(all(feature = "keyring", unix, not(target_os = "macos")))]
use secret_service as system;

use std::fmt;
use std::sync::OnceLock;

use crate::cli::output;
use crate::cli::tokens::folder::Folder;
use crate::oauth::Secret;
use crate::rng::{self, SystemRng};

/// The service and the account under which the key stands.
const SERVICE: &str = "authcfg";
const ACCOUNT: &str = "tokens";

/// Set to `off`, no keyring is asked.
const VARIABLE: &str = "AUTHCFG_KEYRING";

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nobody keeps keys here.
    NoKeyring(String),
    /// The keyring is there and does not give the key: it is locked, or its owner said no.
    Refused(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Missing::NoKeyring(why) | Missing::Refused(why)) = self;
        f.write_str(&output::one_line(why))
    }
}

/// The key; `None` where the keyring has none yet. The keyring is asked once in a process: it may ask its owner.
///
/// # Errors
/// [`Missing`].
pub fn key() -> Result<Option<Secret>, Missing> {
    static KEY: OnceLock<Result<Option<Secret>, Missing>> = OnceLock::new();
    KEY.get_or_init(read).clone()
}

/// The key, made where the keyring has none yet. Of several processes one makes it.
///
/// # Errors
/// [`Missing`].
pub fn key_or_new(folder: &Folder) -> Result<Secret, Missing> {
    static NEW: OnceLock<Result<Secret, Missing>> = OnceLock::new();
    if let Some(key) = key()? {
        return Ok(key);
    }
    let made = || {
        let _lock = folder.lock("keyring").map_err(Missing::NoKeyring)?;
        if let Some(key) = read()? {
            return Ok(key);
        }
        let key = Secret::from(rng::token(&SystemRng, 32));
        system::write(&key)?;
        Ok(key)
    };
    NEW.get_or_init(made).clone()
}

fn read() -> Result<Option<Secret>, Missing> {
    if std::env::var_os(VARIABLE).is_some_and(|value| value == "off") {
        return Err(Missing::NoKeyring(format!("{VARIABLE} is off")));
    }
    system::read()
}

/// A build without it.
#[cfg(not(all(feature = "keyring", any(unix, windows))))]
mod system {
    use super::{Missing, Secret};

    pub fn read() -> Result<Option<Secret>, Missing> {
        Err(Missing::NoKeyring("this program was built without the feature `keyring`".into()))
    }

    pub fn write(_: &Secret) -> Result<(), Missing> {
        read().map(drop)
    }
}

/// What a keyring holds, as the key; another program may have written it.
#[cfg(all(feature = "keyring", any(unix, windows)))]
fn found(bytes: Vec<u8>) -> Result<Secret, Missing> {
    let text = String::from_utf8(bytes).ok().map(Secret::from).filter(|key| key.expose().len() >= 32);
    text.ok_or_else(|| Missing::Refused(format!("what is kept for {SERVICE} is no key of ours")))
}
