-- What programs that are no worker post with, in SQL.

-- Posts a job within the transaction of the caller, from any program: it is on the board if and
-- when that commits. `at` is a time; `key` is unique among jobs that are not over; `if_there` is
-- keep, replace or fail; `posting` makes a second call with the same one the same job.
CREATE OR REPLACE FUNCTION post(definition text, args jsonb DEFAULT '{}', key text DEFAULT NULL,
    if_there text DEFAULT 'fail', priority integer DEFAULT 0, at timestamptz DEFAULT NULL,
    expires timestamptz DEFAULT NULL, project text DEFAULT NULL, posting text DEFAULT NULL,
    after_job bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    v_known definition;
    v_limit text;
    v_post jsonb;
BEGIN
    IF definition IS NULL OR args IS NULL OR jsonb_typeof(args) <> 'object' THEN
        RAISE EXCEPTION 'a job needs the name of a definition and an object of arguments'
            USING ERRCODE = '22023';
    END IF;
    IF if_there NOT IN ('keep', 'replace', 'fail') THEN
        RAISE EXCEPTION 'if_there is % and not keep, replace or fail', if_there
            USING ERRCODE = '22023';
    END IF;
    SELECT known.* INTO v_known FROM definition AS known WHERE known.name = post.definition
    ORDER BY known.id DESC LIMIT 1;
    v_post := jsonb_build_object('posting', coalesce(posting, 'sql:' || gen_random_uuid()),
        'definition', definition, 'args', check_args(v_known, args), 'key', key,
        'if_there', if_there, 'priority', priority,
        'run_at', coalesce((extract(epoch FROM at) * 1000)::bigint, 0),
        'expires', (extract(epoch FROM expires) * 1000)::bigint,
        'project', coalesce(project, v_known.project), 'posted_by', session_user,
        'limit', limit_of_args(v_known, args), 'ignores_pauses', false, 'for_worker', NULL,
        'then', coalesce(v_known.schema->'then', '[]'::jsonb));
    IF after_job IS NOT NULL THEN
        RETURN (call_post_after(NULL, jsonb_build_object('after', jsonb_build_object('job', after_job),
            'next', jsonb_build_object('rule', 'succeeded', 'post', v_post, 'expires_in', NULL,
                'every_worker', false)))#>>'{became,job}')::bigint;
    END IF;
    RETURN (call_post_all(NULL, jsonb_build_array(v_post))->0->>'id')::bigint;
END $$;
