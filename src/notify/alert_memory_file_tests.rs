//! A memory file that was damaged in any way never ends a runner, and never silences it.

use std::time::{Duration, SystemTime};

use super::*;
use crate::alert::failure_kind::FailureKind;
use crate::alert::policy::{
    AlertDecision, ChainPolicy, ChainRules, RunOutcome, TaskRules, WarnAfter,
};
use crate::core::event::RunId;
use crate::core::settings::Healed;
use crate::core::time::{Moment, Mono};
use crate::task::TaskName;

const BOOT: &str = "boot";
const HOUR: Duration = Duration::from_secs(3600);

fn moment(after: Duration) -> Moment {
    Moment {
        mono: Mono::BOOT + after,
        wall: SystemTime::UNIX_EPOCH + 20_000 * 24 * HOUR + after,
    }
}

fn policy(memory: AlertMemory, now: Moment) -> ChainPolicy {
    let rules = TaskRules {
        name: TaskName::parse("tasks::a").unwrap(),
        non_recoverable_downtime: HOUR,
        warn_after: WarnAfter::Fixed(HOUR),
        forget_after: None,
    };
    let chain = ChainRules {
        max_per_hour: 20,
        healed: Healed::Never,
    };
    ChainPolicy::new(vec![rules], chain, memory, now)
}

/// Lets a run fail, and returns how many mails that makes.
fn fail(policy: &mut ChainPolicy, word: &str, at: Moment) -> usize {
    let mut mails = 0;
    for alert in policy.poll(at) {
        policy.sent(&alert, "<id@host>", at);
        mails += 1;
    }
    policy.run_started(0, RunId(1), at);
    let kind = FailureKind(word.to_owned());
    let seen = RunOutcome::Failure {
        kind: &kind,
        text: word,
    };
    if let AlertDecision::Mail(alert) = policy.run_ended(0, RunId(1), at, at, seen) {
        policy.sent(&alert, "<id@host>", at);
        mails += 1;
    }
    policy.sleeping(0, at.mono + Duration::from_secs(60));
    mails
}

/// What a runner has left that died during an outage with two kinds.
fn left() -> Vec<u8> {
    let begin = moment(100 * HOUR);
    let mut policy = policy(AlertMemory::empty(begin, BOOT), begin);
    fail(&mut policy, "one", begin);
    fail(
        &mut policy,
        "two",
        moment(100 * HOUR + Duration::from_secs(60)),
    );
    let identity = ChainIdentity {
        program: "1:2".to_owned(),
        tasks: vec!["tasks::a".to_owned()],
        settings: "3".to_owned(),
    };
    let memory = policy.memory(moment(100 * HOUR + Duration::from_secs(61)));
    SavedMemory::new(identity, Crashes::default(), memory).encode()
}

/// Takes a memory over, and lets a new failure go on for two downtimes.
fn go_on(bytes: &[u8]) {
    let Ok(kept) = saved_memory::decode::<AlertMemory>(bytes) else {
        return;
    };
    let now = moment(101 * HOUR);
    for memory in [
        kept.alerts.clone().restored(now, BOOT),
        kept.alerts.forgotten(now, BOOT),
    ] {
        let mut policy = policy(memory, now);
        let mails: usize = (0..=120)
            .map(|minute| {
                fail(
                    &mut policy,
                    "three",
                    moment(101 * HOUR + minute * HOUR / 60),
                )
            })
            .sum();
        let text = String::from_utf8_lossy(bytes);
        assert!((1..=10).contains(&mails), "{mails} mails after\n{text}");
        SavedMemory::new(
            kept.identity.clone(),
            kept.crashes.another(0),
            policy.memory(now),
        )
        .encode();
    }
}

#[test]
fn a_whole_file_is_gone_on_from() {
    assert!(saved_memory::decode::<AlertMemory>(&left()).is_ok());
    go_on(&left());
}

#[test]
fn a_file_cut_at_any_byte_is_survived() {
    let whole = left();
    (0..whole.len()).for_each(|end| go_on(&whole[..end]));
}

#[test]
fn a_file_with_any_bit_flipped_is_survived() {
    let whole = left();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        go_on(&bytes);
    }
}

#[test]
fn a_file_with_an_extreme_number_anywhere_is_survived() {
    let whole = String::from_utf8(left()).unwrap();
    let mut at = 0;
    while let Some(begin) = whole[at..].find(|c: char| c.is_ascii_digit()) {
        let begin = at + begin;
        let length = whole[begin..].find(|c: char| !c.is_ascii_digit()).unwrap();
        for number in [
            "0",
            "-1",
            "999999999",
            "4294967295",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
        ] {
            let (before, after) = (&whole[..begin], &whole[begin + length..]);
            go_on(format!("{before}{number}{after}").as_bytes());
        }
        at = begin + length;
    }
}
