//! T-56: what is no file, not there, not readable, or not where it seems to be.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::probes::{Probe, acme};

pub fn probes() -> Vec<Probe> {
    let mut probes: Vec<Probe> = beneath().into_iter().map(|(name, write)| probe(name, &[], write)).collect();
    probes.extend(named().into_iter().map(|(name, paths, write)| probe(name, paths, write)));
    probes
}

fn probe(name: &str, paths: &[&'static str], write: fn(&Path)) -> Probe {
    Probe { name: name.into(), paths: paths.into(), write: Box::new(write) }
}

fn acme_in(folder: &Path) {
    fs::write(folder.join("acme.yaml"), acme("id: acme", "id: acme")).unwrap();
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn link(to: &str, path: &Path) {
    let _ = fs::remove_file(path);
    symlink(to, path).unwrap();
}

/// Makes the files of a probe in a folder.
type Make = fn(&Path);

/// Found in a folder that is looked through.
fn beneath() -> Vec<(&'static str, Make)> {
    vec![
        ("an empty folder", |_| {}),
        ("a folder without YAML", |folder| fs::write(folder.join("acme.txt"), "id: acme\n").unwrap()),
        ("a folder of hidden files", |folder| fs::write(folder.join(".acme.yaml"), "[").unwrap()),
        ("a copy of an editor", |folder| fs::write(folder.join("acme.yaml~"), "[").unwrap()),
        ("a folder called like a file", |folder| fs::create_dir_all(folder.join("acme.yaml")).unwrap()),
        ("an empty file", |folder| fs::write(folder.join("acme.yaml"), "").unwrap()),
        ("a pipe", |folder| pipe(&folder.join("acme.yaml"))),
        ("a socket", |folder| {
            let _ = fs::remove_file(folder.join("acme.yaml"));
            // A long path is none for a socket.
            let short = tempfile::tempdir().unwrap();
            UnixListener::bind(short.path().join("s")).unwrap();
            fs::rename(short.path().join("s"), folder.join("acme.yaml")).unwrap();
        }),
        ("a link to a device", |folder| link("/dev/zero", &folder.join("acme.yaml"))),
        ("a link to nothing", |folder| link("missing.yaml", &folder.join("acme.yaml"))),
        ("a link to itself", |folder| link("acme.yaml", &folder.join("acme.yaml"))),
        ("links in a circle", |folder| {
            link("b.yaml", &folder.join("a.yaml"));
            link("a.yaml", &folder.join("b.yaml"));
        }),
        ("a link out of the folder", |folder| link("/etc/passwd", &folder.join("acme.yaml"))),
        ("a link up and out", |folder| link("../../../../../../../../etc/passwd", &folder.join("acme.yaml"))),
        ("a link to the folder above", |folder| link("..", &folder.join("up"))),
        ("a link to the root", |folder| link("/", &folder.join("root.yaml"))),
        ("a sparse file of 5 GB", |folder| {
            File::create(folder.join("acme.yaml")).unwrap().set_len(5 << 30).unwrap();
        }),
        ("a file open to everybody", |folder| {
            acme_in(folder);
            mode(&folder.join("acme.yaml"), 0o666);
        }),
        ("a folder open to everybody", |folder| {
            acme_in(folder);
            mode(folder, 0o777);
        }),
        ("a folder for everybody's own files", |folder| {
            acme_in(folder);
            mode(folder, 0o1777);
        }),
        ("a name with a line end", |folder| fs::write(folder.join("a\nerror[x]: y.yaml"), "").unwrap()),
        ("a name with a colour", |folder| fs::write(folder.join("a\u{1b}[31m.yaml"), "").unwrap()),
        ("a name right to left", |folder| fs::write(folder.join("a\u{202e}lmay.yaml"), "").unwrap()),
        ("a name that is not UTF-8", |folder| {
            fs::write(folder.join(OsStr::from_bytes(b"a\xff.yaml")), "").unwrap();
        }),
        ("a hidden name that is not UTF-8", |folder| {
            fs::write(folder.join(OsStr::from_bytes(b".a\xff.yaml")), "[").unwrap();
        }),
        ("a name of 255 bytes", |folder| fs::write(folder.join("a".repeat(250) + ".yaml"), "").unwrap()),
        ("names that differ in case", |folder| {
            acme_in(folder);
            fs::write(folder.join("Acme.yaml"), acme("id: acme", "id: acme")).unwrap();
        }),
        ("a file twice, by a link", |folder| {
            acme_in(folder);
            link("acme.yaml", &folder.join("other.yaml"));
        }),
        ("yaml and yml", |folder| {
            acme_in(folder);
            fs::write(folder.join("acme.yml"), acme("id: acme", "id: acme")).unwrap();
        }),
        ("20 folders in each other", |folder| {
            let deep = (0..20).fold(folder.to_owned(), |path, _| path.join("d"));
            fs::create_dir_all(&deep).unwrap();
            acme_in(&deep);
        }),
        ("5,001 files", |folder| {
            for n in 0..5_001 {
                fs::write(folder.join(format!("a{n}.yaml")), "").unwrap();
            }
        }),
    ]
}

/// Named to the command itself.
fn named() -> Vec<(&'static str, &'static [&'static str], Make)> {
    vec![
        ("nothing there", &["missing.yaml"], |_| {}),
        ("a dash", &["-"], |_| {}),
        ("a pattern of a shell", &["*.yaml"], acme_in),
        ("a slash behind a file", &["acme.yaml/"], acme_in),
        ("a file as a folder", &["acme.yaml/acme.yaml"], acme_in),
        ("a name that is too long", &[LONG], |_| {}),
        ("nothing, a device", &["/dev/null"], |_| {}),
        ("zeros, a device", &["/dev/zero"], |_| {}),
        ("standard input", &["/dev/stdin"], |_| {}),
        ("a file that cannot be read", &["/proc/self/mem"], |_| {}),
        ("a named pipe", &["acme.yaml"], |folder| pipe(&folder.join("acme.yaml"))),
        ("a named link to nothing", &["acme.yaml"], |folder| link("missing.yaml", &folder.join("acme.yaml"))),
        ("a named link to itself", &["acme.yaml"], |folder| link("acme.yaml", &folder.join("acme.yaml"))),
        ("a named file that is empty", &["acme.yaml"], |folder| {
            fs::write(folder.join("acme.yaml"), "").unwrap()
        }),
        ("a named copy of an editor", &["acme.yaml~"], |folder| {
            fs::write(folder.join("acme.yaml~"), "[").unwrap()
        }),
        ("a path twice", &["acme.yaml", "acme.yaml"], acme_in),
        ("a path twice, another between", &["acme.yaml", "b.yaml", "acme.yaml"], |folder| {
            acme_in(folder);
            fs::write(folder.join("b.yaml"), acme("id: acme", "id: b")).unwrap();
        }),
        ("a path twice, written differently", &["acme.yaml", "b/b.yaml", "./b/../acme.yaml"], |folder| {
            acme_in(folder);
            fs::create_dir_all(folder.join("b")).unwrap();
            fs::write(folder.join("b/b.yaml"), acme("id: acme", "id: b")).unwrap();
        }),
        ("a folder and a file in it", &[".", "acme.yaml"], acme_in),
        ("a folder twice", &[".", "b/.."], |folder| {
            acme_in(folder);
            fs::create_dir_all(folder.join("b")).unwrap();
        }),
        ("an empty folder and a right file", &["b", "acme.yaml"], |folder| {
            acme_in(folder);
            fs::create_dir_all(folder.join("b")).unwrap();
        }),
        ("a file, right, and one that is not there", &["acme.yaml", "missing.yaml"], acme_in),
    ]
}

const LONG: &str = concat!(
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ".yaml"
);
