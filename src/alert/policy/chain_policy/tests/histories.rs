//! Random histories of a runner, and an account of what must have come of them.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::alert::failure_kind::FailureKind;

const YEARS: Duration = Duration::from_secs(10 * 366 * 86_400);

/// Something that happens to a runner.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Fail {
        step: TaskIndex,
        kind: u8,
    },
    Succeed {
        step: TaskIndex,
    },
    RetryLater {
        step: TaskIndex,
    },
    /// A run that takes a while, with the policy asked meanwhile.
    Hang {
        step: TaskIndex,
        kind: Option<u8>,
        span: Duration,
    },
    /// A cooldown that the policy learns of.
    Sleep {
        next: TaskIndex,
        span: Duration,
    },
    Suspend {
        span: Duration,
    },
    Crash,
    Restart,
    Reboot,
    WallClock {
        forward: bool,
        span: Duration,
    },
    Disk {
        full: bool,
    },
    Mute {
        step: Option<TaskIndex>,
        span: Duration,
    },
    Unmute,
}

pub(super) fn span() -> impl Strategy<Value = Duration> {
    let millis = prop_oneof![
        1..1000_u64,
        1000..60_000_u64,
        60_000..3_600_000_u64,
        3_600_000..172_800_000_u64,
    ];
    millis.prop_map(Duration::from_millis)
}

fn kind() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0..4_u8, 1 => any::<u8>()]
}

pub(super) fn ordinary() -> impl Strategy<Value = Happening> {
    let step = 0..STEPS;
    prop_oneof![
        8 => (step.clone(), kind()).prop_map(|(step, kind)| Happening::Fail { step, kind }),
        3 => step.clone().prop_map(|step| Happening::Succeed { step }),
        1 => step.clone().prop_map(|step| Happening::RetryLater { step }),
        1 => (step.clone(), prop::option::of(kind()), span())
            .prop_map(|(step, kind, span)| Happening::Hang { step, kind, span }),
        8 => (step, span()).prop_map(|(next, span)| Happening::Sleep { next, span }),
    ]
}

pub(super) fn anything() -> impl Strategy<Value = Happening> {
    prop_oneof![
        20 => ordinary(),
        1 => span().prop_map(|span| Happening::Suspend { span }),
        1 => Just(Happening::Crash),
        1 => Just(Happening::Restart),
        1 => Just(Happening::Reboot),
        1 => (any::<bool>(), (1..=YEARS.as_secs()).prop_map(Duration::from_secs))
            .prop_map(|(forward, span)| Happening::WallClock { forward, span }),
        1 => any::<bool>().prop_map(|full| Happening::Disk { full }),
        1 => (prop::option::of(0..STEPS), span())
            .prop_map(|(step, span)| Happening::Mute { step, span }),
        1 => Just(Happening::Unmute),
    ]
}

const STEPS: usize = 3;
pub(super) const NRD: Duration = Duration::from_secs(6 * 3600);

/// Returns the desk of a chain of tasks with different names, which can be muted apart.
fn desk() -> Desk {
    let (mut tasks, chain) = Desk::of_tasks(&[NRD; STEPS]).rules;
    for (task, name) in tasks.iter_mut().zip(["tasks::a", "tasks::b", "tasks::c"]) {
        task.name = TaskName::parse(name).unwrap();
    }
    Desk::with(tasks, chain)
}

/// A desk with an account of what happened at it.
pub(super) struct Account {
    pub(super) desk: Desk,
    /// Failures of kinds that were not mailed when they happened, by step and kind.
    pub(super) untold: HashMap<(TaskIndex, String), u64>,
    reboots: u64,
    restarts: u64,
    /// The time that the machine was up, summed over boots.
    up: Duration,
    seen: usize,
}

impl Account {
    pub(super) fn new() -> Self {
        Account {
            desk: desk(),
            untold: HashMap::new(),
            reboots: 0,
            restarts: 0,
            up: Duration::ZERO,
            seen: 0,
        }
    }

    pub(super) fn all_happen(&mut self, sequence: &[Happening]) {
        for happening in sequence {
            self.happens(happening);
        }
    }

