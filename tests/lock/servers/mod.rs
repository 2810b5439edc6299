//! Real servers, each started by a test, in a directory and on an address of its own.

mod consul;
mod pgbouncer;
mod postgres;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};

#[allow(unused_imports, reason = "jobs need no Consul")]
pub(crate) use consul::Consul;
pub(crate) use pgbouncer::PgBouncer;
pub(crate) use postgres::Postgres;

/// How long a test waits for a condition before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns a loopback address that no other server has: each has the usual ports of its kind.
pub(crate) fn own_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let pid = std::process::id();
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    format!(
        "127.{}.{}.{}",
        64 + (pid >> 8) % 128,
        pid % 256,
        2 + count % 250
    )
}

/// A process that ends with the test, however that ends: its shell waits for the end of a pipe.
pub(crate) struct Daemon {
    shell: Child,
    _end: ChildStdin,
    pid: Pid,
}

impl Daemon {
    /// Starts a program as a user.
    pub(crate) fn start(user: &str, log: &Path, words: &[&str]) -> Self {
        const SHELL: &str = r#""$@" & echo $!; cat >/dev/null; kill -KILL $!; wait"#;
        let user = User::from_name(user)
            .unwrap()
            .expect("the user of the server");
        let log = fs::File::create(log).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", SHELL, "sh"]).args(words);
        shell.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut shell = shell.spawn().unwrap();
        let end = shell.stdin.take().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(shell.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let pid = Pid::from_raw(line.trim().parse().expect("the pid of the server"));
        // What it prints is read by no test.
        thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Daemon {
            shell,
            _end: end,
            pid,
        }
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal).expect("the server lives");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[track_caller]
fn wait_for_port(address: &str) {
    eventually("the server listens", || TcpStream::connect(address).is_ok());
}

/// The certificates of the tests: `good.pem` is for 127.0.0.1 and localhost, by the authority
/// `ca.pem`.
pub(crate) const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");

/// Makes a directory of a user below another.
pub(crate) fn directory_of(user: &str, above: &Path, name: &str) -> PathBuf {
    use std::os::unix::fs::{PermissionsExt, chown};
    fs::set_permissions(above, fs::Permissions::from_mode(0o755)).unwrap();
    let dir = above.join(name);
    fs::create_dir(&dir).unwrap();
    let user = User::from_name(user)
        .unwrap()
        .expect("the user of the server");
    chown(&dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    dir
}

#[track_caller]
fn run_as(user: &str, dir: &Path, program: &str, words: &[&str]) {
    let user = User::from_name(user)
        .unwrap()
        .expect("the user of the server");
    let mut command = Command::new(program);
    command.args(words).current_dir(dir);
    command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
