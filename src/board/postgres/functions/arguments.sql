-- What a definition makes of a post: its arguments checked as programs check them, its limit, and
-- what comes after. The rules are those of `ArgumentSchema` and `JobPosts`.

-- A value as serde_json prints it: keys in the order of their bytes, no blanks.
CREATE OR REPLACE FUNCTION compact_json(p_value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_number numeric;
    v_text text;
BEGIN
    CASE jsonb_typeof(p_value)
    WHEN 'object' THEN
        RETURN '{' || coalesce((SELECT string_agg(to_json(key)::text || ':' || compact_json(value),
            ',' ORDER BY key COLLATE "C") FROM jsonb_each(p_value)), '') || '}';
    WHEN 'array' THEN
        RETURN '[' || coalesce((SELECT string_agg(compact_json(item), ',' ORDER BY place)
            FROM jsonb_array_elements(p_value) WITH ORDINALITY AS items (item, place)), '') || ']';
    WHEN 'number' THEN
        v_number := (p_value#>>'{}')::numeric;
        IF scale(v_number) = 0 THEN
            RETURN v_number::text;
        END IF;
        v_text := v_number::float8::text;
        RETURN CASE WHEN v_text ~ '[.e]' THEN v_text ELSE v_text || '.0' END;
    ELSE
        RETURN p_value::text;
    END CASE;
END $$;

-- The hash of a text: FNV-1a, 64 bits, in two halves.
CREATE OR REPLACE FUNCTION fnv1a(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_bytes bytea := convert_to(p_text, 'UTF8');
    v_high bigint := 3421674724;
    v_low bigint := 2216829733;
    v_product bigint;
BEGIN
    FOR v_at IN 0..length(v_bytes) - 1 LOOP
        v_low := v_low # get_byte(v_bytes, v_at);
        v_product := v_low * 435;
        v_high := (v_high * 435 + (v_product >> 32) + (v_low << 8)) & 4294967295;
        v_low := v_product & 4294967295;
    END LOOP;
    RETURN lpad(to_hex(v_high), 8, '0') || lpad(to_hex(v_low), 8, '0');
END $$;

-- Why a value is none of a type, as a fragment; NULL: it is one.
CREATE OR REPLACE FUNCTION refusal_of_kind(p_kind text, p_value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_kind
        WHEN 'string' THEN CASE WHEN type <> 'string' THEN 'is no text' END
        WHEN 'option' THEN CASE WHEN type <> 'string' THEN 'is no text' END
        WHEN 'integer' THEN CASE WHEN type <> 'number' OR p_value::text !~ '^-?[0-9]+$'
                OR p_value::text::numeric NOT BETWEEN -9223372036854775808 AND 9223372036854775807
            THEN 'is no integer' END
        WHEN 'number' THEN CASE WHEN type <> 'number' THEN 'is no number' END
        WHEN 'boolean' THEN CASE WHEN type <> 'boolean'
            THEN 'is neither `true` nor `false`' END
        WHEN 'path' THEN CASE WHEN type <> 'string' OR p_value = '""' THEN 'is no path' END
        END
    FROM (SELECT jsonb_typeof(p_value) AS type) AS found
$$;

-- What is wrong with a value, as a fragment; NULL: nothing. Secret values are not in it.
CREATE OR REPLACE FUNCTION refusal_of_value(p_spec jsonb, p_value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_refusal text := refusal_of_kind(coalesce(p_spec->>'type', 'string'), p_value);
    v_shown text;
BEGIN
    IF v_refusal IS NULL AND jsonb_array_length(coalesce(p_spec->'one_of', '[]')) > 0
        AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(p_spec->'one_of') AS item
            WHERE item = p_value)
    THEN
        v_refusal := 'is not one of ' || (SELECT string_agg(compact_json(item), ', ')
            FROM jsonb_array_elements(p_spec->'one_of') AS item);
    END IF;
    IF v_refusal IS NULL THEN
        RETURN NULL;
    END IF;
    IF (p_spec->>'secret')::boolean THEN
        RETURN 'the value ' || v_refusal;
    END IF;
    v_shown := compact_json(p_value);
    RETURN CASE WHEN length(v_shown) > 60 THEN left(v_shown, 60) || '…' ELSE v_shown END
        || ' ' || v_refusal;
END $$;

-- Refuses the arguments of a post, with what is wrong, a line each.
CREATE OR REPLACE FUNCTION refuse_args(p_name text, p_errors text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = array_to_string(p_errors, E'\n'),
        HINT = format('`run_functions post %s --help` lists the arguments', p_name);
END $$;

-- Checks the arguments of a job, and fills in what is not given; `null` stands for nothing where
-- the type has no `null`.
CREATE OR REPLACE FUNCTION check_args(p_definition definition, p_args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_specs jsonb := coalesce(p_definition.schema->'args', '[]');
    v_names text[] := (SELECT coalesce(array_agg(spec->>'name'), '{}')
        FROM jsonb_array_elements(v_specs) AS spec);
    v_errors text[];
    v_spec jsonb;
    v_name text;
    v_refusal text;
    v_args jsonb := p_args;
    v_bytes bigint;
BEGIN
    SELECT coalesce(array_agg(name || ': unknown argument; ' || CASE WHEN v_names = '{}'
            THEN 'this job takes no arguments'
            ELSE 'known are ' || array_to_string(v_names, ', ') END ORDER BY name COLLATE "C"), '{}')
    INTO v_errors FROM jsonb_object_keys(p_args) AS name WHERE name <> ALL (v_names);
    FOR v_spec IN SELECT spec FROM jsonb_array_elements(v_specs) AS spec LOOP
        v_name := v_spec->>'name';
        IF p_args ? v_name THEN
            v_refusal := refusal_of_value(v_spec, p_args->v_name);
            CONTINUE WHEN v_refusal IS NULL;
            IF p_args->v_name <> 'null' THEN
                v_errors := v_errors || (v_name || ': ' || v_refusal);
                CONTINUE;
            END IF;
        END IF;
        IF v_spec ? 'default' THEN
            v_args := v_args || jsonb_build_object(v_name, v_spec->'default');
        ELSE
            v_errors := v_errors || format('%s: is missing (%s)', v_name, concat_ws(': ',
                coalesce(v_spec->>'type', 'string'), nullif(v_spec->>'help', '')));
        END IF;
    END LOOP;
    BEGIN
        PERFORM jsonb_path_query(v_args, 'strict $.** ? (@.type() == "number").double()');
    EXCEPTION WHEN data_exception THEN
        v_errors := v_errors || 'a number is larger than any of 64 bits'::text;
    END;
    v_bytes := octet_length(compact_json(v_args));
    IF v_bytes > 65536 THEN
        v_errors := v_errors || format('the arguments have %s bytes as JSON, more than 65536;'
            ' write a file, give its name', v_bytes);
    END IF;
    IF v_errors <> '{}' THEN
        PERFORM refuse_args(p_definition.name, v_errors);
    END IF;
    RETURN v_args;
END $$;

-- The limit behind which a job waits; NULL: none.
CREATE OR REPLACE FUNCTION limit_of_args(p_definition definition, p_args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_by text := p_definition.schema->>'limit_by';
    v_value text;
BEGIN
    IF p_definition.schema->>'limit' IS NULL THEN
        RETURN NULL;
    END IF;
    IF v_by IS NULL THEN
        RETURN jsonb_build_object('key', p_definition.name, 'most', p_definition.schema->'limit');
    END IF;
    v_value := compact_json(coalesce(p_args->v_by, 'null'));
    -- The key is in an index, which takes no long ones.
    IF octet_length(v_value) > 200 THEN
        v_value := '#' || fnv1a(v_value);
    END IF;
    RETURN jsonb_build_object('key', format('%s:%s=%s', p_definition.name, v_by, v_value),
        'most', p_definition.schema->'limit');
END $$;

-- The newest definition of a name that a worker has entered.
CREATE OR REPLACE FUNCTION known_definition(p_name text) RETURNS definition
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v definition;
    v_names text;
BEGIN
    SELECT * INTO v FROM definition WHERE name = p_name ORDER BY id DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT string_agg(DISTINCT name, ', ') INTO v_names FROM definition;
        RAISE EXCEPTION USING ERRCODE = '22023',
            MESSAGE = format('no worker has entered a job `%s`', p_name),
            HINT = CASE WHEN v_names IS NULL
                THEN 'start a worker once: `run_functions work` enters the jobs of its configuration'
                ELSE 'there are ' || v_names END;
    END IF;
    RETURN v;
END $$;

-- The post of a job with these arguments, as its definition makes it. The posting, the time and
-- when it expires are the caller's.
CREATE OR REPLACE FUNCTION post_of(p_definition definition, p_args jsonb, p_by text,
    p_depth integer) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_args jsonb := check_args(p_definition, p_args);
    v_child text;
    v_known definition;
    v_then jsonb := '[]';
BEGIN
    IF p_depth > 64 THEN
        PERFORM refuse_args(p_definition.name, ARRAY[
            format('`%s` comes after itself, or after too many jobs', p_definition.name)]);
    END IF;
    FOR v_child IN SELECT jsonb_array_elements_text(coalesce(p_definition.schema->'then', '[]')) LOOP
        v_known := known_definition(v_child);
        v_then := v_then || next_of(v_known, post_of(v_known, '{}', p_by, p_depth + 1),
            CASE p_definition.schema->>'then_if' WHEN 'ended' THEN 'ended' ELSE 'succeeded' END);
    END LOOP;
    RETURN jsonb_build_object('posting', 'after', 'definition', p_definition.name,
        'args', v_args, 'key', NULL, 'if_there', 'fail',
        'priority', coalesce(p_definition.schema->'priority', '0'), 'run_at', 0, 'expires', NULL,
        'project', p_definition.schema->'project', 'posted_by', p_by,
        'limit', limit_of_args(p_definition, v_args), 'ignores_pauses', false,
        'for_worker', NULL, 'then', v_then);
END $$;

-- What is posted after something else, of a post of a definition.
CREATE OR REPLACE FUNCTION next_of(p_definition definition, p_post jsonb, p_rule text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('rule', p_rule, 'post', p_post || '{"posting": "after"}',
        'expires_in', p_definition.schema->'expires_ms',
        'every_worker', coalesce(p_definition.schema->'every_worker', 'false'))
$$;
