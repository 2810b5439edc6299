-- How jobs leave their holder without its transition, and what a request does to a job at rest.

-- Appends a request to the journal of a job that nothing holds, and sets the state that follows. A
-- job that is to wait stands behind its limit, unless it holds a place.
CREATE OR REPLACE FUNCTION enter(p_now bigint, p_id bigint, p_step text, p_outcome text,
    p_state integer, p_reason text DEFAULT NULL) RETURNS moved_job
LANGUAGE plpgsql AS $$
DECLARE
    v job;
    v_state smallint := p_state;
BEGIN
    SELECT * INTO STRICT v FROM job WHERE id = p_id FOR NO KEY UPDATE;
    IF p_state = 0 AND v.limit_key IS NOT NULL
        AND NOT (v.state IN (0, 2) OR v.state = 3 AND v.has_begun) THEN
        v_state := 1;
    END IF;
    INSERT INTO journal (job, seq, fence, step, phase, attempt, outcome, started, ended, worker)
    VALUES (p_id, v.seq + 1, v.fence, p_step, 'request', 1, p_outcome, p_now, p_now, '');
    UPDATE job SET state = v_state, seq = v.seq + 1, want = NULL,
        ended = CASE WHEN v_state BETWEEN 4 AND 7 THEN p_now END,
        run_at = CASE WHEN v_state < 2 THEN p_now ELSE run_at END,
        reason = coalesce(p_reason, reason)
    WHERE id = p_id;
    RETURN (p_id, v.state, v_state, v.limit_key, v.batch, v.has_next)::moved_job;
END $$;

-- Carries out a request to a job that waits or is paused.
CREATE OR REPLACE FUNCTION settle(p_now bigint, p_id bigint, p_want text,
    OUT answer jsonb, OUT moved moved_job)
LANGUAGE plpgsql AS $$
DECLARE
    v job;
    v_state integer;
BEGIN
    SELECT * INTO v FROM job WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        answer := '"missing"';
        RETURN;
    END IF;
    IF p_want = 'pause' THEN
        IF v.state = 3 THEN
            answer := jsonb_build_object('as_before', state_word(v.state));
            RETURN;
        END IF;
        v_state := 3;
    ELSIF p_want = 'stop_no_revert' OR NOT v.has_begun THEN
        v_state := 7;
    ELSIF v.state IN (0, 1) AND EXISTS (SELECT 1 FROM journal WHERE job = p_id AND seq = v.seq
        AND phase = 'request' AND outcome = p_want) THEN
        answer := jsonb_build_object('as_before', state_word(v.state));
        RETURN;
    ELSE
        -- A worker claims it to revert.
        v_state := 0;
    END IF;
    moved := enter(p_now, p_id, '', p_want, v_state);
    answer := jsonb_build_object('done', state_word((moved).after));
END $$;

-- Takes a job from its holder: `p_leaving` is crash, interrupted or never_started. Returns the
-- changes of its state.
CREATE OR REPLACE FUNCTION release(p_now bigint, p_id bigint, p_worker text, p_leaving text)
RETURNS moved_job[]
LANGUAGE plpgsql AS $$
DECLARE
    v job;
    v_seq bigint;
    v_has_begun boolean;
    v_crashes integer;
    v_steps jsonb;
    v_is_stuck boolean;
    v_state smallint;
    v_moved moved_job[];
    v_settled record;
BEGIN
    SELECT * INTO STRICT v FROM job WHERE id = p_id FOR NO KEY UPDATE;
    v_seq := v.seq;
    v_has_begun := v.has_begun;
    v_crashes := v.crashes;
    SELECT coalesce(jsonb_agg(step ORDER BY step COLLATE "C"), '[]') INTO v_steps
    FROM (SELECT item->>'step' AS step FROM jsonb_array_elements(v.doing) AS item) AS steps;
    IF p_leaving <> 'never_started' THEN
        INSERT INTO journal (job, seq, fence, step, phase, attempt, outcome, started, ended, worker)
        SELECT p_id, v.seq + number, v.fence, item->>'step', item->>'phase',
            (item->>'attempt')::bigint, 'interrupted', (item->>'since')::bigint, p_now, p_worker
        FROM jsonb_array_elements(v.doing) WITH ORDINALITY AS doing (item, number);
        v_seq := v.seq + jsonb_array_length(v.doing);
        v_has_begun := v.has_begun OR v.doing @> '[{"phase": "execute"}]';
    END IF;
    IF v_seq = 0 THEN
        -- What began with the claim was never started.
        v_has_begun := false;
    END IF;
    IF p_leaving = 'crash' THEN
        v_crashes := CASE WHEN v.crashed_at = v_steps THEN v.crashes + 1 ELSE 1 END;
        v.crashed_at := v_steps;
    END IF;
    v_is_stuck := p_leaving = 'crash' AND coalesce(v_crashes >= greatest(v.max_crashes, 1), false);
    v_state := CASE WHEN v_is_stuck THEN 8 ELSE 0 END;
    UPDATE job SET state = v_state, owner = NULL, seq = v_seq, doing = '[]', run_at = p_now,
        crashes = v_crashes, crashed_at = v.crashed_at, has_begun = v_has_begun, want = NULL,
        reason = CASE WHEN v_is_stuck THEN format(
            'its workers died %s times in a row at the same steps', v_crashes) END,
        ended = CASE WHEN v_is_stuck THEN p_now END
    WHERE id = p_id;
    IF v_is_stuck THEN
        INSERT INTO fact (definition, build, state, kind, text, jobs, first, last, job)
        SELECT definition, '', 8, '', reason, 1, p_now, p_now, p_id FROM job WHERE id = p_id;
    END IF;
    v_moved := ARRAY[(p_id, v.state, v_state, v.limit_key, v.batch, v.has_next)::moved_job];
    IF NOT v_is_stuck AND v.want IS NOT NULL THEN
        SELECT * INTO v_settled FROM settle(p_now, p_id, v.want);
        IF (v_settled.moved).id IS NOT NULL THEN
            v_moved := v_moved || v_settled.moved;
        END IF;
    END IF;
    RETURN v_moved;
END $$;
