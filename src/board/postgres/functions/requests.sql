-- What persons and programs ask of jobs: the table of states, in code.

-- Makes a job claimable again that was stuck or had failed.
CREATE OR REPLACE FUNCTION go_on(p_now bigint, v job, p_step text, p_outcome text,
    OUT answer jsonb, OUT moved moved_job)
LANGUAGE plpgsql AS $$
DECLARE
    v_other bigint;
BEGIN
    SELECT other.id INTO v_other FROM job AS other WHERE other.key = v.key AND other.key IS NOT NULL
        AND other.id <> v.id AND (other.state < 4 OR other.state > 7) LIMIT 1;
    IF FOUND THEN
        answer := jsonb_build_object('key_taken', v_other);
        RETURN;
    END IF;
    UPDATE job SET crashes = 0, crashed_at = NULL, reason = NULL, ends_by = NULL WHERE id = v.id;
    moved := enter(p_now, v.id, p_step, p_outcome, 0);
    answer := jsonb_build_object('done', state_word((moved).after));
END $$;

-- How strong a request to a holder is: the stronger one stays.
CREATE OR REPLACE FUNCTION strength(p_want text) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_position(ARRAY['pause', 'stop', 'stop_no_revert', 'kill'], p_want), 0)
$$;

-- Carries out a request, or leaves it for the holder.
CREATE OR REPLACE FUNCTION ask_for(p_now bigint, p_id bigint, p_request jsonb,
    OUT answer jsonb, OUT moved moved_job)
LANGUAGE plpgsql AS $$
DECLARE
    v job;
    v_word text := CASE jsonb_typeof(p_request) WHEN 'string' THEN p_request #>> '{}'
        ELSE (SELECT jsonb_object_keys(p_request)) END;
    v_state text;
    v_priority integer;
    v_done record;
