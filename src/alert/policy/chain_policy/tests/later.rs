//! Runs that ask to be tried again later: none of them is news, but a task that does nothing else
//! is down.

use super::*;

/// Asks for later every `pause` for so long.
fn ask(desk: &mut Desk, pause: Duration, span: Duration) {
    let end = desk.now.mono + span;
    while desk.now.mono < end {
        desk.retry_later();
        desk.sleep(0, pause);
    }
}

#[test]
fn who_only_asks_for_later_is_mailed_when_the_downtime_is_reached_and_again() {
    let mut desk = Desk::of(12 * HOUR);
    desk.succeed();
    let since = desk.now.mono;
    ask(&mut desk, 10 * MINUTE, 40 * HOUR);
    assert_eq!(desk.mails(), "downtime×1 again×2 again×3");
    let hours = desk.inbox.iter();
    let hours = hours.map(|alert| alert.at.mono.since(since).as_secs() / 3600);
    assert_eq!(hours.collect::<Vec<_>>(), [12, 24, 36]);
    let first = &desk.inbox[0];
    assert!(first.only_asks() && first.kind.is_none());
    assert_eq!(
        (first.text.as_str(), first.outage.as_ref().unwrap().asks),
        ("locked", 73)
    );
}

#[test]
fn the_mail_comes_also_between_two_runs() {
    let mut desk = Desk::of(HOUR);
    ask(&mut desk, 48 * HOUR, 48 * HOUR);
    assert_eq!(desk.inbox.len(), 47);
    assert_eq!(desk.inbox[0].at.mono, Mono::BOOT + 2 * HOUR);
}

#[test]
fn a_success_in_between_begins_anew() {
    let mut desk = Desk::of(HOUR);
    for _ in 0..20 {
        ask(&mut desk, MINUTE, 50 * MINUTE);
        desk.succeed();
        desk.sleep(0, MINUTE);
    }
    assert_eq!(desk.mails(), "");
    let tally = desk.policy.tasks[0].tally();
    assert_eq!(
        (tally.asks, tally.outages, tally.down_since),
        (1000, 0, None)
    );
}

#[test]
fn a_failure_begins_an_outage_of_its_own() {
    let mut desk = Desk::of(HOUR);
    ask(&mut desk, MINUTE, 50 * MINUTE);
    desk.fail("A");
    desk.sleep(0, 59 * MINUTE);
    assert_eq!(desk.mails(), "first");
    desk.pass(2 * MINUTE);
    assert_eq!(desk.mails(), "first downtime×1");
    assert!(!desk.last().only_asks());
}

#[test]
fn within_an_outage_it_counts_as_nothing() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    ask(&mut desk, MINUTE, 130 * MINUTE);
    assert_eq!(desk.mails(), "first downtime×1 again×2");
    assert!(!desk.last().only_asks());
}

#[test]
fn it_is_down_in_the_summary_from_the_mail_on_and_healed_by_a_success() {
    let mut desk = Desk::of(HOUR);
    desk.rules.1.healed = Healed::AfterDowntime;
    desk = Desk::with(desk.rules.0.clone(), desk.rules.1);
    ask(&mut desk, MINUTE, 59 * MINUTE);
    assert_eq!(desk.policy.tasks[0].tally().down_since, None);
    ask(&mut desk, MINUTE, 5 * MINUTE);
    assert!(desk.policy.tasks[0].tally().down_since.is_some());
    desk.succeed();
    desk.pass(SEC);
    assert_eq!(desk.mails(), "downtime×1 healed");
}

#[test]
fn no_restart_and_no_crash_makes_it_silent() {
    for restart in [Desk::restart, Desk::crash] {
        let mut desk = Desk::of(12 * HOUR);
        for _ in 0..4 {
            ask(&mut desk, 10 * MINUTE, 6 * HOUR);
            restart(&mut desk);
        }
        ask(&mut desk, 10 * MINUTE, MINUTE);
        assert_eq!(desk.mails(), "downtime×1 again×2");
    }
}

#[test]
fn the_time_in_which_nobody_ran_it_is_not_held_against_it() {
    let mut desk = Desk::of(12 * HOUR);
    ask(&mut desk, 10 * MINUTE, HOUR);
    let memory = desk.stored_memory();
    desk.suspend(72 * HOUR);
    desk.begin_again(memory.forgotten(desk.now, "boot 0"));
    ask(&mut desk, 10 * MINUTE, 10 * HOUR + 50 * MINUTE);
    assert_eq!(desk.mails(), "");
    ask(&mut desk, 10 * MINUTE, 30 * MINUTE);
    assert_eq!(desk.mails(), "downtime×1");
}

#[test]
fn an_interrupted_run_is_neither() {
    let mut desk = Desk::of(HOUR);
    for _ in 0..20 {
        desk.begin(0);
        desk.end(0, RunOutcome::Neither);
        desk.sleep(0, HOUR);
    }
    assert_eq!(desk.mails(), "");
}
