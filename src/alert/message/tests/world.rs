//! What mails are written about: a failure of one task, at one moment, in one world.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::*;
use crate::alert::alert_kind::AlertKind;
use crate::alert::{
    alert_facts::Alert,
    failure_kind::FailureKind,
    outage::{DeferredFailure, KindCount, Outage},
};
use crate::core::admin_mail::AdminMail;
use crate::core::event::RunId;
use crate::core::failure::{Failure, FailureClass, Output};
use crate::core::time::{Moment, Mono, Precision, rfc3339};
use crate::mute::{
    account::{MuteAccount, MutedMail, ReportedMute},
    wish::Mute,
};

/// Sunday, 22 November 2026, 10:46:00 UTC.
pub(super) const NOW: u64 = 1_795_344_360;
pub(super) const HOUR: u64 = 3600;

pub(super) fn wall(secs: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(secs)
}

pub(super) fn moment(secs: u64) -> Moment {
    let mono = Mono::from_nanos((secs - NOW + 1_000_000) as i64 * 1_000_000_000);
    Moment {
        mono,
        wall: wall(secs),
    }
}

pub(super) fn before(hours: u64) -> Moment {
    let now = moment(NOW);
    now.at(now.mono - Duration::from_secs(hours * HOUR))
}

pub(super) fn utc(time: SystemTime) -> String {
    rfc3339(time, Precision::Seconds)
        .replace('T', " ")
        .replace('Z', " UTC")
}

pub(super) const TEXT: &str = "exit 1: ZeroDivisionError: division by zero";

pub(super) fn alert(sort: AlertKind) -> Alert {
    Alert {
        step: Some(0),
        run: Some(RunId(7)),
        kind: Some(FailureKind("7f3a9c01d2e4".into())),
        text: TEXT.into(),
        outage: Some(outage()),
        last_success: Some(wall(NOW - 7 * HOUR)),
        successes_before: 1234,
        next_reminder: Some(moment(NOW + 6 * HOUR)),
        reminder_interval: Some(Duration::from_secs(6 * HOUR)),
        ..Alert::of_the_chain(sort, moment(NOW))
    }
}

pub(super) fn outage() -> Outage {
    let kind = |kind: &str, text: &str, count, mailed| KindCount {
        kind: FailureKind(kind.into()),
        text: text.into(),
        count,
        first: before(6).wall,
        last: wall(NOW),
        mailed,
        seen_before: None,
    };
    Outage {
        number: 3,
        started: before(6),
        ended: None,
        failures: 13,
        asks: 0,
        kinds: vec![
            kind("7f3a9c01d2e4", TEXT, 12, Some(before(6).wall)),
            kind("0b1c2d3e4f50", "timed out after 10m", 1, None),
        ],
        kinds_forgotten: 0,
        before: None,
    }
}

pub(super) fn held_back() -> Vec<DeferredFailure> {
    let held = |step, text: &str, count| DeferredFailure {
        step,
        sort: "new".into(),
        kind: FailureKind("a1b2c3d4e5f6".into()),
        text: text.into(),
        count,
        first: before(2).wall,
        last: before(1).wall,
    };
    vec![
        held(
            0,
            "exit 2: cannot open /srv/app/queue.db: Permission denied",
            17,
        ),
        held(1, "Connection refused (os error 111)", 1),
    ]
}

pub(super) fn failure() -> Failure {
    let mut failure = Failure::new(FailureClass::Exit(1), "ZeroDivisionError: division by zero");
    failure.output = Some(Output {
        head: "starting\nFrom here on it is slow\n.\n".into(),
        cut: 0,
        tail: "\u{1b}[31mZeroDivisionError: division by zero\u{1b}[0m\n".into(),
    });
    failure.notes = vec!["it left 2 processes behind, which were ended".into()];
    failure
}

/// What a mail has besides its alert.
pub(super) struct World {
    pub(super) tasks: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) look: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        World {
            tasks: vec!["tasks::send_mail".into(), "tasks::retry_deferred".into()],
            notes: Vec::new(),
            look: vec!["run_functions".into(), "logs send_mail".into()],
        }
    }

    pub(super) fn context(&self) -> MailContext<'_> {
        MailContext {
            host: "web1",
            user: "www-data",
            chain: "send_mail_retry_deferred",
            tasks: &self.tasks,
            pid: 4711,
            version: "run_functions 0.1.0",
            executable_from: Some(wall(NOW - 100 * HOUR)),
            runner_started: wall(NOW - 50 * HOUR),
            run_duration: Some(Duration::from_millis(1250)),
            settings: None,
            max_per_hour: 20,
            healed: crate::core::settings::Healed::Never,
            to_whom: None,
            mail: MailPath {
                notes: &self.notes,
                ..MailPath::default()
            },
            look: &self.look,
            local_time: &utc,
            domain: "example.org",
            memory_born: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        }
    }
}

/// A mute of four hours with these counts: mails of first failures, new kinds, and downtimes.
pub(super) fn mute(step: usize, counts: [u64; 3], down: bool) -> ReportedMute {
    let asked = Mute {
        task: None,
        from: before(4).wall,
        until: wall(NOW),
        by: "alice (as root)".into(),
        reason: "deploy of orders".into(),
        boot: String::new(),
        made: Mono::BOOT,
    };
    let mut muted = MuteAccount::by(&asked);
    let sorts = [MutedMail::First, MutedMail::New, MutedMail::Downtime];
    for (sort, count) in sorts.into_iter().zip(counts) {
        (0..count).for_each(|_| muted.hold_back(sort));
    }
    muted.end(wall(NOW));
    ReportedMute {
        step,
        muted,
        down_since: down.then(|| before(3).wall),
    }
}

pub(super) fn shown(mail: &AdminMail) -> String {
    format!(
        "Subject: {}\nMessage-ID: {}\nList-Id: {}\nX-Run-Functions: {}\n\n{}",
        mail.subject, mail.message_id, mail.list_id, mail.facts, mail.body
    )
}
