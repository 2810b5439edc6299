//! A PostgreSQL server that ends with this process.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::board::postgres_settings::PostgresSettings;

/// Makes a cluster, starts its server, and ends both when its standard input ends: `$1` the
/// directory, `$2` options of the server.
const SERVER: &str = r#"
set -e
cd "$1"
program=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || chown postgres "$1"
if [ ! -d data ]; then
    as "$program/initdb" -D data -U postgres --no-sync --locale=C --encoding=UTF8 --auth=trust
fi
as "$program/pg_ctl" -D data -w -l log -o "-c listen_addresses= -c unix_socket_directories=$1 -c fsync=off $2" start
read -r _ || true
as "$program/pg_ctl" -D data -m immediate stop || true
cd / && rm -r "$1"
"#;

/// A PostgreSQL server in a directory of its own, with a socket there.
pub(super) struct TestServer {
    pub(super) directory: String,
    // Its pipe ends with this process, however that ends.
    _keeper: Child,
}

impl TestServer {
    /// Creates a cluster and starts its server.
    pub(super) fn start(options: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("rf-pg").tempdir().unwrap();
        TestServer::start_in(directory.keep().to_str().unwrap(), options)
    }

    /// Starts the server of a directory, which may have a cluster already.
    pub(super) fn start_in(directory: &str, options: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", SERVER, "server", directory, options]);
        shell.stdin(Stdio::piped()).stdout(Stdio::null());
        let keeper = shell.stderr(Stdio::null()).spawn().unwrap();
        let server = TestServer {
            directory: directory.to_owned(),
            _keeper: keeper,
        };
        server.answers_again();
        server
    }

    /// Waits until the server answers.
    pub(super) fn answers_again(&self) {
        let begun = crate::unix::clock::mono();
        while self.sql("SELECT 1").is_err() {
            let waited = crate::unix::clock::mono().since(begun);
            assert!(waited < Duration::from_secs(120), "no server");
            std::thread::yield_now();
        }
    }

    /// Has `pg_ctl` do something with the cluster.
    pub(super) fn control(&self, words: &str) {
        let script = format!(
            r#"program=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
            as() {{ if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }}
            cd "$1" && as "$program/pg_ctl" -D data {words}"#
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "control", &self.directory]);
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(shell.status().unwrap().success(), "pg_ctl {words}");
    }

    /// Returns the address of a database.
    pub(super) fn address(&self, database: &str) -> String {
        let host = self.directory.replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }

    /// Returns the settings of a board in a database.
    pub(super) fn settings(&self, database: &str) -> PostgresSettings {
        PostgresSettings {
            address: self.address(database),
            ..PostgresSettings::default()
        }
    }

    /// Executes a statement as the superuser, on a standby too.
    pub(super) fn sql(&self, sql: &str) -> Result<String, String> {
        self.sql_in("postgres", sql)
    }

    /// Executes a statement in a database. Returns what it answers.
    pub(super) fn sql_in(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new("psql");
        psql.args(["-h", &self.directory, "-U", "postgres", "-d", database]);
        let output = psql.args(["-Atqc", sql]).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err(String::from_utf8(output.stderr).unwrap()),
        }
    }
}

/// Returns the server that the boards of this process share.
pub(super) fn shared() -> &'static TestServer {
    static SHARED: OnceLock<TestServer> = OnceLock::new();
    SHARED.get_or_init(|| TestServer::start("-c max_connections=200"))
}