BEGIN
    SELECT * INTO v FROM job WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        answer := '"missing"';
        RETURN;
    END IF;
    v_state := state_word(v.state);
    IF v_word = 'priority' THEN
        v_priority := (p_request->>'priority')::integer;
        IF v_priority NOT BETWEEN -2 AND 2 THEN
            PERFORM refuse('RF003', format('priority %s is not between -2 and 2', v_priority), '{}');
        END IF;
        IF v.state BETWEEN 4 AND 7 THEN
            answer := jsonb_build_object('over', v_state);
        ELSIF v.priority = v_priority THEN
            answer := jsonb_build_object('as_before', v_state);
        ELSE
            UPDATE job SET priority = v_priority WHERE id = p_id;
            answer := jsonb_build_object('done', v_state);
        END IF;
        RETURN;
    END IF;
    IF v_word = 'cancel' THEN
        IF v.state = 8 THEN
            moved := enter(p_now, p_id, '', 'stop_no_revert', 7);
            answer := jsonb_build_object('done', state_word((moved).after));
            RETURN;
        END IF;
        v_word := 'stop_no_revert';
    END IF;
    -- What failed may be retried and reverted, else what is over stays as it is.
    IF v.state BETWEEN 4 AND 7 AND NOT (v.state = 5 AND v_word IN ('retry', 'revert')) THEN
        answer := jsonb_build_object('over', v_state);
    ELSIF v_word IN ('stop', 'stop_no_revert', 'kill', 'pause') THEN
        IF v.state = 8 THEN
            answer := jsonb_build_object('impossible', v_state);
        ELSIF v.state <> 2 THEN
            SELECT * INTO v_done FROM settle(p_now, p_id, v_word);
            answer := v_done.answer;
            moved := v_done.moved;
        ELSIF strength(v.want) >= strength(v_word) THEN
            answer := jsonb_build_object('as_before', v_state);
        ELSE
            UPDATE job SET want = v_word WHERE id = p_id;
            PERFORM ring_all();
            answer := '"asked"';
        END IF;
    ELSIF v_word = 'resume' THEN
        IF v.state = 3 THEN
            moved := enter(p_now, p_id, '', 'resume', 0);
            answer := jsonb_build_object('done', state_word((moved).after));
        ELSIF v.state = 2 AND v.want = 'pause' THEN
            UPDATE job SET want = NULL WHERE id = p_id;
            answer := jsonb_build_object('done', v_state);
        ELSIF v.state = 8 THEN
            answer := jsonb_build_object('impossible', v_state);
        ELSE
            answer := jsonb_build_object('as_before', v_state);
        END IF;
    ELSIF v_word = 'retry' AND v.state IN (0, 1)
        AND coalesce(p_request#>>'{retry,from}', '') = '' THEN
        IF v.run_at > p_now THEN
            UPDATE job SET run_at = p_now WHERE id = p_id;
            moved := (p_id, 1, v.state, v.limit_key, NULL, false)::moved_job;
            answer := jsonb_build_object('done', v_state);
        ELSE
            answer := jsonb_build_object('as_before', v_state);
        END IF;
    ELSIF v.state = 8 OR v.state = 5 AND v_word <> 'skip' THEN
        SELECT * INTO v_done FROM go_on(p_now, v,
            CASE v_word WHEN 'retry' THEN coalesce(p_request#>>'{retry,from}', '')
                WHEN 'skip' THEN p_request#>>'{skip,step}' ELSE '' END,
            CASE v_word WHEN 'skip' THEN 'skipped' ELSE v_word END);
        answer := v_done.answer;
        moved := v_done.moved;
    ELSE
        answer := jsonb_build_object('impossible', v_state);
    END IF;
END $$;

-- Carries out a request, and admits what gets a place by that. Returns the state after both.
CREATE OR REPLACE FUNCTION request(p_now bigint, p_id bigint, p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_asked record;
    v_answer jsonb;
BEGIN
    SELECT * INTO v_asked FROM ask_for(p_now, p_id, p_request);
    v_answer := v_asked.answer;
    IF (v_asked.moved).id IS NOT NULL THEN
        PERFORM follow_up(p_now, ARRAY[v_asked.moved]);
        IF v_answer = '{"done": "limited"}' THEN
            SELECT jsonb_build_object('done', state_word(state)) INTO v_answer
            FROM job WHERE id = p_id;
        END IF;
    END IF;
    RETURN v_answer;
END $$;

CREATE OR REPLACE FUNCTION call_request(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
    SELECT request(now_millis(p_now), (r->>'id')::bigint, r->'request')
$$;

CREATE OR REPLACE FUNCTION call_request_all(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_page jsonb := page_of_ids(r->'filter' || '{"limit": 500}');
    v_id bigint;
    v_answer jsonb;
    v_done bigint := 0;
    v_asked bigint := 0;
    v_passed bigint := 0;
BEGIN
    FOR v_id IN SELECT item::bigint FROM jsonb_array_elements_text(v_page->'ids') AS item LOOP
        v_answer := request(v_now, v_id, r->'request');
        IF v_answer ? 'done' AND jsonb_typeof(v_answer) = 'object' THEN
            v_done := v_done + 1;
        ELSIF v_answer = '"asked"' THEN
            v_asked := v_asked + 1;
        ELSE
            v_passed := v_passed + 1;
        END IF;
    END LOOP;
    RETURN jsonb_build_object('done', v_done, 'asked', v_asked, 'passed', v_passed,
        'next', v_page->'next');
END $$;

CREATE OR REPLACE FUNCTION call_set_pause(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_scope text := (SELECT jsonb_object_keys(r->'scope'));
    v_name text := r->'scope'->>v_scope;
    v_by text := r->>'by';
    v_changed bigint;
BEGIN
    IF v_by IS NOT NULL THEN
        INSERT INTO pause (scope, name, paused_by, since)
        VALUES (v_scope, v_name, v_by, now_millis(p_now)) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM pause WHERE scope = v_scope AND name = v_name;
    END IF;
    GET DIAGNOSTICS v_changed = ROW_COUNT;
    IF v_scope = 'worker' THEN
        UPDATE session SET wish = CASE WHEN v_by IS NULL THEN 'work' ELSE 'sleep' END
        WHERE name = v_name AND left_at IS NULL
            AND wish = CASE WHEN v_by IS NULL THEN 'sleep' ELSE 'work' END;
    END IF;
    PERFORM ring();
    RETURN to_jsonb(v_changed > 0);
END $$;

CREATE OR REPLACE FUNCTION call_pauses(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(pause_json(pause) ORDER BY scope COLLATE "C", name COLLATE "C"), '[]')
    FROM pause
$$;

-- The pauses of a definition, and of its project as the newest shape names it.
CREATE OR REPLACE FUNCTION pauses_of(p_definition text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(pause_json(pause) ORDER BY scope), '[]') FROM pause
    WHERE scope = 'definition' AND name = p_definition
        OR scope = 'project' AND name = (SELECT project FROM definition
            WHERE definition.name = p_definition ORDER BY id DESC LIMIT 1)
$$;
