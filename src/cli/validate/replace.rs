//! Writing a file in the place of another one: wholly or not at all, and never outside of its folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::validate::Input;
use crate::provider::catalog::files;
use crate::yaml::Limits;

/// Puts `after` in the place of `before`, with the same permissions and owner.
///
/// # Errors
/// Why the file was left as it is, in words.
pub fn file(input: &Input, before: &[u8], after: &[u8]) -> Result<(), String> {
    let path = within_its_folder(input)?;
    let permissions = fs::metadata(&path).map_err(|error| error.to_string())?.permissions();
    if permissions.readonly() {
        return Err("the file is read-only".into());
    }
    let now = files::examine(&path, None, Limits::DEPLOYMENT.bytes).map_err(|finding| finding.title)?;
    if now.bytes != before {
        return Err("the file has changed meanwhile".into());
    }
    let temporary = beside(&path).ok_or("the file has no name")?;
    let written = write(&temporary, &path, after).and_then(|()| fs::rename(&temporary, &path));
    written.map_err(|error| {
        // Only what was made here is taken away.
        if error.kind() != std::io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(&temporary);
        }
        error.to_string()
    })
}

/// The file itself, links followed as far as they stay in the folder that it was found in.
fn within_its_folder(input: &Input) -> Result<PathBuf, String> {
    let parent = input.path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = input.beneath.as_deref().or(parent).unwrap_or(Path::new("."));
    let real = input.path.canonicalize().map_err(|error| error.to_string())?;
    let root = folder.canonicalize().map_err(|error| error.to_string())?;
    match real.starts_with(root) {
        true => Ok(real),
        false => Err("the file is a link that leads out of its folder".into()),
    }
}

/// A hidden name in the same folder, so that it can take the file's place in one step.
fn beside(path: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push(format!(".{}.tmp", std::process::id()));
    Some(path.with_file_name(name))
}

fn write(temporary: &Path, like: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    // A link or a file that somebody put there is not written to.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(temporary)?;
    file.write_all(bytes)?;
    take_after(&file, &fs::metadata(like)?)?;
    file.sync_all()
}

#[cfg(unix)]
fn take_after(file: &File, like: &fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    // Only root can give files away: whoever else fixes a file owns it then.
    let _ = fchown(file, Some(like.uid()), Some(like.gid()));
    file.set_permissions(like.permissions())
}

#[cfg(not(unix))]
fn take_after(file: &File, like: &fs::Metadata) -> std::io::Result<()> {
    file.set_permissions(like.permissions())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn input(path: &Path, beneath: Option<&Path>) -> Input {
        Input { path: path.to_owned(), beneath: beneath.map(Path::to_owned) }
    }

    #[test]
    fn keeps_the_permissions_and_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "a").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(file(&input(&path, None), b"a", b"b"), Ok(()));
        assert_eq!(fs::read(&path).unwrap(), b"b");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link_and_is_not_followed_out_of_the_folder() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        fs::write(root.join("a.yaml"), "a").unwrap();
        fs::write(outside.path().join("b.yaml"), "a").unwrap();
        symlink("a.yaml", root.join("in.yaml")).unwrap();
        symlink(outside.path().join("b.yaml"), root.join("out.yaml")).unwrap();
        assert_eq!(file(&input(&root.join("in.yaml"), Some(root)), b"a", b"b"), Ok(()));
        assert!(root.join("in.yaml").is_symlink());
        assert_eq!(fs::read(root.join("a.yaml")).unwrap(), b"b");
        for beneath in [Some(root), None] {
            assert!(file(&input(&root.join("out.yaml"), beneath), b"a", b"b").is_err());
        }
        assert_eq!(fs::read(outside.path().join("b.yaml")).unwrap(), b"a");
    }

    #[test]
    fn what_changed_meanwhile_or_may_not_be_written_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "c").unwrap();
        assert_eq!(file(&input(&path, None), b"a", b"b"), Err("the file has changed meanwhile".into()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(file(&input(&path, None), b"c", b"b"), Err("the file is read-only".into()));
        assert_eq!(fs::read(&path).unwrap(), b"c");
    }
}
