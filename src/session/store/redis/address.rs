//! The address of a Redis server.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::oauth::Secret;
use crate::session::store::remote::{AddressError, Endpoint, Parts, Place, Trust, same};

/// The port where none is written.
const PORT: u16 = 6379;

/// The address of a Redis or Valkey server: `redis://user:password@host:port/number`, `rediss://` over TLS, `redis+unix:///path`.
///
/// `Debug` and `Display` show neither the password nor the user.
#[derive(Clone)]
pub struct RedisAddress {
    pub(super) endpoint: Endpoint,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: i64,
}

impl RedisAddress {
    /// Reads an address. Over TLS the certificate of the server is checked, against those of the system or those in the PEM file
    /// of the parameter `cacert`. At a socket the database, the user and the password are the parameters `db`, `user`, `pass`.
    ///
    /// # Errors
    /// [`AddressError`]: why it is none.
    pub fn parse(text: &str) -> Result<RedisAddress, AddressError> {
        let mut parts = Parts::of(text)?;
        match parts.scheme.as_str() {
            "redis" | "rediss" => of_host(parts),
            "redis+unix" => {
                let (user, password) = (parts.take("user")?, parts.take("pass")?.map(Secret::from));
                let database = number(parts.take("db")?.as_deref())?;
                let path = parts.file()?;
                if path.len() < 2 || parts.host.is_some() {
                    return Err(AddressError::new("the path of a socket begins with the third `/`"));
                }
                parts.finish("`db`, `user`, `pass`")?;
                let endpoint = Endpoint { place: Place::Unix(path.into()), trust: None };
                Ok(RedisAddress { endpoint, user, password, database })
            }
            _ => Err(AddressError::new("`redis://`, `rediss://` or `redis+unix://`")),
        }
    }

    /// The address, with a relative path in it starting at a folder.
    pub fn with_files_of(self, folder: &Path) -> RedisAddress {
        RedisAddress { endpoint: self.endpoint.with_files_of(folder), ..self }
    }

    /// Whether the address has a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }
}

fn of_host(mut parts: Parts) -> Result<RedisAddress, AddressError> {
    let over_tls = parts.scheme == "rediss";
    let authorities = if over_tls { parts.take("cacert")?.map(PathBuf::from) } else { None };
    let database = number(parts.name()?.as_deref())?;
    let host = parts.host.take().ok_or_else(|| AddressError::new("a host is missing"))?;
    let (user, password) = (parts.user.take(), parts.password.take());
    if user.is_some() && password.is_none() {
        return Err(AddressError::new("a user without a password; a password alone is `:password@`"));
    }
    let place = Place::Tcp(host, parts.port.unwrap_or(PORT));
    parts.finish(if over_tls { "`cacert`" } else { "none without TLS" })?;
    let endpoint = Endpoint { place, trust: over_tls.then_some(Trust { authorities }) };
    Ok(RedisAddress { endpoint, user, password, database })
}

fn number(text: Option<&str>) -> Result<i64, AddressError> {
    match text {
        None => Ok(0),
        Some(text) if text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map_err(|_| AddressError::new("a database is a number"))
        }
        Some(_) => Err(AddressError::new("a database is a number")),
    }
}

impl PartialEq for RedisAddress {
    fn eq(&self, other: &RedisAddress) -> bool {
        (&self.endpoint, &self.user, self.database) == (&other.endpoint, &other.user, other.database)
            && same(self.password.as_ref(), other.password.as_ref())
    }
}

impl Eq for RedisAddress {}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis at {}", self.endpoint)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        RedisAddress::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_address_says_where_and_as_whom() {
        let address = RedisAddress::parse("redis://alice:s3cret@cache.example:7000/2").unwrap();
        assert_eq!(address.endpoint.place, Place::Tcp("cache.example".into(), 7000));
        assert_eq!((address.user.as_deref(), address.database), (Some("alice"), 2));
        assert_eq!(address.password.as_ref().unwrap().expose(), "s3cret");
        assert_eq!(format!("{address:?}"), "Redis at cache.example:7000");
        let plain = RedisAddress::parse("redis://localhost").unwrap();
        assert_eq!((plain.to_string().as_str(), plain.has_password()), ("Redis at localhost:6379", false));
        assert_eq!(RedisAddress::parse("redis://[::1]").unwrap().to_string(), "Redis at [::1]:6379");
    }

    #[test]
    fn tls_and_sockets_are_named_by_the_scheme() {
        let address = RedisAddress::parse("rediss://h?cacert=/etc/ca.pem").unwrap();
        assert_eq!(address.endpoint.trust, Some(Trust { authorities: Some("/etc/ca.pem".into()) }));
        let address = RedisAddress::parse("redis+unix:///run/redis.sock?db=3&pass=s3cret").unwrap();
        assert_eq!(address.endpoint.place, Place::Unix("/run/redis.sock".into()));
        assert_eq!((address.database, address.has_password()), (3, true));
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("redis://", "a host is missing"),
            ("redis://h/a", "a database is a number"),
            ("redis://h/-1", "a database is a number"),
            ("redis://alice@h", "a user without a password; a password alone is `:password@`"),
            ("redis://h?cacert=a", "no parameter `cacert`: there are none without TLS"),
            ("rediss://h?insecure=1", "no parameter `insecure`: there are `cacert`"),
            ("redis+unix://run/redis.sock", "the path of a socket begins with the third `/`"),
            ("http://h", "`redis://`, `rediss://` or `redis+unix://`"),
        ] {
            assert_eq!(refusal(text), why, "{text}");
        }
    }
}
