-- Schedules: those of files, their slots, what is read of them, the requests of people.

-- The ends of jobs are counted by a trigger: a job may end in an advance, a request, a reap, or
-- because it expired, and each of them counts in its own transaction.
CREATE OR REPLACE FUNCTION schedule_job_ended() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run_functions.schedule SET last_ended = NEW.ended,
        failures = CASE NEW.state WHEN 4 THEN 0 WHEN 7 THEN failures ELSE failures + 1 END
    WHERE name = NEW.schedule;
    UPDATE run_functions.schedule SET paused = NEW.ended, paused_by = NULL, has_news = true,
        paused_why = failures || ' jobs in a row have failed'
    WHERE name = NEW.schedule AND paused IS NULL AND failures >= pause_after
        AND NEW.state NOT IN (4, 7);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER schedule_job_ended AFTER UPDATE OF state ON job FOR EACH ROW
WHEN (NEW.schedule IS NOT NULL AND NEW.slot IS NOT NULL AND NEW.state > 3 AND OLD.state < 4)
EXECUTE FUNCTION schedule_job_ended();

-- Applies an entry of a file. Returns the difference, if there is one.
CREATE OR REPLACE FUNCTION apply_schedule(p_now bigint, p_file jsonb, p_entry jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_name text := p_entry->>'name';
    v_spec jsonb := p_entry->'spec';
    v_project text := p_file->>'project';
    v schedule;
    v_keeps_next boolean;
BEGIN
    SELECT * INTO v FROM schedule WHERE name = v_name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO schedule (name, project, spec, overlap, pause_after, late_after, next, planned)
        VALUES (v_name, v_project, v_spec, p_entry->>'overlap',
            (v_spec->>'pause_after')::bigint, (v_spec->>'late_after')::bigint,
            (p_entry->>'next')::bigint, p_now);
        RETURN jsonb_build_object('name', v_name, 'kind', 'added');
    END IF;
    IF v.project <> v_project AND v.removed IS NULL AND p_file->>'mode' = 'when_new' THEN
        RETURN jsonb_build_object('name', v_name, 'kind',
            jsonb_build_object('of_another', jsonb_build_object('project', v.project)));
    END IF;
    IF v.spec = v_spec AND v.removed IS NULL AND v.project = v_project THEN
        RETURN NULL;
    END IF;
    v_keeps_next := v.spec->'times' = v_spec->'times' AND v.removed IS NULL;
    UPDATE schedule SET project = v_project, spec = v_spec, overlap = p_entry->>'overlap',
        pause_after = (v_spec->>'pause_after')::bigint,
        late_after = (v_spec->>'late_after')::bigint, version = version + 1, removed = NULL,
        next = CASE WHEN v_keeps_next THEN next ELSE (p_entry->>'next')::bigint END,
        planned = CASE WHEN v_keeps_next THEN planned ELSE p_now END
    WHERE name = v_name;
    RETURN jsonb_build_object('name', v_name, 'kind', CASE WHEN v.removed IS NOT NULL
        THEN '"added"'::jsonb
        ELSE jsonb_build_object('changed', jsonb_build_object('before', v.spec)) END);
END $$;

CREATE OR REPLACE FUNCTION call_apply_schedules(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_project text := r->>'project';
    v_last schedule_file;
    v_entry jsonb;
    v_changes jsonb := '[]';
    v_change jsonb;
    v_name text;
BEGIN
    -- Two workers that start with the same file apply it once.
    PERFORM FROM board FOR NO KEY UPDATE;
    IF r->>'mode' = 'when_new' THEN
        SELECT * INTO v_last FROM schedule_file WHERE project = v_project ORDER BY id DESC LIMIT 1;
        IF NOT FOUND THEN
            IF r->'entries' = '[]' THEN
                RETURN '"as_before"';
            END IF;
        ELSIF v_last.content = r->>'content' THEN
            RETURN '"as_before"';
        ELSIF EXISTS (SELECT 1 FROM schedule_file WHERE project = v_project
            AND content = r->>'content') THEN
            RETURN jsonb_build_object('replaced', jsonb_build_object('at', v_last.applied));
        END IF;
    END IF;
    FOR v_entry IN SELECT item FROM jsonb_array_elements(r->'entries') AS item LOOP
        v_change := apply_schedule(v_now, r, v_entry);
        IF v_change IS NOT NULL THEN
            v_changes := v_changes || v_change;
        END IF;
    END LOOP;
    FOR v_name IN SELECT name FROM schedule WHERE project = v_project AND removed IS NULL
        AND name NOT IN (SELECT item->>'name' FROM jsonb_array_elements(r->'entries') AS item)
        ORDER BY name COLLATE "C"
    LOOP
        UPDATE schedule SET removed = v_now, next = NULL, late_at = NULL, has_news = false,
            version = version + 1
        WHERE name = v_name;
        v_changes := v_changes || jsonb_build_object('name', v_name, 'kind', 'removed');
    END LOOP;
    DELETE FROM schedule_file WHERE project = v_project AND content = r->>'content';
    INSERT INTO schedule_file (project, content, applied)
    VALUES (v_project, r->>'content', v_now);
    PERFORM ring();
    RETURN jsonb_build_object('applied', v_changes);
END $$;

CREATE OR REPLACE FUNCTION call_schedules(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'project', s.project,
        'spec', s.spec, 'version', s.version, 'next', s.next,
        'pause', CASE WHEN s.paused IS NOT NULL THEN jsonb_build_object('since', s.paused,
            'by', s.paused_by, 'why', coalesce(s.paused_why, '')) END,
        'failures', s.failures, 'posted', s.posted, 'missed', s.missed, 'skipped', s.skipped,
        'last_slot', s.last_slot, 'last_ended', s.last_ended,
        'jobs', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', last.id,
                'state', state_word(last.state), 'slot', last.slot, 'ended', last.ended)
                ORDER BY last.id DESC), '[]')
            FROM (SELECT id, state, slot, ended FROM job WHERE schedule = s.name
                AND schedule IS NOT NULL ORDER BY id DESC LIMIT 5) AS last))
        ORDER BY s.name COLLATE "C"), '[]')
    FROM schedule AS s WHERE s.removed IS NULL
