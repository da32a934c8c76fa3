//! The address of a PostgreSQL database.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::oauth::Secret;
use crate::session::store::remote::{AddressError, Endpoint, Parts, Place, Trust, same};

/// The port where none is written.
const PORT: u16 = 5432;
/// The parameters that there are.
const PARAMETERS: &str = "`sslmode`, `sslrootcert`, and for a socket `host`, `port`, `user`, `password`";

/// The address of a PostgreSQL database: `postgres://user:password@host:port/database`.
///
/// `Debug` and `Display` show neither the password nor the user.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) endpoint: Endpoint,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
}

impl PostgresAddress {
    /// Reads an address, with the names that libpq has. `sslmode` is `disable`, or `require` or `verify-full`, which are the same
    /// here: the certificate of the server is checked, and its name, against the certificates of the system or those in the PEM
    /// file `sslrootcert`. It is `disable` on this machine, and `verify-full` elsewhere, where it is absent. `host` is the
    /// folder of a socket.
    ///
    /// # Errors
    /// [`AddressError`]: why it is none.
    pub fn parse(text: &str) -> Result<PostgresAddress, AddressError> {
        let mut parts = Parts::of(text)?;
        if !["postgres", "postgresql"].contains(&parts.scheme.as_str()) {
            return Err(AddressError::new("`postgres://` or `postgresql://`"));
        }
        let mode = parts.take("sslmode")?;
        let authorities = parts.take("sslrootcert")?.filter(|path| path != "system").map(PathBuf::from);
        let socket = parts.take("host")?;
        let place = match (parts.host.take(), socket) {
            (Some(host), None) => Place::Tcp(host, parts.port.unwrap_or(PORT)),
            (None, Some(folder)) if folder.starts_with('/') => {
                let port = parts.take("port")?.map_or(Ok(PORT), |port| port.parse());
                let port = port.map_err(|_| AddressError::new("the port is no number up to 65535"))?;
                Place::Unix(Path::new(&folder).join(format!(".s.PGSQL.{port}")))
            }
            (Some(_), Some(_)) => return Err(AddressError::new("it has two hosts")),
            (None, _) => {
                return Err(AddressError::new("a host is missing, or `host=/FOLDER`, where its socket is"));
            }
        };
        let trust = trust(&place, mode.as_deref(), authorities)?;
        let user = parts.user.take().map_or_else(|| parts.take("user"), |user| Ok(Some(user)))?;
        let user = user.ok_or_else(|| AddressError::new("a user is missing"))?;
        let password = match parts.password.take() {
            Some(password) => Some(password),
            None => parts.take("password")?.map(Secret::from),
        };
        let database = parts.name()?.unwrap_or_else(|| user.clone());
        parts.finish(PARAMETERS)?;
        Ok(PostgresAddress { endpoint: Endpoint { place, trust }, user, password, database })
    }

    /// The address, with a relative path in it starting at a folder.
    pub fn with_files_of(self, folder: &Path) -> PostgresAddress {
        PostgresAddress { endpoint: self.endpoint.with_files_of(folder), ..self }
    }

    /// Whether the address has a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }
}

/// How the server proves that it is the one.
fn trust(
    place: &Place,
    mode: Option<&str>,
    authorities: Option<PathBuf>,
) -> Result<Option<Trust>, AddressError> {
    let is_here = match place {
        Place::Unix(_) => true,
        Place::Tcp(host, _) => ["localhost", "127.0.0.1", "::1"].contains(&host.as_str()),
    };
    let over_tls = match mode {
        Some("require" | "verify-full") => true,
        Some("disable") => false,
        Some("allow" | "prefer" | "verify-ca") => {
            let why = "`sslmode` is `verify-full`, `require` (the same here) or `disable`: the others let somebody else answer";
            return Err(AddressError::new(why));
        }
        Some(_) => return Err(AddressError::new("`sslmode` is `verify-full`, `require` or `disable`")),
        None => !is_here || authorities.is_some(),
    };
    match (over_tls, place, &authorities) {
        (true, Place::Unix(_), _) => Err(AddressError::new("a socket has no TLS")),
        (false, _, Some(_)) => Err(AddressError::new("`sslrootcert` has no effect without TLS")),
        (over_tls, ..) => Ok(over_tls.then_some(Trust { authorities })),
    }
}

