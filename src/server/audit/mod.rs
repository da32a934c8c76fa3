//! The audit log: who signed in, who was refused and why, whose session ended. For people who have to answer for that.
//!
//! In: an [`Event`] from wherever it happens. Out: a line of JSON, in the order of the events. A request never waits for it.

mod event;
mod writer;

use std::io;

use aws_lc_rs::hmac;

use crate::clock::Clock;
use crate::config::{AuditPlace, AuditSettings, AuditSubject, Config};
use crate::server::audit::writer::Writer;
use crate::session::iso_date;

pub use event::{Event, Kind, Outcome, schema};

/// Opens the audit log of a deployment, where that is a file, and closes it again.
///
/// # Errors
/// Why it cannot be written.
pub fn check(config: &Config) -> io::Result<()> {
    match config.audit.as_ref().map(|settings| &settings.to) {
        Some(AuditPlace::File(path)) => writer::appended(path)
            .map(drop)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        _ => Ok(()),
    }
}

/// What the key of subjects is derived for.
const PURPOSE: &[u8] = b"authcfg audit subject";

/// The audit log of a server.
pub(super) struct Audit {
    settings: AuditSettings,
    subjects: hmac::Key,
    writer: Writer,
}

impl Audit {
    /// That of a deployment, where it has one.
    pub fn of(config: &Config) -> Option<Audit> {
        let settings = config.audit.clone()?;
        let secret = config.secrets.first()?;
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let subjects = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, PURPOSE).as_ref());
        Some(Audit { subjects, writer: Writer::to(&settings.to), settings })
    }

    /// Writes an event down, at the time of now.
    pub fn note(&self, event: Event, clock: &dyn Clock) {
        let event = Event {
            time: iso_date(clock.now()),
            sub: event.sub.as_deref().and_then(|sub| self.named(event.provider.as_deref(), sub)),
            email: event.email.clone().filter(|_| self.settings.email),
            ..event
        };
        match serde_json::to_string(&event) {
            Ok(line) => self.writer.write(line),
            Err(error) => tracing::error!(%error, "an audit event could not be written down"),
        }
    }

    /// Opens the file anew, which was moved away.
    pub fn reopen(&self) {
        self.writer.reopen();
    }

    /// Whether everything that was noted is written.
    pub fn is_written(&self) -> bool {
        self.writer.is_done()
    }

    /// The subject as the deployment wants it.
    fn named(&self, provider: Option<&str>, sub: &str) -> Option<String> {
        match self.settings.subject {
            AuditSubject::Plain => Some(sub.to_owned()),
            AuditSubject::Hashed => {
                let whole = format!("{}:{sub}", provider.unwrap_or_default());
                let tag = hmac::sign(&self.subjects, whole.as_bytes());
                Some(tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
            }
            AuditSubject::None => None,
        }
    }
}
