//! The tables of a board, and their versions. Migrations only add.

use super::alerts::alert_schema::ALERTS;
use super::limits_schema::LIMITS;
use super::schedules::schedule_schema::SCHEDULES;

/// What stands in the header of a board's file: `RFbd`.
pub(super) const APPLICATION_ID: i64 = 0x5246_6264;

/// The version of the schema that this program writes.
pub(super) const SCHEMA_VERSION: i64 = 5;

/// The oldest program that can go on with what this one writes, by the version of its schema.
pub(super) const READABLE_FROM: i64 = 2;

/// The step to each version from the one before; the first creates all.
pub(super) const MIGRATIONS: [&str; SCHEMA_VERSION as usize] =
    [VERSION_1, LIMITS, SCHEDULES, CANNOT_NOW, ALERTS];

/// What a session has found that it cannot do now, as pairs of a job and a tag.
const CANNOT_NOW: &str = "ALTER TABLE session ADD COLUMN cannot_now TEXT NOT NULL DEFAULT '[]'";

const VERSION_1: &str = r"
CREATE TABLE board (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    system TEXT,
    timeline TEXT,
    schema_version INTEGER NOT NULL,
    readable_from INTEGER NOT NULL,
    -- After a restore: nothing is claimed until so many milliseconds have passed on the clock of
    -- the claimer.
    hold INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE state_word (number INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
INSERT INTO state_word VALUES (0, 'waiting'), (1, 'limited'), (2, 'running'), (3, 'paused'),
    (4, 'succeeded'), (5, 'failed'), (6, 'reverted'), (7, 'cancelled'), (8, 'stuck');

CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    uid INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    pid_namespace TEXT NOT NULL,
    time_namespace TEXT NOT NULL,
    pid INTEGER NOT NULL,
    start_ticks INTEGER NOT NULL,
    version TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    tags TEXT NOT NULL,
    slots INTEGER NOT NULL,
    beat INTEGER NOT NULL DEFAULT 0,
    is_idle INTEGER NOT NULL DEFAULT 0,
    wish TEXT NOT NULL DEFAULT 'work',
    ended TEXT NOT NULL DEFAULT '[]',
    stale INTEGER NOT NULL DEFAULT 0,
    joined INTEGER NOT NULL,
    last_heard INTEGER NOT NULL,
    left INTEGER
) STRICT;
CREATE INDEX session_alive ON session (name) WHERE left IS NULL;

CREATE TABLE definition (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    shape TEXT NOT NULL,
    help TEXT NOT NULL,
    schema TEXT NOT NULL,
    needs TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    UNIQUE (name, shape)
) STRICT;
CREATE TABLE session_definition (
    session INTEGER NOT NULL,
    name TEXT NOT NULL,
    definition INTEGER NOT NULL,
    PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state INTEGER NOT NULL,
    owner INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    want TEXT,
    lease INTEGER,
    crashes INTEGER NOT NULL DEFAULT 0,
    max_crashes INTEGER,
    has_begun INTEGER NOT NULL DEFAULT 0,
    is_bound INTEGER NOT NULL DEFAULT 0,
    shape_order INTEGER NOT NULL DEFAULT 0,
    posted INTEGER NOT NULL,
    ended INTEGER,
    expires INTEGER,
    watching_until INTEGER,
    definition TEXT NOT NULL,
    posting TEXT NOT NULL,
    key TEXT,
    doing TEXT NOT NULL DEFAULT '[]',
    crashed_at TEXT,
    avoid TEXT,
    last_host TEXT,
    limit_key TEXT,
    batch INTEGER,
    schedule TEXT,
    slot INTEGER,
    args TEXT NOT NULL,
    result TEXT,
    reason TEXT,
    project TEXT,
    posted_by TEXT NOT NULL
) STRICT;
-- A list of states in a condition would be a table in memory for each change of a row.
CREATE UNIQUE INDEX job_posting ON job (posting);
CREATE UNIQUE INDEX job_key ON job (key) WHERE key IS NOT NULL AND (state < 4 OR state > 7);
CREATE INDEX job_by_key ON job (key, id) WHERE key IS NOT NULL;
CREATE INDEX job_lane ON job (definition, priority, run_at, id) WHERE state = 0;
CREATE INDEX job_definition ON job (definition, id);
CREATE INDEX job_waiting ON job (id) WHERE state = 0;
CREATE INDEX job_owner ON job (owner) WHERE owner IS NOT NULL;
CREATE INDEX job_wanted ON job (owner) WHERE want IS NOT NULL AND owner IS NOT NULL;
CREATE INDEX job_watched ON job (owner, watching_until)
    WHERE watching_until IS NOT NULL AND owner IS NOT NULL;
CREATE INDEX job_expiring ON job (expires)
    WHERE expires IS NOT NULL AND state = 0 AND has_begun = 0;
CREATE INDEX job_succeeded ON job (definition, ended, id) WHERE state = 4;
CREATE INDEX job_other_end ON job (state, definition, ended, id) WHERE state <> 0 AND state <> 2 AND state <> 4;

CREATE TABLE journal (
    job INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    step TEXT NOT NULL,
    phase TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    code INTEGER,
    kind TEXT,
    error TEXT,
    result TEXT,
    worker TEXT NOT NULL,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_kind ON journal (kind, job) WHERE kind IS NOT NULL;

CREATE TABLE output (
    job INTEGER NOT NULL,
    part INTEGER NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    omitted INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (job, part)
) STRICT;
CREATE INDEX output_at ON output (at);
";
