-- Whether a board keeps the rules.

-- Has jobs admitted that wait behind a limit which has room, and counts batches again. Returns what
-- was wrong, for people.
CREATE OR REPLACE FUNCTION recount(p_now bigint) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_repaired text[];
    v_moved moved_job[];
    v_batch record;
BEGIN
    INSERT INTO limit_key (key, definition)
    SELECT DISTINCT limit_key, definition FROM job WHERE state = 1 AND limit_key IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO job_limit (definition, most) SELECT DISTINCT definition, NULL::bigint FROM limit_key
    ON CONFLICT DO NOTHING;
    WITH stuck AS (
        SELECT key FROM limit_key WHERE (due IS NULL OR due > p_now)
            AND EXISTS (SELECT 1 FROM job WHERE state = 1 AND limit_key = limit_key.key
                AND run_at <= p_now)
            AND coalesce((SELECT most FROM job_limit
                    WHERE job_limit.definition = limit_key.definition), 1000000000)
                > (SELECT count(*) FROM job WHERE job.limit_key = limit_key.key
                    AND job.limit_key IS NOT NULL
                    AND (state = 0 OR state = 2 OR state = 3 AND has_begun))
    )
    SELECT coalesce(array_agg(format(
            'jobs waited behind the limit `%s` though it has room', key)), '{}'),
        coalesce(array_agg((NULL, NULL, NULL, key, NULL, NULL)::moved_job), '{}')
    INTO v_repaired, v_moved FROM stuck;
    FOR v_batch IN SELECT batch.id, batch.remaining, (SELECT count(*) FROM job
            WHERE job.batch = batch.id AND job.batch IS NOT NULL AND (state < 4 OR state > 7)) AS found
        FROM batch WHERE ended IS NULL ORDER BY batch.id FOR NO KEY UPDATE OF batch
    LOOP
        IF v_batch.remaining <> v_batch.found THEN
            UPDATE batch SET remaining = v_batch.found WHERE id = v_batch.id;
            v_moved := v_moved || (NULL, NULL, NULL, NULL, v_batch.id, NULL)::moved_job;
            v_repaired := v_repaired || format(
                'batch %s counted %s jobs that are left, there are %s', v_batch.id,
                v_batch.remaining, v_batch.found);
        END IF;
    END LOOP;
    PERFORM follow_up(p_now, v_moved);
    RETURN v_repaired;
END $$;

-- What is always true of a board, and is not.
CREATE OR REPLACE FUNCTION broken_rules() RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(words), '{}') FROM (
        (SELECT 'there is a gap in the journal of job ' || job AS words FROM journal GROUP BY job
            HAVING count(*) <> max(seq) OR min(seq) <> 1 LIMIT 20)
        UNION ALL
        (SELECT 'the last entry of the journal is not the one that the job names: job ' || id
            FROM job WHERE seq <> (SELECT coalesce(max(journal.seq), 0) FROM journal
                WHERE journal.job = job.id) LIMIT 20)
        UNION ALL
        (SELECT 'a job has a holder and does not run, or runs without one: job ' || id
            FROM job WHERE (state = 2) <> (owner IS NOT NULL) LIMIT 20)
        UNION ALL
        (SELECT 'a session that is over holds a job: job ' || job.id
            FROM job JOIN session ON session.id = job.owner
            WHERE session.left_at IS NOT NULL LIMIT 20)) AS broken
$$;

-- What of the server harms a board.
CREATE OR REPLACE FUNCTION server_problems() RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_problems text[] := '{}';
    v_old record;
BEGIN
    IF current_setting('fsync') <> 'on' THEN
        v_problems := v_problems
            || '`fsync` is off: a crash of the machine may damage the database'::text;
    END IF;
    IF current_setting('full_page_writes') <> 'on' THEN
        v_problems := v_problems
            || '`full_page_writes` is off: a crash of the machine may damage the database'::text;
    END IF;
    IF current_setting('synchronous_commit') = 'off' THEN
        v_problems := v_problems || ('`synchronous_commit` is off: what was answered may be lost by a'
            || ' crash of the server')::text;
    END IF;
    FOR v_old IN SELECT pid, coalesce(nullif(application_name, ''), 'unnamed') AS name,
            extract(epoch FROM clock_timestamp() - xact_start)::bigint AS seconds
        FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
            AND xact_start < clock_timestamp() - interval '1 minute'
    LOOP
        v_problems := v_problems || format('process %s (%s) has held an old snapshot for %s s: it'
            || ' keeps dead rows, and claims get slower; end it with pg_terminate_backend(%s)',
            v_old.pid, v_old.name, v_old.seconds, v_old.pid);
    END LOOP;
    RETURN v_problems;
END $$;

CREATE OR REPLACE FUNCTION call_check(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_repaired text[] := recount(now_millis(p_now));
    v board;
BEGIN
    SELECT * INTO STRICT v FROM board;
    RETURN jsonb_build_object('id', v.id, 'epoch', v.epoch, 'schema_version', v.schema_version,
        'readable_from', v.readable_from, 'problems', broken_rules() || server_problems(),
        'repaired', v_repaired,
        'jobs', (SELECT coalesce(jsonb_agg(jsonb_build_array(state_word(state), jobs)
            ORDER BY state), '[]') FROM (SELECT state, count(*) AS jobs FROM job GROUP BY state)
            AS counted),
        'stale', v.stale, 'bytes', (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint
            FROM pg_class WHERE relnamespace = 'run_functions'::regnamespace AND relkind = 'r'),
        'pages_held_back', 0);
END $$;