    pub(super) fn happens(&mut self, happening: &Happening) {
        let before = self.desk.now.mono;
        match happening {
            Happening::Fail { step, kind } => self.fails(*step, *kind, Duration::ZERO),
            Happening::Succeed { step } => self.succeeds(*step, Duration::ZERO),
            Happening::RetryLater { step } => {
                self.desk.begin(*step);
                self.desk.end(*step, RunOutcome::Later { reason: "locked" });
            }
            Happening::Hang {
                step,
                kind: Some(kind),
                span,
            } => self.fails(*step, *kind, *span),
            Happening::Hang {
                step,
                kind: None,
                span,
            } => self.succeeds(*step, *span),
            Happening::Sleep { next, span } => self.desk.sleep(*next, *span),
            Happening::Suspend { span } => self.desk.suspend(*span),
            Happening::Crash => self.desk.crash(),
            Happening::Restart => {
                self.restarts += 1;
                self.desk.restart();
            }
            Happening::Reboot => {
                self.reboots += 1;
                self.desk.reboot(self.desk.now.wall);
            }
            Happening::WallClock { forward, span } => self.turn_the_clock(*forward, *span),
            Happening::Disk { full } => self.desk.disk_is_full = *full,
            Happening::Mute { step, span } => self.desk.mute(*step, *span),
            Happening::Unmute => self.desk.unmute(),
        }
        self.up += self.desk.now.mono.since(before);
        self.read_the_inbox();
    }

    fn succeeds(&mut self, step: TaskIndex, takes: Duration) {
        self.desk.begin(step);
        self.desk.pass(takes);
        self.desk.end(step, RunOutcome::Success);
    }

    fn turn_the_clock(&mut self, forward: bool, span: Duration) {
        let wall = self.desk.now.wall;
        let turned = if forward {
            wall.checked_add(span)
        } else {
            wall.checked_sub(span)
        };
        // The clock of a machine shows nothing before the epoch.
        self.desk.now.wall = turned.unwrap_or(wall).max(UNIX_EPOCH);
    }

    fn fails(&mut self, step: TaskIndex, kind: u8, takes: Duration) {
        let kind = kind.to_string();
        self.desk.begin(step);
        self.desk.pass(takes);
        self.read_the_inbox();
        let before = self.desk.inbox.len();
        let known = self.knows(step, &kind);
        self.desk.end_failed(step, &kind);
        assert!(self.desk.inbox.len() <= before + 1, "two mails for one run");
        if !known {
            *self.untold.entry((step, kind)).or_default() += 1;
        }
    }

    /// Returns whether a failure of this kind is no news now: an outage that begins may have
    /// forgotten it.
    fn knows(&self, step: TaskIndex, kind: &str) -> bool {
        let mut memory = self.desk.policy.tasks[step].memory().clone();
        let limits = self.desk.rules.0[step].outage_limits();
        let (kind, now) = (FailureKind(kind.to_owned()), self.desk.now);
        memory.enter(&kind, "", (now, now), limits);
        memory.known(&kind).is_some()
    }

    /// Strikes out what the new mails report.
    fn read_the_inbox(&mut self) {
        for index in self.seen..self.desk.inbox.len() {
            let alert = self.desk.inbox[index].clone();
            for entry in &alert.held_back {
                self.strike_out(entry.step, &entry.kind, entry.count);
            }
            if let (AlertKind::First | AlertKind::New, Some(step), Some(kind)) =
                (alert.sort, alert.step, &alert.kind)
            {
                self.strike_out(step, kind, 1);
            }
        }
        self.seen = self.desk.inbox.len();
    }

    fn strike_out(&mut self, step: TaskIndex, kind: &FailureKind, count: u64) {
        let left = self.untold.entry((step, kind.0.clone())).or_default();
        assert!(
            *left >= count,
            "{kind:?} of {step} told {count} times, happened {left} times"
        );
        *left -= count;
    }

    /// Checks that what was not mailed is still held back, to be mailed later.
    pub(super) fn nothing_is_lost(&self) {
        for ((step, kind), count) in &self.untold {
            let held = self.desk.policy.tasks[*step].held().named();
            let kept = held
                .iter()
                .find(|entry| entry.kind.0 == *kind)
                .map_or(0, |entry| entry.count);
            assert!(
                kept == *count || self.desk.policy.tasks[*step].held().unnamed() > 0,
                "{kind} of {step}: {count} untold, {kept} held back"
            );
        }
    }

    /// Checks the number of mails against what tokens and downtimes allow.
    pub(super) fn the_bound_holds(&self) {
        let of = |sorts: &[&str]| {
            let word = |alert: &&Alert| sorts.contains(&alert.sort.word());
            self.desk.inbox.iter().filter(word).count() as u64
        };
        let (hours, downtimes) = (
            self.up.as_secs() / 3600 + 1,
            self.up.as_secs() / NRD.as_secs() + 1,
        );
        let credit = self.reboots * STEPS as u64;
        let first = STEPS as u64 * (6 + hours) + credit;
        let new = STEPS as u64 * (5 + downtimes) + credit;
        assert!(of(&["first"]) <= first.min(STEPS as u64 * (1 + self.restarts)));
        assert!(of(&["new", "digest"]) <= new + first);
        assert!(of(&["downtime", "again"]) <= STEPS as u64 * downtimes + credit);
        assert!(of(&["running"]) <= STEPS as u64 * downtimes + credit);
    }
}
