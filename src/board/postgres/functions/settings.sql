-- The calls are what the roles of a board may do: they run as the owner of the tables, look for
-- names in their own schema alone, wait for no row longer than two seconds, and find rows by
-- indexes however old the statistics are.
DO $$
DECLARE
    v_call regprocedure;
    v_setting text;
BEGIN
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA run_functions FROM PUBLIC;
    FOR v_call IN SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'run_functions'::regnamespace
            AND (proname LIKE 'call\_%' OR proname = 'post')
    LOOP
        FOREACH v_setting IN ARRAY ARRAY['search_path TO run_functions, pg_temp',
            'lock_timeout TO ''2s''', 'enable_seqscan TO off', 'enable_bitmapscan TO off',
            'plan_cache_mode TO force_generic_plan', 'jit TO off']
        LOOP
            EXECUTE format('ALTER FUNCTION %s SET %s', v_call, v_setting);
        END LOOP;
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', v_call);
    END LOOP;
END $$;
