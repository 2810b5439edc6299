-- The look for work: lanes of what waits. What each call executes is in PL/pgSQL, whose plans a
-- session of the server keeps; a function in plain SQL is planned at each call, unless it is so
-- small that it becomes a part of the statement.

-- The lanes of a wish, with the order of the shapes that the session has entered, and with the time
-- in what begins with a claim.
CREATE OR REPLACE FUNCTION known_lanes(p_now bigint, p_session bigint, p_lanes jsonb)
RETURNS known_lane[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_lanes known_lane[];
    v_unknown text;
    v_are_pauses boolean := EXISTS (SELECT 1 FROM pause WHERE scope <> 'worker');
BEGIN
    SELECT coalesce(array_agg((number, item->>'definition', (item->>'lease')::bigint,
            (item->>'max_crashes')::integer, (item->>'is_bound')::boolean,
            (item->>'time_limit')::bigint,
            (SELECT coalesce(jsonb_agg(doing || jsonb_build_object('since', p_now)), '[]')
                FROM jsonb_array_elements(item->'first') AS doing),
            (item->>'has_begun')::boolean,
            known.definition,
            v_are_pauses AND pauses_of(item->>'definition') <> '[]',
            numbers_of(item->'marks_at'), numbers_of(item->'marks_id'))::known_lane
            ORDER BY number), '{}'),
        min(item->>'definition') FILTER (WHERE known.definition IS NULL)
    INTO v_lanes, v_unknown
    FROM jsonb_array_elements(p_lanes) WITH ORDINALITY AS lanes (item, number)
    LEFT JOIN session_definition AS known
        ON known.session = p_session AND known.name = item->>'definition';
    IF v_unknown IS NOT NULL THEN
        PERFORM refuse('RF003', format('session %s has not entered `%s`', p_session, v_unknown),
            '{}');
    END IF;
    RETURN v_lanes;
END $$;

-- Where a look of a class of priority begins in a lane. What others have claimed stays in the index
-- as long as the oldest snapshot of the database: a look that passes over it all gets slower and
-- slower, so that a claimer begins at its last claim, and only now and then at the first job.
CREATE OR REPLACE FUNCTION mark_at(l known_lane, p_priority integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(l.marks_at[p_priority + 3], -9223372036854775807)
$$;

CREATE OR REPLACE FUNCTION mark_id(l known_lane, p_priority integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(l.marks_id[p_priority + 3], 0)
$$;

-- The lanes in which something may wait.
CREATE OR REPLACE FUNCTION open_lanes(p_lanes known_lane[]) RETURNS known_lane[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(lane ORDER BY lane.number), '{}') FROM unnest(p_lanes) AS lane
        WHERE cardinality(lane.marks_at) > 0
            OR EXISTS (SELECT 1 FROM job WHERE state = 0 AND definition = lane.definition));
END $$;

-- Whether a session may have a job of a lane.
CREATE OR REPLACE FUNCTION may_have(j job, l known_lane, s session) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (j.seq = 0 AND NOT j.has_begun OR j.shape_order <= l.shape_order
            AND (NOT j.is_bound OR j.last_host = s.host))
        AND (j.avoid IS NULL OR NOT j.avoid ? s.name)
        AND (j.for_worker IS NULL OR j.for_worker = s.name)
$$;

-- The jobs that a claim would bring, in its order: classes of priority, then lanes as in the wish;
-- at the end those that a person wants in spite of a pause.
CREATE OR REPLACE FUNCTION find_jobs(p_now bigint, s session, p_lanes known_lane[], p_room integer)
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    (SELECT found.id FROM generate_series(-2, 2) AS class (number)
    CROSS JOIN LATERAL (SELECT lanes AS row, lanes.definition, lanes.is_paused
        FROM unnest(p_lanes) AS lanes) AS l
    CROSS JOIN LATERAL (SELECT job.id FROM job WHERE state = 0 AND definition = l.definition
        AND priority = -class.number AND run_at <= p_now AND NOT l.is_paused
        AND may_have(job, l.row, s) ORDER BY run_at, job.id LIMIT p_room) AS found
    LIMIT p_room)
    UNION ALL
    (SELECT found.id FROM generate_series(-2, 2) AS class (number)
    CROSS JOIN LATERAL (SELECT lanes AS row, lanes.definition, lanes.is_paused
        FROM unnest(p_lanes) AS lanes) AS l
    CROSS JOIN LATERAL (SELECT job.id FROM job WHERE state = 0 AND ignores_pauses
        AND definition = l.definition AND priority = -class.number AND run_at <= p_now
        AND l.is_paused AND may_have(job, l.row, s) ORDER BY run_at, job.id LIMIT p_room) AS found
    LIMIT p_room)
    LIMIT p_room;
END $$;

-- Takes jobs in a lane. Those that another call is taking are passed over.
CREATE OR REPLACE FUNCTION take_jobs(p_now bigint, s session, p_lanes known_lane[],
    p_room integer, p_least_fence bigint) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_taken jsonb;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT found.*, l.row AS lane, row_number() OVER () AS place
        FROM generate_series(-2, 2) AS class (number)
        CROSS JOIN LATERAL (SELECT lanes AS row, lanes.definition, lanes.is_paused
            FROM unnest(p_lanes) AS lanes) AS l
        CROSS JOIN LATERAL (SELECT job.id, job.last_host FROM job
            WHERE state = 0 AND definition = l.definition AND priority = -class.number
                AND (run_at, job.id) >= (mark_at(l.row, -class.number), mark_id(l.row, -class.number))
                AND run_at <= p_now AND NOT l.is_paused AND may_have(job, l.row, s)
            ORDER BY run_at, job.id LIMIT p_room FOR NO KEY UPDATE SKIP LOCKED) AS found
        LIMIT p_room
    )
    SELECT take_found(p_now, s, array_agg(found.id ORDER BY place),
        array_agg(found.lane ORDER BY place), p_least_fence) INTO v_taken FROM found;
    RETURN v_taken;
END $$;

-- The same for jobs that a person wants in spite of a pause.
CREATE OR REPLACE FUNCTION take_manual_jobs(p_now bigint, s session, p_lanes known_lane[],
    p_room integer, p_least_fence bigint) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_taken jsonb;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT found.*, l.row AS lane, row_number() OVER () AS place
        FROM generate_series(-2, 2) AS class (number)
        CROSS JOIN LATERAL (SELECT lanes AS row, lanes.definition, lanes.is_paused
            FROM unnest(p_lanes) AS lanes) AS l
        CROSS JOIN LATERAL (SELECT job.id, job.last_host FROM job
            WHERE state = 0 AND ignores_pauses AND definition = l.definition
                AND priority = -class.number AND run_at <= p_now AND l.is_paused
                AND may_have(job, l.row, s)
            ORDER BY run_at, job.id LIMIT p_room FOR NO KEY UPDATE SKIP LOCKED) AS found
        LIMIT p_room
    )
    SELECT take_found(p_now, s, array_agg(found.id ORDER BY place),
        array_agg(found.lane ORDER BY place), p_least_fence) INTO v_taken FROM found;
    RETURN v_taken;
