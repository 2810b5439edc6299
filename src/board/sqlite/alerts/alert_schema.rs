//! The tables of what is mailed.

/// The migration that adds facts, the alerter and its mails.
pub(in crate::board::sqlite) const ALERTS: &str = r"
ALTER TABLE session ADD COLUMN delivers INTEGER NOT NULL DEFAULT 0;
-- How many jobs were taken from it because it was not heard from.
ALTER TABLE session ADD COLUMN lost_jobs INTEGER NOT NULL DEFAULT 0;
CREATE INDEX session_left ON session (left) WHERE left IS NOT NULL;
CREATE INDEX session_lost ON session (left) WHERE lost_jobs > 0;
CREATE INDEX session_name ON session (name, id);

-- A lock is free when its owner is over: the beat of the session is that of its locks.
CREATE TABLE board_lock (
    name TEXT PRIMARY KEY,
    owner INTEGER,
    fence INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO board_lock (name) VALUES ('alerts');

-- Jobs that ended alike in one transaction; the alerter takes them.
CREATE TABLE fact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    definition TEXT NOT NULL,
    build TEXT NOT NULL,
    state INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    job INTEGER NOT NULL
) STRICT;

CREATE TABLE alert (name TEXT PRIMARY KEY, memory TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    letter TEXT NOT NULL,
    queued INTEGER NOT NULL,
    next INTEGER NOT NULL,
    owner INTEGER
) STRICT;
CREATE INDEX mail_next ON mail (next);
CREATE INDEX mail_owner ON mail (owner) WHERE owner IS NOT NULL;
";
