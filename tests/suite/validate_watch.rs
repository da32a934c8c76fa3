//! `authcfg validate --watch`, driven as an editor drives it: it sees every state that lasts, whatever way led there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

const ACME: &str = "id: acme\nname: Acme\nauthorization_endpoint: https://acme.example/authorize\n\
    token_endpoint: https://acme.example/token\nuserinfo_endpoint: https://acme.example/me\n\
    profile: {sub: $.userinfo.id}\n";
/// Far more than any change takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct Watch {
    child: Child,
    lines: Receiver<String>,
    folder: TempDir,
    runs: usize,
}

impl Watch {
    /// In a folder of its own with `providers/acme.yaml`, which is sound.
    fn start(arguments: &[&str]) -> Watch {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("providers")).unwrap();
        fs::write(folder.path().join("providers/acme.yaml"), ACME).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_authcfg"))
            .args(["validate", "--watch", "--format", "concise", "--allow", "missing-test"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Watch { child, lines, folder, runs: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Waits for a run whose summary begins so.
    fn until(&mut self, summary: &str) {
        let mut seen = vec![];
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    assert!(
                        line.ends_with(" UTC; waiting for changes") && !line.contains('\u{1b}'),
                        "{line}"
                    );
                    self.runs += 1;
                    if line.starts_with(&format!("{summary} at ")) {
                        return;
                    }
                    seen.push(line);
                }
                Err(_) => panic!("no {summary:?} after {seen:?}"),
            }
        }
    }

    fn interrupt(mut self) -> ExitStatus {
        let kill = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SOUND: &str = "1 file checked, nothing found";
const WRONG: &str = "1 file checked: 1 error";

#[test]
fn every_way_to_save_a_file_is_seen() {
    for arguments in [&[][..], &["providers"], &["providers/acme.yaml"]] {
        let mut watch = Watch::start(arguments);
        watch.until(SOUND);
        let wrong = ACME.replace("token_endpoint", "token_enpoint");
        watch.write("providers/acme.yaml", &wrong);
        watch.until(WRONG);
        // An editor that writes beside the file and renames over it.
        watch.write("providers/acme.yaml.tmp", ACME);
        fs::rename(watch.path("providers/acme.yaml.tmp"), watch.path("providers/acme.yaml")).unwrap();
        watch.until(SOUND);
        // One that moves the file away first.
        fs::rename(watch.path("providers/acme.yaml"), watch.path("providers/acme.yaml~")).unwrap();
        watch.write("providers/acme.yaml", &wrong);
        watch.until(WRONG);
        // One that writes half of it at first.
        watch.write("providers/acme.yaml", &ACME[..20]);
        watch.write("providers/acme.yaml", ACME);
        watch.until(SOUND);
    }
}

#[test]
fn what_is_removed_and_made_again_is_watched_again() {
    let mut watch = Watch::start(&["providers"]);
    watch.until(SOUND);
    for _ in 0..2 {
        fs::remove_dir_all(watch.path("providers")).unwrap();
        watch.until(WRONG);
        fs::create_dir_all(watch.path("providers/more")).unwrap();
        watch.write("providers/more/acme.yaml", ACME);
        watch.until(SOUND);
        watch.write("providers/more/acme.yaml", "[");
        watch.until(WRONG);
    }
    fs::remove_file(watch.path("providers/more/acme.yaml")).unwrap();
    watch.until("no file checked: 1 error");
}

#[test]
fn a_file_is_found_behind_its_link() {
    let mut watch = Watch::start(&["link.yaml"]);
    watch.until("1 file checked: 1 error");
    symlink("providers/acme.yaml", watch.path("link.yaml")).unwrap();
    // The id is not the name of the link.
    watch.until("1 file checked: 1 error");
    watch.write("providers/acme.yaml", &ACME.replace("acme\n", "link\n"));
    watch.until(SOUND);
}

#[test]
fn the_deployment_file_may_come_later() {
    let mut watch = Watch::start(&[]);
    watch.until(SOUND);
    watch.write("authcfg.yaml", "providers: {acme: }\ncatalog: [others]\n");
    watch.until("2 files checked: 2 errors");
    fs::rename(watch.path("providers"), watch.path("others")).unwrap();
    watch.until("2 files checked, nothing found");
}

#[test]
fn a_storm_of_changes_is_few_runs() {
    let mut watch = Watch::start(&["providers"]);
    watch.until(SOUND);
    let before = watch.runs;
    let (file, other) = (watch.path("providers/acme.yaml"), watch.path("providers/other.yaml"));
    for _ in 0..2_000 {
        fs::rename(&file, &other).unwrap();
        fs::rename(&other, &file).unwrap();
    }
    watch.write("providers/acme.yaml", "[");
    watch.until(WRONG);
    assert!(watch.runs - before < 400, "{} runs", watch.runs - before);
}

#[test]
fn an_interrupt_ends_it_and_nothing_else_does() {
    let mut watch = Watch::start(&[]);
    watch.until(SOUND);
    watch.write("providers/acme.yaml", "[");
    watch.until(WRONG);
    assert_eq!(watch.interrupt().signal(), Some(2), "130 to a shell");
}

#[test]
fn what_is_for_a_person_is_not_mixed_with_what_is_not() {
    for (arguments, why) in [
        (&["--format", "json"][..], "human"),
        (&["--format", "sarif"], "human"),
        (&["--fix"], "--fix"),
        (&["--diff"], "--diff"),
        (&["--online"], "--online"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
        let output = command.args(["validate", "--watch"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(why), "{arguments:?}");
    }
}