END $$;

-- The same for jobs by their numbers, as a peek has found them.
CREATE OR REPLACE FUNCTION take_only(p_now bigint, s session, p_lanes known_lane[],
    p_room integer, p_least_fence bigint, p_only bigint[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_taken jsonb;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT job.id, l.row AS lane, job.priority, l.number
        FROM unnest(p_only) AS wanted (id)
        JOIN job ON job.id = wanted.id
        JOIN LATERAL (SELECT lanes AS row, lanes.number, lanes.is_paused FROM unnest(p_lanes) AS lanes
            WHERE lanes.definition = job.definition) AS l ON true
        WHERE job.state = 0 AND job.run_at <= p_now AND may_have(job, l.row, s)
            AND (NOT l.is_paused OR job.ignores_pauses)
        FOR NO KEY UPDATE OF job SKIP LOCKED
    ), first AS (
        SELECT * FROM found ORDER BY priority DESC, number, array_position(p_only, id) LIMIT p_room
    )
    SELECT take_found(p_now, s,
        array_agg(id ORDER BY priority DESC, number, array_position(p_only, id)),
        array_agg(lane ORDER BY priority DESC, number, array_position(p_only, id)), p_least_fence) INTO v_taken
    FROM first;
    RETURN v_taken;
END $$;

-- Takes jobs that the caller has locked. Returns them as their holder gets them, and the last one of
-- each class of a lane.
CREATE OR REPLACE FUNCTION take_found(p_now bigint, s session, p_ids bigint[],
    p_lanes known_lane[], p_least_fence bigint) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_taken jsonb;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT wanted.id, wanted.place, wanted.definition, wanted.lease, wanted.max_crashes,
            wanted.is_bound, wanted.time_limit, wanted.first, wanted.has_begun,
            wanted.shape_order, (SELECT last_host FROM job WHERE job.id = wanted.id) AS last_host
        FROM unnest(p_ids, p_lanes) WITH ORDINALITY AS wanted (id, number, definition, lease,
            max_crashes, is_bound, time_limit, first, has_begun, shape_order, is_paused, place)
    ), taken AS (
        UPDATE job SET state = 2, owner = s.id, fence = greatest(job.fence, p_least_fence) + 1,
            doing = CASE WHEN job.seq = 0 THEN found.first ELSE '[]' END,
            has_begun = job.has_begun OR job.seq = 0 AND found.has_begun, lease = found.lease,
            max_crashes = found.max_crashes, is_bound = found.is_bound,
            shape_order = found.shape_order, last_host = s.host,
            ends_by = coalesce(job.ends_by, p_now + found.time_limit)
        FROM found WHERE job.id = found.id
        RETURNING job.*, found.last_host AS former_host, found.place
    )
    SELECT jsonb_build_object('marks', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'definition', definition, 'priority', priority, 'run_at', run_at, 'id', id)), '[]')
        FROM (SELECT DISTINCT ON (definition, priority) definition, priority, run_at, id
            FROM taken ORDER BY definition, priority, run_at DESC, id DESC) AS last),
    'jobs', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'position', jsonb_build_object('id', t.id, 'fence', t.fence, 'seq', t.seq),
        'definition', t.definition, 'args', t.args, 'doing', t.doing, 'request', NULL,
        'journal', CASE WHEN t.seq = 0 THEN '[]'::jsonb ELSE journal_json(t.id) END,
        'priority', t.priority, 'crashes', t.crashes, 'avoid', coalesce(t.avoid, '[]'),
        'last_host', t.former_host, 'key', t.key, 'project', t.project,
        'posted_by', t.posted_by, 'posted', t.posted, 'ends_by', t.ends_by) ORDER BY t.place), '[]')
    FROM taken AS t)) INTO v_taken;
    RETURN v_taken;
