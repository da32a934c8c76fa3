//! The store of sessions, from its address. A password in it is shown nowhere, and must not stand in the file.

use std::path::{Path, PathBuf};

use crate::config::findings::Findings;
use crate::config::secret::{Secrets, plain_secret};
use crate::diagnostic::{Diagnostic, Help, Source, code};
use crate::oauth::Secret;
use crate::provider::finding::Finding;
#[cfg(feature = "store-postgres")]
use crate::session::store::PostgresAddress;
#[cfg(feature = "store-redis")]
use crate::session::store::RedisAddress;
use crate::spec::deployment::TextOrRef;
use crate::yaml::Document;

/// The key of the deployment file.
const POINTER: &str = "/session/store";
/// The store of a deployment that names none, beside its file.
const DEFAULT: &str = "sqlite:authcfg.db";

/// A store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePlace {
    /// The memory of the process.
    Memory,
    /// A PostgreSQL database.
    #[cfg(feature = "store-postgres")]
    Postgres(PostgresAddress),
    /// A Redis or Valkey server.
    #[cfg(feature = "store-redis")]
    Redis(RedisAddress),
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl StorePlace {
    /// What it is.
    pub fn kind(&self) -> &'static str {
        match self {
            StorePlace::Memory => "memory",
            #[cfg(feature = "store-postgres")]
            StorePlace::Postgres(_) => "postgres",
            #[cfg(feature = "store-redis")]
            StorePlace::Redis(_) => "redis",
            StorePlace::Sqlite(_) => "sqlite",
        }
    }

    /// Whether it is reached over a network.
    pub fn is_remote(&self) -> bool {
        !matches!(self, StorePlace::Memory | StorePlace::Sqlite(_))
    }

    fn has_password(&self) -> bool {
        match self {
            StorePlace::Memory | StorePlace::Sqlite(_) => false,
            #[cfg(feature = "store-postgres")]
            StorePlace::Postgres(address) => address.has_password(),
            #[cfg(feature = "store-redis")]
            StorePlace::Redis(address) => address.has_password(),
        }
    }
}

/// The store that a deployment names; `None` where that is none, which is a finding.
pub(super) fn compile(
    spec: Option<&TextOrRef>,
    secrets: &Secrets<'_>,
    findings: &mut Findings<'_>,
) -> Option<StorePlace> {
    let text = match spec {
        None => Secret::from(DEFAULT),
        Some(value) => secrets.text(value, false, POINTER, findings)?,
    };
    match place(text.expose(), &secrets.folder) {
        Ok(place) if place.has_password() && matches!(spec, Some(TextOrRef::Text(_))) => {
            findings.add(plain_secret(POINTER));
            None
        }
        Ok(place) => Some(place),
        Err(why) => {
            let finding = Finding::error(code::INVALID_VALUE, POINTER, "this is no session store");
            let forms = "`redis://HOST`, `postgres://USER@HOST/DATABASE`, `sqlite:PATH` or `memory`";
            findings.add(finding.label(why).help(forms));
            None
        }
    }
}

fn place(text: &str, folder: &Path) -> Result<StorePlace, String> {
    match text.split_once(':') {
        None if text == "memory" => Ok(StorePlace::Memory),
        Some(("sqlite", path)) => sqlite(path, folder),
        Some(("redis" | "rediss" | "redis+unix", _)) => redis(text, folder),
        Some(("postgres" | "postgresql", _)) => postgres(text, folder),
        _ => Err("none of those that there are".into()),
    }
}

fn sqlite(path: &str, folder: &Path) -> Result<StorePlace, String> {
    // Both spellings are in use elsewhere; of `sqlite:///var/a.db` the path begins with the third slash.
    let path = path.strip_prefix("//").unwrap_or(path);
    match path {
        "" => Err("a path is missing".into()),
        path if path.contains(['?', '#']) => Err("a path alone, without parameters".into()),
        _ if !cfg!(feature = "store-sqlite") => Err("this authcfg was built without SQLite".into()),
        path => Ok(StorePlace::Sqlite(folder.join(path))),
    }
}

