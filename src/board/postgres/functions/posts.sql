-- The calls that post.

CREATE OR REPLACE FUNCTION call_post_all(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_post jsonb;
    v_one record;
    v_moved moved_job[] := '{}';
    v_receipts jsonb[] := '{}';
BEGIN
    FOR v_post IN SELECT item FROM jsonb_array_elements(r) AS item LOOP
        PERFORM check_post(v_post);
        SELECT * INTO v_one FROM post_one(v_now, v_post, NULL);
        v_moved := v_moved || v_one.moved;
        v_receipts := v_receipts || jsonb_build_object('id', v_one.id, 'is_new', v_one.is_new);
    END LOOP;
    PERFORM follow_up(v_now, v_moved);
    RETURN to_jsonb(v_receipts);
END $$;

CREATE OR REPLACE FUNCTION call_post_batch(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_post jsonb;
    v_made record;
BEGIN
    FOR v_post IN SELECT item FROM jsonb_array_elements(r->'posts') AS item LOOP
        PERFORM check_post(v_post);
    END LOOP;
    IF (r#>>'{batch,every_worker}')::boolean AND jsonb_array_length(r->'posts') > 0 THEN
        v_post := r->'posts'->0;
        IF NOT EXISTS (SELECT 1 FROM able_workers(v_post->>'definition')) THEN
            PERFORM refuse('RF006', 'no worker can do it',
                jsonb_build_object('definition', v_post->>'definition'));
        END IF;
        SELECT * INTO v_made FROM post_for_every_worker(v_now, r->'batch', v_post);
    ELSE
        SELECT * INTO v_made FROM post_members(v_now, r->'batch', r->'posts',
            (r->>'is_whole')::boolean);
    END IF;
    PERFORM follow_up(v_now, v_made.moved);
    RETURN jsonb_build_object('id', v_made.id, 'posted', v_made.posted, 'jobs', v_made.jobs);
END $$;

CREATE OR REPLACE FUNCTION call_post_after(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := now_millis(p_now);
    v_job bigint := (r#>>'{after,job}')::bigint;
    v_batch bigint := (r#>>'{after,batch}')::bigint;
    v_next jsonb := r->'next';
    v_is_over boolean;
    v_is_success boolean;
    v_number bigint;
    v_answer jsonb;
BEGIN
    PERFORM check_post(v_next->'post');
    IF v_job IS NOT NULL THEN
        UPDATE job SET has_next = true WHERE id = v_job
        RETURNING state BETWEEN 4 AND 7, state = 4 INTO v_is_over, v_is_success;
        IF NOT FOUND THEN
            PERFORM refuse('RF004', 'there is no such job', jsonb_build_object('id', v_job));
        END IF;
    ELSE
        SELECT remaining = 0 AND NOT is_open, failed = 0 INTO v_is_over, v_is_success
        FROM batch WHERE id = v_batch FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            PERFORM refuse('RF005', 'there is no such batch', jsonb_build_object('id', v_batch));
        END IF;
    END IF;
    INSERT INTO job_next (job, batch, rule, next)
    VALUES (v_job, v_batch, v_next->>'rule', v_next) RETURNING id INTO v_number;
    IF v_is_over AND (v_is_success OR v_next->>'rule' = 'ended') THEN
        PERFORM follow_up(v_now, post_next(v_now, v_number));
    END IF;
    SELECT next_json(job_next) INTO v_answer FROM job_next WHERE id = v_number;
    RETURN v_answer;
END $$;

CREATE OR REPLACE FUNCTION call_what_follows(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(next_json(found) ORDER BY found.id), '[]') FROM (
        SELECT * FROM job_next WHERE job = (r->>'job')::bigint
        UNION ALL
        SELECT * FROM job_next WHERE batch = (r->>'batch')::bigint) AS found
$$;

CREATE OR REPLACE FUNCTION call_followed_by(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT followed_json(found.job, found.batch) FROM (
        SELECT job_next.job, job_next.batch FROM job_next WHERE became_job = r::text::bigint
        UNION ALL
        SELECT job_next.job, job_next.batch FROM job
        JOIN job_next ON job_next.became_batch = job.batch
        WHERE job.id = r::text::bigint AND job.batch IS NOT NULL) AS found
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION call_batch(p_now bigint, r jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT batch_json(batch) FROM batch WHERE id = r::text::bigint
$$;