END $$;

-- When the next job of these lanes is due, or something is to be done for those that wait.
CREATE OR REPLACE FUNCTION next_due(p_now bigint, s session, p_lanes known_lane[],
    p_open known_lane[]) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT min(due) FROM (
            SELECT first.run_at AS due FROM unnest(p_open) AS l
            CROSS JOIN LATERAL (SELECT l AS row) AS lane
            CROSS JOIN generate_series(-2, 2) AS class (priority)
            CROSS JOIN LATERAL (SELECT run_at FROM job WHERE state = 0 AND definition = l.definition
                AND priority = class.priority AND NOT l.is_paused AND may_have(job, lane.row, s)
                AND (run_at, id) >= (mark_at(lane.row, class.priority),
                    mark_id(lane.row, class.priority))
                ORDER BY run_at, id LIMIT 1) AS first
            UNION ALL
            SELECT first.run_at FROM unnest(p_open) AS l
            CROSS JOIN LATERAL (SELECT l AS row) AS lane
            CROSS JOIN generate_series(-2, 2) AS class (priority)
            CROSS JOIN LATERAL (SELECT run_at FROM job WHERE state = 0 AND ignores_pauses
                AND definition = l.definition AND priority = class.priority AND l.is_paused
                AND may_have(job, lane.row, s) ORDER BY run_at, id LIMIT 1) AS first
            UNION ALL
            SELECT first.due FROM unnest(p_lanes) AS l
            CROSS JOIN LATERAL (SELECT due FROM limit_key WHERE definition = l.definition
                AND due IS NOT NULL ORDER BY due LIMIT 1) AS first
            UNION ALL
            (SELECT expires FROM job WHERE expires IS NOT NULL AND state = 0 AND NOT has_begun
                ORDER BY expires LIMIT 1)
            UNION ALL
            (SELECT expires FROM job WHERE expires IS NOT NULL AND state = 1 AND NOT has_begun
                ORDER BY expires LIMIT 1)
            UNION ALL
            (SELECT p_now FROM batch WHERE ending IS NOT NULL LIMIT 1)) AS all_due);
