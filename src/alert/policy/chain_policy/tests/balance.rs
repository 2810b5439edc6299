//! Downtime as a balance, kinds that are forgotten, and the end of an outage.

use super::*;

/// Plays a pattern of runs, `F` fails and `S` succeeds, each followed by a pause, for so long.
fn play(desk: &mut Desk, pattern: &[(char, Duration)], span: Duration) {
    let end = desk.now.mono + span;
    let mut runs = pattern.iter().cycle();
    while desk.now.mono < end {
        let (run, pause) = runs.next().expect("a pattern has runs");
        match run {
            'F' => desk.fail("A"),
            _ => desk.succeed(),
        }
        desk.sleep(0, *pause);
    }
}

#[test]
fn a_task_that_fails_on_and_off_is_mailed_too() {
    let mut desk = Desk::of(6 * HOUR);
    play(&mut desk, &[('F', MINUTE), ('S', MINUTE)], 60 * HOUR);
    assert_eq!(desk.mails(), "first downtime×1 downtime×1");
    let counted = desk.last().on_and_off.unwrap();
    assert!((719..=721).contains(&counted.failures), "{counted:?}");
    assert!((1438..=1442).contains(&counted.runs), "{counted:?}");
    let day = 24 * HOUR;
    assert!(
        counted.span > day - 5 * MINUTE && counted.span < day + 5 * MINUTE,
        "{counted:?}"
    );

    let mut desk = Desk::of(6 * HOUR);
    play(
        &mut desk,
        &[('F', MINUTE), ('F', MINUTE), ('S', MINUTE)],
        60 * HOUR,
    );
    assert_eq!(desk.inbox.len(), 6, "{}", desk.mails());
}

#[test]
fn long_outages_between_short_stretches_of_health_add_up() {
    let mut desk = Desk::of(12 * HOUR);
    let pause = 100 * MINUTE;
    play(&mut desk, &[('F', 10 * HOUR), ('S', pause)], 120 * HOUR);
    assert_eq!(desk.inbox.len(), 7, "{}", desk.mails());
    assert!(
        desk.inbox[1..]
            .iter()
            .all(|alert| alert.sort.word() == "downtime")
    );
}

#[test]
fn now_and_then_a_failure_is_no_downtime() {
    let mut desk = Desk::of(6 * HOUR);
    let (ok, failed) = (('S', 5 * MINUTE), ('F', 20 * MINUTE));
    let pattern = [ok, ok, ok, ok, ok, ok, ok, failed];
    play(&mut desk, &pattern, 60 * 24 * HOUR);
    assert_eq!(desk.mails(), "first");
}

#[test]
fn no_debt_outlives_half_a_downtime_of_health() {
    let mut desk = Desk::of(6 * HOUR);
    desk.fail("A");
    desk.pass(6 * HOUR - MINUTE);
    desk.succeed();
    desk.pass(3 * HOUR);
    desk.fail("A");
    let outage = desk.now.mono;
    desk.pass(7 * HOUR);
    assert_eq!(desk.mails(), "first downtime×1");
    assert_eq!(desk.last().at.mono.since(outage), 6 * HOUR);
    assert_eq!(desk.last().on_and_off, None);
}

#[test]
fn the_debt_survives_a_crash_and_a_person_forgets_it() {
    for (forget, mails) in [(false, "first downtime×1"), (true, "first first")] {
        let mut desk = Desk::of(6 * HOUR);
        desk.fail("A");
        desk.pass(5 * HOUR);
        desk.succeed();
        desk.pass(MINUTE);
        if forget {
            desk.restart()
        } else {
            desk.crash()
        }
        desk.fail("A");
        desk.pass(2 * HOUR);
        assert_eq!(desk.mails(), mails);
    }
}

#[test]
fn a_kind_that_was_not_seen_for_days_is_news_when_an_outage_begins() {
    let mut desk = Desk::of(6 * HOUR);
    desk.fail("A");
    desk.succeed();
    let seen = desk.now.wall;
    desk.pass(143 * HOUR);
    desk.fail("A");
    desk.succeed();
    assert_eq!(desk.mails(), "first");
    desk.pass(145 * HOUR);
    desk.fail("A");
    assert_eq!(desk.mails(), "first new");
    let kinds = &desk.last().outage.as_ref().unwrap().kinds;
    assert_eq!(kinds[0].seen_before, Some(seen + 143 * HOUR));
    desk.succeed();
    desk.fail("A");
    assert_eq!(desk.mails(), "first new", "it is known again");
}

#[test]
fn within_an_outage_no_kind_is_forgotten() {
    let mut desk = Desk::of(1000 * HOUR);
    desk.fail("A");
    desk.fail("B");
    desk.pass(400 * HOUR);
    desk.fail("A");
    desk.fail("B");
    assert_eq!(desk.mails(), "first new");
}

#[test]
fn never_is_never_and_a_clock_that_was_ahead_forgets_nothing() {
    let mut desk = Desk::of(6 * HOUR);
    let (mut tasks, chain) = desk.rules.clone();
    tasks[0].forget_after = None;
    desk = Desk::with(tasks, chain);
    desk.fail("A");
    desk.succeed();
    desk.pass(10_000 * HOUR);
    desk.fail("A");
    assert_eq!(desk.mails(), "first");

    let mut desk = Desk::of(6 * HOUR);
    desk.now.wall += 9_000 * HOUR;
    desk.fail("A");
    desk.succeed();
    desk.now.wall -= 9_000 * HOUR;
    desk.pass(200 * HOUR);
    desk.fail("A");
    assert_eq!(desk.mails(), "first");
}

/// Returns the desk of a chain whose outages end with a mail.
fn healing_desk(healed: Healed) -> Desk {
    let (tasks, mut chain) = Desk::of(24 * HOUR).rules;
    chain.healed = healed;
    Desk::with(tasks, chain)
}

#[test]
fn the_end_of_an_outage_that_was_mailed_is_mailed_when_health_lasts() {
    let mut desk = healing_desk(Healed::AfterMail);
    desk.fail("A");
    desk.pass(2 * HOUR);
    desk.succeed();
    let ended = desk.now.mono;
    desk.pass(59 * MINUTE);
    assert_eq!(desk.mails(), "first");
    desk.pass(2 * MINUTE);
    assert_eq!(desk.mails(), "first healed");
    assert_eq!(desk.last().at.mono.since(ended), HOUR);
    assert_eq!(desk.last().text, "text of A");
    desk.fail("A");
    desk.succeed();
    desk.pass(3 * HOUR);
    assert_eq!(
        desk.mails(),
        "first healed",
        "nothing was mailed about the second outage"
    );
}

#[test]
fn an_end_that_is_none_is_not_mailed_and_the_real_one_tells_of_all() {
    let mut desk = healing_desk(Healed::AfterMail);
    desk.fail("A");
    let began = desk.now.mono;
    desk.pass(2 * HOUR);
    for _ in 0..3 {
        desk.succeed();
        desk.pass(30 * MINUTE);
        desk.fail("A");
        desk.pass(30 * MINUTE);
    }
    desk.succeed();
    let ended = desk.now.mono;
    desk.pass(2 * HOUR);
    assert_eq!(desk.mails(), "first healed");
    let outage = desk.last().outage.as_ref().unwrap();
    assert_eq!((outage.started.mono, outage.failures), (began, 4));
    assert_eq!(outage.ended.unwrap().mono, ended);
}
