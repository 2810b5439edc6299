-- The words and numbers of values.

CREATE OR REPLACE FUNCTION state_word(p_state integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['waiting', 'limited', 'running', 'paused', 'succeeded', 'failed', 'reverted',
        'cancelled', 'stuck'])[p_state + 1]
$$;

CREATE OR REPLACE FUNCTION state_number(p_word text) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (array_position(ARRAY['waiting', 'limited', 'running', 'paused', 'succeeded', 'failed',
        'reverted', 'cancelled', 'stuck'], p_word) - 1)::smallint
$$;

-- The time in milliseconds since 1970: that of the server, unless a test brings its own.
CREATE OR REPLACE FUNCTION now_millis(p_now bigint) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(p_now, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- A duration as serde writes it, in milliseconds.
CREATE OR REPLACE FUNCTION millis_of(p_duration jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT least((p_duration->>'secs')::numeric * 1000 + (p_duration->>'nanos')::numeric / 1000000,
        9000000000000000)::bigint
$$;

-- The elements of a list of texts.
CREATE OR REPLACE FUNCTION texts_of(p_list jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(item), '{}') FROM jsonb_array_elements_text(p_list) AS item);
END $$;

-- The elements of a list of numbers.
CREATE OR REPLACE FUNCTION numbers_of(p_list jsonb) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(item::bigint), '{}') FROM jsonb_array_elements_text(p_list) AS item);
END $$;

-- Refuses a request by a rule of the board.
CREATE OR REPLACE FUNCTION refuse(p_code text, p_words text, p_detail jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = p_code, MESSAGE = p_words, DETAIL = p_detail::text;
END $$;

-- Wakes all workers that listen, for what a person asks of one.
CREATE OR REPLACE FUNCTION ring_all() RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_notify('run_functions_board', '')
$$;

-- Wakes workers that found nothing to claim. The others look anyway; a NOTIFY that nothing needs
-- would make all commits of the database wait for one another.
CREATE OR REPLACE FUNCTION ring() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM session WHERE left_at IS NULL AND waits) THEN
        PERFORM pg_notify('run_functions_board', '');
    END IF;
END $$;
