use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn summaries(desk: &Desk) -> Vec<&Alert> {
    let all = desk.inbox.iter();
    all.filter(|alert| alert.sort == AlertKind::Summary)
        .collect()
}

#[test]
fn a_healthy_chain_is_summed_up_when_it_is_due_and_once() {
    let mut desk = Desk::of(6 * HOUR);
    desk.policy.plan_summary(desk.now.wall + DAY, desk.now);
    let start = desk.now;
    for _ in 0..30 {
        desk.succeed();
        desk.pass(HOUR);
    }
    let all = summaries(&desk);
    assert_eq!(all.len(), 1);
    let summary = all[0].summary.as_ref().unwrap();
    assert_eq!(all[0].at.wall, start.wall + DAY);
    assert_eq!(
        (summary.since, summary.runs(), summary.failures()),
        (start.wall, 25, 0)
    );
    assert_eq!(desk.policy.due(), Mono::NEVER);
}

#[test]
fn outages_mails_and_what_is_held_back_are_counted() {
    let mut desk = Desk::of(6 * HOUR);
    desk.policy.plan_summary(desk.now.wall + DAY, desk.now);
    for kind in 0..9 {
        desk.fail(&format!("kind {kind}"));
        desk.pass(MINUTE);
    }
    desk.pass(2 * HOUR);
    desk.succeed();
    desk.fail("kind 0");
    desk.pass(DAY);
    let summary = summaries(&desk)[0].summary.clone().unwrap();
    let (_, tally) = &summary.tasks[0];
    assert_eq!((tally.runs, tally.failures, tally.outages), (11, 10, 2));
    assert_eq!(tally.longest, 2 * HOUR + 9 * MINUTE);
    assert!(
        tally.down_since.is_some() && tally.held_back >= 3 && tally.mails >= 6,
        "{tally:?}"
    );
    assert_eq!(summary.down(), 1);
}

#[test]
fn counts_and_schedule_survive_a_restart_by_a_person() {
    let mut desk = Desk::of(6 * HOUR);
    let due = desk.now.wall + DAY;
    desk.policy.plan_summary(due, desk.now);
    desk.fail("a");
    desk.succeed();
    desk.pass(HOUR);
    desk.restart();
    desk.policy.plan_summary(due + DAY, desk.now);
    desk.succeed();
    desk.pass(DAY);
    let all = summaries(&desk);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].summary.as_ref().unwrap().runs(), 3);
    assert_eq!(all[0].at.wall, due);
}

#[test]
fn one_that_was_slept_through_comes_once() {
    let mut desk = Desk::of(6 * HOUR);
    desk.policy.plan_summary(desk.now.wall + DAY, desk.now);
    desk.succeed();
    desk.suspend(9 * DAY);
    desk.pass(SEC);
    assert_eq!(summaries(&desk).len(), 1);
}

#[test]
fn a_clock_that_is_set_back_delays_it_and_brings_no_second_one() {
    let mut desk = Desk::of(6 * HOUR);
    let due = desk.now.wall + DAY;
    desk.policy.plan_summary(due, desk.now);
    desk.now.wall -= 5 * HOUR;
    desk.pass(26 * HOUR);
    assert!(summaries(&desk).is_empty());
    desk.pass(4 * HOUR);
    let all = summaries(&desk);
    assert_eq!(all.len(), 1);
    assert!(all[0].at.wall >= due);
}

#[test]
fn one_that_could_not_be_stored_comes_again_and_nothing_is_lost() {
    let mut desk = Desk::of(6 * HOUR);
    desk.policy.plan_summary(desk.now.wall + HOUR, desk.now);
    desk.succeed();
    desk.disk_is_full = true;
    desk.pass(2 * HOUR);
    desk.disk_is_full = false;
    desk.pass(2 * MINUTE);
    assert_eq!(summaries(&desk)[0].summary.as_ref().unwrap().runs(), 1);
}
