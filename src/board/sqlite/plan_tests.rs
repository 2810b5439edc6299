use super::alerts::{LATE, LOST, OVERDUE, OVERDUE_LIMITED, PAUSED, STUCK};
use super::claim_statements::{
    FIND_FIRST, FIND_FIRST_MANUAL, FIND_IN_LANE, FIND_MANUAL, FIND_ONE, FIND_ONE_MANUAL, OPEN_LANE,
    TAKE,
};
use super::expiries::{EXPIRED, FIRST_EXPIRING, FIRST_LIMITED_EXPIRING, LIMITED_EXPIRED};
use super::limits::{DUE_KEYS, FIRST_DUE_KEY, FIRST_LIMITED, HELD_PLACES, NEXT_LIMITED};
use super::next_posts::{FOLLOWING_BATCH, FOLLOWING_JOB};
use super::releases::{HELD, RELEASE};
use super::sessions::{OWNED, WANTED, WATCHED};
use super::tests::SqliteArena;
use super::transitions::{END_HOLD, GO_ON};

fn plan(arena: &SqliteArena, sql: &str) -> Vec<String> {
    let plan = arena.board.read(|conn| {
        let mut read = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let count = read.parameter_count();
        let values = rusqlite::params_from_iter(std::iter::repeat_n(1, count));
        read.query_map(values, |row| row.get(3))?.collect()
    });
    plan.unwrap()
}

/// What waits of other lanes, or of others at all, is never looked at.
#[test]
fn the_calls_of_workers_find_their_rows_by_an_index() {
    let arena = SqliteArena::new();
    let by_number = "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)";
    let of_lane = "SEARCH job USING INDEX job_lane (definition=? AND priority=?";
    let expected = [
        (GO_ON, by_number),
        (END_HOLD, by_number),
        (RELEASE, by_number),
        (TAKE, by_number),
        (FIND_ONE, by_number),
        (
            FIND_IN_LANE,
            "SEARCH job USING INDEX job_lane (definition=? AND priority=? AND run_at<?",
        ),
        (FIND_FIRST, of_lane),
        (
            FIND_MANUAL,
            "SEARCH job USING INDEX job_manual (definition=? AND priority=? AND run_at<?",
        ),
        (
            FIND_FIRST_MANUAL,
            "SEARCH job USING INDEX job_manual (definition=? AND priority=?",
        ),
        (FIND_ONE_MANUAL, by_number),
        (
            LIMITED_EXPIRED,
            "SEARCH job USING INDEX job_limited_expiring (expires>? AND expires<?",
        ),
        (
            FIRST_EXPIRING,
            "SEARCH job USING INDEX job_expiring (expires>?",
        ),
        (
            FIRST_LIMITED_EXPIRING,
            "SEARCH job USING INDEX job_limited_expiring (expires>?",
        ),
        (
            NEXT_LIMITED,
            "SEARCH job USING COVERING INDEX job_limited (limit_key=? AND priority=? AND run_at<?",
        ),
        (
            FIRST_LIMITED,
            "SEARCH job USING COVERING INDEX job_limited (limit_key=? AND priority=?",
        ),
        (
            DUE_KEYS,
            "SEARCH limit_key USING COVERING INDEX limit_key_due (definition=? AND due>? AND due<?",
        ),
        (
            FIRST_DUE_KEY,
            "SEARCH limit_key USING COVERING INDEX limit_key_due (definition=?",
        ),
        (
            FOLLOWING_JOB,
            "SEARCH job_next USING INDEX next_of_job (job=?",
        ),
        (
            FOLLOWING_BATCH,
            "SEARCH job_next USING INDEX next_of_batch (batch=?",
        ),
        (
            OPEN_LANE,
            "SEARCH job USING COVERING INDEX job_lane (definition=?",
        ),
        (
            EXPIRED,
            "SEARCH job USING INDEX job_expiring (expires>? AND expires<?",
        ),
        (HELD, "SEARCH job USING INDEX job_owner (owner=?"),
        (OWNED, "SEARCH job USING INDEX job_owner (owner=?"),
        (WANTED, "SEARCH job USING INDEX job_wanted (owner=?"),
        (
            WATCHED,
            "SEARCH job USING COVERING INDEX job_watched (owner=? AND watching_until>?",
        ),
    ];
    for (sql, step) in expected {
        let plan = plan(&arena, sql);
        assert_eq!(
            plan.len(),
            1,
            "{sql}: {plan:?}, with a sort or a second table"
        );
        assert!(plan[0].starts_with(step), "{sql}: {plan:?}");
    }
}

#[test]
fn an_index_that_is_named_cannot_be_left_aside() {
    let arena = SqliteArena::new();
    let read = "SELECT 1 FROM job INDEXED BY job_lane WHERE state + 0 = 0";
    let refused = arena.board.read(|conn| conn.prepare(read).map(drop));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("no query solution")
    );
}

#[test]
fn the_places_of_a_limit_are_counted_in_an_index() {
    let arena = SqliteArena::new();
    let plan = plan(&arena, HELD_PLACES);
    let places = "SEARCH job USING COVERING INDEX job_place (limit_key=?";
    assert!(plan.iter().any(|step| step.starts_with(places)), "{plan:?}");
}

#[test]
fn what_did_not_happen_is_found_by_an_index() {
    let arena = SqliteArena::new();
    let expected = [
        (
            OVERDUE,
            "INDEX job_lane (definition=? AND priority=? AND run_at<?",
        ),
        (
            OVERDUE_LIMITED,
            "INDEX job_other_end (state=? AND definition=?",
        ),
        (STUCK, "INDEX job_other_end (state=?"),
        (LOST, "INDEX session_lost (left>?"),
        (PAUSED, "SCAN schedule"),
    ];
    for (sql, step) in expected {
        let plan = plan(&arena, sql);
        assert!(plan[0].contains(step), "{sql}: {plan:?}");
    }
    let late = plan(&arena, LATE);
    let is_open = |step: &String| step.contains("job USING INDEX job_schedule_open");
    assert!(late.iter().any(is_open), "{late:?}");
}
