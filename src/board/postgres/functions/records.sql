-- Rows as the programs read them.

CREATE OR REPLACE FUNCTION job_json(j job) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', j.id, 'posting', j.posting, 'key', j.key,
            'definition', j.definition, 'priority', j.priority, 'run_at', j.run_at,
            'state', state_word(j.state), 'reason', j.reason, 'owner', j.owner,
            'worker', (SELECT name FROM session WHERE id = j.owner), 'fence', j.fence,
            'seq', j.seq, 'doing', j.doing, 'lease', j.lease, 'crashes', j.crashes,
            'request', j.want, 'avoid', coalesce(j.avoid, '[]'))
        || jsonb_build_object('has_begun', j.has_begun, 'args', j.args, 'result', j.result,
            'project', j.project, 'posted_by', j.posted_by, 'posted', j.posted,
            'ended', j.ended, 'expires', j.expires, 'ends_by', j.ends_by,
            'limit_key', j.limit_key, 'batch', j.batch, 'for_worker', j.for_worker,
            'ignores_pauses', j.ignores_pauses)
$$;

CREATE OR REPLACE FUNCTION entry_json(e journal) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('seq', e.seq, 'fence', e.fence, 'step', e.step, 'phase', e.phase,
        'attempt', e.attempt, 'outcome', e.outcome, 'started', e.started, 'ended', e.ended,
        'code', e.code, 'kind', e.kind, 'error', e.error, 'result', e.result,
        'worker', e.worker)
$$;

CREATE OR REPLACE FUNCTION journal_json(p_job bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(entry_json(e) ORDER BY e.seq), '[]') FROM journal AS e
        WHERE e.job = p_job);
END $$;

CREATE OR REPLACE FUNCTION identity_json(s session) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('host', s.host, 'uid', s.uid, 'boot_id', s.boot_id,
        'pid_namespace', s.pid_namespace, 'time_namespace', s.time_namespace, 'pid', s.pid,
        'start_ticks', s.start_ticks)
$$;

CREATE OR REPLACE FUNCTION session_json(s session) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('session', s.id,
            'request', jsonb_build_object('name', s.name, 'if_taken', 'next_number',
                'identity', identity_json(s), 'version', s.version, 'tags', s.tags,
                'slots', s.slots),
            'beat', s.beat, 'joined', s.joined, 'last_heard', s.last_heard,
            'is_idle', s.is_idle, 'wish', s.wish, 'stale', s.stale, 'ended', s.ended,
            'left', s.left_at, 'holds', held.jobs,
            'leases', CASE WHEN held.shortest IS NOT NULL
                THEN jsonb_build_array(held.shortest, held.longest) END)
    FROM (SELECT count(*) AS jobs, min(lease) AS shortest, max(lease) AS longest
        FROM job WHERE owner = s.id) AS held
$$;

CREATE OR REPLACE FUNCTION pause_json(p pause) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('scope', jsonb_build_object(p.scope, p.name), 'by', p.paused_by,
        'since', p.since)
$$;

CREATE OR REPLACE FUNCTION batch_json(b batch) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('id', b.id, 'name', b.name, 'jobs', b.jobs, 'left', b.remaining,
        'failed', b.failed, 'fails_at', b.fails_at, 'is_open', b.is_open,
        'posted_by', b.posted_by, 'posted', b.posted, 'ended', b.ended)
$$;

CREATE OR REPLACE FUNCTION followed_json(p_job bigint, p_batch bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_job IS NOT NULL THEN jsonb_build_object('job', p_job)
        WHEN p_batch IS NOT NULL THEN jsonb_build_object('batch', p_batch) END
$$;

CREATE OR REPLACE FUNCTION next_json(n job_next) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('next', n.next, 'became', followed_json(n.became_job, n.became_batch))
$$;
