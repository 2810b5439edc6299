-- What is read of jobs. No count goes further than 10,001.

CREATE OR REPLACE FUNCTION call_job(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT job_json(job) FROM job WHERE id = r::text::bigint
$$;

CREATE OR REPLACE FUNCTION call_journal(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT journal_json(r::text::bigint)
$$;

CREATE OR REPLACE FUNCTION call_outcome_of(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(CASE WHEN job.id IS NOT NULL THEN jsonb_build_object(
        'state', state_word(job.state), 'owner', job.owner, 'fence', job.fence, 'seq', job.seq,
        'doing', job.doing, 'has_entry', EXISTS (SELECT 1 FROM journal AS e
            WHERE e.job = job.id AND e.seq = (item->>'seq')::bigint
                AND e.fence = (item->>'fence')::bigint)) END ORDER BY number), '[]')
    FROM jsonb_array_elements(r) WITH ORDINALITY AS positions (item, number)
    LEFT JOIN job ON job.id = (item->>'id')::bigint
$$;

-- The numbers of a page of jobs, the newest first, and of the last one if there are more.
CREATE OR REPLACE FUNCTION page_of_ids(p_filter jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_limit integer := least(greatest((p_filter->>'limit')::integer, 1), 1000);
    v_where text := '';
    v_states text;
    v_ids bigint[];
BEGIN
    IF p_filter->>'definition' IS NOT NULL THEN
        v_where := v_where || ' AND definition = $1->>''definition''';
    END IF;
    IF p_filter->>'key' IS NOT NULL THEN
        v_where := v_where || ' AND key = $1->>''key'' AND key IS NOT NULL';
    END IF;
    IF p_filter->>'owner' IS NOT NULL THEN
        v_where := v_where || ' AND owner = ($1->>''owner'')::bigint AND owner IS NOT NULL';
    END IF;
    IF p_filter->>'batch' IS NOT NULL THEN
        v_where := v_where || ' AND batch = ($1->>''batch'')::bigint AND batch IS NOT NULL';
    END IF;
    IF p_filter->>'project' IS NOT NULL THEN
        v_where := v_where || ' AND project = $1->>''project''';
    END IF;
    IF p_filter->>'kind' IS NOT NULL THEN
        v_where := v_where || ' AND id IN (SELECT job FROM journal WHERE kind = $1->>''kind'''
            || ' AND kind IS NOT NULL)';
    END IF;
    SELECT string_agg(state_number(word)::text, ', ') INTO v_states
    FROM jsonb_array_elements_text(p_filter->'states') AS word;
    IF v_states IS NOT NULL THEN
        v_where := v_where || format(' AND state IN (%s)', v_states);
        IF v_states !~ '[024]' THEN
            v_where := v_where || ' AND state <> 0 AND state <> 2 AND state <> 4';
        ELSIF v_states = '2' THEN
            v_where := v_where || ' AND owner IS NOT NULL';
        END IF;
    END IF;
    EXECUTE 'SELECT array_agg(id ORDER BY id DESC) FROM (SELECT id FROM job WHERE id < $2'
        || v_where || ' ORDER BY id DESC LIMIT $3) AS page' INTO v_ids
    USING p_filter, coalesce((p_filter->>'before')::bigint, 9223372036854775807), v_limit + 1;
    RETURN jsonb_build_object('ids', coalesce(v_ids[1:v_limit], '{}'),
        'next', CASE WHEN cardinality(v_ids) > v_limit THEN v_ids[v_limit] END);
END $$;

CREATE OR REPLACE FUNCTION call_jobs(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_page jsonb := page_of_ids(r);
    v_jobs jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(job_json(job) ORDER BY job.id DESC), '[]') INTO v_jobs
    FROM job WHERE id = ANY (numbers_of(v_page->'ids'));
    RETURN jsonb_build_object('jobs', v_jobs, 'next', v_page->'next');
END $$;

-- The definitions of which jobs are in a state, going in an index from one to the next.
CREATE OR REPLACE FUNCTION definitions_in(p_state integer) RETURNS SETOF text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_name text := '';
BEGIN
    LOOP
        IF p_state = 0 THEN
            SELECT definition INTO v_name FROM job WHERE state = 0 AND definition > v_name
            ORDER BY definition LIMIT 1;
        ELSIF p_state = 4 THEN
            SELECT definition INTO v_name FROM job WHERE state = 4 AND definition > v_name
            ORDER BY definition LIMIT 1;
        ELSIF p_state = 2 THEN
            SELECT min(definition) INTO v_name FROM job
            WHERE owner IS NOT NULL AND state = 2 AND definition > v_name;
        ELSE
            SELECT definition INTO v_name FROM job WHERE state <> 0 AND state <> 2 AND state <> 4
                AND state = p_state AND definition > v_name ORDER BY definition LIMIT 1;
        END IF;
        EXIT WHEN NOT FOUND OR v_name IS NULL;
        RETURN NEXT v_name;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION count_in(p_state integer, p_definition text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_jobs bigint;
BEGIN
    IF p_state = 0 THEN
        SELECT count(*) INTO v_jobs FROM (SELECT 1 FROM job WHERE state = 0
            AND definition = p_definition LIMIT 10001) AS found;
    ELSIF p_state = 4 THEN
        SELECT count(*) INTO v_jobs FROM (SELECT 1 FROM job WHERE state = 4
            AND definition = p_definition LIMIT 10001) AS found;
    ELSIF p_state = 2 THEN
        SELECT count(*) INTO v_jobs FROM (SELECT 1 FROM job WHERE owner IS NOT NULL AND state = 2
            AND definition = p_definition LIMIT 10001) AS found;
    ELSE
        SELECT count(*) INTO v_jobs FROM (SELECT 1 FROM job WHERE state <> 0 AND state <> 2
            AND state <> 4 AND state = p_state AND definition = p_definition LIMIT 10001) AS found;
    END IF;
    RETURN v_jobs;
END $$;

-- The identity that the board was created with.
CREATE OR REPLACE FUNCTION call_identity(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(id) FROM board
$$;

CREATE OR REPLACE FUNCTION call_counts(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('definition', name,
        'state', state_word(number), 'jobs', count_in(number, name)) ORDER BY number, name
        COLLATE "C"), '[]')
    FROM generate_series(0, 8) AS number CROSS JOIN LATERAL definitions_in(number) AS name
$$;

-- The jobs of a definition that ended last in a state, the last one first.
CREATE OR REPLACE FUNCTION ended_in(p_state integer, p_definition text, p_since bigint,
    p_most bigint) RETURNS SETOF job
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_state = 4 THEN
        RETURN QUERY SELECT * FROM job WHERE state = 4 AND definition = p_definition
            AND ended >= p_since ORDER BY ended DESC, id DESC LIMIT p_most;
    ELSE
        RETURN QUERY SELECT * FROM job WHERE state <> 0 AND state <> 2 AND state <> 4
            AND state = p_state AND definition = p_definition AND ended >= p_since
            ORDER BY ended DESC, id DESC LIMIT p_most;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION call_ends(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('definition', name,
        'state', state_word(number),
        'jobs', (SELECT count(*) FROM ended_in(number, name, r::text::bigint, 10001)),
        'last', last.id, 'at', coalesce(last.ended, 0), 'reason', last.reason)
        ORDER BY number, name COLLATE "C"), '[]')
    FROM generate_series(4, 8) AS number CROSS JOIN LATERAL definitions_in(number) AS name
    CROSS JOIN LATERAL ended_in(number, name, -9223372036854775808, 1) AS last
$$;

CREATE OR REPLACE FUNCTION call_ended_jobs(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', found.id, 'definition', found.definition,
        'state', state_word(found.state), 'ended', found.ended, 'reason', found.reason,
        'began', (SELECT min(started) FROM journal WHERE job = found.id),
        'kind', (SELECT kind FROM journal WHERE job = found.id AND kind IS NOT NULL
            ORDER BY seq DESC LIMIT 1)) ORDER BY found.ended DESC, found.id DESC), '[]')
    FROM (SELECT job.* FROM generate_series(4, 8) AS number
        CROSS JOIN LATERAL definitions_in(number) AS name
        CROSS JOIN LATERAL ended_in(number, name, (r->>'since')::bigint,
            (r->>'limit')::bigint) AS job
        WHERE (r->>'definition' IS NULL OR name = r->>'definition')
            AND NOT (number = 4 AND (r->>'is_of_failures')::boolean)
        ORDER BY job.ended DESC, job.id DESC LIMIT (r->>'limit')::bigint) AS found
$$;

-- What stands between a live session and a job.
CREATE OR REPLACE FUNCTION worker_facts(j job, s session, p_needs jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('name', s.name, 'knows_definition', known.definition IS NOT NULL,
        'is_older', begun.has AND coalesce(known.definition < j.shape_order, false),
        'lacks', (SELECT coalesce(jsonb_agg(tag), '[]') FROM jsonb_array_elements_text(p_needs)
            AS tag WHERE NOT s.tags ? tag),
        'cannot_now', (SELECT coalesce(jsonb_agg(item->'tag'), '[]')
            FROM jsonb_array_elements(s.cannot_now) AS item
            WHERE (item->>'job')::bigint = j.id AND p_needs ? (item->>'tag')),
        'is_avoided', coalesce(j.avoid ? s.name, false),
        'is_other_host', begun.has AND j.is_bound AND coalesce(j.last_host <> s.host, false),
        'is_for_other', coalesce(j.for_worker <> s.name, false),
        'is_leaving', s.wish <> 'work',
        'pause', (SELECT pause_json(pause) FROM pause WHERE scope = 'worker' AND name = s.name),
        'holds', (SELECT count(*) FROM job WHERE owner = s.id), 'slots', s.slots)
    FROM (SELECT j.seq > 0 OR j.has_begun AS has) AS begun
    LEFT JOIN session_definition AS known ON known.session = s.id AND known.name = j.definition
$$;

CREATE OR REPLACE FUNCTION call_wait_facts(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    j job;
    v_needs jsonb;
    v_before bigint;
    v_limit jsonb;
BEGIN
    SELECT * INTO j FROM job WHERE id = r::text::bigint;
    IF NOT FOUND THEN
        PERFORM refuse('RF004', 'there is no such job', jsonb_build_object('id', r));
    END IF;
    SELECT needs INTO v_needs FROM definition WHERE name = j.definition ORDER BY id DESC LIMIT 1;
    SELECT count(*) INTO v_before FROM (SELECT 1 FROM job WHERE state = 0
        AND definition = j.definition AND priority = j.priority
        AND (run_at, id) < (j.run_at, j.id) LIMIT 10001) AS found;
    IF j.limit_key IS NOT NULL THEN
        SELECT jsonb_build_object(
            'most', (SELECT most FROM job_limit WHERE definition = j.definition),
            'holders', (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM (
                SELECT id FROM job WHERE limit_key = j.limit_key AND id <> j.id
                    AND (state = 0 OR state = 2 OR state = 3 AND has_begun) LIMIT 8) AS held),
            'before', (SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 1
                AND limit_key = j.limit_key
                AND (-priority, run_at, id) < (-j.priority, j.run_at, j.id) LIMIT 10001) AS found))
        INTO v_limit;
    END IF;
    RETURN jsonb_build_object('job', job_json(j), 'now', now_millis(p_now), 'needs', v_needs,
        'before', v_before, 'is_barred', (SELECT hold > 0 FROM board), 'limit', v_limit,
        'pauses', pauses_of(j.definition),
        'workers', (SELECT coalesce(jsonb_agg(worker_facts(j, session, coalesce(v_needs, '[]'))
            ORDER BY name COLLATE "C", id), '[]') FROM session WHERE left_at IS NULL));
END $$;
