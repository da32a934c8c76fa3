//! What an error of PostgreSQL means for the connection that it came over.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::session::store::remote::Fault;

/// What an error means for the connection that it came over.
pub(super) fn fault(error: &Error) -> Fault {
    let why = told(error);
    let Some(code) = error.code() else { return Fault::Lost(why) };
    let is_lost = *code == SqlState::READ_ONLY_SQL_TRANSACTION
        // Connection exceptions, the invalid authorization of a pooler, and a server that is going.
        || ["08", "28", "57P"].iter().any(|class| code.code().starts_with(class));
    if is_lost { Fault::Lost(why) } else { Fault::Refused(why) }
}

/// Without the text of the server, which may hold what was sent.
pub(super) fn told(error: &Error) -> String {
    let Some(code) = error.code() else { return without_code(error) };
    match *code {
        SqlState::READ_ONLY_SQL_TRANSACTION => "it can only be read".into(),
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "it does not take this user and password".into()
        }
        SqlState::INVALID_CATALOG_NAME => "it has no such database".into(),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "its user may not do this: let it create the schema `authcfg`, or own it".into()
        }
        SqlState::TOO_MANY_CONNECTIONS => "it has too many connections".into(),
        SqlState::DISK_FULL => "its disk is full".into(),
        SqlState::QUERY_CANCELED => "no answer in time".into(),
        SqlState::CANNOT_CONNECT_NOW => "it is starting or stopping".into(),
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => "it has closed the connection".into(),
        _ => format!("it says {}", code.code()),
    }
}

fn without_code(error: &Error) -> String {
    use std::error::Error as _;

    match error.source() {
        _ if error.is_closed() => "the connection was closed".into(),
        // What the socket or TLS says; a password is in neither.
        Some(source) => source.to_string(),
        None => "the connection failed".into(),
    }
}
