//! Redis and PostgreSQL of this machine, each started for a test and ended with it.
//!
//! Where one is not installed its tests are left out, and standard error says so; with `AUTHCFG_ALL_STORES=1`, as CI has it, they
//! fail. `AUTHCFG_WITHOUT=redis,postgres` leaves them out wherever they are.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// A program that ends with what holds it, at once, as if it had crashed.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(command: &mut Command) -> Running {
        Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Stops it where it stands: it keeps its connections and says nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// To the program and to those that it has started.
    fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.0.id().to_string());
        assert!(Command::new("kill").args([&signal, &pid]).status().unwrap().success());
        Command::new("pkill").args([&signal, "-P", &pid]).status().unwrap();
    }
}

/// Whether the tests of a server are to be left out. Said once of each, past what the test runner keeps to itself.
pub fn left_out(name: &str) -> bool {
    static REDIS: Once = Once::new();
    static POSTGRES: Once = Once::new();
    let (said, is_installed, package) = match name {
        "redis" => (&REDIS, redis::program().is_some(), "redis-server"),
        _ => (&POSTGRES, postgres::program("postgres").is_some(), "postgresql"),
    };
    let unwanted =
        std::env::var("AUTHCFG_WITHOUT").is_ok_and(|names| names.split(',').any(|one| one == name));
    let all = std::env::var_os("AUTHCFG_ALL_STORES").is_some();
    let left_out = unwanted || !(is_installed || all);
    if left_out {
        said.call_once(|| {
            let note = format!("left out: the tests of {name} (`apt-get install {package}`)\n");
            let _ = std::io::stderr().write_all(note.as_bytes());
        });
    }
    left_out
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Redis, or Valkey, at a socket in a folder.
pub mod redis {
    use super::*;

    /// Its address.
    pub fn address(folder: &Path) -> String {
        format!("redis+unix://{}", folder.join("redis.sock").display())
    }

    /// Starts one, with further arguments.
    pub fn start(folder: &Path, more: &[&str]) -> Running {
        let program =
            program().expect("`apt-get install redis-server`, or AUTHCFG_WITHOUT=redis leaves this out");
        let socket = folder.join("redis.sock");
        let _ = std::fs::remove_file(&socket);
        let mut command = Command::new(program);
        command
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(folder)
            .args(more);
        let running = Running::start(&mut command);
        until("redis-server", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        running
    }

    /// Its name, where it is installed.
    pub fn program() -> Option<&'static str> {
        ["redis-server", "valkey-server"].into_iter().find(|name| is_installed(name))
    }

    fn is_installed(name: &str) -> bool {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// PostgreSQL at a socket in a folder of its own.
pub mod postgres {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, Weak};

    use super::*;

    const MISSING: &str = "`apt-get install postgresql`, or AUTHCFG_WITHOUT=postgres leaves this out";

    /// A server, its data and its databases.
    pub struct Cluster {
        folder: tempfile::TempDir,
        running: Mutex<Option<Running>>,
        databases: AtomicUsize,
    }

    /// The one that tests share which do it no harm; it ends with the last of them.
    pub fn shared() -> Arc<Cluster> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Cluster::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    impl Cluster {
        /// Makes one, and starts it.
        pub fn start() -> Cluster {
            let folder = tempfile::tempdir().unwrap();
            let status = Command::new("chown").arg(user()).arg(folder.path()).status().unwrap();
            assert!(status.success());
            let cluster = Cluster { folder, running: Mutex::new(None), databases: AtomicUsize::new(0) };
            let arguments = ["--auth=trust", "--username=authcfg", "--no-sync", "--encoding=UTF8"];
            let made = command("initdb").args(arguments).arg("-D").arg(cluster.data()).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            cluster.begin();
            cluster
        }

        /// Starts it again.
        pub fn begin(&self) {
            let socket = self.folder.path().display().to_string();
            let mut command = command("postgres");
            command.arg("-D").arg(self.data()).args(["-k", &socket, "-c", "listen_addresses="]);
            command.args(["-c", "shared_buffers=16MB", "-c", "max_connections=300"]);
            *self.running.lock().unwrap() = Some(Running::start(&mut command));
            until("postgres", || self.psql("postgres", "SELECT 1") == "1");
        }

        /// Ends it as a crash does.
        pub fn crash(&self) {
            let running = self.running.lock().unwrap().take().unwrap();
            // The others notice that the first of them is gone, and must be before it starts again.
            let others = format!("pgrep -P {0}; pkill -KILL -P {0}; true", running.0.id());
            let others = Command::new("sh").args(["-c", &others]).output().unwrap();
            drop(running);
            for pid in String::from_utf8(others.stdout).unwrap().split_whitespace() {
                until("the end of postgres", || !is_alive(pid));
            }
            let _ = std::fs::remove_file(self.data().join("postmaster.pid"));
        }

        /// Stops it where it stands.
        pub fn freeze(&self) {
            self.running.lock().unwrap().as_ref().unwrap().freeze();
        }

        /// Lets it go on.
        pub fn thaw(&self) {
            self.running.lock().unwrap().as_ref().unwrap().thaw();
        }

        /// A new database: its address.
        pub fn database(&self) -> String {
            let name = format!("db{}", self.databases.fetch_add(1, Ordering::SeqCst));
            self.psql("postgres", &format!("CREATE DATABASE {name}"));
            self.address(&name, "authcfg")
        }

        /// The address of a database, for a user.
        pub fn address(&self, name: &str, user: &str) -> String {
            format!("postgres:///{name}?host={}&user={user}", self.folder.path().display())
        }

        /// What statements give, as text.
        pub fn psql(&self, database: &str, statements: &str) -> String {
            let mut psql = Command::new("psql");
            psql.arg("-h").arg(self.folder.path()).args(["-U", "authcfg", "-d", database, "-Atq"]);
            for statement in statements.split("; ") {
                psql.args(["-c", statement]);
            }
            String::from_utf8(psql.output().expect(MISSING).stdout).unwrap().trim().to_owned()
        }

        fn data(&self) -> PathBuf {
            self.folder.path().join("data")
        }
    }

    fn is_alive(pid: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    }

    fn user() -> String {
        let id = |more: &[&str]| Command::new("id").arg("-un").args(more).output().unwrap().stdout;
        let name = String::from_utf8(id(&[])).unwrap().trim().to_owned();
        // It refuses to run as root.
        if name == "root" { "postgres".into() } else { name }
    }

    /// The path of a program of PostgreSQL, where it is installed.
    pub fn program(name: &str) -> Option<PathBuf> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        versions.map(|entry| entry.unwrap().path().join("bin").join(name)).find(|path| path.exists())
    }

    /// The same to run, which it does not as root.
    fn command(name: &str) -> Command {
        let program = program(name).expect(MISSING);
        if user() != "postgres" {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
            .arg(program)
            .current_dir("/");
        command
    }
}
