-- Sessions: join, beat, what they know, what they are asked for.

-- Locks the row of a live session: what a session does and what is done to it come one after the
-- other. Refuses one that is over.
CREATE OR REPLACE FUNCTION live_session(p_session bigint) RETURNS session
LANGUAGE plpgsql AS $$
DECLARE
    v session;
BEGIN
    SELECT * INTO v FROM session WHERE id = p_session AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('RF001', 'the session is over', jsonb_build_object('session', p_session));
    END IF;
    RETURN v;
END $$;

CREATE OR REPLACE FUNCTION shares_host(s session, p_identity jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT s.boot_id <> '' AND s.boot_id = p_identity->>'boot_id'
        AND s.uid = (p_identity->>'uid')::bigint
        AND s.pid_namespace = p_identity->>'pid_namespace'
        AND s.time_namespace = p_identity->>'time_namespace'
$$;

CREATE OR REPLACE FUNCTION call_join(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_identity jsonb := r->'identity';
    v_wanted text := r->>'name';
    v_name text := v_wanted;
    v_number integer := 1;
    v_there session;
    v_old bigint;
    v_id bigint;
BEGIN
    -- Two workers that join at once get two names.
    PERFORM FROM board FOR NO KEY UPDATE;
    LOOP
        SELECT * INTO v_there FROM session WHERE name = v_name AND left_at IS NULL
        ORDER BY id DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        IF v_number = 1 AND r->>'if_taken' = 'take_over' AND shares_host(v_there, v_identity) THEN
            v_old := v_there.id;
            EXIT;
        END IF;
        v_number := v_number + 1;
        v_name := v_wanted || '-' || v_number;
    END LOOP;
    INSERT INTO session (name, host, uid, boot_id, pid_namespace, time_namespace, pid, start_ticks,
        version, schema_version, tags, slots, joined, last_heard, wish)
    VALUES (v_name, v_identity->>'host', (v_identity->>'uid')::bigint, v_identity->>'boot_id',
        v_identity->>'pid_namespace', v_identity->>'time_namespace',
        (v_identity->>'pid')::bigint, (v_identity->>'start_ticks')::bigint, r->>'version',
        (r->>'schema_version')::bigint, r->'tags', (r->>'slots')::bigint, v_now, v_now,
        CASE WHEN EXISTS (SELECT 1 FROM pause WHERE scope = 'worker' AND name = v_name)
            THEN 'sleep' ELSE 'work' END)
    RETURNING id INTO v_id;
    IF v_old IS NOT NULL THEN
        UPDATE session SET wish = 'drain' WHERE id = v_old AND left_at IS NULL;
        PERFORM ring();
    END IF;
    RETURN jsonb_build_object('session', v_id, 'name', v_name, 'takes_over', v_old);
END $$;

CREATE OR REPLACE FUNCTION call_enter_definitions(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_session bigint := (r->>'session')::bigint;
    v_entry jsonb;
    v_id bigint;
BEGIN
    PERFORM live_session(v_session);
    DELETE FROM session_definition WHERE session = v_session;
    FOR v_entry IN SELECT item FROM jsonb_array_elements(r->'definitions') WITH ORDINALITY
        AS entries (item, number) ORDER BY item->>'name' COLLATE "C", number
    LOOP
        -- A row that is as before is not written: many workers enter the same.
        SELECT id INTO v_id FROM definition WHERE name = v_entry->>'name'
            AND shape = v_entry->>'shape' AND help = v_entry->>'help'
            AND schema = v_entry->'schema' AND needs = v_entry->'needs'
            AND project IS NOT DISTINCT FROM v_entry->>'project';
        IF NOT FOUND THEN
            INSERT INTO definition (name, shape, help, schema, needs, first_seen, project)
            VALUES (v_entry->>'name', v_entry->>'shape', v_entry->>'help', v_entry->'schema',
                v_entry->'needs', v_now, v_entry->>'project')
            ON CONFLICT (name, shape) DO UPDATE SET help = excluded.help,
                schema = excluded.schema, needs = excluded.needs, project = excluded.project
            RETURNING id INTO v_id;
        END IF;
        INSERT INTO session_definition (session, name, definition)
        VALUES (v_session, v_entry->>'name', v_id)
        ON CONFLICT (session, name) DO UPDATE SET definition = excluded.definition;
        PERFORM limit_of_definition(v_now, v_entry->>'name', (v_entry->>'limit')::bigint);
    END LOOP;
    PERFORM ring();
    RETURN 'null';
END $$;

-- What the jobs of a session are asked for.
CREATE OR REPLACE FUNCTION requests_of(p_session bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'request', want) ORDER BY id), '[]')
        FROM job WHERE owner = p_session AND owner IS NOT NULL AND want IS NOT NULL);