$$;

CREATE OR REPLACE FUNCTION due_json(s schedule) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('name', s.name, 'project', s.project, 'version', s.version,
        'spec', s.spec, 'slot', s.next, 'last_ended', s.last_ended)
$$;

-- A slot that waits for the end of a job is not due. A clock that is set back by more than three
-- hours is a correction: the new time holds at once.
CREATE OR REPLACE FUNCTION call_look_at_schedules(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_most integer := r::text::integer;
    v_due jsonb;
    v_set_back jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(due_json(due::schedule) ORDER BY due.next), '[]') INTO v_due
    FROM (SELECT * FROM schedule WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL
        AND next <= v_now AND NOT (overlap = 'wait' AND EXISTS (SELECT 1 FROM job
            WHERE job.schedule = schedule.name AND job.schedule IS NOT NULL AND job.state < 4))
        ORDER BY next LIMIT v_most) AS due;
    SELECT coalesce(jsonb_agg(due_json(early::schedule) ORDER BY early.planned), '[]')
    INTO v_set_back
    FROM (SELECT * FROM schedule WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL
        AND planned > v_now + 10800000 ORDER BY planned LIMIT v_most) AS early;
    RETURN jsonb_build_object('due', v_due || v_set_back,
        'next', (SELECT next FROM schedule WHERE next IS NOT NULL AND paused IS NULL
            AND removed IS NULL AND next > v_now ORDER BY next LIMIT 1),
        'has_news', EXISTS (SELECT 1 FROM schedule WHERE has_news)
            OR EXISTS (SELECT 1 FROM schedule WHERE late_at IS NOT NULL AND late_at <= v_now));
END $$;

