-- What programs that are no worker post with, in SQL.

-- Posts a job within the transaction of the caller, from any program: it is on the board if and
-- when that commits. `args` are checked as `run_functions post` checks them. `at` is a time; `key`
-- is unique among jobs that are not over; `if_there` is keep, replace or fail; `posting` makes a
-- second call with the same one the same job; `after_job` waits for the success of another job,
-- and the answer is NULL until then.
CREATE OR REPLACE FUNCTION post(definition text, args jsonb DEFAULT '{}', key text DEFAULT NULL,
    if_there text DEFAULT 'fail', priority integer DEFAULT NULL, at timestamptz DEFAULT NULL,
    expires timestamptz DEFAULT NULL, project text DEFAULT NULL, posting text DEFAULT NULL,
    after_job bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    v_known definition;
    v_post jsonb;
    v_run_at bigint := coalesce((extract(epoch FROM at) * 1000)::bigint, 0);
    v_expires bigint := (extract(epoch FROM expires) * 1000)::bigint;
BEGIN
    IF definition IS NULL OR args IS NULL OR jsonb_typeof(args) <> 'object' THEN
        RAISE EXCEPTION 'a job needs the name of a definition and an object of arguments'
            USING ERRCODE = '22023', HINT = 'for example post(''resize'', ''{"path": "a.png"}'')';
    END IF;
    IF if_there NOT IN ('keep', 'replace', 'fail') THEN
        RAISE EXCEPTION 'if_there is % and not keep, replace or fail', if_there
            USING ERRCODE = '22023';
    END IF;
    v_known := known_definition(definition);
    IF (v_known.schema->>'every_worker')::boolean THEN
        RAISE EXCEPTION '`%` is posted for each worker, which makes a batch', definition
            USING ERRCODE = '0A000', HINT = 'post it by `run_functions post`';
    END IF;
    v_post := post_of(v_known, args, session_user, 0);
    v_expires := coalesce(v_expires, greatest(v_run_at, now_millis(NULL))
        + (v_known.schema->>'expires_ms')::bigint);
    v_post := v_post || jsonb_build_object(
        'posting', coalesce(posting, 'sql:' || gen_random_uuid()), 'key', key,
        'if_there', if_there, 'priority', coalesce(priority, (v_post->>'priority')::integer),
        'run_at', v_run_at, 'expires', v_expires,
        'project', coalesce(project, v_post->>'project'));
    IF after_job IS NOT NULL THEN
        RETURN (call_post_after(NULL, jsonb_build_object(
            'after', jsonb_build_object('job', after_job),
            'next', next_of(v_known, v_post, 'succeeded')))#>>'{became,job}')::bigint;
    END IF;
    RETURN (call_post_all(NULL, jsonb_build_array(v_post))->0->>'id')::bigint;
END $$;
