-- The tables of a board, as version 5 of the schema has them: the versions before were those of
-- boards in a SQLite file, whose numbers are the same.
CREATE TABLE board (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id text NOT NULL,
    epoch bigint NOT NULL,
    -- The server of the epoch: its system identifier and its timeline.
    system text NOT NULL,
    timeline text NOT NULL,
    schema_version bigint NOT NULL,
    readable_from bigint NOT NULL,
    functions_version bigint NOT NULL DEFAULT 0,
    -- After a change of the epoch: nothing is claimed until so many milliseconds have passed on
    -- the clock of the claimer.
    hold bigint NOT NULL DEFAULT 0,
    longest_lease bigint NOT NULL DEFAULT 60000,
    created bigint NOT NULL,
    stale bigint NOT NULL DEFAULT 0
);

CREATE TABLE state_word (number smallint PRIMARY KEY, word text NOT NULL);
INSERT INTO state_word VALUES (0, 'waiting'), (1, 'limited'), (2, 'running'), (3, 'paused'),
    (4, 'succeeded'), (5, 'failed'), (6, 'reverted'), (7, 'cancelled'), (8, 'stuck');

CREATE TABLE session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    host text NOT NULL,
    uid bigint NOT NULL,
    boot_id text NOT NULL,
    pid_namespace text NOT NULL,
    time_namespace text NOT NULL,
    pid bigint NOT NULL,
    start_ticks bigint NOT NULL,
    version text NOT NULL,
    schema_version bigint NOT NULL,
    tags jsonb NOT NULL,
    slots bigint NOT NULL,
    beat bigint NOT NULL DEFAULT 0,
    is_idle boolean NOT NULL DEFAULT false,
    -- Whether it found nothing to claim when it looked last, and LISTENs.
    waits boolean NOT NULL DEFAULT false,
    wish text NOT NULL DEFAULT 'work',
    ended jsonb NOT NULL DEFAULT '[]',
    cannot_now jsonb NOT NULL DEFAULT '[]',
    stale bigint NOT NULL DEFAULT 0,
    delivers boolean NOT NULL DEFAULT false,
    -- How many jobs were taken from it because it was not heard from.
    lost_jobs bigint NOT NULL DEFAULT 0,
    joined bigint NOT NULL,
    last_heard bigint NOT NULL,
    left_at bigint
) WITH (fillfactor = 50);
CREATE INDEX session_alive ON session (name) WHERE left_at IS NULL;
CREATE INDEX session_over ON session (left_at) WHERE left_at IS NOT NULL;
CREATE INDEX session_lost ON session (left_at) WHERE lost_jobs > 0;
CREATE INDEX session_name ON session (name, id);

CREATE TABLE definition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    shape text NOT NULL,
    help text NOT NULL,
    schema jsonb NOT NULL,
    needs jsonb NOT NULL,
    project text,
    first_seen bigint NOT NULL,
    UNIQUE (name, shape)
);
CREATE TABLE session_definition (
    session bigint NOT NULL,
    name text NOT NULL,
    definition bigint NOT NULL,
    PRIMARY KEY (session, name)
);
CREATE INDEX session_definition_of ON session_definition (definition);

CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner bigint,
    fence bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0,
    run_at bigint NOT NULL,
    lease bigint,
    shape_order bigint NOT NULL DEFAULT 0,
    posted bigint NOT NULL,
    ended bigint,
    expires bigint,
    ends_by bigint,
    watching_until bigint,
    batch bigint,
    slot bigint,
    crashes integer NOT NULL DEFAULT 0,
    max_crashes integer,
    state smallint NOT NULL,
    priority smallint NOT NULL,
    has_begun boolean NOT NULL DEFAULT false,
    is_bound boolean NOT NULL DEFAULT false,
    ignores_pauses boolean NOT NULL DEFAULT false,
    has_next boolean NOT NULL DEFAULT false,
    want text,
    definition text NOT NULL,
    posting text NOT NULL,
    key text,
    doing jsonb NOT NULL DEFAULT '[]',
    crashed_at jsonb,
    avoid jsonb,
    last_host text,
    limit_key text,
    for_worker text,
    schedule text,
    args jsonb NOT NULL,
    result jsonb,
    reason text,
    project text,
    posted_by text NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
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
CREATE INDEX job_expiring ON job (expires) WHERE expires IS NOT NULL AND state = 0 AND NOT has_begun;
CREATE INDEX job_limited_expiring ON job (expires)
    WHERE expires IS NOT NULL AND state = 1 AND NOT has_begun;
CREATE INDEX job_succeeded ON job (definition, ended, id) WHERE state = 4;
CREATE INDEX job_other_end ON job (state, definition, ended, id)
    WHERE state <> 0 AND state <> 2 AND state <> 4;
CREATE INDEX job_place ON job (limit_key)
    WHERE limit_key IS NOT NULL AND (state = 0 OR state = 2 OR state = 3 AND has_begun);
CREATE INDEX job_limited ON job (limit_key, priority, run_at, id) WHERE state = 1;
CREATE INDEX job_manual ON job (definition, priority, run_at, id)
    WHERE state = 0 AND ignores_pauses;
CREATE INDEX job_batch ON job (batch, id) WHERE batch IS NOT NULL;
CREATE INDEX job_schedule ON job (schedule, id) WHERE schedule IS NOT NULL;
CREATE INDEX job_schedule_open ON job (schedule, id) WHERE schedule IS NOT NULL AND state < 4;

