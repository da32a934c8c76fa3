//! Reading files that somebody else may have put there: regular ones, not too large, not from outside of their folder.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Help, Severity, code};

/// More files than this are no catalogue.
const MAX_FILES: usize = 5_000;
/// Files of any kind, and folders, that are looked at for those.
const MAX_ENTRIES: usize = 50_000;
/// Folders within folders.
const MAX_DEPTH: usize = 16;

/// The YAML files of a folder and of the folders in it, in order; hidden ones are skipped. What cannot be listed is a
/// finding.
pub fn list(folder: &Path) -> Vec<Result<PathBuf, Box<Diagnostic>>> {
    let mut files = vec![];
    if fs::metadata(folder).is_ok_and(|metadata| is_world_writable(&metadata) && !is_sticky(&metadata)) {
        let mut open = finding(
            code::UNSAFE_FILE,
            folder,
            "everybody on this machine can put files into the folder".into(),
        );
        open.severity = Severity::Warning;
        open.help = Some(Help::Note("take the permission away: `chmod o-w FOLDER`".into()));
        files.push(Err(open));
    }
    let mut room = MAX_ENTRIES;
    let title = match collect(folder, 0, &mut room, &mut files) {
        _ if files.len() > MAX_FILES => format!("the folder has more than {MAX_FILES} YAML files"),
        Err(Full) => format!("the folder has more than {MAX_ENTRIES} files and folders"),
        Ok(()) => return files,
    };
    vec![Err(finding(code::TOO_LARGE, folder, title))]
}

/// There is more than is looked at.
struct Full;

fn collect(
    folder: &Path,
    depth: usize,
    room: &mut usize,
    files: &mut Vec<Result<PathBuf, Box<Diagnostic>>>,
) -> Result<(), Full> {
    if files.len() > MAX_FILES {
        return Err(Full);
    }
    if depth > MAX_DEPTH {
        files.push(Err(finding(
            code::TOO_LARGE,
            folder,
            format!("folders stand in each other more than {MAX_DEPTH} deep"),
        )));
        return Ok(());
    }
    let read = |entries: fs::ReadDir| entries.take(*room + 1).collect::<Result<Vec<_>, _>>();
    let entries = match fs::read_dir(folder).and_then(read) {
        Ok(entries) => entries,
        Err(error) => {
            files.push(Err(finding(
                code::UNREADABLE_FILE,
                folder,
                format!("the folder cannot be read: {}", reason(&error)),
            )));
            return Ok(());
        }
    };
    *room = room.checked_sub(entries.len()).ok_or(Full)?;
    let mut paths: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|path| !is_hidden(path)).collect();
    paths.sort();
    for path in paths {
        // A link to a folder is not followed: ConfigMaps link their files one by one.
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => collect(&path, depth + 1, room, files)?,
            Ok(metadata) if metadata.is_symlink() && path.is_dir() => {
                let mut skipped =
                    finding(code::UNSAFE_FILE, &path, "a link to a folder is not followed".into());
                skipped.severity = Severity::Warning;
                files.push(Err(skipped));
            }
            _ if is_yaml(&path) => files.push(Ok(path)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the name says YAML.
pub fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Reads a file: a regular one once links are followed, `beneath` a folder where one is given, of at most `limit` bytes,
/// and not writable by everybody.
///
/// # Errors
/// Why it is not read.
pub fn read(path: &Path, beneath: Option<&Path>, limit: usize) -> Result<Vec<u8>, Box<Diagnostic>> {
    let Contents { bytes, open_to_everybody } = examine(path, beneath, limit)?;
    match open_to_everybody {
        true => Err(opened(path)),
        false => Ok(bytes),
    }
}

/// The bytes of a file, and who else could have written them.
#[derive(Debug)]
pub struct Contents {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether everybody on this machine can write to the file.
    pub open_to_everybody: bool,
}

/// That everybody can write to a file.
pub fn opened(path: &Path) -> Box<Diagnostic> {
    finding(code::UNSAFE_FILE, path, "everybody on this machine can write to the file".into())
}

/// Reads a file to look at it, not to act on it: as [`read`], whoever can write to it.
///
/// # Errors
/// Why it is not read.
pub fn examine(path: &Path, beneath: Option<&Path>, limit: usize) -> Result<Contents, Box<Diagnostic>> {
    let unreadable = |error: std::io::Error| {
        finding(code::UNREADABLE_FILE, path, format!("the file cannot be read: {}", reason(&error)))
    };
    let mut real = None;
    if let Some(folder) = beneath {
        let found = path.canonicalize().map_err(unreadable)?;
        let root = folder.canonicalize().map_err(unreadable)?;
        if !found.starts_with(&root) {
            return Err(finding(
                code::UNSAFE_FILE,
                path,
                "the file is a link that leads out of its folder".into(),
            ));
        }
        real = Some(found);
    }
    let file = open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(finding(code::UNREADABLE_FILE, path, "this is no regular file".into()));
    }
    // Somebody may have put a link there since.
    if let Some(real) = real
        && !is_same(&metadata, &fs::symlink_metadata(real).map_err(unreadable)?)
    {
        return Err(finding(code::UNSAFE_FILE, path, "the file was replaced while it was read".into()));
    }
    if metadata.len() > limit as u64 {
        let title = format!("the file has {} bytes, {limit} at most are read", metadata.len());
        return Err(finding(code::TOO_LARGE, path, title));
    }
    let mut bytes = vec![];
    // The file may grow while it is read.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Contents { bytes, open_to_everybody: is_world_writable(&metadata) })
}

/// Opens without waiting: a pipe that nobody writes to would keep the reader for ever.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        const O_NONBLOCK: i32 = 0o4000;
        options.custom_flags(O_NONBLOCK);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_world_writable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o002 != 0
}