#[cfg(feature = "store-redis")]
fn redis(text: &str, folder: &Path) -> Result<StorePlace, String> {
    let address = RedisAddress::parse(text).map_err(|error| error.to_string())?;
    Ok(StorePlace::Redis(address.with_files_of(folder)))
}

#[cfg(not(feature = "store-redis"))]
fn redis(_: &str, _: &Path) -> Result<StorePlace, String> {
    Err("this authcfg was built without Redis".into())
}

#[cfg(feature = "store-postgres")]
fn postgres(text: &str, folder: &Path) -> Result<StorePlace, String> {
    let address = PostgresAddress::parse(text).map_err(|error| error.to_string())?;
    Ok(StorePlace::Postgres(address.with_files_of(folder)))
}

#[cfg(not(feature = "store-postgres"))]
fn postgres(_: &str, _: &Path) -> Result<StorePlace, String> {
    Err("this authcfg was built without PostgreSQL".into())
}

/// Puts asterisks in the place of an address that may have a password, in the lines that findings show: they end up in the logs of
/// a build.
pub(super) fn hide_password(document: Option<&Document>, diagnostics: &mut [Diagnostic]) {
    let Some(document) = document else { return };
    let Some(span) = document.place(POINTER).map(|place| place.value) else { return };
    let written = document.text().get(span.start..span.end).unwrap_or_default();
    if !written.contains(['@', '=']) {
        return;
    }
    let masked: String =
        written.chars().map(|c| if c == '\n' { "\n".into() } else { "*".repeat(c.len_utf8()) }).collect();
    let mut text = document.text().to_string();
    text.replace_range(span.start..span.end, &masked);
    let (shown, masked) = (Source::of(document), Source::new(document.name(), text));
    let replace = |source: &mut Source| {
        if source.name() == shown.name() {
            *source = masked.clone();
        }
    };
    for diagnostic in diagnostics {
        diagnostic.labels.iter_mut().for_each(|label| replace(&mut label.source));
        if let Some(Help::Patch { source, .. }) = &mut diagnostic.help {
            replace(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(text: &str) -> Option<StorePlace> {
        place(text, Path::new("/etc/authcfg")).ok()
    }

    #[test]
    fn a_store_is_named_by_its_kind() {
        assert_eq!(placed("memory"), Some(StorePlace::Memory));
        #[cfg(feature = "store-redis")]
        assert_eq!(format!("{:?}", placed("rediss://:hunter2@h").unwrap()), "Redis(Redis at h:6379)");
        #[cfg(feature = "store-postgres")]
        assert_eq!(
            format!("{:?}", placed("postgresql://a:hunter2@h/b").unwrap()),
            "Postgres(PostgreSQL at h:5432)"
        );
    }

    #[cfg(feature = "store-sqlite")]
    #[test]
    fn a_relative_path_starts_beside_the_file() {
        for (text, path) in [
            ("sqlite:a.db", "/etc/authcfg/a.db"),
            ("sqlite://data/a.db", "/etc/authcfg/data/a.db"),
            ("sqlite:/var/a.db", "/var/a.db"),
            ("sqlite:///var/a.db", "/var/a.db"),
        ] {
            assert_eq!(placed(text), Some(StorePlace::Sqlite(path.into())), "{text}");
        }
    }

    #[cfg(feature = "store-redis")]
    #[test]
    fn so_does_the_path_of_a_certificate() {
        let placed = |text: &str| placed(text).unwrap();
        assert_eq!(placed("rediss://h?cacert=ca.pem"), placed("rediss://h?cacert=/etc/authcfg/ca.pem"));
        assert_ne!(placed("rediss://h?cacert=ca.pem"), placed("rediss://h"));
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "Memory",
            "memory:",
            "sqlite",
            "sqlite:",
            "sqlite://",
            "sqlite:a.db?mode=ro",
            "redis:",
            "redis://",
            "mysql://a@h/b",
            "a.db",
        ] {
            assert_eq!(placed(text), None, "{text}");
        }
    }
}
