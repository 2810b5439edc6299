//! Real mail servers on loopback, each ended with its test.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown};

use crate::support::eventually;

/// A mail server that keeps what it accepts.
pub(crate) trait Server {
    /// The port that it listens on, also while it is down.
    fn port(&self) -> u16;
    /// Starts it, and returns when it listens.
    fn start(&mut self);
    /// Stops it, and returns when nothing listens any more.
    fn stop(&mut self);
    /// Returns every message that it accepted.
    fn messages(&self) -> Vec<String>;

    /// Returns how often each order arrived, by its Message-ID.
    fn orders(&self) -> BTreeMap<String, usize> {
        let mut orders = BTreeMap::new();
        for message in self.messages() {
            let id = header(&message, "message-id:");
            if let Some(id) = id.filter(|id| id.starts_with("<order-")) {
                *orders.entry(id).or_default() += 1;
            }
        }
        orders
    }

    /// Returns the mails to the admin.
    fn mails(&self) -> Vec<String> {
        let ours = |message: &String| header(message, "x-run-functions:").is_some();
        self.messages().into_iter().filter(ours).collect()
    }
}

fn header(message: &str, start: &str) -> Option<String> {
    let head = message.lines().take_while(|line| !line.is_empty());
    let mut values = head.filter_map(|line| {
        let name = line.get(..start.len())?;
        name.eq_ignore_ascii_case(start)
            .then(|| line[start.len()..].trim().to_owned())
    });
    values.next()
}

fn messages_in(directory: &Path) -> Vec<String> {
    let found = fs::read_dir(directory).into_iter().flatten().flatten();
    let whole = found.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    whole
        .filter_map(|entry| fs::read(entry.path()).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn unused_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A server that is one process, or the parent of its processes.
#[derive(Debug)]
struct Daemon {
    port: u16,
    child: Option<Child>,
    log: PathBuf,
}

impl Daemon {
    fn start(&mut self, mut command: Command) {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.child = Some(command.spawn().expect("the server can be started"));
        let up = eventually(|| listens(self.port));
        assert!(up, "no server: {}", fs::read_to_string(&self.log).unwrap());
    }

    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let pid = Pid::from_raw(child.id().cast_signed());
        let _ = kill(pid, Signal::SIGTERM);
        if !eventually(|| child.try_wait().unwrap().is_some()) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(eventually(|| !listens(self.port)), "it still listens");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// Python's aiosmtpd.
#[derive(Debug)]
pub(crate) struct Aiosmtpd {
    daemon: Daemon,
    dir: tempfile::TempDir,
    refused: Option<&'static str>,
}

impl Aiosmtpd {
    pub(crate) fn start() -> Self {
        Aiosmtpd::new(None)
    }

    /// Starts one that answers 550 to recipients whose address contains this.
    pub(crate) fn that_refuses(address: &'static str) -> Self {
        Aiosmtpd::new(Some(address))
    }

    fn new(refused: Option<&'static str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("messages")).unwrap();
        let daemon = Daemon {
            port: unused_port(),
            child: None,
            log: dir.path().join("log"),
        };
        let mut server = Aiosmtpd {
            daemon,
            dir,
            refused,
        };
        Server::start(&mut server);
        server
    }
}

impl Server for Aiosmtpd {
    fn port(&self) -> u16 {
        self.daemon.port
    }

    fn start(&mut self) {
        // Debian's own Python: another one that is first in PATH does not know its packages.
        let mut command = Command::new("/usr/bin/python3");
        command
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/data/smtp_server.py"
            ))
            .arg(self.daemon.port.to_string())
            .arg(self.dir.path().join("messages"))
            .args(self.refused);
        self.daemon.start(command);
    }

    fn stop(&mut self) {
        self.daemon.stop();
    }

    fn messages(&self) -> Vec<String> {
        messages_in(&self.dir.path().join("messages"))
    }
}

/// OpenSMTPD, delivering into a maildir. Its spool and control socket are those of the machine: one at a time.
#[derive(Debug)]
pub(crate) struct OpenSmtpd {
    daemon: Daemon,
    dir: tempfile::TempDir,
    _alone: Flock<File>,
}

impl OpenSmtpd {
    pub(crate) fn start() -> Self {
        let lock = std::env::temp_dir().join("run_functions.tests.opensmtpd.lock");
        let lock = File::options()
            .create(true)
            .append(true)
            .open(lock)
            .unwrap();
        let alone = Flock::lock(lock, FlockArg::LockExclusive).expect("a lock");
        let dir = tempfile::tempdir().unwrap();
        // It delivers as `nobody`, who must come this far.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let nobody = User::from_name("nobody").unwrap().expect("`nobody`");
        let maildir = dir.path().join("maildir");
        fs::create_dir(&maildir).unwrap();
        chown(&maildir, Some(nobody.uid), Some(nobody.gid)).unwrap();
        let daemon = Daemon {
            port: unused_port(),
            child: None,
            log: dir.path().join("log"),
        };
        let config = format!(
            "table everybody {{ \"@\" = \"nobody\" }}\n\
             listen on 127.0.0.1 port {} hostname mail.example.org\n\
             action keep maildir \"{}\" virtual <everybody>\n\
             match from any for any action keep\n",
            daemon.port,
            maildir.display()
        );
        fs::write(dir.path().join("smtpd.conf"), config).unwrap();
        let mut server = OpenSmtpd {
            daemon,
            dir,
            _alone: alone,
        };
        Server::start(&mut server);
        server
    }
}

impl Server for OpenSmtpd {
    fn port(&self) -> u16 {
        self.daemon.port
    }

    fn start(&mut self) {
        let mut command = Command::new("/usr/sbin/smtpd");
        command
            .args(["-d", "-v", "-f"])
            .arg(self.dir.path().join("smtpd.conf"));
        self.daemon.start(command);
    }

    fn stop(&mut self) {
        self.daemon.stop();
    }

    fn messages(&self) -> Vec<String> {
        messages_in(&self.dir.path().join("maildir/new"))
    }
}
