-- A board that comes from a SQLite file.

-- Takes note of the board that comes: its epoch is over, so that fences rise, and nothing is
-- claimed until the longest lease has passed that was held. Refused where something is already.
CREATE OR REPLACE FUNCTION begin_move(p_epoch bigint, p_hold bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE board, session, job, definition, batch, schedule IN EXCLUSIVE MODE;
    IF EXISTS (SELECT 1 FROM session WHERE left_at IS NULL) THEN
        PERFORM refuse('RF007', 'workers are on it', '{}');
    END IF;
    IF EXISTS (SELECT 1 FROM job) OR EXISTS (SELECT 1 FROM definition)
        OR EXISTS (SELECT 1 FROM batch) OR EXISTS (SELECT 1 FROM schedule) THEN
        PERFORM refuse('RF007', 'it is not empty', '{}');
    END IF;
    UPDATE board SET epoch = greatest(epoch, p_epoch) + 1, hold = greatest(hold, p_hold);
END $$;

-- Writes rows of a table, with the columns that the first of them has.
CREATE OR REPLACE FUNCTION move_rows(p_table text, p_rows jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_columns text := (SELECT string_agg(quote_ident(name), ', ' ORDER BY name)
        FROM jsonb_object_keys(p_rows->0) AS name);
BEGIN
    EXECUTE format('INSERT INTO %1$I (%2$s) OVERRIDING SYSTEM VALUE'
        ' SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$I, $1)', p_table, v_columns)
    USING p_rows;
END $$;

-- Has the numbers of a table go on after the last one that was given.
CREATE OR REPLACE FUNCTION move_numbers(p_table text, p_last bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setval(pg_get_serial_sequence('run_functions.' || quote_ident(p_table), 'id'),
        greatest(p_last, 1));
END $$;
