-- The removal of what is over, 500 rows at most in a transaction.

-- Jobs that are kept no longer.
CREATE OR REPLACE FUNCTION old_jobs(p_now bigint, r jsonb) RETURNS bigint[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_ids bigint[] := '{}';
    v_name text;
    v_beyond record;
    v_since bigint := p_now - millis_of(r->'succeeded');
    v_last bigint;
    v_last_id bigint;
BEGIN
    FOR v_name IN SELECT definitions_in(4) LOOP
        v_last := v_since - 1;
        v_last_id := 9223372036854775807;
        SELECT ended, id INTO v_beyond FROM job WHERE state = 4 AND definition = v_name
        ORDER BY ended DESC, id DESC LIMIT 1 OFFSET (r->>'most_succeeded')::bigint;
        IF FOUND AND (v_beyond.ended, v_beyond.id) > (v_last, v_last_id) THEN
            v_last := v_beyond.ended;
            v_last_id := v_beyond.id;
        END IF;
        SELECT v_ids || coalesce(array_agg(id), '{}') INTO v_ids FROM (SELECT id FROM job
            WHERE state = 4 AND definition = v_name AND (ended, id) <= (v_last, v_last_id)
            ORDER BY ended, id LIMIT 500 - cardinality(v_ids)) AS old;
    END LOOP;
    v_since := p_now - millis_of(r->'others');
    FOR v_state IN 5..7 LOOP
        FOR v_name IN SELECT definitions_in(v_state) LOOP
            SELECT v_ids || coalesce(array_agg(id), '{}') INTO v_ids FROM (SELECT id FROM job
                WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = v_state
                    AND definition = v_name AND ended < v_since
                ORDER BY ended, id LIMIT 500 - cardinality(v_ids)) AS old;
        END LOOP;
    END LOOP;
    RETURN v_ids;
END $$;

CREATE OR REPLACE FUNCTION call_gc(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_id bigint;
    v_jobs bigint := 0;
    v_rows bigint := 0;
    v_count bigint;
    v_output bigint := v_now - millis_of(r->'output');
    v_others bigint := v_now - millis_of(r->'others');
BEGIN
    FOREACH v_id IN ARRAY old_jobs(v_now, r) LOOP
        EXIT WHEN v_rows >= 500;
        -- A job that was retried meanwhile is not over any more.
        DELETE FROM job WHERE id = v_id AND state IN (4, 5, 6, 7);
        CONTINUE WHEN NOT FOUND;
        v_jobs := v_jobs + 1;
        v_rows := v_rows + 1;
        DELETE FROM journal WHERE job = v_id;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_rows := v_rows + v_count;
        DELETE FROM output WHERE job = v_id;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_rows := v_rows + v_count;
        DELETE FROM job_next WHERE job = v_id AND job IS NOT NULL;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_rows := v_rows + v_count;
    END LOOP;
    DELETE FROM output WHERE (job, part) IN (SELECT job, part FROM output WHERE at < v_output
        ORDER BY at LIMIT greatest(500 - v_rows, 0));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_rows := v_rows + v_count;
    DELETE FROM session WHERE id IN (SELECT id FROM session WHERE left_at IS NOT NULL
        AND left_at < v_others ORDER BY left_at LIMIT greatest(500 - v_rows, 0));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_rows := v_rows + v_count;
    DELETE FROM job_next WHERE id IN (SELECT job_next.id FROM batch
        JOIN job_next ON job_next.batch = batch.id
        WHERE batch.ended IS NOT NULL AND batch.ended < v_others
            AND NOT EXISTS (SELECT 1 FROM job WHERE job.batch = batch.id AND job.batch IS NOT NULL)
        LIMIT greatest(500 - v_rows, 0));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_rows := v_rows + v_count;
    DELETE FROM batch WHERE id IN (SELECT id FROM batch WHERE ended IS NOT NULL
            AND ended < v_others
            AND NOT EXISTS (SELECT 1 FROM job WHERE job.batch = batch.id AND job.batch IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM job_next WHERE job_next.batch = batch.id
                AND job_next.batch IS NOT NULL)
        ORDER BY ended LIMIT greatest(500 - v_rows, 0));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_rows := v_rows + v_count;
    DELETE FROM limit_key WHERE key IN (SELECT known.key FROM limit_key AS known WHERE due IS NULL
            AND NOT EXISTS (SELECT 1 FROM job WHERE state = 1 AND job.limit_key = known.key)
            AND NOT EXISTS (SELECT 1 FROM job WHERE job.limit_key = known.key
                AND job.limit_key IS NOT NULL AND (state = 0 OR state = 2 OR state = 3 AND has_begun))
        LIMIT greatest(500 - v_rows, 0));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_rows := v_rows + v_count;
    RETURN jsonb_build_object('jobs', v_jobs, 'rows', v_rows, 'has_more', v_rows >= 500);
END $$;
