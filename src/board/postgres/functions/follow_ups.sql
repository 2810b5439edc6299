-- What follows from the changes of a call, in its transaction: the count of a batch, what comes
-- after, the jobs that are admitted, and the bell.

-- The count of a batch after changes of its members.
CREATE OR REPLACE FUNCTION count_members(p_now bigint, p_batch bigint, p_moved moved_job[])
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE batch SET
        remaining = remaining - change.over + change.again,
        failed = batch.failed + change.failures - change.failures_before,
        ended = CASE WHEN change.again > 0 THEN NULL ELSE ended END,
        ending = CASE WHEN change.again > 0 THEN NULL
            WHEN ending IS NULL AND change.counts > 0 AND batch.failed + change.failures >= fails_at THEN 0
            ELSE ending END
    FROM (SELECT
        count(*) FILTER (WHERE after BETWEEN 4 AND 7) AS over,
        count(*) FILTER (WHERE NOT after BETWEEN 4 AND 7) AS again,
        count(*) FILTER (WHERE after BETWEEN 5 AND 7) AS failures,
        count(*) FILTER (WHERE after BETWEEN 5 AND 6) AS counts,
        count(*) FILTER (WHERE NOT after BETWEEN 4 AND 7 AND before <> 4) AS failures_before
        FROM unnest(p_moved) WHERE batch = p_batch AND id IS NOT NULL
            AND (before BETWEEN 4 AND 7) <> (after BETWEEN 4 AND 7)) AS change
    WHERE batch.id = p_batch;
END $$;

-- Posts what comes after a batch of which no member is left.
CREATE OR REPLACE FUNCTION end_batch(p_now bigint, p_batch bigint) RETURNS moved_job[]
LANGUAGE plpgsql AS $$
DECLARE
    v batch;
    v_number bigint;
    v_moved moved_job[] := '{}';
BEGIN
    SELECT * INTO v FROM batch WHERE id = p_batch FOR NO KEY UPDATE;
    IF NOT FOUND OR v.remaining <> 0 OR v.is_open THEN
        RETURN v_moved;
    END IF;
    UPDATE batch SET ended = p_now WHERE id = p_batch;
    FOR v_number IN SELECT id FROM job_next WHERE batch = p_batch AND batch IS NOT NULL
        AND became_job IS NULL AND became_batch IS NULL AND (v.failed = 0 OR rule = 'ended')
        ORDER BY id
    LOOP
        v_moved := v_moved || post_next(p_now, v_number);
    END LOOP;
    RETURN v_moved;
END $$;

CREATE OR REPLACE FUNCTION follow_up(p_now bigint, p_moved moved_job[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_moved moved_job[] := p_moved;
    v_new moved_job[];
    v_keys text[] := '{}';
    v_batch bigint;
    v_number bigint;
    v_key text;
    v_rings boolean := false;
BEGIN
    WHILE cardinality(v_moved) > 0 LOOP
        v_new := '{}';
        v_rings := v_rings OR EXISTS (SELECT 1 FROM unnest(v_moved)
            WHERE id IS NOT NULL AND after = 0 AND before <> 0);
        SELECT v_keys || coalesce(array_agg(DISTINCT limit_key), '{}') INTO v_keys
        FROM unnest(v_moved) WHERE limit_key IS NOT NULL AND limit_key <> ALL (v_keys);
        FOR v_batch IN SELECT DISTINCT batch FROM unnest(v_moved) WHERE batch IS NOT NULL
            AND (id IS NULL OR (before BETWEEN 4 AND 7) <> (after BETWEEN 4 AND 7))
            ORDER BY batch
        LOOP
            PERFORM count_members(p_now, v_batch, v_moved);
            v_new := v_new || end_batch(p_now, v_batch);
        END LOOP;
        FOR v_number IN SELECT job_next.id FROM unnest(v_moved) AS moved
            JOIN job_next ON job_next.job = moved.id
            WHERE moved.has_next AND moved.after BETWEEN 4 AND 7
                AND NOT moved.before BETWEEN 4 AND 7
                AND became_job IS NULL AND became_batch IS NULL
                AND (moved.after = 4 OR rule = 'ended')
            ORDER BY job_next.id
        LOOP
            v_new := v_new || post_next(p_now, v_number);
        END LOOP;
        v_moved := v_new;
    END LOOP;
    FOR v_key IN SELECT key FROM unnest(v_keys) AS key ORDER BY key COLLATE "C" LOOP
        v_rings := admit(p_now, v_key) OR v_rings;
    END LOOP;
    IF v_rings THEN
        PERFORM ring();
    END IF;
END $$;
