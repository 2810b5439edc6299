-- Limits by admission. The row of a key is locked before places are counted, so that two calls
-- never count the same free place.

-- Enters the limit that a post brings, where none is known.
CREATE OR REPLACE FUNCTION limit_of_post(p_definition text, p_key text, p_most bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM job_limit WHERE definition = p_definition) THEN
        INSERT INTO job_limit (definition, most) VALUES (p_definition, p_most)
        ON CONFLICT DO NOTHING;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM limit_key WHERE key = p_key) THEN
        INSERT INTO limit_key (key, definition) VALUES (p_key, p_definition)
        ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- Enters the limit of a definition that a worker brings, in the place of the one before. After a
-- limit was lowered, what was admitted and has not begun waits behind it again, the last first.
CREATE OR REPLACE FUNCTION limit_of_definition(p_now bigint, p_definition text, p_most bigint)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_known bigint;
    v_is_known boolean;
    v_key text;
    v_held bigint;
BEGIN
    SELECT most, true INTO v_known, v_is_known FROM job_limit WHERE definition = p_definition;
    IF v_is_known AND v_known IS NOT DISTINCT FROM p_most OR v_is_known IS NULL AND p_most IS NULL
    THEN
        RETURN;
    END IF;
    INSERT INTO job_limit (definition, most) VALUES (p_definition, p_most)
    ON CONFLICT (definition) DO UPDATE SET most = excluded.most;
    IF p_most IS NOT NULL THEN
        FOR v_key IN SELECT key FROM limit_key WHERE definition = p_definition ORDER BY key
            FOR NO KEY UPDATE
        LOOP
            SELECT count(*) INTO v_held FROM job WHERE limit_key = v_key
                AND (state = 0 OR state = 2 OR state = 3 AND has_begun);
            IF v_held > p_most THEN
                UPDATE job SET state = 1 WHERE id IN (
                    SELECT id FROM job WHERE limit_key = v_key AND state = 0 AND NOT has_begun
                    ORDER BY priority, run_at DESC, id DESC LIMIT v_held - p_most
                    FOR NO KEY UPDATE SKIP LOCKED) AND state = 0;
            END IF;
        END LOOP;
    END IF;
    -- Keys behind which nothing waits are soon found to be so.
    UPDATE limit_key SET due = p_now WHERE definition = p_definition;
    PERFORM ring();
END $$;

-- Admits the next jobs of a key, as many as there are places. Returns whether any was.
CREATE OR REPLACE FUNCTION admit(p_now bigint, p_key text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_definition text;
    v_most bigint;
    v_room bigint := 1000;
    v_held bigint;
    v_left bigint;
    v_admitted bigint;
    v_due bigint;
BEGIN
    SELECT definition INTO v_definition FROM limit_key WHERE key = p_key FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT most INTO v_most FROM job_limit WHERE definition = v_definition;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_most IS NOT NULL THEN
        SELECT count(*) INTO v_held FROM (SELECT 1 FROM job WHERE limit_key = p_key
            AND (state = 0 OR state = 2 OR state = 3 AND has_begun) LIMIT v_most) AS held;
        v_room := least(greatest(v_most - v_held, 0), 1000);
    END IF;
    v_left := v_room;
    FOR v_priority IN REVERSE 2..-2 LOOP
        EXIT WHEN v_left = 0;
        -- A job that a request has locked is admitted by that request, if it still waits.
        UPDATE job SET state = 0, run_at = p_now WHERE id IN (
            SELECT id FROM job WHERE state = 1 AND limit_key = p_key AND priority = v_priority
                AND run_at <= p_now
            ORDER BY run_at, id LIMIT v_left FOR NO KEY UPDATE SKIP LOCKED);
        GET DIAGNOSTICS v_admitted = ROW_COUNT;
        v_left := v_left - v_admitted;
    END LOOP;
    IF v_left > 0 OR v_room = 1000 THEN
        SELECT min(first.run_at) INTO v_due FROM generate_series(-2, 2) AS class (priority)
        CROSS JOIN LATERAL (SELECT run_at FROM job WHERE state = 1 AND limit_key = p_key
            AND priority = class.priority ORDER BY run_at, id LIMIT 1) AS first;
    END IF;
    UPDATE limit_key SET due = v_due WHERE key = p_key AND due IS DISTINCT FROM v_due;
    RETURN v_left < v_room;
END $$;

-- The keys of which a job has become due since; those that another call admits for are its.
CREATE OR REPLACE FUNCTION due_keys(p_now bigint) RETURNS text[]
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(due.key), '{}') FROM job_limit
        CROSS JOIN LATERAL (SELECT key FROM limit_key WHERE definition = job_limit.definition
            AND due IS NOT NULL AND due <= p_now LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED) AS due);
END $$;
