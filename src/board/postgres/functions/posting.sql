-- New jobs, batches, and what comes after them.

-- A posting is refused before anything is written.
CREATE OR REPLACE FUNCTION check_post(p_post jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_what text;
    v_text text;
BEGIN
    FOR v_what, v_text IN VALUES ('posting', p_post->>'posting'),
        ('definition', p_post->>'definition'), ('key', coalesce(p_post->>'key', '-')),
        ('limit key', coalesce(p_post#>>'{limit,key}', '-')),
        ('worker', coalesce(p_post->>'for_worker', '-'))
    LOOP
        IF v_text IS NULL OR octet_length(v_text) NOT BETWEEN 1 AND 255 THEN
            PERFORM refuse('RF003', format('the %s has %s bytes, not 1 to 255', v_what,
                coalesce(octet_length(v_text), 0)), '{}');
        END IF;
    END LOOP;
    IF octet_length((p_post->'args')::text) > 1048576 THEN
        PERFORM refuse('RF003', format('the arguments have %s bytes, more than a MiB',
            octet_length((p_post->'args')::text)), '{}');
    END IF;
    IF (p_post->>'priority')::integer NOT BETWEEN -2 AND 2 THEN
        PERFORM refuse('RF003', format('priority %s is not between -2 and 2', p_post->>'priority'),
            '{}');
    END IF;
END $$;

-- Applies the rule for a key that a job has which is not over. Returns that job, if it is kept.
CREATE OR REPLACE FUNCTION apply_key_rule(p_now bigint, p_key text, p_rule text,
    OUT kept bigint, OUT moved moved_job)
LANGUAGE plpgsql AS $$
DECLARE
    v job;
BEGIN
    SELECT * INTO v FROM job WHERE key = p_key AND key IS NOT NULL AND (state < 4 OR state > 7)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF p_rule = 'keep' THEN
        kept := v.id;
    ELSIF p_rule = 'replace' AND v.state IN (0, 1, 3) AND NOT v.has_begun THEN
        moved := enter(p_now, v.id, '', 'stop_no_revert', 7);
    ELSE
        PERFORM refuse('RF002', 'a job with the same key is there',
            jsonb_build_object('id', v.id, 'state', state_word(v.state)));
    END IF;
END $$;

-- Posts a job, or finds the one that is there.
CREATE OR REPLACE FUNCTION post_one(p_now bigint, p_post jsonb, p_batch bigint,
    OUT id bigint, OUT is_new boolean, OUT moved moved_job[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_posting text := p_post->>'posting';
    v_key text := p_post->>'key';
    v_limit_key text := p_post#>>'{limit,key}';
    v_run_at bigint := greatest(coalesce((p_post->>'run_at')::bigint, 0), p_now);
    v_state smallint := CASE WHEN v_limit_key IS NULL THEN 0 ELSE 1 END;
    v_then jsonb := coalesce(p_post->'then', '[]');
    v_id bigint;
    v_ruled record;
BEGIN
    moved := '{}';
    -- Another call may post the same, or take the key, between two statements of this one.
    FOR v_try IN 1..20 LOOP
        IF v_key IS NOT NULL THEN
            SELECT job.id INTO v_id FROM job WHERE job.posting = v_posting;
            IF FOUND THEN
                id := v_id; is_new := false;
                RETURN;
            END IF;
            SELECT * INTO v_ruled FROM apply_key_rule(p_now, v_key,
                coalesce(p_post->>'if_there', 'fail'));
            IF v_ruled.kept IS NOT NULL THEN
                id := v_ruled.kept; is_new := false;
                RETURN;
            END IF;
            IF (v_ruled.moved).id IS NOT NULL THEN
                moved := moved || v_ruled.moved;
            END IF;
        END IF;
        INSERT INTO job AS new (state, priority, run_at, posted, expires, definition, posting, key,
            args, project, posted_by, limit_key, batch, for_worker, ignores_pauses, has_next)
        VALUES (v_state, coalesce((p_post->>'priority')::smallint, 0), v_run_at, p_now,
            (p_post->>'expires')::bigint, p_post->>'definition', v_posting, v_key,
            p_post->'args', p_post->>'project', coalesce(p_post->>'posted_by', ''),
            v_limit_key, p_batch, p_post->>'for_worker',
            coalesce((p_post->>'ignores_pauses')::boolean, false),
            jsonb_array_length(v_then) > 0)
        ON CONFLICT DO NOTHING RETURNING new.id INTO v_id;
        IF FOUND THEN
            id := v_id; is_new := true;
            IF v_limit_key IS NOT NULL THEN
                PERFORM limit_of_post(p_post->>'definition', v_limit_key,
                    (p_post#>>'{limit,most}')::bigint);
            END IF;
            INSERT INTO job_next (job, rule, next)
            SELECT v_id, item->>'rule', item FROM jsonb_array_elements(v_then) AS item;
            -- What is due at once wakes a worker, as a job does that comes to wait.
            moved := moved || (v_id, CASE WHEN v_run_at <= p_now THEN 1 ELSE v_state END, v_state,
                v_limit_key, NULL, false)::moved_job;
            RETURN;
        END IF;
        SELECT job.id INTO v_id FROM job WHERE job.posting = v_posting;
        IF FOUND THEN
            id := v_id; is_new := false;
            RETURN;
        END IF;
    END LOOP;
    PERFORM refuse('40001', 'the key is taken and released too often', '{}');
END $$;

-- The names of the live workers that know a definition and have the tags for it.
CREATE OR REPLACE FUNCTION able_workers(p_definition text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT session.name FROM session
    JOIN session_definition AS known ON known.session = session.id AND known.name = p_definition
    JOIN definition ON definition.id = known.definition
    WHERE session.left_at IS NULL AND session.wish IN ('work', 'sleep')
        AND session.tags @> definition.needs
    ORDER BY session.name
$$;

-- Posts members of a batch; the first call creates the batch.
CREATE OR REPLACE FUNCTION post_members(p_now bigint, p_batch jsonb, p_posts jsonb,
    p_is_whole boolean, OUT id bigint, OUT posted bigint, OUT jobs bigint, OUT moved moved_job[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v batch;
    v_id bigint;
    v_post jsonb;
    v_one record;
    v_posted bigint := 0;
BEGIN
    moved := '{}';
    INSERT INTO batch AS new (posting, name, fails_at, posted_by, posted)
    SELECT p_batch->>'posting', p_batch->>'name', (p_batch->>'fails_at')::bigint,
        coalesce(p_batch->>'posted_by', ''), p_now
    -- A conflict alone would take a number.
    WHERE NOT EXISTS (SELECT 1 FROM batch WHERE batch.posting = p_batch->>'posting')
    ON CONFLICT (posting) DO NOTHING RETURNING new.id INTO v_id;
    IF FOUND THEN
        INSERT INTO job_next (batch, rule, next)
        SELECT v_id, item->>'rule', item
        FROM jsonb_array_elements(coalesce(p_batch->'then', '[]')) AS item;
    END IF;
    SELECT * INTO STRICT v FROM batch WHERE batch.posting = p_batch->>'posting' FOR NO KEY UPDATE;
    IF v.is_open THEN
        FOR v_post IN SELECT item FROM jsonb_array_elements(p_posts) AS item LOOP
            SELECT * INTO v_one FROM post_one(p_now, v_post, v.id);
            v_posted := v_posted + v_one.is_new::integer;
            moved := moved || v_one.moved;
        END LOOP;
        UPDATE batch SET jobs = batch.jobs + v_posted, remaining = remaining + v_posted,
            is_open = NOT p_is_whole
        WHERE batch.id = v.id;
    END IF;
    id := v.id;
    posted := v_posted;
    SELECT batch.jobs INTO jobs FROM batch WHERE batch.id = v.id;
    IF v.is_open AND p_is_whole THEN
        moved := moved || (NULL, NULL, NULL, NULL, v.id, NULL)::moved_job;
    END IF;
END $$;

-- Posts a job for each live worker that can do it.
CREATE OR REPLACE FUNCTION post_for_every_worker(p_now bigint, p_batch jsonb, p_post jsonb,
    OUT id bigint, OUT posted bigint, OUT jobs bigint, OUT moved moved_job[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_posts jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(p_post || jsonb_build_object('for_worker', name, 'then', '[]'::jsonb,
        'posting', (p_batch->>'posting') || ':' || name)), '[]') INTO v_posts
    FROM able_workers(p_post->>'definition') AS name;
    SELECT made.id, made.posted, made.jobs, made.moved INTO id, posted, jobs, moved
    FROM post_members(p_now, p_batch, v_posts, true) AS made;
END $$;

-- Posts what comes after a job or a batch that is over. Returns the changes.
CREATE OR REPLACE FUNCTION post_next(p_now bigint, p_number bigint) RETURNS moved_job[]
LANGUAGE plpgsql AS $$
DECLARE
    v_next jsonb;
    v_post jsonb;
    v_posting text := 'after:' || p_number;
    v_from bigint;
    v_one record;
    v_job bigint;
    v_batch bigint;
    v_detail text;
    v_moved moved_job[] := '{}';
BEGIN
    SELECT next INTO STRICT v_next FROM job_next WHERE id = p_number;
    v_post := v_next->'post';
    v_from := greatest((v_post->>'run_at')::bigint, p_now);
    v_post := v_post || jsonb_build_object('posting', v_posting,
        'expires', v_from + (v_next->>'expires_in')::bigint);
    IF (v_next->>'every_worker')::boolean THEN
        SELECT * INTO v_one FROM post_for_every_worker(p_now, jsonb_build_object(
            'posting', v_posting, 'name', v_post->>'definition', 'then', v_post->'then',
            'posted_by', v_post->>'posted_by'), v_post);
        v_batch := v_one.id;
        v_moved := v_one.moved;
    ELSE
        BEGIN
            SELECT * INTO v_one FROM post_one(p_now, v_post, NULL);
            v_job := v_one.id;
            v_moved := v_one.moved;
        EXCEPTION WHEN SQLSTATE 'RF002' THEN
            -- The end of a job is recorded, whatever has the key of what comes after.
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
            v_job := (v_detail::jsonb->>'id')::bigint;
        END;
    END IF;
    UPDATE job_next SET became_job = v_job, became_batch = v_batch WHERE id = p_number;
    RETURN v_moved;
END $$;
