//! PgBouncer before a PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Daemon, Postgres, own_address, wait_for_port};

/// PgBouncer in transaction mode, with few connections to the server.
pub(crate) struct PgBouncer {
    pub(crate) address: String,
    log: PathBuf,
    _daemon: Daemon,
}

impl Drop for PgBouncer {
    /// Shows the end of its log beside a failure.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

impl PgBouncer {
    /// Starts one before a server.
    pub(crate) fn before(server: &Postgres, dir: &Path) -> Self {
        let ip = own_address();
        let config = format!(
            "[databases]\nrf = host={} port=5432 dbname=rf user=rf password=pw\n* = host={} port=5432 user=plain\n[pgbouncer]\nlisten_addr = {ip}\n\
             listen_port = 6432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n\
             unix_socket_dir = {}\nserver_reset_query = \nserver_login_retry = 1\n",
            server.ip,
            server.ip,
            dir.display()
        );
        fs::write(dir.join("bouncer.ini"), config).unwrap();
        let ini = dir.join("bouncer.ini");
        let daemon = Daemon::start(
            "postgres",
            &dir.join("bouncer.log"),
            &["pgbouncer", ini.to_str().unwrap()],
        );
        let address = format!("{ip}:6432");
        wait_for_port(&address);
        PgBouncer {
            address,
            log: dir.join("bouncer.log"),
            _daemon: daemon,
        }
    }
}
