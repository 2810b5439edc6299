//! Boards in PostgreSQL for the stories of jobs: a server of this process, a database for each story.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::servers::{PgBouncer, Postgres, directory_of};
use crate::support::with_environment;

/// A server, and PgBouncer before it.
struct Servers {
    postgres: Postgres,
    bouncer: PgBouncer,
}

/// How a story reaches its board.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Direct,
    /// By PgBouncer in transaction mode, with LISTEN past it.
    Pooled,
}

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let above = tempfile::Builder::new()
            .prefix("rf-jobs")
            .tempdir()
            .unwrap();
        let above = above.keep();
        remove_after_this_process(&above);
        let dir = directory_of("postgres", &above, "server");
        let postgres = Postgres::start(&dir);
        // `board check` finds no fault with a server that keeps what it has answered.
        postgres.sql("postgres", "ALTER SYSTEM SET fsync = on");
        postgres.sql("postgres", "SELECT pg_reload_conf()");
        let bouncer = PgBouncer::before(&postgres, &dir);
        Servers { postgres, bouncer }
    })
}

/// Removes a directory when this process ends, however it ends: the servers end a moment before.
fn remove_after_this_process(dir: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "cat >/dev/null; sleep 2; rm -rf \"$1\"", "remove"]);
    let shell = shell.arg(dir).stdin(Stdio::piped()).spawn().unwrap();
    std::mem::forget(shell);
}

/// Executes a statement in a database as the superuser.
#[track_caller]
pub fn sql(database: &str, sql: &str) -> String {
    servers().postgres.sql(database, sql)
}

/// A database of its own, without a board.
pub struct Database {
    pub name: String,
}

impl Database {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("story{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        sql("postgres", &format!("CREATE DATABASE {name} OWNER plain"));
        Database { name }
    }

    /// Returns the address for a user.
    pub fn address_of(&self, user: &str) -> String {
        format!(
            "postgres://{user}@{}/{}",
            servers().postgres.address(),
            self.name
        )
    }

    /// Returns the address of the owner.
    pub fn address(&self) -> String {
        self.address_of("plain")
    }

    /// Executes a statement as the superuser.
    #[track_caller]
    pub fn sql(&self, text: &str) -> String {
        sql(&self.name, text)
    }

    /// Returns the variables by which commands find the board.
    pub fn variables(&self, way: Way) -> Vec<(String, String)> {
        let variable = |name: &str, value: String| (name.to_owned(), value);
        let direct = self.address();
        if way == Way::Direct {
            return vec![variable("RUN_FUNCTIONS_BOARD_ADDRESS", direct)];
        }
        let pooled = format!(
            "postgres://plain@{}/{}",
            servers().bouncer.address,
            self.name
        );
        vec![
            variable("RUN_FUNCTIONS_BOARD_ADDRESS", pooled),
            variable("RUN_FUNCTIONS_BOARD_LISTEN", direct),
        ]
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            sql("postgres", &drop);
        }
    }
}

/// Executes a statement as a user.
///
/// # Errors
///
/// What the server answers.
pub fn psql(database: &Database, user: &str, text: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    psql.args(["-v", "ON_ERROR_STOP=1", "-Atqc", text]);
    let output = psql.arg(database.address_of(user)).output().unwrap();
    let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(printed(&output.stdout)),
        false => Err(printed(&output.stderr)),
    }
}

/// Plays a story on a board in a database of its own.
pub fn on_postgres(way: Way, story: fn()) {
    let database = Database::new();
    with_environment(database.variables(way), story);
}