impl PartialEq for PostgresAddress {
    fn eq(&self, other: &PostgresAddress) -> bool {
        (&self.endpoint, &self.user, &self.database) == (&other.endpoint, &other.user, &other.database)
            && same(self.password.as_ref(), other.password.as_ref())
    }
}

impl Eq for PostgresAddress {}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL at {}", self.endpoint)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> PostgresAddress {
        PostgresAddress::parse(text).unwrap()
    }

    #[test]
    fn an_address_says_where_and_as_whom() {
        let address = parsed("postgres://alice:s%2Fcret@db.example:6000/auth");
        assert_eq!(address.endpoint.place, Place::Tcp("db.example".into(), 6000));
        assert_eq!((address.user.as_str(), address.database.as_str()), ("alice", "auth"));
        assert_eq!(address.password.as_ref().unwrap().expose(), "s/cret");
        assert_eq!(format!("{address:?}"), "PostgreSQL at db.example:6000");
        let short = parsed("postgresql://alice@localhost");
        assert_eq!(
            (short.database.as_str(), short.to_string().as_str()),
            ("alice", "PostgreSQL at localhost:5432")
        );
    }

    #[test]
    fn elsewhere_is_over_tls() {
        let trust = |text: &str| parsed(text).endpoint.trust;
        let (system, none) = (Some(Trust { authorities: None }), None);
        assert_eq!(trust("postgres://a@db.example/b"), system);
        assert_eq!(trust("postgres://a@db.example/b?sslmode=require"), system);
        assert_eq!(trust("postgres://a@db.example/b?sslmode=disable"), none);
        assert_eq!(trust("postgres://a@127.0.0.1/b"), none);
        assert_eq!(trust("postgres://a@127.0.0.1/b?sslmode=verify-full&sslrootcert=system"), system);
        let own = Some(Trust { authorities: Some("/etc/ca.pem".into()) });
        assert_eq!(trust("postgres://a@db.example/b?sslrootcert=/etc/ca.pem"), own);
    }

    #[test]
    fn a_socket_is_named_by_its_folder() {
        let address = parsed("postgres:///auth?host=/run/postgresql&user=alice&port=6000&password=s3cret");
        assert_eq!(address.endpoint.place, Place::Unix("/run/postgresql/.s.PGSQL.6000".into()));
        assert_eq!((address.user.as_str(), address.has_password()), ("alice", true));
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("postgres://h/b", "a user is missing"),
            ("postgres:///b", "a host is missing, or `host=/FOLDER`, where its socket is"),
            ("postgres://a@h/b?host=/run", "it has two hosts"),
            ("postgres:///b?user=a&host=/run&sslmode=require", "a socket has no TLS"),
            ("postgres:///b?user=a&host=/run&port=70000", "the port is no number up to 65535"),
            ("postgres://a@h/b?sslmode=disable&sslrootcert=x", "`sslrootcert` has no effect without TLS"),
            ("postgres://a@h/b?sslmode=on", "`sslmode` is `verify-full`, `require` or `disable`"),
            ("mysql://a@h/b", "`postgres://` or `postgresql://`"),
        ] {
            assert_eq!(PostgresAddress::parse(text).unwrap_err().to_string(), why, "{text}");
        }
        for mode in ["prefer", "allow", "verify-ca"] {
            assert!(PostgresAddress::parse(&format!("postgres://a@h/b?sslmode={mode}")).is_err(), "{mode}");
        }
        let error =
            PostgresAddress::parse("postgres://a@h/b?target_session_attrs=any").unwrap_err().to_string();
        assert!(error.starts_with("no parameter `target"), "{error}");
    }
}
