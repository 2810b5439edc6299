//! `run_functions::testing`, used as people who write tasks use it.
#![cfg(test)]

use std::time::Duration;

use run_functions::TaskError;
use run_functions::testing::{Chain, Task, run_once};

mod tasks {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::TaskError;

    #[run_functions::task(fail_cooldown = "30m", non_recoverable_downtime = "6h")]
    fn send_mail() {}

    static ORDERS: AtomicU32 = AtomicU32::new(1000);

    /// Fails with another number each time.
    #[run_functions::task(fail_cooldown = "1h", non_recoverable_downtime = "90m")]
    fn import() -> Result<(), String> {
        let order = ORDERS.fetch_add(1, Ordering::Relaxed);
        Err(format!("order {order} has no address"))
    }

    #[run_functions::task]
    fn panics() {
        panic!("the disk is gone");
    }

    #[run_functions::task]
    fn asks_to_stop() -> Result<(), TaskError> {
        Err(TaskError::fatal("the licence has expired").kind("licence"))
    }

    #[run_functions::task]
    fn asks_for_later() -> Result<(), TaskError> {
        Err(TaskError::retry_later("the table is locked"))
    }
}

#[test]
fn a_registered_function_brings_the_settings_of_its_attribute() {
    let chain = Chain::of([Task::registered("tasks::send_mail").fails_for("13h")]);
    let inbox = chain.inbox().unwrap();
    let expected = [
        "0s [tasks::send_mail] First exception caught: it fails",
        "6h [tasks::send_mail] Non recoverable downtime reached: it fails",
        "12h [tasks::send_mail] Non recoverable downtime reached again: it fails",
    ];
    assert_eq!(inbox.lines(), expected);
    assert_eq!((inbox.runs(), inbox.failures()), (27, 26));
}

#[test]
fn a_mail_says_when_about_what_and_of_which_sort_it_is() {
    let task = Task::named("tasks::backup").ends("S F:\"disk full\"*2");
    let inbox = Chain::of([task]).inbox().unwrap();
    let [mail] = inbox.mails() else {
        panic!("{inbox}");
    };
    assert_eq!(mail.after(), Duration::from_secs(300));
    assert_eq!(mail.task(), Some("tasks::backup"));
    assert_eq!(
        (mail.sort(), mail.words()),
        ("first", "First exception caught: disk full")
    );
}

#[test]
fn a_function_is_really_called_and_its_numbers_are_no_news() {
    let inbox = Chain::of([Task::registered("tasks::import").called(3)]);
    let inbox = inbox.inbox().unwrap();
    let sorts: Vec<&str> = inbox.mails().iter().map(|mail| mail.sort()).collect();
    assert_eq!(sorts, ["first", "downtime"], "{inbox}");
    assert!(inbox.mails()[0].words().contains("has no address"));
}

#[test]
fn success_is_silent() {
    let inbox = Chain::of(["tasks::send_mail"]).inbox().unwrap();
    assert!(inbox.is_empty() && inbox.to_string().is_empty());
}

#[test]
fn the_settings_of_a_test_win() {
    let task = Task::registered("tasks::send_mail")
        .fail_cooldown("1s")
        .non_recoverable_downtime("3s")
        .fails_for("5s");
    let inbox = Chain::of([task]).inbox().unwrap();
    assert_eq!(
        inbox.lines()[1],
        "3s [tasks::send_mail] Non recoverable downtime reached: it fails"
    );
}

#[test]
fn a_run_that_goes_on_and_on_is_foreseen() {
    let task = Task::named("tasks::backup")
        .warn_after("2h")
        .takes("5h")
        .ends("S");
    let inbox = Chain::of([task]).inbox().unwrap();
    assert_eq!(inbox.lines(), ["2h [tasks::backup] Still running after 2h"]);
}

#[test]
fn the_rules_of_the_chain_can_be_set() {
    let task = |script| Task::named("tasks::backup").ends(script);
    let healed = Chain::of([task("F*60 S*12")]).tells_when_healed();
    let healed = healed.inbox().unwrap();
    assert_eq!(healed.mails().last().unwrap().sort(), "healed");
    let few = Chain::of([task("F:\"no disk\" F:\"no route\" S")]).max_per_hour(1);
    let few = few.inbox().unwrap();
    assert_eq!(few.mails().len(), 1);
}

#[test]
fn what_cannot_be_foreseen_is_refused_with_the_remedy() {
    let backup = || Task::named("tasks::backup");
    let cases: [(Chain, &str); 8] = [
        (Chain::of(Vec::<Task>::new()), "at least one task"),
        (
            Chain::of(["tasks::send_male"]),
            "did you mean `tasks::send_mail`?",
        ),
        (
            Chain::of([Task::named("backup")]),
            "`backup` is not the name",
        ),
        (
            Chain::of([backup().called(2)]),
            "no function is registered as `tasks::backup`",
        ),
        (Chain::of([backup().fails_for("60")]), "write `90s` or `6h`"),
        (
            Chain::of([backup().fail_cooldown("soon")]),
            "`fail_cooldown` of `tasks::backup`",
        ),
        (Chain::of([backup().ends("F X")]), "`X` is no outcome"),
        (
            Chain::of([backup().non_recoverable_downtime("1ms").fails_for("10h")]),
            "ten thousand mails",
        ),
    ];
    for (chain, remedy) in cases {
        let error = chain.inbox().unwrap_err().to_string();
        assert!(error.contains(remedy), "{error}");
    }
}

#[test]
fn a_function_is_called_once_and_says_how_it_ended() {
    assert_eq!(run_once("tasks::send_mail"), Ok(()));
    assert_eq!(run_once("tasks.send_mail"), Ok(()));
    let (one, other) = (run_once("tasks::import"), run_once("tasks::import"));
    let (one, other) = (one.unwrap_err(), other.unwrap_err());
    assert_ne!(one.to_string(), other.to_string());
    assert_eq!(one.kind(), other.kind());
    assert!(one.is_failure());
}

#[test]
fn a_panic_is_a_failure_like_any_other() {
    let error = run_once("tasks::panics").unwrap_err();
    assert_eq!(error.to_string(), "the disk is gone");
    assert!(error.is_failure() && error.kind().is_some());
}

#[test]
fn what_a_task_asks_of_the_runner_is_told() {
    let stop = run_once("tasks::asks_to_stop").unwrap_err();
    assert!(stop.stops_the_runner() && stop.is_failure());
    assert!(stop.kind().is_some_and(|kind| kind.contains("licence")));
    let later = run_once("tasks::asks_for_later").unwrap_err();
    assert!(later.is_retry_later() && !later.is_failure());
    assert_eq!(later.kind(), None);
}

#[test]
fn a_name_that_is_not_registered_is_told_with_those_that_are() {
    let error = run_once("tasks::imprt").unwrap_err();
    let said = error.to_string();
    assert!(said.contains("did you mean `tasks::import`?"), "{said}");
    assert!(!error.is_failure());
}
