//! The statements of the look for work: what is found by them is held by the tests of plans.

/// Whether anything waits in a lane.
pub(super) const OPEN_LANE: &str =
    "SELECT 1 FROM job INDEXED BY job_lane WHERE state = 0 AND definition = ?1 LIMIT 1";

macro_rules! find {
    ($from:literal, $due:literal, $order:literal) => {
        concat!(
            "SELECT id, fence, seq, args, run_at, crashes, avoid, last_host, key, project,
                posted_by, posted, definition, priority, ends_by
            FROM job ",
            $from,
            " AND definition = ?1 AND priority = ?2 ",
            $due,
            " AND (seq = 0 AND has_begun = 0 OR shape_order <= ?4)
                AND (seq = 0 AND has_begun = 0 OR is_bound = 0 OR last_host = ?5)
                AND (avoid IS NULL OR instr(avoid, ?6) = 0)
                AND (for_worker IS NULL OR for_worker = ?8) ",
            $order
        )
    };
}

/// The jobs of a lane that are due, in the order of claims.
pub(super) const FIND_IN_LANE: &str = find!(
    "INDEXED BY job_lane WHERE state = 0",
    "AND run_at <= ?3",
    "ORDER BY run_at, id LIMIT ?7"
);
/// The first job of a lane, due or not.
pub(super) const FIND_FIRST: &str = find!(
    "INDEXED BY job_lane WHERE state = 0",
    "AND ?3 IS NOT NULL",
    "ORDER BY run_at, id LIMIT ?7"
);
/// The jobs of a paused lane that are due and that a person wants in spite of that.
pub(super) const FIND_MANUAL: &str = find!(
    "INDEXED BY job_manual WHERE state = 0 AND ignores_pauses = 1",
    "AND run_at <= ?3",
    "ORDER BY run_at, id LIMIT ?7"
);
/// The first of them, due or not.
pub(super) const FIND_FIRST_MANUAL: &str = find!(
    "INDEXED BY job_manual WHERE state = 0 AND ignores_pauses = 1",
    "AND ?3 IS NOT NULL",
    "ORDER BY run_at, id LIMIT ?7"
);
/// Selects a job among these by its number.
pub(super) const FIND_ONE_MANUAL: &str = find!(
    "WHERE id = ?7 AND state + 0 = 0 AND ignores_pauses = 1",
    "AND run_at <= ?3",
    ""
);
/// A job by its number, as if its lane had brought it.
pub(super) const FIND_ONE: &str = find!("WHERE id = ?7 AND state + 0 = 0", "AND run_at <= ?3", "");

/// The claim of a job that was found in the same transaction.
pub(super) const TAKE: &str = r"
UPDATE job SET state = 2, owner = ?2, fence = ?3, doing = ?4, has_begun = max(has_begun, ?5),
    lease = ?6, max_crashes = ?7, is_bound = ?8, shape_order = ?9, last_host = ?10,
    ends_by = coalesce(ends_by, ?11)
WHERE id = ?1";
