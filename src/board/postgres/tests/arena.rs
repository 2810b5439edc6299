//! A board in a database of its own, at a server that ends with this process.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::board::Board;
use crate::board::BoardSettings;
use crate::board::conformance::arena::{BoardArena, VirtualClock};
use crate::board::postgres::pg_board::PostgresBoard;
use crate::board::postgres::pg_pool::PgPool;
use crate::board::postgres_settings::PostgresSettings;
use crate::postgres::{PgAccess, PgConnector};
use crate::unix::clock;

/// Makes a cluster, runs its server, and removes both when its standard input ends.
const SERVER: &str = r#"
set -e
cd "$1"
program=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || chown postgres "$1"
as "$program/initdb" -D data -U postgres --no-sync --locale=C --encoding=UTF8 --auth=trust >/dev/null
as "$program/postgres" -D data -c listen_addresses= -c "unix_socket_directories=$1" \
    -c fsync=off -c max_connections=200 >log 2>&1 </dev/null &
read -r _ || true
kill -QUIT "$(head -n 1 data/postmaster.pid)" || true
wait || true
rm -r "$1"
"#;

/// The directory of the server of this process, with its socket.
fn server() -> &'static str {
    static DIRECTORY: OnceLock<String> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = tempfile::Builder::new().prefix("rf-pg").tempdir().unwrap();
        let directory = directory.keep().to_str().unwrap().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", SERVER, "server", &directory]);
        // The pipe ends with this process, however it ends.
        shell.stdin(Stdio::piped()).stdout(Stdio::null());
        let shell = shell.stderr(Stdio::null()).spawn().unwrap();
        std::mem::forget(shell);
        let pool = pool(&directory, "postgres");
        let answers = || pool.query("SELECT 1", &[], Duration::from_secs(5)).is_ok();
        let begun = clock::mono();
        while !answers() {
            assert!(clock::mono().since(begun) < Duration::from_secs(120), "no server");
            std::thread::yield_now();
        }
        directory
    })
}

fn address(directory: &str, database: &str) -> String {
    let host = directory.replace('/', "%2F");
    format!("postgres://postgres@{host}/{database}")
}

fn pool(directory: &str, database: &str) -> PgPool {
    let connector = PgConnector::new(&address(directory, database), &PgAccess::default());
    PgPool::start(connector.unwrap()).unwrap()
}

/// A board in a database of its own.
pub(super) struct PostgresArena {
    pub(super) board: PostgresBoard,
    pub(super) settings: PostgresSettings,
    clock: VirtualClock,
    database: String,
}

impl PostgresArena {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let database = format!("arena{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        administer(&format!("CREATE DATABASE {database}"));
        let settings = PostgresSettings {
            address: address(server(), &database),
            ..PostgresSettings::default()
        };
        let clock = VirtualClock::new();
        let opening = BoardSettings {
            deadline: Duration::from_secs(60),
            ..BoardSettings::default()
        };
        let board = PostgresBoard::open(&settings, &opening, Some(clock.board_clock())).unwrap();
        PostgresArena {
            board,
            settings,
            clock,
            database,
        }
    }

    /// Executes a statement as the owner.
    #[track_caller]
    pub(super) fn sql(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        let pool = &self.board.calls.pool;
        pool.query(sql, &[], Duration::from_secs(60)).unwrap()
    }
}

fn administer(sql: &str) {
    let pool = pool(server(), "postgres");
    pool.query(sql, &[], Duration::from_secs(60)).unwrap();
}

impl Drop for PostgresArena {
    fn drop(&mut self) {
        administer(&format!("DROP DATABASE {} WITH (FORCE)", self.database));
    }
}

impl BoardArena for PostgresArena {
    fn board(&self) -> &dyn Board {
        &self.board
    }

    fn clock(&self) -> &VirtualClock {
        &self.clock
    }
}
