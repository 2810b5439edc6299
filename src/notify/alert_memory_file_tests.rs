//! A memory file that was damaged in any way never ends a runner, and never silences it.

use std::time::{Duration, SystemTime};

use super::*;
use crate::alert::notice::Kind;
use crate::alert::policy::{ChainRules, Policy, Seen, TaskRules, Verdict, WarnAfter};
use crate::event::RunId;
use crate::settings::Healed;
use crate::task::TaskName;
use crate::time::{Moment, Mono};

const BOOT: &str = "boot";
const HOUR: Duration = Duration::from_secs(3600);

fn moment(after: Duration) -> Moment {
    Moment {
        mono: Mono::BOOT + after,
        wall: SystemTime::UNIX_EPOCH + 20_000 * 24 * HOUR + after,
    }
}

fn policy(memory: Memory, now: Moment) -> Policy {
    let rules = TaskRules {
        name: TaskName::parse("tasks::a").unwrap(),
        non_recoverable_downtime: HOUR,
        warn_after: WarnAfter::Fixed(HOUR),
    };
    let chain = ChainRules {
        max_per_hour: 20,
        healed: Healed::Never,
    };
    Policy::new(vec![rules], chain, memory, now)
}

/// Lets a run fail, and returns how many mails that makes.
fn fail(policy: &mut Policy, word: &str, at: Moment) -> usize {
    let mut mails = 0;
    for notice in policy.poll(at) {
        policy.sent(&notice, "<id@host>", at);
        mails += 1;
    }
    policy.run_started(0, RunId(1), at);
    let kind = Kind(word.to_owned());
    let seen = Seen::Failure {
        kind: &kind,
        text: word,
    };
    if let Verdict::Mail(notice) = policy.run_ended(0, RunId(1), at, at, seen) {
        policy.sent(&notice, "<id@host>", at);
        mails += 1;
    }
    policy.sleeping(0, at.mono + Duration::from_secs(60));
    mails
}

/// What a runner has left that died during an outage with two kinds.
fn left() -> Vec<u8> {
    let begin = moment(100 * HOUR);
    let mut policy = policy(Memory::empty(begin, BOOT), begin);
    fail(&mut policy, "one", begin);
    fail(
        &mut policy,
        "two",
        moment(100 * HOUR + Duration::from_secs(60)),
    );
    let identity = Identity {
        program: "1:2".to_owned(),
        tasks: vec!["tasks::a".to_owned()],
        settings: "3".to_owned(),
    };
    let memory = policy.memory(moment(100 * HOUR + Duration::from_secs(61)));
    Kept::new(identity, Crashes::default(), memory).encode()
}

/// Takes a memory over, and lets a new failure go on for two downtimes.
fn go_on(bytes: &[u8]) {
    let Ok(kept) = kept::decode::<Memory>(bytes) else {
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
        Kept::new(
            kept.identity.clone(),
            kept.crashes.another(0),
            policy.memory(now),
        )
        .encode();
    }
}

#[test]
fn a_whole_file_is_gone_on_from() {
    assert!(kept::decode::<Memory>(&left()).is_ok());
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
