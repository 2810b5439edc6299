//! The statements, each complete in itself.

/// The tables. A second program that creates them at the same moment may win.
pub(super) const SCHEMA: [&str; 3] = [
    "CREATE SCHEMA IF NOT EXISTS run_functions",
    "CREATE TABLE IF NOT EXISTS run_functions.lock_server (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        system text NOT NULL, timeline text NOT NULL, epoch bigint NOT NULL)",
    "CREATE TABLE IF NOT EXISTS run_functions.lock (
        name text PRIMARY KEY, fence bigint NOT NULL, beat bigint NOT NULL,
        token text, holder text, lease_ms bigint NOT NULL, note text)",
];

/// Which server this is: another one after a promotion (its timeline) or a restore.
macro_rules! server {
    () => {
        "(SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system, \
         substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline) AS here"
    };
}

/// The row of the lock, which no statement waits for: where another one has changed it and does not
/// end (its process was stopped), statements that wait would fill the server, and only a request to
/// cancel could end them, which `PgBouncer` 1.18 dies of.
macro_rules! row_that_waits_for_none {
    () => {
        ", (SELECT name FROM run_functions.lock WHERE name = $1 FOR UPDATE NOWAIT) AS free"
    };
}

/// $1 name → epoch (null: the server is not entered), whether the server is the one of that epoch,
/// and the row (null: no row).
pub(super) const LOOK: &str = concat!(
    "SELECT s.epoch, s.system = here.system AND s.timeline = here.timeline, \
     l.fence, l.beat, l.token, l.holder, l.lease_ms FROM ",
    server!(),
    " LEFT JOIN run_functions.lock_server s ON s.one \
     LEFT JOIN run_functions.lock l ON l.name = $1"
);

/// Enters the server at the first use.
pub(super) const ENTER_SERVER: &str = concat!(
    "INSERT INTO run_functions.lock_server (system, timeline, epoch) \
     SELECT here.system, here.timeline, 0 FROM ",
    server!(),
    " ON CONFLICT DO NOTHING"
);

/// $1 the epoch that was seen: the server is another one since.
pub(super) const RAISE_EPOCH: &str = concat!(
    "UPDATE run_functions.lock_server s \
     SET system = here.system, timeline = here.timeline, epoch = s.epoch + 1 FROM ",
    server!(),
    ", (SELECT one FROM run_functions.lock_server FOR UPDATE NOWAIT) AS free \
     WHERE s.one = free.one AND s.epoch = $1 AND NOT (s.system = here.system AND s.timeline = here.timeline)"
);

/// $1 name, $2 new fence, $3 token, $4 holder, $5 lease, $6 epoch: where there is no row.
pub(super) const CLAIM_NEW: &str = concat!(
    "INSERT INTO run_functions.lock (name, fence, beat, token, holder, lease_ms) \
     SELECT $1, $2, 0, $3, $4, $5 FROM run_functions.lock_server s, ",
    server!(),
    " WHERE s.one AND s.epoch = $6 AND s.system = here.system AND s.timeline = here.timeline \
     ON CONFLICT DO NOTHING RETURNING fence"
);

/// … $7 fence, $8 beat that were seen.
pub(super) const CLAIM: &str = concat!(
    "UPDATE run_functions.lock l \
     SET fence = $2, beat = l.beat + 1, token = $3, holder = $4, lease_ms = $5 \
     FROM run_functions.lock_server s, ",
    server!(),
    row_that_waits_for_none!(),
    " WHERE l.name = free.name AND l.fence = $7 AND l.beat = $8 \
     AND s.one AND s.epoch = $6 AND s.system = here.system AND s.timeline = here.timeline \
     RETURNING l.fence"
);

/// $1 name, $2 token, $3 fence → epoch, whether the server is the one of that epoch.
pub(super) const BEAT: &str = concat!(
    "UPDATE run_functions.lock l SET beat = l.beat + 1 FROM run_functions.lock_server s, ",
    server!(),
    row_that_waits_for_none!(),
    " WHERE l.name = free.name AND l.token = $2 AND l.fence = $3 AND s.one \
     RETURNING s.epoch, s.system = here.system AND s.timeline = here.timeline"
);

/// $1 name, $2 token, $3 fence. Standbys that LISTEN hear of it.
pub(super) const RELEASE: &str = concat!(
    "WITH released AS (UPDATE run_functions.lock l \
     SET token = NULL, holder = NULL, beat = l.beat + 1 FROM run_functions.lock_server s",
    row_that_waits_for_none!(),
    " WHERE l.name = free.name AND l.token = $2 AND l.fence = $3 AND s.one RETURNING l.name) \
     SELECT pg_notify('run_functions_lock', name) FROM released"
);

/// The channel of releases: each with the name of the lock.
pub(super) const CHANNEL: &str = "run_functions_lock";

/// $1 name, $2 token, $3 fence, $4 note.
pub(super) const STORE_NOTE: &str = concat!(
    "UPDATE run_functions.lock l SET note = $4 FROM run_functions.lock_server s",
    row_that_waits_for_none!(),
    " WHERE l.name = free.name AND l.token = $2 AND l.fence = $3 AND s.one RETURNING l.fence"
);

/// The table of texts that no lock guards. A second program that creates it at the same moment may
/// win.
pub(super) const TABLE_OF_TEXTS: [&str; 2] = [
    SCHEMA[0],
    "CREATE TABLE IF NOT EXISTS run_functions.stored_text (
        name text PRIMARY KEY, text text NOT NULL)",
];

/// $1 name, $2 text.
pub(super) const STORE_TEXT: &str = "INSERT INTO run_functions.stored_text (name, text) \
     VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET text = excluded.text";

/// $1 name.
pub(super) const LOAD_TEXT: &str = "SELECT text FROM run_functions.stored_text WHERE name = $1";

/// $1 name.
pub(super) const LOAD_NOTE: &str = "SELECT note FROM run_functions.lock WHERE name = $1";