-- Posts the job of a schedule, or one for each live worker that can do it: names the first; no id:
-- there is no such worker.
CREATE OR REPLACE FUNCTION post_scheduled(p_now bigint, p_name text, p_slot bigint, p_post jsonb,
    p_every_worker boolean, OUT id bigint, OUT is_new boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_one record;
BEGIN
    PERFORM check_post(p_post);
    IF p_every_worker THEN
        SELECT * INTO v_one FROM post_for_every_worker(p_now, jsonb_build_object(
            'posting', p_post->>'posting', 'name', p_post->>'definition',
            'then', p_post->'then', 'posted_by', p_post->>'posted_by'), p_post);
        UPDATE job SET schedule = p_name, slot = p_slot WHERE batch = v_one.id;
        SELECT min(job.id) INTO id FROM job WHERE batch = v_one.id;
        is_new := true;
    ELSE
        SELECT * INTO v_one FROM post_one(p_now, p_post, NULL);
        IF v_one.is_new THEN
            UPDATE job SET schedule = p_name, slot = p_slot WHERE job.id = v_one.id;
        END IF;
        id := v_one.id;
        is_new := v_one.is_new;
    END IF;
    PERFORM follow_up(p_now, v_one.moved);
END $$;

CREATE OR REPLACE FUNCTION call_take_slot(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_name text := r->>'name';
    v_post jsonb := nullif(r->'post', 'null');
    v_slot bigint;
    v schedule;
    v_there bigint;
    v_posted record;
BEGIN
    IF v_post IS NOT NULL THEN
        v_slot := (v_post->>0)::bigint;
        v_post := v_post->1;
    END IF;
    SELECT * INTO v FROM schedule WHERE name = v_name AND version = (r->>'version')::bigint
        AND next = (r->>'due')::bigint AND paused IS NULL AND removed IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        -- This very request may have taken the slot before, and its answer was lost.
        SELECT min(id) INTO v_there FROM (
            SELECT id FROM job WHERE posting = v_post->>'posting'
            UNION ALL
            SELECT job.id FROM batch JOIN job ON job.batch = batch.id
            WHERE batch.posting = v_post->>'posting') AS found;
        IF v_there IS NULL THEN
            RETURN '"lost"';
        END IF;
        RETURN jsonb_build_object('posted', jsonb_build_object('id', v_there, 'is_new', false));
    END IF;
    IF v_post IS NOT NULL AND v.overlap <> 'allow' THEN
        SELECT id INTO v_there FROM job WHERE job.schedule = v_name AND job.schedule IS NOT NULL
            AND job.state < 4 ORDER BY id LIMIT 1;
        IF v_there IS NOT NULL AND v.overlap = 'wait' THEN
            RETURN jsonb_build_object('held', v_there);
        END IF;
    END IF;
    UPDATE schedule SET next = (r->>'next')::bigint, planned = v_now,
        missed = missed + (r->>'missed')::bigint,
        skipped = skipped + (v_there IS NOT NULL)::integer
    WHERE name = v_name;
    IF v_there IS NOT NULL THEN
        RETURN jsonb_build_object('skipped', v_there);
    END IF;
    IF v_post IS NULL THEN
        RETURN '"passed_over"';
    END IF;
    SELECT * INTO v_posted FROM post_scheduled(v_now, v_name, v_slot, v_post,
        coalesce((r->>'every_worker')::boolean, false));
    IF v_posted.id IS NULL THEN
        UPDATE schedule SET missed = missed + 1 WHERE name = v_name;
        RETURN '"passed_over"';
    END IF;
    IF v_posted.is_new THEN
        UPDATE schedule SET posted = posted + 1, last_slot = v_slot,
            late_job = CASE WHEN late_at IS NULL THEN v_posted.id ELSE late_job END,
            late_slot = CASE WHEN late_at IS NULL THEN v_slot ELSE late_slot END,
            late_at = coalesce(late_at, greatest(v_slot, v_now) + late_after)
        WHERE name = v_name;
    END IF;
    RETURN jsonb_build_object('posted',
        jsonb_build_object('id', v_posted.id, 'is_new', v_posted.is_new));
END $$;

CREATE OR REPLACE FUNCTION call_run_schedule(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_posted record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM schedule WHERE name = r->>'name' AND removed IS NULL) THEN
        RETURN 'null';
    END IF;
    SELECT * INTO v_posted FROM post_scheduled(now_millis(p_now), r->>'name', NULL, r->'post',
        (r->>'every_worker')::boolean);
    IF v_posted.id IS NULL THEN
        RETURN 'null';
    END IF;
    RETURN jsonb_build_object('id', v_posted.id, 'is_new', v_posted.is_new);
END $$;

CREATE OR REPLACE FUNCTION call_request_of_schedule(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_name text := r->>'name';
    v_request jsonb := r->'request';
BEGIN
    IF v_request ? 'pause' THEN
        UPDATE schedule SET paused = v_now, paused_by = v_request#>>'{pause,by}',
            paused_why = v_request#>>'{pause,why}'
        WHERE name = v_name AND removed IS NULL AND paused IS NULL;
    ELSE
        UPDATE schedule SET paused = NULL, paused_by = NULL, paused_why = NULL, has_news = false,
            failures = 0, next = (v_request#>>'{resume,next}')::bigint, planned = v_now,
            version = version + 1
        WHERE name = v_name AND removed IS NULL AND paused IS NOT NULL;
    END IF;
    IF FOUND THEN
        PERFORM ring();
        RETURN '"done"';
    END IF;
    RETURN CASE WHEN EXISTS (SELECT 1 FROM schedule WHERE name = v_name AND removed IS NULL)
        THEN '"as_before"' ELSE '"missing"' END;
END $$;

-- What is to be mailed; takes note that it is.
CREATE OR REPLACE FUNCTION call_take_schedule_news(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_paused jsonb;
    v_late jsonb;
BEGIN
    WITH taken AS (UPDATE schedule SET has_news = false WHERE has_news RETURNING name, failures)
    SELECT coalesce(jsonb_agg(jsonb_build_object('paused',
        jsonb_build_object('name', name, 'failures', failures)) ORDER BY name COLLATE "C"), '[]')
    INTO v_paused FROM taken;
    WITH taken AS (UPDATE schedule SET late_at = NULL WHERE late_at IS NOT NULL
        AND late_at <= v_now RETURNING name, late_job, late_slot)
    SELECT coalesce(jsonb_agg(CASE WHEN EXISTS (SELECT 1 FROM job WHERE id = late_job
            AND state IN (0, 1, 3) AND NOT has_begun)
        THEN jsonb_build_object('late',
            jsonb_build_object('name', name, 'job', late_job, 'slot', late_slot))
        ELSE jsonb_build_object('in_time', jsonb_build_object('name', name)) END
        ORDER BY name COLLATE "C"), '[]')
    INTO v_late FROM taken;
    RETURN v_paused || v_late;
END $$;
