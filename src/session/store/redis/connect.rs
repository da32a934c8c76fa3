//! A connection to Redis: opened, looked at, and what its errors mean.

use std::fmt;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, cmd};

use crate::session::store::redis::{PREFIX, RedisAddress, scripts};
use crate::session::store::remote::{Connect, Fault, Opened};

/// Opens connections to an address.
pub(super) struct Connector(pub RedisAddress);

impl fmt::Display for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Connect for Connector {
    type Connection = MultiplexedConnection;

    async fn open(&self) -> Result<Opened<MultiplexedConnection>, String> {
        let address = &self.0;
        let mut info = RedisConnectionInfo::default()
            .set_db(address.database)
            .set_lib_name("authcfg", env!("CARGO_PKG_VERSION"));
        if let Some(user) = &address.user {
            info = info.set_username(user);
        }
        if let Some(password) = &address.password {
            info = info.set_password(password.expose());
        }
        let socket = address.endpoint.open().await?;
        // How long an answer may take is for the link to say.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = MultiplexedConnection::new_with_config(&info, socket, config).await;
        let (connection, driver) = opened.map_err(|error| told(&error))?;
        Ok(Opened { connection, driver: tokio::spawn(driver) })
    }

    async fn prepare(&self, connection: &MultiplexedConnection) -> Result<(), Fault> {
        match write(connection.clone()).await {
            Ok(()) => {}
            // Who has signed in is told so, also where nobody new can.
            Err(Fault::Refused(why)) => {
                tracing::error!(store = %self, %why, "the session store can only be read")
            }
            Err(lost) => return Err(lost),
        }
        let mut known = Pipeline::new();
        for script in scripts::all() {
            known.load_script(script).ignore();
        }
        known.query_async::<()>(&mut connection.clone()).await.map_err(fault)?;
        // Who may not ask does not know: it is no more than a hint.
        let info: String =
            cmd("INFO").arg("memory").query_async(&mut connection.clone()).await.unwrap_or_default();
        if let Some(policy) = evicts(&info) {
            tracing::warn!(store = %self, policy, "sessions are lost when the memory is full: `maxmemory-policy noeviction`");
        }
        Ok(())
    }

    async fn ping(mut connection: MultiplexedConnection) -> Result<(), Fault> {
        cmd("PING").query_async(&mut connection).await.map_err(fault)
    }
}

/// The policy by which Redis removes keys that are needed, where its memory has a bound.
fn evicts(info: &str) -> Option<&str> {
    let of =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let bounded = of("maxmemory").is_some_and(|bytes| bytes != "0");
    of("maxmemory_policy").filter(|policy| bounded && *policy != "noeviction")
}

/// Looks that something can be written.
pub(super) async fn write(mut connection: MultiplexedConnection) -> Result<(), Fault> {
    let mut set = cmd("SET");
    set.arg(format!("{PREFIX}ready")).arg(1).arg("PX").arg(1000);
    set.query_async(&mut connection).await.map_err(fault)
}

/// What an error means for the connection that it came over.
pub(super) fn fault(error: RedisError) -> Fault {
    let why = told(&error);
    match code(&error) {
        // Another connection may lead to another server, of several behind one name.
        Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "MOVED" | "ASK" | "CROSSSLOT") => {
            Fault::Lost(why)
        }
        Some("NOAUTH" | "NOPERM" | "WRONGPASS") => Fault::Lost(why),
        Some(_) => Fault::Refused(why),
        None => Fault::Lost(why),
    }
}

/// The word that an error of the server begins with. Redis 6 hides that of a script's error in its text.
fn code(error: &RedisError) -> Option<&str> {
    const HIDDEN: [&str; 3] = ["READONLY", "OOM", "MISCONF"];
    let code = error.code()?;
    let detail = error.detail().unwrap_or_default();
    Some(HIDDEN.into_iter().find(|word| code == "ERR" && detail.contains(word)).unwrap_or(code))
}

/// Without the text of the server, which may name a key.
fn told(error: &RedisError) -> String {
    match code(error) {
        Some("LOADING") => "it is still reading its data".into(),
        Some("MASTERDOWN") => "it is a replica without its master".into(),
        Some("MISCONF") => "it cannot write to its disk, and takes no more".into(),
        Some("MOVED" | "ASK" | "CROSSSLOT" | "CLUSTERDOWN") => {
            "it is part of a cluster, which cannot be used: give the address of one server, or of a proxy"
                .into()
        }
        Some("NOAUTH") => "it wants a password".into(),
        Some("NOPERM") => "its user may not do this: `~authcfg:* +@all -@admin -@dangerous` is enough".into(),
        Some("OOM") => "its memory is full (`maxmemory`)".into(),
        Some("READONLY") => "it is a replica, which can only be read".into(),
        Some("WRONGPASS") => "it does not take this user and password".into(),
        Some(code) => format!("it says {code}"),
        None if error.kind() == ErrorKind::AuthenticationFailed => {
            "it does not take this user and password".into()
        }
        None if error.is_timeout() => "no answer in time".into(),
        None if error.is_io_error() || error.is_connection_dropped() => "the connection was closed".into(),
        None => format!("{:?}", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_memory_that_is_made_room_in() {
        let info = |bytes: &str, policy: &str| {
            format!("# Memory\r\nmaxmemory:{bytes}\r\nmaxmemory_policy:{policy}\r\n")
        };
        assert_eq!(evicts(&info("1000", "volatile-lru")), Some("volatile-lru"));
        assert_eq!(evicts(&info("1000", "noeviction")), None);
        assert_eq!(evicts(&info("0", "allkeys-lru")), None, "what has no bound is never full");
        assert_eq!(evicts(""), None);
    }
}
