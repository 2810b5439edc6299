-- The call of a worker: its transitions, what follows from them, and its claims.

-- Whether all attempts of a list are in another one too; `since` is the board's for what began with
-- the claim.
CREATE OR REPLACE FUNCTION only_grows(p_old jsonb, p_new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_old = '[]' OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements(p_old) AS old
        WHERE NOT p_new @> jsonb_build_array(old - 'since'))
$$;

-- Distinguishes a transition that was recorded before from a late one.
CREATE OR REPLACE FUNCTION late_verdict(p_row jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_id bigint := (p_row->>'id')::bigint;
    v_entry jsonb := p_row->'entries'->-1;
BEGIN
    PERFORM FROM job WHERE id = v_id AND fence = (p_row->>'fence')::bigint
        AND seq = (p_row->>'seq_after')::bigint AND state = (p_row->>'state')::smallint;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    -- A reap writes entries under the same fence.
    IF v_entry IS NULL THEN
        RETURN CASE WHEN p_row->>'state' = '2' THEN 'stale' ELSE 'repeated' END;
    END IF;
    PERFORM FROM journal AS e WHERE job = v_id AND seq = (v_entry->>'seq')::bigint
        AND entry_json(e) - 'result' = v_entry - 'result';
    RETURN CASE WHEN FOUND THEN 'repeated' ELSE 'stale' END;
END $$;

-- Records transitions, one for each job, guarded by session, fence and seq. Returns their verdicts
-- in order, and the changes of states.
CREATE OR REPLACE FUNCTION record_transitions(p_now bigint, p_session bigint, p_rows jsonb,
    OUT verdicts text[], OUT moved moved_job[])
LANGUAGE plpgsql AS $$
DECLARE
    v_done integer[];
    v_special jsonb;
    v_item jsonb;
    v_number integer;
    v_settled record;
BEGIN
    WITH wanted AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(p_rows) AS r (number integer, id bigint, fence bigint,
            seq bigint, seq_after bigint, doing jsonb, state smallint, run_at bigint,
            result jsonb, reason text, avoid jsonb, has_begun boolean, recorded text,
            ended_steps jsonb, entries jsonb, failure jsonb)
    ), done AS (
        UPDATE job SET seq = wanted.seq_after, doing = wanted.doing,
            has_begun = job.has_begun OR wanted.has_begun,
            want = CASE WHEN wanted.state > 3 OR job.want = wanted.recorded THEN NULL
                ELSE job.want END,
            avoid = coalesce(wanted.avoid, job.avoid),
            state = wanted.state,
            owner = CASE WHEN wanted.state = 2 THEN job.owner END,
            run_at = CASE WHEN wanted.state = 0 THEN greatest(wanted.run_at, p_now)
                ELSE job.run_at END,
            ended = CASE WHEN wanted.state > 3 THEN p_now END,
            result = coalesce(wanted.result, job.result),
            reason = CASE WHEN wanted.state = 2 THEN job.reason ELSE wanted.reason END
        FROM wanted
        WHERE job.id = wanted.id AND job.fence = wanted.fence AND job.seq = wanted.seq
            AND job.state = 2 AND job.owner = p_session
            AND (wanted.entries <> '[]' OR only_grows(job.doing, wanted.doing))
        RETURNING wanted.number, job.id, job.state, job.want, job.crashes, job.limit_key,
            job.batch, job.has_next, wanted.entries, wanted.ended_steps, job.definition,
            coalesce(wanted.failure->>'kind', '') AS kind,
            coalesce(wanted.failure->>'build', '') AS build,
            coalesce(wanted.failure->>'text', wanted.reason, '') AS text
    ), written AS (
        INSERT INTO journal (job, seq, fence, step, phase, attempt, outcome, started, ended, code,
            kind, error, result, worker)
        SELECT done.id, e.seq, e.fence, e.step, e.phase, e.attempt, e.outcome, e.started, e.ended,
            e.code, e.kind, e.error, e.result, e.worker
        FROM done CROSS JOIN LATERAL jsonb_to_recordset(done.entries) AS e (seq bigint,
            fence bigint, step text, phase text, attempt bigint, outcome text, started bigint,
            ended bigint, code integer, kind text, error text, result jsonb, worker text)
    ), noted AS (
        INSERT INTO fact (definition, build, state, kind, text, jobs, first, last, job)
        SELECT definition, left(build, 2000), state, left(kind, 2000), left(min(text), 2000),
            count(*), p_now, p_now, max(id)
        FROM done WHERE state IN (5, 6, 8) GROUP BY definition, build, state, kind
        ORDER BY min(number)
    )
    SELECT coalesce(array_agg(number), '{}'),
        coalesce(array_agg((id, 2, state, limit_key, batch, has_next)::moved_job)
            FILTER (WHERE state = 0 OR state <> 2
                AND (limit_key IS NOT NULL OR batch IS NOT NULL OR has_next)), '{}'),
        jsonb_agg(jsonb_build_object('id', id, 'want', want, 'state', state, 'steps', ended_steps))
            FILTER (WHERE crashes > 0 OR want IS NOT NULL AND state IN (0, 3))
    INTO v_done, moved, v_special FROM done;
    FOR v_item IN SELECT item FROM jsonb_array_elements(v_special) AS item LOOP
        -- The count of crashes ends where a step at which they happened has ended.
        UPDATE job SET crashes = 0, crashed_at = NULL WHERE id = (v_item->>'id')::bigint
            AND crashes > 0 AND EXISTS (SELECT 1 FROM jsonb_array_elements_text(v_item->'steps')
                AS step WHERE job.crashed_at ? step);
        IF v_item->>'want' IS NOT NULL AND (v_item->>'state')::integer IN (0, 3) THEN
            SELECT * INTO v_settled
            FROM settle(p_now, (v_item->>'id')::bigint, v_item->>'want');
            IF (v_settled.moved).id IS NOT NULL THEN
                moved := moved || v_settled.moved;
            END IF;
            -- Also where the job was so already.
            UPDATE job SET want = NULL WHERE id = (v_item->>'id')::bigint AND want IS NOT NULL;
        END IF;
    END LOOP;
    verdicts := array_fill('accepted'::text, ARRAY[jsonb_array_length(p_rows)]);
    IF cardinality(v_done) < jsonb_array_length(p_rows) THEN
        FOR v_item, v_number IN SELECT item, (item->>'number')::integer
            FROM jsonb_array_elements(p_rows) AS item
        LOOP
            IF v_number <> ALL (v_done) THEN
                verdicts[v_number] := late_verdict(v_item);
            END IF;
        END LOOP;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION call_advance(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_session session := live_session((r->>'session')::bigint);
    v_lanes known_lane[] := known_lanes(v_now, v_session.id, r->'lanes');
    v_recorded record;
    v_epoch record;
    v_claims jsonb := '{"jobs": [], "marks": [], "next_due": null, "took": 0}';
    v_waits boolean;
BEGIN
    UPDATE session SET beat = beat + 1, last_heard = v_now, is_idle = false
    WHERE id = v_session.id RETURNING beat, wish INTO v_session.beat, v_session.wish;
    SELECT '{}'::text[] AS verdicts, '{}'::moved_job[] AS moved INTO v_recorded;
    IF r->'transitions' <> '[]' THEN
        SELECT * INTO v_recorded
        FROM record_transitions(v_now, v_session.id, r->'transitions');
        PERFORM count_stale(v_session.id, cardinality(array_positions(v_recorded.verdicts, 'stale')));
        PERFORM follow_up(v_now, v_recorded.moved);
    END IF;
    SELECT * INTO v_epoch FROM epoch_now((r->>'waited')::bigint);
    IF v_session.wish = 'work' THEN
        v_claims := claim(v_now, v_session, v_lanes, (r->>'at_most')::integer,
            numbers_of(r->'only'), v_epoch.epoch, v_epoch.hold > 0);
    END IF;
    v_waits := (r->>'listens')::boolean AND v_claims->'jobs' = '[]'
        AND coalesce((v_claims->>'next_due')::bigint > v_now, true);
    IF v_waits <> v_session.waits THEN
        UPDATE session SET waits = v_waits WHERE id = v_session.id;
    END IF;
    RETURN jsonb_build_array(jsonb_build_object('epoch', v_epoch.epoch, 'hold', v_epoch.hold,
            'begins_to_wait', v_waits AND NOT v_session.waits, 'marks', v_claims->'marks',
            'took', v_claims->'took', 'now', v_now),
        jsonb_build_object('beat', v_session.beat, 'verdicts', v_recorded.verdicts,
            'claimed', v_claims->'jobs', 'requests', requests_of(v_session.id),
            'wish', v_session.wish, 'next_due', v_claims->'next_due'));
END $$;
