use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::alert::alert_kind::AlertKind;
use crate::alert::policy::{TaskRules, WarnAfter};
use crate::chain::Cooldowns;
use crate::core::settings::Healed;
use crate::core::time::Mono;
use crate::simulate::{ForeseenMail, Script};
use crate::task::TaskName;

const SEC: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn start() -> Moment {
    Moment {
        mono: Mono::BOOT + HOUR,
        wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
    }
}

/// The message as it is, so that a test decides itself what is of one kind.
fn message(failure: &Failure) -> FailureKind {
    FailureKind(failure.message.clone())
}

/// The message without digits, as the fingerprint treats an id.
fn without_numbers(failure: &Failure) -> FailureKind {
    FailureKind(failure.message.replace(|c: char| c.is_ascii_digit(), ""))
}

/// A chain of one task, NRD 6 h, all pauses alike.
fn one(script: Script, pause: Duration) -> Simulation {
    let rules = TaskRules {
        name: TaskName::parse("tasks::backup").unwrap(),
        non_recoverable_downtime: 6 * HOUR,
        warn_after: WarnAfter::Usual,
        forget_after: None,
    };
    let cooldowns = Cooldowns {
        success: pause,
        fail: pause,
        every: None,
    };
    Simulation {
        tasks: vec![SimulatedTask {
            rules,
            cooldowns,
            script,
            takes: Duration::ZERO,
        }],
        rules: ChainRules {
            max_per_hour: 20,
            healed: Healed::Never,
        },
        kind_of: message,
        redactor: Redactor::default(),
        start: start(),
        mute: None,
    }
}

fn outcomes(text: &str) -> Script {
    Script::parse(text).unwrap()
}

fn inbox(foreseen: &Forecast) -> Vec<(u64, String)> {
    let line = |mail: &ForeseenMail| (mail.at.mono.since(start().mono).as_secs(), mail.headline());
    foreseen.mails.iter().map(line).collect()
}

/// How many failures were the subject of a mail or held back and reported in one.
fn told(foreseen: &Forecast) -> u64 {
    let of = |mail: &ForeseenMail| {
        u64::from(matches!(mail.alert.sort, AlertKind::First | AlertKind::New)) + held_back(mail)
    };
    foreseen.mails.iter().map(of).sum()
}

// The table "Mails of a 60 h weekend" of ALERTS.md, row by row.

#[test]
fn weekend_of_one_error_750_times_is_10_mails() {
    let foreseen = one(Script::fail_for(60 * HOUR), 288 * SEC).run();
    assert_eq!((foreseen.failures, foreseen.mails.len()), (750, 10));
    let (first, reached) = (&foreseen.mails[0], &foreseen.mails[1]);
    assert_eq!(first.headline(), "First exception caught: it fails");
    assert_eq!(
        reached.headline(),
        "Non recoverable downtime reached: it fails"
    );
    let again = foreseen.mails[2..].iter().map(ForeseenMail::headline);
    assert!(
        again
            .clone()
            .all(|words| words == "Non recoverable downtime reached again: it fails")
    );
}

#[test]
fn weekend_of_asking_for_later_is_9_mails_without_a_failure() {
    let foreseen = one(outcomes("R*750"), 288 * SEC).run();
    assert_eq!((foreseen.failures, foreseen.mails.len()), (0, 9));
    assert_eq!(
        foreseen.mails[0].headline(),
        "Non recoverable downtime reached: has asked to be retried 76 times in 6h, no run has succeeded or failed"
    );
}

#[test]
fn weekend_of_a_new_id_each_second_is_10_mails() {
    let script = Script::each(216_000, |run| format!("order {run} failed"));
    let mut simulation = one(script, SEC);
    simulation.kind_of = without_numbers;
    let foreseen = simulation.run();
    assert_eq!((foreseen.failures, foreseen.mails.len()), (216_000, 10));
}

#[test]
fn weekend_of_all_different_messages_each_second_is_27_mails_at_most_and_counts_every_kind() {
    let script = Script::each(216_000, |run| format!("error {run}"));
    let foreseen = one(script, SEC).run();
    assert_eq!(foreseen.failures, 216_000);
    assert!(foreseen.mails.len() <= 27, "{}", foreseen.mails.len());
    assert_eq!(foreseen.mails.len(), 24);
    let still_held = &foreseen.memory.tasks()[0].held;
    let waiting: u64 = still_held.named().iter().map(|entry| entry.count).sum();
    assert_eq!(told(&foreseen) + waiting + still_held.unnamed(), 216_000);
}

#[test]
fn weekend_of_a_kill_every_5_minutes_is_10_mails() {
    let (mut memory, mut now, mut mails) = (AlertMemory::empty(start(), "boot"), start(), 0);
    for _ in 0..720 {
        let mut simulation = one(outcomes("F"), 5 * MINUTE);
        simulation.start = now;
        let foreseen = simulation.run_with(memory);
        mails += foreseen.mails.len();
        now = foreseen.ended;
        let saved = serde_json::to_string(&foreseen.memory).unwrap();
        memory = serde_json::from_str::<AlertMemory>(&saved)
            .unwrap()
            .restored(now, "boot");
    }
    assert_eq!(now.mono.since(start().mono), 60 * HOUR);
    assert_eq!(mails, 10);
}

