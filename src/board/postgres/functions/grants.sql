-- What the roles of a board may do. Each may do what the one before may; a role has the right to
-- call functions alone, but that an administrator reads the tables.

-- Grants a role of the database what a role of the board needs, and nothing else of the board.
-- Returns how many calls the role may make.
CREATE OR REPLACE FUNCTION grant_to(p_role text, p_kind text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_view CONSTANT text[] := ARRAY['identity', 'job', 'jobs', 'counts', 'ends', 'ended_jobs',
        'journal', 'output', 'watch_output', 'workers', 'definitions', 'batch', 'what_follows', 'followed_by',
        'pauses', 'wait_facts', 'outcome_of', 'schedules', 'look_at_schedules', 'mails',
        'next_mail', 'deliverers', 'alert_memory'];
    v_post CONSTANT text[] := v_view || ARRAY['post_all', 'post_batch', 'post_after'];
    -- What a person asks for, and no worker.
    v_person CONSTANT text[] := ARRAY['request', 'request_all', 'set_pause', 'request_of_worker',
        'request_of_schedule', 'run_schedule', 'check'];
    v_call record;
    v_granted integer := 0;
BEGIN
    IF p_kind IS NULL OR p_kind NOT IN ('post', 'view', 'worker', 'admin') THEN
        RAISE EXCEPTION 'a role of the board is post, view, worker or admin, not %', p_kind
            USING ERRCODE = '22023';
    END IF;
    EXECUTE format('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA run_functions FROM %I', p_role);
    EXECUTE format('GRANT USAGE ON SCHEMA run_functions TO %I', p_role);
    FOR v_call IN SELECT oid::regprocedure AS signature, proname = 'post' AS is_post,
            substr(proname, 6) AS name
        FROM pg_proc WHERE pronamespace = 'run_functions'::regnamespace
            AND (proname LIKE 'call\_%' OR proname = 'post')
    LOOP
        IF p_kind = 'admin' OR v_call.is_post AND p_kind <> 'view'
            OR p_kind = 'view' AND v_call.name = ANY (v_view)
            OR p_kind = 'post' AND v_call.name = ANY (v_post)
            OR p_kind = 'worker' AND v_call.name <> ALL (v_person)
        THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', v_call.signature, p_role);
            v_granted := v_granted + 1;
        END IF;
    END LOOP;
    -- Locks of chains may be in the same schema.
    FOR v_call IN SELECT oid::regclass AS signature, relname = 'versions' AS is_versions
        FROM pg_class WHERE relnamespace = 'run_functions'::regnamespace
            AND relkind IN ('r', 'v') AND relname NOT LIKE 'lock%'
    LOOP
        EXECUTE format(CASE WHEN p_kind = 'admin' OR v_call.is_versions
            THEN 'GRANT SELECT ON %s TO %I' ELSE 'REVOKE SELECT ON %s FROM %I' END,
            v_call.signature, p_role);
    END LOOP;
    RETURN v_granted;
END $$;
