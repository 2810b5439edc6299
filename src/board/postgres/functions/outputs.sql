-- What jobs have printed.

CREATE OR REPLACE FUNCTION call_append_output(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM job WHERE id = (r->>'id')::bigint AND fence = (r->>'fence')::bigint;
    IF NOT FOUND THEN
        RETURN 'false';
    END IF;
    INSERT INTO output (job, part, step, attempt, at, omitted, text)
    SELECT (r->>'id')::bigint, part.part, part.step, part.attempt, part.at, part.omitted, part.text
    FROM jsonb_to_recordset(r->'parts') AS part (part bigint, step text, attempt bigint, at bigint,
        omitted bigint, text text)
    ON CONFLICT (job, part) DO NOTHING;
    RETURN 'true';
END $$;

CREATE OR REPLACE FUNCTION call_watch_output(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE job SET watching_until = now_millis(p_now) + millis_of(r->'for_at_most')
    WHERE id = (r->>'id')::bigint;
    PERFORM ring();
    RETURN 'null';
END $$;

CREATE OR REPLACE FUNCTION call_output(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('part', o.part, 'step', o.step,
        'attempt', o.attempt, 'at', o.at, 'omitted', o.omitted, 'text', o.text)
        ORDER BY o.part), '[]')
    FROM (SELECT * FROM output WHERE job = (r->>'id')::bigint
        AND part > coalesce((r->>'after')::bigint, -1) ORDER BY part LIMIT 256) AS o
$$;
