-- How sessions lose jobs, and end: give-back, leave, reap.

CREATE OR REPLACE FUNCTION call_give_back(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_session session := live_session((r->>'session')::bigint);
    v_item jsonb;
    v_moved moved_job[] := '{}';
    v_verdicts text[] := '{}';
    v_stale bigint := 0;
BEGIN
    FOR v_item IN SELECT item FROM jsonb_array_elements(r->'jobs') AS item LOOP
        PERFORM FROM job WHERE id = (v_item#>>'{position,id}')::bigint AND owner = v_session.id
            AND fence = (v_item#>>'{position,fence}')::bigint
            AND seq = (v_item#>>'{position,seq}')::bigint
        FOR NO KEY UPDATE;
        IF FOUND THEN
            v_moved := v_moved || release(v_now, (v_item#>>'{position,id}')::bigint,
                v_session.name, v_item->>'fate');
            v_verdicts := v_verdicts || 'accepted'::text;
        ELSE
            v_stale := v_stale + 1;
            v_verdicts := v_verdicts || 'stale'::text;
        END IF;
    END LOOP;
    PERFORM count_stale(v_session.id, v_stale);
    PERFORM follow_up(v_now, v_moved);
    RETURN to_jsonb(v_verdicts);
END $$;

CREATE OR REPLACE FUNCTION end_session(p_now bigint, p_session bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE session SET left_at = p_now WHERE id = p_session;
    DELETE FROM session_definition WHERE session = p_session;
END $$;

CREATE OR REPLACE FUNCTION call_leave(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_session session;
    v_job bigint;
    v_moved moved_job[] := '{}';
BEGIN
    SELECT * INTO v_session FROM session WHERE id = r::text::bigint AND left_at IS NULL
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'null';
    END IF;
    FOR v_job IN SELECT id FROM job WHERE owner = v_session.id ORDER BY id FOR NO KEY UPDATE LOOP
        v_moved := v_moved || release(v_now, v_job, v_session.name, 'interrupted');
    END LOOP;
    PERFORM end_session(v_now, v_session.id);
    PERFORM follow_up(v_now, v_moved);
    RETURN 'null';
END $$;

-- Takes jobs of a session that is dead for them: all whose lease, a percent and 50 ms are not
-- longer than it was seen to stand.
CREATE OR REPLACE FUNCTION take_from(p_now bigint, p_session session, p_stood_for bigint)
RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_job bigint;
    v_released moved_job[];
    v_moved moved_job[] := '{}';
    v_state smallint;
    v_free bigint[] := '{}';
    v_stuck bigint[] := '{}';
    v_settled bigint[] := '{}';
    v_kept bigint;
BEGIN
    FOR v_job IN SELECT id FROM job WHERE owner = p_session.id AND (p_stood_for IS NULL
        OR coalesce(lease, 0) * 1.01 + 50 <= p_stood_for) ORDER BY id FOR NO KEY UPDATE
    LOOP
        v_released := release(p_now, v_job, p_session.name, 'crash');
        v_moved := v_moved || v_released;
        v_state := (v_released[cardinality(v_released)]).after;
        IF v_state = 0 THEN
            v_free := v_free || v_job;
        ELSIF v_state = 8 THEN
            v_stuck := v_stuck || v_job;
        ELSE
            v_settled := v_settled || v_job;
        END IF;
    END LOOP;
    IF cardinality(v_moved) > 0 THEN
        UPDATE session SET lost_jobs = lost_jobs + cardinality(v_free || v_stuck || v_settled)
        WHERE id = p_session.id;
    END IF;
    SELECT count(*) INTO v_kept FROM job WHERE owner = p_session.id;
    IF v_kept = 0 THEN
        PERFORM end_session(p_now, p_session.id);
    END IF;
    PERFORM follow_up(p_now, v_moved);
    RETURN jsonb_build_object('reaped', jsonb_build_object('released', v_free, 'stuck', v_stuck,
        'settled', v_settled, 'kept', v_kept));
END $$;

CREATE OR REPLACE FUNCTION call_reap(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_session session;
    v_stood_for bigint := millis_of(r->'stood_for');
BEGIN
    SELECT * INTO v_session FROM session WHERE id = (r->>'session')::bigint AND left_at IS NULL
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN '"gone"';
    END IF;
    IF v_session.beat <> (r->>'beat')::bigint THEN
        RETURN jsonb_build_object('alive', v_session.beat);
    END IF;
    IF v_stood_for < 60650 AND NOT EXISTS (SELECT 1 FROM job WHERE owner = v_session.id) THEN
        RETURN jsonb_build_object('alive', v_session.beat);
    END IF;
    RETURN take_from(v_now, v_session, v_stood_for);
END $$;

CREATE OR REPLACE FUNCTION call_reap_dead_on_this_host(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_session session;
BEGIN
    SELECT * INTO v_session FROM session WHERE id = (r->>'session')::bigint AND left_at IS NULL
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN '"gone"';
    END IF;
    IF NOT shares_host(v_session, r->'here') THEN
        RETURN jsonb_build_object('alive', v_session.beat);
    END IF;
    RETURN take_from(now_millis(p_now), v_session, NULL);
END $$;
