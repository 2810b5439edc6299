-- What is mailed: facts of ends, the lock of the alerter and its memory, mails, and what did not
-- happen.

CREATE OR REPLACE FUNCTION call_hold_alerts(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_session bigint := r::text::bigint;
    v board_lock;
BEGIN
    -- An idle board is not written to.
    SELECT * INTO v FROM board_lock WHERE name = 'alerts' AND EXISTS (
        SELECT 1 FROM session WHERE session.id = owner AND left_at IS NULL);
    IF NOT FOUND THEN
        PERFORM live_session(v_session);
        SELECT * INTO v FROM board_lock WHERE name = 'alerts' FOR NO KEY UPDATE;
        IF NOT EXISTS (SELECT 1 FROM session WHERE session.id = v.owner AND left_at IS NULL) THEN
            UPDATE board_lock SET owner = v_session, fence = fence + 1 WHERE name = 'alerts'
            RETURNING * INTO v;
        END IF;
    END IF;
    RETURN CASE WHEN v.owner = v_session THEN jsonb_build_object('held', v.fence)
        ELSE jsonb_build_object('other', v.owner) END;
END $$;

CREATE OR REPLACE FUNCTION call_look_at_facts(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('facts', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id,
            'definition', f.definition, 'state', state_word(f.state),
            'failure', jsonb_build_object('kind', f.kind, 'text', f.text, 'build', f.build),
            'jobs', f.jobs, 'first', f.first, 'last', f.last, 'job', f.job) ORDER BY f.id), '[]')
        FROM (SELECT * FROM fact ORDER BY id LIMIT r::text::bigint) AS f),
    'counts', (SELECT coalesce(jsonb_agg(jsonb_build_object('session', counted.id,
            'ended', counted.ended) ORDER BY counted.id), '[]')
        FROM (SELECT id, ended FROM session WHERE left_at IS NULL
            UNION ALL
            SELECT id, ended FROM session
            WHERE left_at IS NOT NULL AND left_at > now_millis(p_now) - 900000) AS counted))
$$;

-- The oldest job of each definition that has waited for longer than the newest shape of the
-- definition allows.
CREATE OR REPLACE FUNCTION overdue_jobs(p_now bigint) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('definition', d.name, 'job', oldest.id,
        'since', oldest.run_at, 'at_most', d.at_most) ORDER BY d.name COLLATE "C"), '[]')
    FROM (SELECT DISTINCT ON (name) name, (schema->>'waiting_for_at_most_ms')::bigint AS at_most
        FROM definition ORDER BY name, id DESC) AS d
    CROSS JOIN LATERAL (SELECT found.id, found.run_at FROM (
        SELECT first.id, first.run_at FROM generate_series(-2, 2) AS class (priority)
        CROSS JOIN LATERAL (SELECT id, run_at FROM job WHERE state = 0 AND definition = d.name
            AND priority = class.priority AND run_at <= p_now - d.at_most
            ORDER BY run_at, id LIMIT 1) AS first
        UNION ALL
        (SELECT id, run_at FROM job WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = 1
            AND definition = d.name AND run_at <= p_now - d.at_most
            ORDER BY run_at, id LIMIT 1)) AS found
        ORDER BY found.run_at, found.id LIMIT 1) AS oldest
    WHERE d.at_most IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION call_look_at_conditions(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_now bigint := now_millis(p_now);
BEGIN
    RETURN jsonb_build_object(
        'late', (SELECT coalesce(jsonb_agg(jsonb_build_object('schedule', late.schedule,
                'job', late.id, 'slot', late.slot) ORDER BY late.schedule COLLATE "C"), '[]')
            FROM (SELECT DISTINCT ON (job.schedule) job.schedule, job.id, job.slot
                FROM schedule JOIN job ON job.schedule = schedule.name
                WHERE schedule.late_after IS NOT NULL AND job.schedule IS NOT NULL
                    AND job.state < 4 AND job.state <> 2 AND NOT job.has_begun
                    AND job.slot IS NOT NULL
                    AND greatest(job.slot, job.posted) + schedule.late_after <= v_now
                ORDER BY job.schedule, job.id) AS late),
        'paused', (SELECT coalesce(jsonb_agg(jsonb_build_object('schedule', name,
                'failures', failures, 'since', paused) ORDER BY name COLLATE "C"), '[]')
            FROM schedule WHERE paused IS NOT NULL AND paused_by IS NULL AND removed IS NULL),
        'waiting', overdue_jobs(v_now),
        'stuck', (SELECT coalesce(jsonb_agg(jsonb_build_object('definition', stuck.definition,
                'job', stuck.id, 'since', coalesce(stuck.ended, stuck.posted),
                'reason', stuck.reason) ORDER BY stuck.id), '[]')
            FROM (SELECT * FROM job WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = 8
                LIMIT 500) AS stuck),
        'lost', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', lost.name,
                'host', lost.host, 'since', lost.left_at, 'jobs', lost.lost_jobs)
                ORDER BY lost.id), '[]')
            FROM session AS lost
            WHERE lost.lost_jobs > 0 AND lost.left_at > v_now - 604800000 AND NOT EXISTS (
                SELECT 1 FROM session AS later
                WHERE later.name = lost.name AND later.id > lost.id)));
END $$;