#[test]
fn weekend_of_a_a_b_a_b_is_2_mails() {
    let foreseen = one(outcomes("F:a F:a F:b F:a F:b"), MINUTE).run();
    let inbox = inbox(&foreseen);
    assert_eq!(inbox.len(), 2);
    assert_eq!(inbox[0], (0, "First exception caught: a".to_owned()));
    assert_eq!(inbox[1], (120, "New exception caught: b".to_owned()));
}

#[test]
fn weekend_of_failing_and_healing_50_times_is_1_mail() {
    let script = vec!["F S"; 50].join(" ");
    let foreseen = one(outcomes(&script), 36 * MINUTE).run();
    assert_eq!((foreseen.failures, foreseen.mails.len()), (50, 1));
}

#[test]
fn the_example_of_the_origin_is_foreseen() {
    let mut simulation = one(Script::fail_for(10 * SEC), SEC);
    simulation.tasks[0].rules.non_recoverable_downtime = 3 * SEC;
    let inbox = inbox(&simulation.run());
    let seconds: Vec<u64> = inbox.iter().map(|(second, _)| *second).collect();
    assert_eq!(seconds, [0, 3, 6, 9]);
    assert_eq!(inbox[1].1, "Non recoverable downtime reached: it fails");
    assert_eq!(
        inbox[3].1,
        "Non recoverable downtime reached again: it fails"
    );
}

#[test]
fn the_cooldown_after_the_last_outcome_passes_before_the_end() {
    let foreseen = one(outcomes("F"), 20 * HOUR).run();
    assert_eq!(foreseen.mails.len(), 4);
    assert_eq!(foreseen.ended.mono.since(start().mono), 20 * HOUR);
}

#[test]
fn a_run_that_takes_days_is_foreseen_as_still_running() {
    let mut simulation = one(outcomes("S"), MINUTE);
    simulation.tasks[0].takes = 48 * HOUR;
    let expected = vec![(600, "Still running after 10m".to_owned())];
    assert_eq!(inbox(&simulation.run()), expected);
}

#[test]
fn in_a_chain_every_task_follows_its_own_script() {
    let mut simulation = one(outcomes("F:a S S"), MINUTE);
    let mut second = simulation.tasks[0].clone();
    second.script = outcomes("R F:b*2");
    simulation.tasks.push(second);
    let foreseen = simulation.run();
    assert_eq!((foreseen.runs, foreseen.failures), (6, 3));
    let steps: Vec<_> = foreseen.mails.iter().map(|mail| mail.alert.step).collect();
    assert_eq!(steps, [Some(0), Some(1)]);
}

#[test]
fn a_chain_without_pauses_comes_to_its_end() {
    let foreseen = one(outcomes("S*1000 F S"), Duration::ZERO).run();
    assert_eq!((foreseen.runs, foreseen.mails.len()), (1002, 1));
}

#[test]
fn what_is_no_script_is_explained() {
    for (text, why) in [
        ("", "there is none"),
        ("F X", "`X` is no outcome"),
        ("F*0", "a number from 1 on"),
        ("F*many", "a number from 1 on"),
        ("F:\"disk", "not closed"),
        ("F:", "the text is empty"),
        ("S:ok", "begins with none of"),
        ("S*9999999999", "a million"),
    ] {
        let error = Script::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text:?}: {error}");
    }
    assert!(Script::parse(" f*2  s R F:x*3 F:\"disk * full\"*4\n").is_ok());
}

fn held_back(mail: &ForeseenMail) -> u64 {
    let counts = mail.alert.held_back.iter().map(|entry| entry.count);
    counts.fold(mail.alert.held_back_unnamed, u64::saturating_add)
}

#[test]
fn a_simulation_goes_on_until_the_end_of_an_outage_is_mailed() {
    for (healed, mails) in [(Healed::Never, 1), (Healed::AfterMail, 2)] {
        let mut simulation = one(outcomes("F S"), MINUTE);
        simulation.rules.healed = healed;
        let foreseen = simulation.run();
        assert_eq!(foreseen.mails.len(), mails, "{healed:?}");
        if let [_, end] = foreseen.mails.as_slice() {
            assert_eq!(end.alert.sort, AlertKind::Healed);
            // A 24th of 6 h after the success.
            assert_eq!(end.at.mono.since(start().mono), MINUTE + 15 * MINUTE);
        }
    }
}

#[test]
fn health_that_would_last_for_centuries_is_not_waited_for() {
    let mut simulation = one(outcomes("F S"), Duration::ZERO);
    simulation.rules.healed = Healed::AfterMail;
    simulation.tasks[0].rules.non_recoverable_downtime = HOUR * 24 * 365_000;
    let foreseen = simulation.run();
    assert_eq!((foreseen.mails.len(), foreseen.limit), (1, None));
}
