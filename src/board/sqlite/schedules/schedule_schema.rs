//! The tables of schedules.

/// The migration that adds schedules.
///
/// The ends of jobs are counted by a trigger: a job may end in an advance, a request, a reap, or
/// because it expired, and each of them counts in its own transaction.
pub(in crate::board::sqlite) const SCHEDULES: &str = r"
CREATE TABLE schedule (
    name TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    spec TEXT NOT NULL,
    overlap TEXT NOT NULL,
    pause_after INTEGER,
    late_after INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    next INTEGER,
    -- By which clock `next` was computed: one that is far ahead of the present was wrong.
    planned INTEGER NOT NULL,
    -- Since when its file has it no longer; its pause is kept.
    removed INTEGER,
    paused INTEGER,
    paused_by TEXT,
    paused_why TEXT,
    has_news INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    posted INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    last_slot INTEGER,
    last_ended INTEGER,
    -- The first job that has not been seen to begin in time.
    late_at INTEGER,
    late_job INTEGER,
    late_slot INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_next ON schedule (next)
    WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL;
CREATE INDEX schedule_planned ON schedule (planned)
    WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL;
CREATE INDEX schedule_late ON schedule (late_at) WHERE late_at IS NOT NULL;
CREATE INDEX schedule_news ON schedule (name) WHERE has_news = 1;
CREATE INDEX schedule_project ON schedule (project);

CREATE TABLE schedule_file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    content TEXT NOT NULL,
    applied INTEGER NOT NULL,
    UNIQUE (project, content)
) STRICT;
CREATE INDEX schedule_file_last ON schedule_file (project, id);

CREATE INDEX job_schedule ON job (schedule, id) WHERE schedule IS NOT NULL;
CREATE INDEX job_schedule_open ON job (schedule, id) WHERE schedule IS NOT NULL AND state < 4;

CREATE TRIGGER schedule_job_ended AFTER UPDATE OF state ON job
WHEN NEW.schedule IS NOT NULL AND NEW.slot IS NOT NULL AND NEW.state > 3 AND OLD.state < 4
BEGIN
    UPDATE schedule SET
        last_ended = NEW.ended,
        failures = CASE NEW.state WHEN 4 THEN 0 WHEN 7 THEN failures ELSE failures + 1 END
    WHERE name = NEW.schedule;
    UPDATE schedule SET paused = NEW.ended, paused_by = NULL, has_news = 1,
        paused_why = failures || ' jobs in a row have failed'
    WHERE name = NEW.schedule AND paused IS NULL AND failures >= pause_after
        AND NEW.state NOT IN (4, 7);
END;
";
