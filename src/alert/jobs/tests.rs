use std::time::{Duration, UNIX_EPOCH};

use super::{FailedJobs, JobDesk, JobMemory, JobPolicy};
use crate::alert::alert_facts::Alert;
use crate::alert::failure_kind::FailureKind;
use crate::alert::policy::{AlertDecision, ChainRules, TaskRules, WarnAfter};
use crate::core::event::TaskIndex;
use crate::core::settings::Healed;
use crate::core::time::{Moment, Mono, unix_millis};
use crate::task::TaskName;

const HOUR: Duration = Duration::from_secs(3600);
const NAMES: [&str; 2] = ["jobs::a", "stuck::a"];
const ENDS: usize = 0;
const STUCK: usize = 1;

#[derive(Default)]
struct Desk {
    sent: Vec<(String, u64)>,
    has_open: bool,
}

impl JobDesk for Desk {
    fn may_end_soon(&mut self, _step: TaskIndex) -> bool {
        self.has_open
    }

    fn send(&mut self, alert: &Alert, jobs: Option<&FailedJobs>) -> String {
        let count = jobs.map_or(0, |jobs| jobs.count);
        self.sent.push((alert.sort.word().to_owned(), count));
        format!("{}@host", self.sent.len())
    }

    fn keep_silent(&mut self, _step: TaskIndex, _jobs: &FailedJobs, _why: &AlertDecision) {}
}

/// A policy under a clock that the test moves.
struct Board {
    policy: JobPolicy,
    desk: Desk,
    now: Moment,
    healed: Healed,
}

fn rules() -> Vec<TaskRules> {
    let rule = |name: &&str| TaskRules {
        name: TaskName::parse(name).unwrap(),
        non_recoverable_downtime: 6 * HOUR,
        warn_after: WarnAfter::Usual,
        forget_after: None,
    };
    NAMES.iter().map(rule).collect()
}

impl Board {
    fn new(healed: Healed) -> Self {
        let now = Moment {
            mono: Mono::BOOT + HOUR,
            // The beginning of a minute.
            wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        let chain = ChainRules {
            max_per_hour: 20,
            healed,
        };
        let memory = JobMemory::empty(now, "boot");
        Board {
            policy: JobPolicy::new(rules(), chain, memory, now),
            desk: Desk::default(),
            now,
            healed,
        }
    }

    fn jobs(&self, kind: &str, count: u64) -> FailedJobs {
        let at = unix_millis(self.now.wall);
        FailedJobs {
            kind: FailureKind(kind.to_owned()),
            text: format!("failed as {kind}"),
            count,
            first: at,
            last: at,
            job: 1,
            is_undone: false,
        }
    }

    fn fail(&mut self, kind: &str, count: u64) -> &mut Self {
        let jobs = self.jobs(kind, count);
        self.policy.failed(ENDS, "build", jobs);
        self
    }

    fn succeed(&mut self, count: u64) -> &mut Self {
        self.policy.succeeded(ENDS, count);
        self
    }

    fn pass(&mut self, span: Duration) -> &mut Self {
        let end = self.now.mono + span;
        while self.now.mono < end {
            self.now = self.now.at(end.min(self.now.mono + Duration::from_secs(1)));
            self.policy.poll(self.now, &mut self.desk);
        }
        self
    }

    /// Goes on in another process, on a machine that was started at another time.
    fn move_on(&mut self) -> &mut Self {
        let memory = self.policy.memory(self.now);
        let text = serde_json::to_string(&memory).unwrap();
        self.now.mono = self.now.mono - HOUR / 2;
        let memory: JobMemory = serde_json::from_str(&text).unwrap();
        let chain = ChainRules {
            max_per_hour: 20,
            healed: self.healed,
        };
        let memory = memory.moved(self.now, "another boot");
        self.policy = JobPolicy::new(rules(), chain, memory, self.now);
        self
    }

    fn conditions(&mut self, kinds: &[&str]) -> &mut Self {
        let hold = kinds.iter().map(|kind| self.jobs(kind, 1)).collect();
        self.policy
            .conditions(STUCK, self.now, hold, &mut self.desk);
        self
    }

    fn sent(&mut self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.desk.sent)
    }

