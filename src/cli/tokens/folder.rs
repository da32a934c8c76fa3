//! The folder in which a terminal keeps tokens: for its owner alone, each file written wholly or not at all.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// A file longer than this is none of ours.
const MAX_FILE: u64 = 1024 * 1024;

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// As long as it lives, no other process has the lock of that name.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Folder {
    /// `authcfg/tokens` where programs keep state: `$XDG_STATE_HOME`, else `~/.local/state`, else `%LOCALAPPDATA%`.
    ///
    /// # Errors
    /// None of these is set to an absolute path.
    pub fn of_this_account(variable: impl Fn(&str) -> Option<OsString>) -> Result<Folder, String> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".local/state")))
            .or_else(|| absolute("LOCALAPPDATA"))
            .ok_or("there is no place to keep tokens: neither XDG_STATE_HOME nor HOME is an absolute path")?;
        Ok(Folder { path: state.join("authcfg").join("tokens") })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a file holds; `None` where there is none.
    ///
    /// # Errors
    /// A file or a folder that others can read, a link, a file that cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<String>, String> {
        if !self.is_there()? {
            return Ok(None);
        }
        let path = self.path.join(name);
        let Some(found) = unlinked(&path)? else { return Ok(None) };
        if !found.is_file() || found.len() > MAX_FILE {
            return Err(format!("{} is no file of ours", path.display()));
        }
        let mut text = String::new();
        // Between the look at it and this only its owner could have put another one there: the folder is theirs alone.
        let mut file = File::open(&path).map_err(|error| said(&path, &error))?;
        owners_alone(&path, &file.metadata().map_err(|error| said(&path, &error))?)?;
        file.read_to_string(&mut text).map_err(|error| said(&path, &error))?;
        Ok(Some(text))
    }

    /// Writes a file, in the place of the one that is there.
    ///
    /// # Errors
    /// As [`Folder::read`]; a file that cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), String> {
        self.made()?;
        let path = self.path.join(name);
        unlinked(&path)?;
        let temporary = self.path.join(format!(".{name}.{}.tmp", std::process::id()));
        // What a process of the same number left behind when it was killed.
        let _ = fs::remove_file(&temporary);
        let written = written(&temporary, text).and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            said(&path, &error)
        })?;
        // The new name is to outlive a crash too, where a folder can be synced.
        let _ = File::open(&self.path).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Takes a file away; one that is not there is fine.
    ///
    /// # Errors
    /// A file that cannot be taken away.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(said(&path, &error)),
            _ => Ok(()),
        }
    }

    /// The names of the files that end so, sorted.
    ///
    /// # Errors
    /// A folder that others can read, or that cannot be listed.
    pub fn names(&self, end: &str) -> Result<Vec<String>, String> {
        if !self.is_there()? {
            return Ok(vec![]);
        }
        let entries = fs::read_dir(&self.path).map_err(|error| said(&self.path, &error))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter(|name| !name.starts_with('.') && name.ends_with(end)).collect();
        names.sort();
        Ok(names)
    }

    /// Waits for the lock of a name. It ends with the process that has it, however that ends.
    ///
    /// # Errors
    /// A folder that others can write to, a lock that cannot be had.
    pub fn lock(&self, name: &str) -> Result<Lock, String> {
        self.made()?;
        let path = self.path.join(format!(".{name}.lock"));
        unlinked(&path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = for_owner(&mut options).open(&path).map_err(|error| said(&path, &error))?;
        file.lock().map_err(|error| said(&path, &error))?;
        Ok(Lock { _file: file })
    }

    fn is_there(&self) -> Result<bool, String> {
        match unlinked(&self.path)? {
            None => Ok(false),
            Some(found) if !found.is_dir() => Err(format!("{} is no folder", self.path.display())),
            Some(_) => Ok(true),
        }
    }

    /// Makes the folder where there is none.
    fn made(&self) -> Result<(), String> {
        if self.is_there()? {
            return Ok(());
        }
        let parent = self.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(|error| said(parent, &error))?;
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.path) {
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.is_there().map(drop),
            made => made.map_err(|error| said(&self.path, &error)),
        }
    }
}

/// What is at a path, where it is no link and its owner's alone.
fn unlinked(path: &Path) -> Result<Option<Metadata>, String> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(said(path, &error)),
    };
    if found.is_symlink() {
        return Err(format!("{} is a link: tokens are kept in a place of their own", path.display()));
    }
    owners_alone(path, &found)?;
    Ok(Some(found))
}