CREATE TABLE journal (
    job bigint NOT NULL,
    seq bigint NOT NULL,
    fence bigint NOT NULL,
    started bigint NOT NULL,
    ended bigint NOT NULL,
    attempt bigint NOT NULL,
    code integer,
    step text NOT NULL,
    phase text NOT NULL,
    outcome text NOT NULL,
    kind text,
    error text,
    result jsonb,
    worker text NOT NULL,
    PRIMARY KEY (job, seq)
);
CREATE INDEX journal_kind ON journal (kind, job) WHERE kind IS NOT NULL;

CREATE TABLE output (
    job bigint NOT NULL,
    part bigint NOT NULL,
    at bigint NOT NULL,
    omitted bigint NOT NULL,
    attempt bigint NOT NULL,
    step text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (job, part)
);
CREATE INDEX output_at ON output (at);

-- How many jobs of a key of the definition hold a place at once; NULL: any number.
CREATE TABLE job_limit (definition text PRIMARY KEY, most bigint);
-- When the next limited job of the key may be admitted; NULL: none waits, or the limit is full.
CREATE TABLE limit_key (key text PRIMARY KEY, definition text NOT NULL, due bigint);
CREATE INDEX limit_key_due ON limit_key (definition, due) WHERE due IS NOT NULL;

CREATE TABLE batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    posting text NOT NULL UNIQUE,
    name text NOT NULL,
    jobs bigint NOT NULL DEFAULT 0,
    remaining bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    fails_at bigint,
    is_open boolean NOT NULL DEFAULT true,
    -- Members after this one are cancelled, in steps.
    ending bigint,
    posted_by text NOT NULL,
    posted bigint NOT NULL,
    ended bigint
);
CREATE INDEX batch_ending ON batch (id) WHERE ending IS NOT NULL;
CREATE INDEX batch_over ON batch (ended) WHERE ended IS NOT NULL;

-- What is posted when a job or a batch is over, and what it became.
CREATE TABLE job_next (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job bigint,
    batch bigint,
    rule text NOT NULL,
    next jsonb NOT NULL,
    became_job bigint,
    became_batch bigint
);
CREATE INDEX next_of_job ON job_next (job) WHERE job IS NOT NULL;
CREATE INDEX next_of_batch ON job_next (batch) WHERE batch IS NOT NULL;
CREATE INDEX next_became ON job_next (became_job) WHERE became_job IS NOT NULL;
CREATE INDEX next_became_batch ON job_next (became_batch) WHERE became_batch IS NOT NULL;

CREATE TABLE pause (
    scope text NOT NULL,
    name text NOT NULL,
    paused_by text NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (scope, name)
);

CREATE TABLE schedule (
    name text PRIMARY KEY,
    project text NOT NULL,
    spec jsonb NOT NULL,
    overlap text NOT NULL,
    pause_after bigint,
    late_after bigint,
    version bigint NOT NULL DEFAULT 1,
    next bigint,
    -- By which clock `next` was computed: one that is far ahead of the present was wrong.
    planned bigint NOT NULL,
    -- Since when its file has it no longer; its pause is kept.
    removed bigint,
    paused bigint,
    paused_by text,
    paused_why text,
    has_news boolean NOT NULL DEFAULT false,
    failures bigint NOT NULL DEFAULT 0,
    posted bigint NOT NULL DEFAULT 0,
    missed bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    last_slot bigint,
    last_ended bigint,
    -- The first job that has not been seen to begin in time.
    late_at bigint,
    late_job bigint,
    late_slot bigint
);
CREATE INDEX schedule_next ON schedule (next)
    WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL;
CREATE INDEX schedule_planned ON schedule (planned)
    WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL;
CREATE INDEX schedule_late ON schedule (late_at) WHERE late_at IS NOT NULL;
CREATE INDEX schedule_news ON schedule (name) WHERE has_news;

CREATE TABLE schedule_file (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project text NOT NULL,
    content text NOT NULL,
    applied bigint NOT NULL,
    UNIQUE (project, content)
);

-- A lock is free when its owner is over: the beat of the session is that of its locks.
CREATE TABLE board_lock (name text PRIMARY KEY, owner bigint, fence bigint NOT NULL DEFAULT 0);
INSERT INTO board_lock (name) VALUES ('alerts');

-- Jobs that ended alike in one transaction; the alerter takes them.
CREATE TABLE fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    definition text NOT NULL,
    build text NOT NULL,
    state smallint NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    jobs bigint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    job bigint NOT NULL
);

CREATE TABLE alert (name text PRIMARY KEY, memory text NOT NULL);

CREATE TABLE mail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id text NOT NULL UNIQUE,
    letter text NOT NULL,
    queued bigint NOT NULL,
    next bigint NOT NULL,
    owner bigint
);
CREATE INDEX mail_next ON mail (next);
CREATE INDEX mail_owner ON mail (owner) WHERE owner IS NOT NULL;

-- A change of the state of a job, for what follows from it.
CREATE TYPE moved_job AS (
    id bigint,
    before smallint,
    after smallint,
    limit_key text,
    batch bigint,
    has_next boolean
);
-- A definition that a worker can do now.
CREATE TYPE known_lane AS (
    number integer,
    definition text,
    lease bigint,
    max_crashes integer,
    is_bound boolean,
    time_limit bigint,
    first jsonb,
    has_begun boolean,
    shape_order bigint,
    is_paused boolean,
    -- Where a look begins, for each class of priority from -2 on; NULL: at the first job.
    marks_at bigint[],
    marks_id bigint[]
);

-- The versions, for every role of the board.
CREATE VIEW versions AS SELECT schema_version, readable_from, functions_version FROM board;