    fn words(&mut self) -> Vec<String> {
        self.sent().into_iter().map(|(word, _)| word).collect()
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn six_hundred_and_eighty_failures_of_a_cause_are_one_first_with_a_count() {
    let mut board = Board::new(Healed::Never);
    board.desk.has_open = true;
    for _ in 0..20 {
        board.fail("k", 34).pass(SECOND);
    }
    board.desk.has_open = false;
    board.pass(SECOND);
    assert_eq!(board.sent(), [("first".to_owned(), 680)]);
    board.pass(5 * HOUR);
    assert_eq!(board.words(), [""; 0]);
    board.pass(HOUR);
    assert_eq!(board.words(), ["downtime"]);
    board.pass(6 * HOUR);
    assert_eq!(board.words(), ["again"]);
}

#[test]
fn a_first_waits_for_its_like_for_half_a_minute_at_most() {
    let mut board = Board::new(Healed::Never);
    board.desk.has_open = true;
    board.fail("k", 1).pass(29 * SECOND);
    assert_eq!(board.sent(), []);
    board.pass(2 * SECOND);
    assert_eq!(board.sent(), [("first".to_owned(), 1)]);
}

#[test]
fn a_failure_among_more_successes_is_news_once_and_no_downtime() {
    let mut board = Board::new(Healed::AfterMail);
    for _ in 0..24 * 60 {
        board.succeed(9).fail("k", 1).pass(MINUTE);
    }
    assert_eq!(board.words(), ["first"]);
    board.succeed(9).fail("other", 1).pass(MINUTE);
    assert_eq!(board.words(), ["new"]);
}

#[test]
fn a_minute_without_ends_is_as_the_one_before() {
    let mut board = Board::new(Healed::AfterMail);
    board.fail("k", 2).succeed(2).pass(7 * HOUR);
    assert_eq!(board.words(), ["first", "downtime"]);
    board.succeed(2).fail("k", 1).pass(HOUR);
    assert_eq!(board.words(), ["healed"]);
    board.pass(24 * HOUR);
    assert_eq!(board.words(), [""; 0]);
}

#[test]
fn a_new_build_is_told_of_its_first_failure_once() {
    let mut board = Board::new(Healed::Never);
    let mut fail = |build: &str| {
        let jobs = board.jobs("k", 1);
        board.policy.failed(ENDS, build, jobs);
        board.pass(MINUTE);
        board.words()
    };
    assert_eq!(fail("1"), ["first"]);
    assert_eq!(fail("1"), [""; 0]);
    assert_eq!(fail("2"), ["first"]);
    assert_eq!(fail("1"), [""; 0]);
    assert_eq!(fail("2"), [""; 0]);
}

#[test]
fn what_is_remembered_moves_to_another_machine() {
    let mut board = Board::new(Healed::AfterDowntime);
    board.fail("k", 3).pass(5 * HOUR).move_on();
    assert_eq!(board.words(), ["first"]);
    board.fail("k", 1).pass(HOUR / 2).move_on().pass(HOUR);
    assert_eq!(board.words(), ["downtime"]);
    board.succeed(1).move_on().pass(2 * HOUR);
    // A success that the former alerter had not counted is counted by the next.
    board.succeed(1).pass(2 * HOUR);
    assert_eq!(board.words(), ["healed"]);
}

#[test]
fn a_kind_that_waits_moves_with_the_memory() {
    let mut board = Board::new(Healed::Never);
    board.desk.has_open = true;
    board.fail("k", 2).pass(10 * SECOND).move_on();
    board.fail("k", 3).pass(30 * SECOND);
    assert_eq!(board.sent(), [("first".to_owned(), 5)]);
}

#[test]
fn a_condition_is_mailed_once_then_each_downtime_until_it_is_over() {
    let mut board = Board::new(Healed::AfterMail);
    board.conditions(&["revert"]);
    assert_eq!(board.words(), ["first"]);
    for _ in 0..10 {
        board.conditions(&["revert"]).pass(HOUR);
    }
    assert_eq!(board.words(), ["downtime"]);
    board.conditions(&["revert", "decode"]);
    assert_eq!(board.words(), ["new"]);
    board.conditions(&[]).pass(HOUR);
    assert_eq!(board.words(), ["healed"]);
    assert!(board.policy.knows(STUCK, "revert"));
}

#[test]
fn kinds_without_number_are_bounded_and_counted() {
    let mut board = Board::new(Healed::Never);
    for number in 0..1_000 {
        board.fail(&format!("k{number}"), 1);
    }
    board.pass(MINUTE);
    // One FIRST, the NEWs that there are tokens for, and the rest in digests later.
    assert!(board.sent().len() <= 20);
    let memory = serde_json::to_string(&board.policy.memory(board.now)).unwrap();
    assert!(memory.len() < 200_000, "{}", memory.len());
}