#[cfg(unix)]
fn owners_alone(path: &Path, found: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let (path, right) = (path.display(), if found.is_dir() { "700" } else { "600" });
    Err(format!(
        "others can get at {path} (mode {mode:o})\nhelp: whoever saw the tokens can use them: sign out with `authcfg logout`, or `chmod {right} {path}` if nobody did"
    ))
}

/// Elsewhere the folder of an account is its own.
#[cfg(not(unix))]
fn owners_alone(_: &Path, _: &Metadata) -> Result<(), String> {
    Ok(())
}

fn for_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn written(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = for_owner(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn said(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder(beneath: &Path) -> Folder {
        Folder::of_this_account(|name| (name == "XDG_STATE_HOME").then(|| beneath.into())).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn is_where_programs_keep_state() {
        let place = |set: &[(&str, &str)]| {
            let found = Folder::of_this_account(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            });
            found.map(|folder| folder.path().display().to_string())
        };
        assert_eq!(place(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).unwrap(), "/s/authcfg/tokens");
        // The specification ignores a path that is not absolute.
        assert_eq!(
            place(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]).unwrap(),
            "/h/.local/state/authcfg/tokens"
        );
        assert!(place(&[("XDG_STATE_HOME", ""), ("HOME", "h")]).is_err());
    }

    #[test]
    fn what_is_written_is_the_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        assert_eq!(folder.read("a.json"), Ok(None));
        assert_eq!(folder.names(".json"), Ok(vec![]));
        for text in ["one", "two"] {
            assert_eq!(folder.write("a.json", text), Ok(()));
        }
        drop(folder.lock("a.json").unwrap());
        assert_eq!(folder.read("a.json"), Ok(Some("two".into())));
        assert_eq!(folder.names(".json"), Ok(vec!["a.json".into()]));
        assert_eq!((mode(folder.path()), mode(&folder.path().join("a.json"))), (0o700, 0o600));
        assert_eq!(mode(&folder.path().join(".a.json.lock")), 0o600);
        assert_eq!((folder.remove("a.json"), folder.remove("a.json")), (Ok(()), Ok(())));
        assert_eq!(folder.read("a.json"), Ok(None));
    }

    #[test]
    fn what_others_can_get_at_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        folder.write("a.json", "one").unwrap();
        let file = folder.path().join("a.json");
        for wrong in [0o604, 0o640, 0o620, 0o602] {
            set_mode(&file, wrong);
            let why = folder.read("a.json").unwrap_err();
            assert!(why.contains(&format!("mode {wrong:o}")) && why.contains("chmod 600"), "{why}");
            assert!(folder.write("a.json", "two").is_err());
        }
        set_mode(&file, 0o600);
        assert!(folder.read("a.json").is_ok());
        for wrong in [0o705, 0o750, 0o701] {
            set_mode(folder.path(), wrong);
            assert!(folder.read("a.json").unwrap_err().contains("chmod 700"));
            assert!(folder.write("b.json", "two").is_err() && folder.lock("b.json").is_err());
            assert!(folder.names("").is_err());
        }
    }

    #[test]
    fn a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        folder.write("a.json", "one").unwrap();
        symlink(folder.path().join("a.json"), folder.path().join("b.json")).unwrap();
        symlink(home.path().join("nowhere"), folder.path().join(".c.json.lock")).unwrap();
        assert!(folder.read("b.json").unwrap_err().contains("is a link"));
        assert!(folder.write("b.json", "two").unwrap_err().contains("is a link"));
        assert!(folder.lock("c.json").unwrap_err().contains("is a link"));
        assert_eq!(folder.read("a.json"), Ok(Some("one".into())));
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir(elsewhere.path().join("authcfg")).unwrap();
        symlink(folder.path(), elsewhere.path().join("authcfg/tokens")).unwrap();
        assert!(super::tests::folder(elsewhere.path()).read("a.json").unwrap_err().contains("is a link"));
    }

    #[test]
    fn one_has_the_lock_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        let count = || folder.read("n").unwrap().map_or(0, |text| text.parse::<u32>().unwrap());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let _lock = folder.lock("n").unwrap();
                        folder.write("n", &(count() + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(count(), 160);
    }
}