/// Whether only the owner of a file can take it out of the folder, as in `/tmp`.
#[cfg(unix)]
fn is_sticky(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o1000 != 0
}

#[cfg(not(unix))]
fn is_sticky(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, b: &fs::Metadata) -> bool {
    b.is_file()
}

#[cfg(not(unix))]
fn is_world_writable(_: &fs::Metadata) -> bool {
    false
}

fn finding(code: Code, path: &Path, title: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::about_file(code, path.display().to_string(), title))
}

/// The reason in words, without the number of the operating system.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + letters.as_str())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn refused(path: &Path, beneath: &Path) -> &'static str {
        read(path, Some(beneath), 100).unwrap_err().code.as_str()
    }

    #[test]
    fn reads_a_file_and_a_link_that_stays_inside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("a.yaml"), "a").unwrap();
        symlink("a.yaml", root.join("b.yaml")).unwrap();
        assert_eq!(read(&root.join("b.yaml"), Some(root), 100).unwrap(), b"a");
        assert_eq!(
            list(root).into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [root.join("a.yaml"), root.join("b.yaml")]
        );
    }

    #[test]
    fn refuses_what_is_no_file_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        symlink("/etc/hostname", root.join("out.yaml")).unwrap();
        symlink("loop.yaml", root.join("loop.yaml")).unwrap();
        fs::create_dir(root.join("dir.yaml")).unwrap();
        let pipe = root.join("pipe.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(refused(&root.join("out.yaml"), root), "unsafe-file");
        assert_eq!(refused(&root.join("loop.yaml"), root), "unreadable-file");
        assert_eq!(refused(&root.join("dir.yaml"), root), "unreadable-file");
        assert_eq!(refused(&root.join("missing.yaml"), root), "unreadable-file");
        assert_eq!(refused(&pipe, root), "unreadable-file");
        symlink("..", root.join("up")).unwrap();
        let skipped = list(root).into_iter().find_map(Result::err).unwrap();
        assert_eq!((skipped.code, skipped.severity), (code::UNSAFE_FILE, Severity::Warning));
    }

    #[test]
    fn refuses_what_is_too_large_or_open_to_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let sparse = folder.path().join("sparse.yaml");
        File::create(&sparse).unwrap().set_len(5 << 30).unwrap();
        assert_eq!(refused(&sparse, folder.path()), "too-large");
        let open = folder.path().join("open.yaml");
        fs::write(&open, "a").unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(refused(&open, folder.path()), "unsafe-file");
    }
}