CREATE OR REPLACE FUNCTION call_has_open_jobs(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(EXISTS (SELECT 1 FROM job WHERE owner IS NOT NULL
            AND definition = r->>'definition')
        OR EXISTS (SELECT 1 FROM generate_series(-2, 2) AS class (priority)
            CROSS JOIN LATERAL (SELECT 1 FROM job WHERE state = 0
                AND definition = r->>'definition' AND priority = class.priority
                AND run_at <= now_millis(p_now) + (r->>'due_within')::bigint LIMIT 1) AS one)
        OR EXISTS (SELECT 1 FROM job WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = 1
            AND definition = r->>'definition'))
$$;

CREATE OR REPLACE FUNCTION store_memory(p_name text, p_memory text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    INSERT INTO alert (name, memory) VALUES (p_name, p_memory)
    ON CONFLICT (name) DO UPDATE SET memory = excluded.memory
$$;

-- Records what the alerter has decided; nothing where the lock is held under another fence.
CREATE OR REPLACE FUNCTION call_record_alerts(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM board_lock WHERE name = 'alerts' AND owner = (r->>'session')::bigint
        AND fence = (r->>'fence')::bigint FOR NO KEY UPDATE;
    IF NOT FOUND OR NOT EXISTS (SELECT 1 FROM session
        WHERE id = (r->>'session')::bigint AND left_at IS NULL) THEN
        RETURN 'false';
    END IF;
    DELETE FROM fact WHERE id = ANY (numbers_of(r->'taken'));
    INSERT INTO mail (message_id, letter, queued, next)
    SELECT item->>'message_id', item->>'letter', now_millis(p_now), 0
    FROM jsonb_array_elements(r->'mails') AS item
    ON CONFLICT DO NOTHING;
    PERFORM store_memory('alerter', r->>'memory');
    IF r->'mails' <> '[]' THEN
        PERFORM ring_all();
    END IF;
    RETURN 'true';
END $$;

CREATE OR REPLACE FUNCTION call_alert_memory(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(memory) FROM alert WHERE name = r #>> '{}'
$$;

CREATE OR REPLACE FUNCTION call_replace_alert_memory(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    IF r->>'before' IS NULL THEN
        INSERT INTO alert (name, memory) VALUES (r->>'name', r->>'after') ON CONFLICT DO NOTHING;
    ELSE
        UPDATE alert SET memory = r->>'after' WHERE name = r->>'name' AND memory = r->>'before';
    END IF;
    RETURN to_jsonb(FOUND);
END $$;

CREATE OR REPLACE FUNCTION call_set_delivers(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM live_session((r->>'session')::bigint);
    UPDATE session SET delivers = (r->>'delivers')::boolean WHERE id = (r->>'session')::bigint;
    RETURN 'null';
END $$;

CREATE OR REPLACE FUNCTION call_deliverers(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(count(*)) FROM session WHERE left_at IS NULL AND delivers
$$;

-- Claims mails that are due, which no other live session has claimed.
CREATE OR REPLACE FUNCTION call_claim_mails(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_session session := live_session((r->>'session')::bigint);
    v_due bigint := CASE WHEN (r->>'all')::boolean THEN 9223372036854775807
        ELSE now_millis(p_now) END;
    v_mails jsonb;
BEGIN
    IF NOT v_session.delivers
        AND EXISTS (SELECT 1 FROM session WHERE left_at IS NULL AND delivers) THEN
        RETURN '[]';
    END IF;
    WITH due AS (
        SELECT id FROM mail WHERE next <= v_due AND (owner = v_session.id OR NOT EXISTS (
            SELECT 1 FROM session WHERE session.id = mail.owner AND left_at IS NULL))
        ORDER BY id LIMIT (r->>'at_most')::bigint FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE mail SET owner = v_session.id FROM due WHERE mail.id = due.id
        RETURNING mail.id, mail.letter
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'letter', letter) ORDER BY id), '[]')
    INTO v_mails FROM taken;
    RETURN v_mails;
END $$;

CREATE OR REPLACE FUNCTION call_update_mail(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mail SET letter = r->>'letter', next = (r->>'next')::bigint
    WHERE id = (r->>'id')::bigint AND owner = (r->>'session')::bigint;
    RETURN to_jsonb(FOUND);
END $$;

CREATE OR REPLACE FUNCTION call_remove_mail(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mail WHERE id = (r->>'id')::bigint AND owner = (r->>'session')::bigint;
    RETURN to_jsonb(FOUND);
END $$;

CREATE OR REPLACE FUNCTION call_release_mails(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mail SET owner = NULL WHERE owner = r::text::bigint AND owner IS NOT NULL;
    RETURN 'null';
END $$;

CREATE OR REPLACE FUNCTION call_mails(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'letter', m.letter,
        'queued', m.queued, 'next', m.next, 'claimed_by', (SELECT session.id FROM session
            WHERE session.id = m.owner AND left_at IS NULL)) ORDER BY m.id), '[]')
    FROM (SELECT * FROM mail ORDER BY id LIMIT 1000) AS m
$$;

CREATE OR REPLACE FUNCTION call_next_mail(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(next) FROM mail WHERE NOT EXISTS (
        SELECT 1 FROM session WHERE session.id = mail.owner AND left_at IS NULL)
    ORDER BY next LIMIT 1
$$;
