//! PostgreSQL servers, and their standbys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::{Daemon, TLS, eventually, own_address, run_as};

/// A PostgreSQL server, with a user `rf` (password `pw`) and a database of the same name, which the
/// user `plain` can use
/// without a password: twenty passwords at once take a debug build long.
pub(crate) struct Postgres {
    pub(crate) ip: String,
    dir: PathBuf,
    daemon: Option<Daemon>,
}

const POSTGRES: &str = "/usr/lib/postgresql/15/bin";

impl Postgres {
    /// Creates a cluster in a directory and starts it.
    pub(crate) fn start(dir: &Path) -> Self {
        Postgres::start_at(own_address(), dir)
    }

    /// Creates a cluster in a directory and starts it on an address of this machine.
    pub(crate) fn start_at(ip: String, dir: &Path) -> Self {
        run_as(
            "postgres",
            dir,
            &format!("{POSTGRES}/initdb"),
            &[
                "-D",
                "data",
                "--no-sync",
                "--locale=C",
                "--encoding=UTF8",
                "--auth=trust",
            ],
        );
        let hba = "local all all trust\nhost all rf all scram-sha-256\nhost all all all trust\nhost replication all all trust\n";
        fs::write(dir.join("data/pg_hba.conf"), hba).unwrap();
        run_as(
            "postgres",
            dir,
            "install",
            &["-m", "600", "/dev/null", "data/server.pem"],
        );
        fs::write(
            dir.join("data/server.pem"),
            fs::read(format!("{TLS}/good.pem")).unwrap(),
        )
        .unwrap();
        let ssl =
            "fsync = off\nssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.pem'\n";
        fs::write(dir.join("data/postgresql.auto.conf"), ssl).unwrap();
        let mut server = Postgres {
            ip,
            dir: dir.to_owned(),
            daemon: None,
        };
        server.restart();
        server.sql("postgres", "CREATE ROLE rf LOGIN PASSWORD 'pw'");
        server.sql("postgres", "CREATE DATABASE rf OWNER rf");
        server.sql(
            "postgres",
            "CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE rf TO plain",
        );
        server
    }

    /// Starts the server of a directory that is there.
    pub(crate) fn of_directory(dir: &Path) -> Self {
        let mut server = Postgres {
            ip: own_address(),
            dir: dir.to_owned(),
            daemon: None,
        };
        server.restart();
        server
    }

    /// Starts the server, again if it was killed.
    pub(crate) fn restart(&mut self) {
        self.daemon = None;
        let (data, ip) = (self.dir.join("data"), &self.ip);
        // A killed server leaves its children for a moment.
        let listen = format!("listen_addresses={ip}");
        let socket = format!("unix_socket_directories={}", self.dir.display());
        let program = format!("{POSTGRES}/postgres");
        let words = [
            program.as_str(),
            "-D",
            data.to_str().unwrap(),
            "-c",
            &listen,
            "-c",
            &socket,
            "-c",
            "max_connections=60",
            "-c",
            "wal_level=replica",
        ];
        eventually("PostgreSQL answers", || {
            if self
                .daemon
                .as_ref()
                .is_none_or(|daemon| !is_alive(daemon.pid))
            {
                let _ = fs::remove_file(data.join("postmaster.pid"));
                self.daemon = Some(Daemon::start("postgres", &self.dir.join("log"), &words));
            }
            let mut psql = Command::new("psql");
            psql.args(["-h", ip, "-U", "postgres", "-Atc", "SELECT 1"]);
            psql.stderr(Stdio::null())
                .output()
                .unwrap()
                .status
                .success()
        });
    }

    /// Stops the server at once, as by `immediate`.
    pub(crate) fn stop(&mut self) {
        let daemon = self.daemon.as_ref().expect("it runs");
        daemon.signal(Signal::SIGQUIT);
        eventually("PostgreSQL ends", || !is_alive(daemon.pid));
        self.daemon = None;
    }

    /// Returns its address.
    pub(crate) fn address(&self) -> String {
        format!("{}:5432", self.ip)
    }

    /// Executes a statement as the superuser, and returns what it answers.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args([
            "-h",
            &self.ip,
            "-U",
            "postgres",
            "-d",
            database,
            "-v",
            "ON_ERROR_STOP=1",
            "-Atqc",
            sql,
        ]);
        let output = psql.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Returns the server processes of the connections of `rf`.
    pub(crate) fn backends(&self) -> Vec<Pid> {
        let pids = self.sql(
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE usename IN ('rf', 'open')",
        );
        pids.lines()
            .map(|pid| Pid::from_raw(pid.parse().unwrap()))
            .collect()
    }

    /// Makes a standby of this server in a directory, and starts it.
    pub(crate) fn standby(&self, dir: &Path) -> Postgres {
        run_as(
            "postgres",
            dir,
            &format!("{POSTGRES}/pg_basebackup"),
            &[
                "-h",
                &self.ip,
                "-U",
                "postgres",
                "-D",
                "data",
                "-R",
                "-X",
                "stream",
                "--checkpoint=fast",
            ],
        );
        Postgres::of_directory(dir)
    }

    /// Makes a standby receive nothing any more.
    pub(crate) fn cut_off(&self) {
        self.sql("postgres", "ALTER SYSTEM SET primary_conninfo TO ''");
        self.sql("postgres", "SELECT pg_reload_conf()");
        eventually("the standby is cut off", || {
            self.sql("postgres", "SELECT count(*) FROM pg_stat_wal_receiver") == "0"
        });
    }

    /// Promotes a standby.
    pub(crate) fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote()");
        eventually("the standby is promoted", || {
            self.sql("postgres", "SELECT pg_is_in_recovery()") == "f"
        });
    }
}

fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}