END $$;

-- The jobs of a session whose output is looked at.
CREATE OR REPLACE FUNCTION watched_of(p_now bigint, p_session bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM job
        WHERE owner = p_session AND owner IS NOT NULL AND watching_until > p_now
            AND watching_until IS NOT NULL);
END $$;

-- Reads the epoch; a server that is another one since raises it, and nothing is claimed until the
-- longest lease has passed on the clock of the claimer, which names the epoch that it has waited
-- for.
CREATE OR REPLACE FUNCTION epoch_now(p_waited bigint, OUT epoch bigint, OUT hold bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_system text := (SELECT system_identifier::text FROM pg_control_system());
    v_timeline text := substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
    v board;
BEGIN
    SELECT * INTO STRICT v FROM board;
    IF v.system <> v_system OR v.timeline <> v_timeline THEN
        UPDATE board SET epoch = board.epoch + 1, system = v_system, timeline = v_timeline,
            hold = greatest(board.hold, board.longest_lease)
        WHERE NOT (board.system = v_system AND board.timeline = v_timeline);
        SELECT * INTO STRICT v FROM board;
    ELSIF v.hold > 0 AND v.epoch = p_waited THEN
        UPDATE board SET hold = 0 WHERE board.epoch = p_waited;
        v.hold := 0;
    END IF;
    epoch := v.epoch;
    hold := v.hold;
END $$;

CREATE OR REPLACE FUNCTION call_beat(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_session bigint := (r->>'session')::bigint;
    v_beat bigint;
    v_wish text;
    v_owned jsonb;
    v_epoch record;
BEGIN
    UPDATE session SET beat = beat + 1, last_heard = v_now, is_idle = (r->>'is_idle')::boolean,
        ended = r->'ended'
    WHERE id = v_session AND left_at IS NULL RETURNING beat, wish INTO v_beat, v_wish;
    IF NOT FOUND THEN
        PERFORM live_session(v_session);
    END IF;
    SELECT * INTO v_epoch FROM epoch_now((r->>'waited')::bigint);
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'fence', fence, 'seq', seq)
        ORDER BY id), '[]') INTO v_owned
    FROM job WHERE owner = v_session;
    RETURN jsonb_build_array(v_epoch.hold, jsonb_build_object('beat', v_beat,
        'epoch', v_epoch.epoch, 'owned', v_owned, 'requests', requests_of(v_session),
        'watched', watched_of(v_now, v_session), 'wish', v_wish));
END $$;

CREATE OR REPLACE FUNCTION call_request_of_worker(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_is_alive boolean;
BEGIN
    UPDATE session SET wish = r->>'wish' WHERE id = (r->>'session')::bigint AND left_at IS NULL;
    v_is_alive := FOUND;
    PERFORM ring_all();
    RETURN to_jsonb(v_is_alive);
END $$;

CREATE OR REPLACE FUNCTION call_set_cannot_now(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM live_session((r->>'session')::bigint);
    UPDATE session SET cannot_now = r->'cannot' WHERE id = (r->>'session')::bigint;
    RETURN 'null';
END $$;

-- Notes that a session found nothing to claim: a post wakes it. Committed before it looks once
-- more.
CREATE OR REPLACE FUNCTION call_mark_waiting(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
    UPDATE session SET waits = true WHERE id = r::text::bigint AND left_at IS NULL AND NOT waits;
    SELECT 'null'::jsonb
$$;

-- Counts late transitions, which are never an error.
CREATE OR REPLACE FUNCTION count_stale(p_session bigint, p_stale bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_stale > 0 THEN
        UPDATE session SET stale = stale + p_stale WHERE id = p_session;
        UPDATE board SET stale = stale + p_stale;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION call_workers(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(session_json(session) ORDER BY name COLLATE "C", id), '[]')
    FROM session WHERE left_at IS NULL
$$;

CREATE OR REPLACE FUNCTION call_definitions(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'entry', jsonb_build_object('name', d.name, 'shape', d.shape, 'help', d.help,
            'schema', d.schema, 'needs', d.needs, 'project', d.project,
            'limit', (SELECT most FROM job_limit WHERE definition = d.name)),
        'order', d.id, 'first_seen', d.first_seen,
        'sessions', (SELECT count(*) FROM session_definition WHERE definition = d.id))
        ORDER BY d.name COLLATE "C"), '[]')
    FROM (SELECT DISTINCT ON (name) * FROM definition ORDER BY name, id DESC) AS d
$$;