END $$;

-- Ends jobs that had not begun when they expired, 50 of each kind at most.
CREATE OR REPLACE FUNCTION end_expired(p_now bigint) RETURNS moved_job[]
LANGUAGE plpgsql AS $$
DECLARE
    v_moved moved_job[] := '{}';
    v_id bigint;
BEGIN
    FOR v_id IN
        (SELECT id FROM job WHERE expires IS NOT NULL AND state = 0 AND NOT has_begun
            AND expires <= p_now LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
    LOOP
        v_moved := v_moved || enter(p_now, v_id, '', 'stop_no_revert', 7, 'expired');
    END LOOP;
    FOR v_id IN
        (SELECT id FROM job WHERE expires IS NOT NULL AND state = 1 AND NOT has_begun
            AND expires <= p_now LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
    LOOP
        v_moved := v_moved || enter(p_now, v_id, '', 'stop_no_revert', 7, 'expired');
    END LOOP;
    RETURN v_moved;
END $$;

-- Cancels members of a batch that ends early, as far as they have not begun; the rest in the next
-- call.
CREATE OR REPLACE FUNCTION end_early(p_now bigint) RETURNS moved_job[]
LANGUAGE plpgsql AS $$
DECLARE
    v batch;
    v_moved moved_job[] := '{}';
    v_ids bigint[];
    v_id bigint;
BEGIN
    SELECT * INTO v FROM batch WHERE ending IS NOT NULL LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN v_moved;
    END IF;
    SELECT coalesce(array_agg(member.id ORDER BY member.id), '{}') INTO v_ids
    FROM (SELECT id FROM job WHERE batch = v.id AND batch IS NOT NULL AND id > v.ending
        ORDER BY id LIMIT 500) AS member;
    FOREACH v_id IN ARRAY v_ids LOOP
        PERFORM FROM job WHERE id = v_id AND state IN (0, 1, 3) AND NOT has_begun
        FOR NO KEY UPDATE;
        IF FOUND THEN
            v_moved := v_moved || enter(p_now, v_id, '', 'stop_no_revert', 7,
                'its batch has ended early: too many members have failed');
        END IF;
    END LOOP;
    UPDATE batch SET ending = CASE WHEN cardinality(v_ids) = 500 THEN v_ids[500] END
    WHERE id = v.id;
    RETURN v_moved;
END $$;

CREATE OR REPLACE FUNCTION claim(p_now bigint, s session, p_lanes known_lane[], p_at_most integer,
    p_only bigint[], p_epoch bigint, p_is_barred boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_moved moved_job[];
    v_key text;
    v_open known_lane[];
    v_taken jsonb := '{"jobs": [], "marks": []}';
    v_manual jsonb;
    v_longest bigint;
    v_begun timestamptz;
    v_due bigint;
BEGIN
    v_moved := end_expired(p_now) || end_early(p_now);
    FOREACH v_key IN ARRAY due_keys(p_now) LOOP
        v_moved := v_moved || (NULL, NULL, NULL, v_key, NULL, NULL)::moved_job;
    END LOOP;
    PERFORM follow_up(p_now, v_moved);
    IF cardinality(p_lanes) = 0 OR p_is_barred THEN
        RETURN '{"jobs": [], "marks": [], "next_due": null, "took": 0}';
    END IF;
    v_begun := clock_timestamp();
    -- A few lanes are looked at as quickly as asked about.
    v_open := CASE WHEN cardinality(p_lanes) <= 4 THEN p_lanes ELSE open_lanes(p_lanes) END;
    IF cardinality(v_open) > 0 AND p_at_most > 0 THEN
        IF cardinality(p_only) > 0 THEN
            v_taken := take_only(p_now, s, v_open, p_at_most, p_epoch << 40, p_only);
        ELSE
            v_taken := take_jobs(p_now, s, v_open, p_at_most, p_epoch << 40);
            IF EXISTS (SELECT 1 FROM unnest(v_open) WHERE is_paused)
                AND jsonb_array_length(v_taken->'jobs') < p_at_most THEN
                v_manual := take_manual_jobs(p_now, s, v_open,
                    p_at_most - jsonb_array_length(v_taken->'jobs'), p_epoch << 40);
                v_taken := jsonb_set(v_taken, '{jobs}', (v_taken->'jobs') || (v_manual->'jobs'));
            END IF;
        END IF;
    END IF;
    IF v_taken->'jobs' <> '[]' THEN
        SELECT max(lease) INTO v_longest FROM unnest(v_open);
        UPDATE board SET longest_lease = v_longest WHERE longest_lease < v_longest;
    END IF;
    v_due := next_due(p_now, s, p_lanes, v_open);
    RETURN v_taken || jsonb_build_object('next_due', v_due,
        'took', (extract(epoch FROM clock_timestamp() - v_begun) * 1000000)::bigint);
END $$;

CREATE OR REPLACE FUNCTION call_look(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    s session;
    v_lanes known_lane[];
    v_due bigint;
BEGIN
    SELECT * INTO s FROM session WHERE id = (r->>'session')::bigint AND left_at IS NULL;
    IF NOT FOUND THEN
        PERFORM refuse('RF001', 'the session is over',
            jsonb_build_object('session', (r->>'session')::bigint));
    END IF;
    v_lanes := known_lanes(v_now, s.id, r->'lanes');
    v_due := next_due(v_now, s, v_lanes, open_lanes(v_lanes));
    -- The beat of a session ends the hold.
    IF v_due IS NOT NULL AND (SELECT hold > 0 FROM board) THEN
        v_due := greatest(v_due, v_now + 1000);
    END IF;
    RETURN jsonb_build_array(jsonb_build_object('waits', s.waits, 'now', v_now),
        jsonb_build_object('next_due', v_due, 'requests', requests_of(s.id),
            'watched', watched_of(v_now, s.id), 'wish', s.wish));
END $$;

CREATE OR REPLACE FUNCTION call_peek(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    s session;
    v_open known_lane[];
    v_jobs jsonb;
BEGIN
    SELECT * INTO s FROM session WHERE id = (r->>'session')::bigint AND left_at IS NULL;
    IF NOT FOUND THEN
        PERFORM refuse('RF001', 'the session is over',
            jsonb_build_object('session', (r->>'session')::bigint));
    END IF;
    v_open := open_lanes(known_lanes(v_now, s.id, r->'lanes'));
    SELECT coalesce(jsonb_agg(job_json(job) ORDER BY found.place), '[]') INTO v_jobs
    FROM find_jobs(v_now, s, v_open, (r->>'at_most')::integer) WITH ORDINALITY AS found (id, place)
    JOIN job ON job.id = found.id;
    RETURN v_jobs;
END $$;
