//! The address of a store, taken apart: `scheme://user:password@host:port/name?parameter=value`.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::oauth::Secret;

/// Why an address is none. Fit for a log: nothing of the address, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl AddressError {
    /// With what is wrong.
    pub(in crate::session::store) fn new(why: impl Into<String>) -> AddressError {
        AddressError(why.into())
    }
}

/// The parts of an address, percent-decoded.
pub(in crate::session::store) struct Parts {
    pub scheme: String,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// As it is written, with its first slash.
    path: String,
    parameters: Vec<(String, String)>,
}

impl Parts {
    /// Takes an address apart.
    ///
    /// # Errors
    /// [`AddressError`] where it is no URL, or has a part that no store has.
    pub fn of(text: &str) -> Result<Parts, AddressError> {
        let url = Url::parse(text).map_err(|error| AddressError::new(format!("no URL: {error}")))?;
        if url.fragment().is_some() {
            return Err(AddressError::new("a `#` begins no part of it: in a password it is written `%23`"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).map(|host| {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            decoded(bare)
        });
        Ok(Parts {
            scheme: url.scheme().to_owned(),
            host: host.transpose()?,
            port: url.port(),
            user: Some(url.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?,
            password: url.password().map(decoded).transpose()?.map(Secret::from),
            path: url.path().to_owned(),
            parameters: url.query_pairs().into_owned().collect(),
        })
    }

    /// The path as it names a file, with its first slash.
    #[cfg(feature = "store-redis")]
    pub fn file(&self) -> Result<String, AddressError> {
        decoded(&self.path)
    }

    /// The path as it names a database, without its first slash; `None` where it is empty.
    pub fn name(&self) -> Result<Option<String>, AddressError> {
        let name = self.path.strip_prefix('/').unwrap_or(&self.path);
        Some(name).filter(|name| !name.is_empty()).map(decoded).transpose()
    }

    /// Takes a parameter out.
    ///
    /// # Errors
    /// [`AddressError`] where it comes twice.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, AddressError> {
        let (taken, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.parameters).into_iter().partition(|(key, _)| key == name);
        self.parameters = rest;
        match taken.len() {
            0 | 1 => Ok(taken.into_iter().next().map(|(_, value)| value)),
            _ => Err(AddressError::new(format!("the parameter `{name}` comes twice"))),
        }
    }

    /// Looks that nothing is left that nobody has asked for.
    ///
    /// # Errors
    /// [`AddressError`] with `known`, the parameters that there are.
    pub fn finish(self, known: &str) -> Result<(), AddressError> {
        match self.parameters.first() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
                Err(AddressError::new(format!("no parameter `{name}`: there are {known}")))
            }
        }
    }
}

/// Whether two passwords are the same one, or both are none.
pub(in crate::session::store) fn same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.ct_eq(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn decoded(text: &str) -> Result<String, AddressError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| AddressError::new("what it encodes is no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_address_apart() {
        let mut parts = Parts::of("redis://a%40b:p%2Fw%23@[::1]:7000/3?x=1&y=2").unwrap();
        assert_eq!(
            (parts.host.as_deref(), parts.port, parts.user.as_deref()),
            (Some("::1"), Some(7000), Some("a@b"))
        );
        assert_eq!(parts.password.as_ref().unwrap().expose(), "p/w#");
        assert_eq!(parts.name().unwrap().as_deref(), Some("3"));
        assert_eq!(parts.take("x").unwrap().as_deref(), Some("1"));
        assert_eq!(parts.finish("`x`").unwrap_err().to_string(), "no parameter `y`: there are `x`");
    }

    #[test]
    fn says_nothing_of_what_it_refuses() {
        for text in ["hunter2", "redis://u:hunter2@h:99999", "redis://u:hunter2#@h", "redis://u:%ffhunter2@h"]
        {
            let error = Parts::of(text).err().unwrap();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error}");
        }
        assert!(Parts::of("redis://h?x=1&x=2").unwrap().take("x").is_err());
    }
}
