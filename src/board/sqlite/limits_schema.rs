//! The step of the schema that brings limits, time limits, pauses, batches, and what comes after.

/// The statements of the step.
pub(super) const LIMITS: &str = r"
ALTER TABLE job ADD COLUMN ends_by INTEGER;
ALTER TABLE job ADD COLUMN for_worker TEXT;
ALTER TABLE job ADD COLUMN ignores_pauses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN has_next INTEGER NOT NULL DEFAULT 0;
ALTER TABLE definition ADD COLUMN project TEXT;

-- How many jobs of a key of the definition hold a place at once; NULL: any number.
CREATE TABLE job_limit (definition TEXT PRIMARY KEY, most INTEGER) STRICT, WITHOUT ROWID;
-- When the next limited job of the key may be admitted; NULL: none waits, or the limit is full.
CREATE TABLE limit_key (
    key TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    due INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_key_due ON limit_key (definition, due) WHERE due IS NOT NULL;
CREATE INDEX job_place ON job (limit_key, state, has_begun)
    WHERE limit_key IS NOT NULL AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1);
CREATE INDEX job_limited ON job (limit_key, priority, run_at, id) WHERE state = 1;
CREATE INDEX job_limited_expiring ON job (expires)
    WHERE expires IS NOT NULL AND state = 1 AND has_begun = 0;
CREATE INDEX job_manual ON job (definition, priority, run_at, id)
    WHERE state = 0 AND ignores_pauses = 1;
CREATE INDEX job_batch ON job (batch, id) WHERE batch IS NOT NULL;

CREATE TABLE batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    posting TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    jobs INTEGER NOT NULL DEFAULT 0,
    left INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    fails_at INTEGER,
    is_open INTEGER NOT NULL DEFAULT 1,
    -- Members up to this one are cancelled, in steps, from the first on.
    ending INTEGER,
    posted_by TEXT NOT NULL,
    posted INTEGER NOT NULL,
    ended INTEGER
) STRICT;
CREATE INDEX batch_ending ON batch (id) WHERE ending IS NOT NULL;

-- What is posted when a job or a batch is over, and what it became.
CREATE TABLE job_next (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER,
    batch INTEGER,
    rule TEXT NOT NULL,
    next TEXT NOT NULL,
    became_job INTEGER,
    became_batch INTEGER
) STRICT;
CREATE INDEX next_of_job ON job_next (job) WHERE job IS NOT NULL;
CREATE INDEX next_of_batch ON job_next (batch) WHERE batch IS NOT NULL;
CREATE INDEX next_became ON job_next (became_job) WHERE became_job IS NOT NULL;
CREATE INDEX next_became_batch ON job_next (became_batch) WHERE became_batch IS NOT NULL;

CREATE TABLE pause (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    paused_by TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
";
