mod hostile;

use std::time::UNIX_EPOCH;

use super::*;
use crate::alert::mute::{Mute, Muted, ToldMute};
use crate::alert::notice::{HeldBack, Kind, KindCount, Outage};
use crate::event::RunId;
use crate::failure::{FailureClass, Output};
use crate::time::{Moment, Mono};

/// Sunday, 22 November 2026, 10:46:00 UTC.
const NOW: u64 = 1_795_344_360;
const HOUR: u64 = 3600;

fn wall(secs: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(secs)
}

fn moment(secs: u64) -> Moment {
    let mono = Mono::from_nanos((secs - NOW + 1_000_000) as i64 * 1_000_000_000);
    Moment {
        mono,
        wall: wall(secs),
    }
}

fn before(hours: u64) -> Moment {
    let now = moment(NOW);
    now.at(now.mono - Duration::from_secs(hours * HOUR))
}

fn utc(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time)
        .to_string()
        .replace('T', " ")
        .replace('Z', " UTC")
}

const TEXT: &str = "exit 1: ZeroDivisionError: division by zero";

fn notice(sort: Sort) -> Notice {
    Notice {
        sort,
        step: Some(0),
        run: Some(RunId(7)),
        at: moment(NOW),
        kind: Some(Kind("7f3a9c01d2e4".into())),
        text: TEXT.into(),
        outage: Some(outage()),
        last_success: Some(wall(NOW - 7 * HOUR)),
        successes_before: 1234,
        next_reminder: Some(moment(NOW + 6 * HOUR)),
        reminder_interval: Some(Duration::from_secs(6 * HOUR)),
        held_back: Vec::new(),
        held_back_unnamed: 0,
        running_since: None,
        thread: None,
        mutes: Vec::new(),
        summary: None,
        ends_runner: false,
    }
}

fn outage() -> Outage {
    let kind = |kind: &str, text: &str, count, mailed| KindCount {
        kind: Kind(kind.into()),
        text: text.into(),
        count,
        first: before(6).wall,
        last: wall(NOW),
        mailed,
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
    }
}

fn held_back() -> Vec<HeldBack> {
    let held = |step, text: &str, count| HeldBack {
        step,
        sort: "new".into(),
        kind: Kind("a1b2c3d4e5f6".into()),
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

fn failure() -> Failure {
    let mut failure = Failure::new(FailureClass::Exit(1), "ZeroDivisionError: division by zero");
    failure.output = Some(Output {
        head: "starting\nFrom here on it is slow\n.\n".into(),
        cut: 0,
        tail: "\u{1b}[31mZeroDivisionError: division by zero\u{1b}[0m\n".into(),
    });
    failure.notes = vec!["it left 2 processes behind, which were ended".into()];
    failure
}

struct World {
    tasks: Vec<String>,
    notes: Vec<String>,
}

impl World {
    fn new() -> Self {
        World {
            tasks: vec!["tasks::send_mail".into(), "tasks::retry_deferred".into()],
            notes: Vec::new(),
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
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
            mail: MailPath {
                notes: &self.notes,
                ..MailPath::default()
            },
            look: "run_functions logs send_mail",
            local_time: &utc,
            domain: "example.org",
            memory_born: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        }
    }
}

fn shown(letter: &Letter) -> String {
    format!(
        "Subject: {}\nMessage-ID: {}\nList-Id: {}\nX-Run-Functions: {}\n\n{}",
        letter.subject, letter.message_id, letter.list_id, letter.facts, letter.body
    )
}

#[test]
fn first_reads_well() {
    let world = World::new();
    let letter = letter(&notice(Sort::First), Some(&failure()), &world.context());
    insta::assert_snapshot!(shown(&letter));
}

#[test]
fn the_last_mail_of_a_runner_reads_well() {
    let world = World::new();
    let mut notice = notice(Sort::New);
    notice.ends_runner = true;
    insta::assert_snapshot!(shown(&letter(&notice, Some(&failure()), &world.context())));
}

#[test]
fn new_panic_with_causes_reads_well() {
    let world = World::new();
    let mut failure = Failure::new(FailureClass::Panic, "attempt to divide by zero");
    failure.place = Some("tasks/divide_by_zero.rs:12:5".into());
    failure.backtrace = Some("   0: std::panicking::begin_panic\n   1: tasks::divide\n".into());
    failure.causes = vec![
        "the divisor was read from a file".into(),
        "the file is empty".into(),
    ];
    let mut notice = notice(Sort::New);
    notice.text = failure.text();
    notice.held_back = held_back();
    insta::assert_snapshot!(shown(&letter(&notice, Some(&failure), &world.context())));
}

#[test]
fn downtime_reads_well() {
    let mut world = World::new();
    world.notes = vec!["The memory of alerts was damaged and has been started anew.".into()];
    let mut context = world.context();
    context.mail.waiting = 3;
    context.mail.down_since = Some(before(4).wall);
    context.mail.reason = Some("the server mail.example.org refused the connection on port 465");
    let letter = letter(
        &notice(Sort::Downtime { count: 1 }),
        Some(&failure()),
        &context,
    );
    insta::assert_snapshot!(shown(&letter));
}

#[test]
fn downtime_again_reads_well() {
    let world = World::new();
    let notice = notice(Sort::Downtime { count: 2 });
    insta::assert_snapshot!(shown(&letter(&notice, None, &world.context())));
}

#[test]
fn still_running_reads_well() {
    let world = World::new();
    let mut notice = notice(Sort::StillRunning);
    (notice.text, notice.outage, notice.kind) = (String::new(), None, None);
    let mut context = world.context();
    context.run_duration = Some(Duration::from_secs(2 * HOUR));
    notice.running_since = Some(before(2));
    insta::assert_snapshot!(shown(&letter(&notice, None, &context)));
}

#[test]
fn a_summary_reads_well() {
    use crate::alert::tally::{Summary, Tally};
    let world = World::new();
    let mut summed = notice(Sort::Summary);
    (summed.step, summed.run, summed.outage, summed.kind) = (None, None, None, None);
    let fine = Tally {
        runs: 2016,
        ..Tally::default()
    };
    let failing = Tally {
        runs: 1203,
        failures: 31,
        outages: 5,
        longest: Duration::from_secs(4800),
        down_since: Some(before(6).wall),
        mails: 4,
        held_back: 2,
        asks: 3,
    };
    let since = before(168).wall;
    let mut sum = |tasks| {
        summed.summary = Some(Summary { since, tasks });
        shown(&letter(&summed, None, &world.context()))
    };
    insta::assert_snapshot!(sum(vec![failing, fine.clone()]));
    insta::assert_snapshot!(sum(vec![fine.clone(), fine]));
}

#[test]
fn a_task_that_only_asks_for_later_reads_well() {
    let world = World::new();
    let mut notice = notice(Sort::Downtime { count: 1 });
    notice.text = "exit 75: the queue is locked by pid 4711".into();
    notice.kind = None;
    let outage = notice.outage.as_mut().unwrap();
    (outage.failures, outage.asks) = (0, 72);
    outage.kinds.clear();
    let letter = letter(&notice, Some(&failure()), &world.context());
    assert!(!letter.body.contains("Error:"), "{}", letter.body);
    insta::assert_snapshot!(shown(&letter));
}

/// A mute of four hours with these counts: mails of first failures, new kinds, and downtimes.
fn mute(step: usize, counts: [u64; 3], down: bool) -> ToldMute {
    let asked = Mute {
        task: None,
        from: before(4).wall,
        until: wall(NOW),
        by: "alice (as root)".into(),
        reason: "deploy of orders".into(),
        boot: String::new(),
        made: Mono::BOOT,
    };
    let mut muted = Muted::by(&asked);
    let sorts = [Sort::First, Sort::New, Sort::Downtime { count: 1 }];
    for (sort, count) in sorts.into_iter().zip(counts) {
        (0..count).for_each(|_| muted.hold_back(sort));
    }
    muted.end(wall(NOW));
    ToldMute {
        step,
        muted,
        down_since: down.then(|| before(3).wall),
    }
}

#[test]
fn the_end_of_a_mute_reads_well() {
    let world = World::new();
    let mut first = notice(Sort::First);
    first.held_back = held_back()[1..].to_vec();
    first.held_back[0].step = 0;
    first.mutes = vec![mute(0, [1, 1, 0], true)];
    insta::assert_snapshot!(shown(&letter(&first, Some(&failure()), &world.context())));
    let mut digest = notice(Sort::HeldBack);
    (digest.step, digest.run, digest.outage, digest.kind) = (None, None, None, None);
    digest.held_back = held_back();
    digest.mutes = vec![mute(0, [0, 1, 2], true), mute(1, [1, 0, 0], false)];
    insta::assert_snapshot!(shown(&letter(&digest, None, &world.context())));
    digest.held_back.clear();
    digest.mutes = vec![mute(1, [0, 0, 1], false)];
    insta::assert_snapshot!(shown(&letter(&digest, None, &world.context())));
}

#[test]
fn healed_reads_well() {
    let world = World::new();
    let mut notice = notice(Sort::Healed);
    let outage = notice.outage.as_mut().unwrap();
    outage.started = before(14);
    outage.ended = Some(
        outage
            .started
            .at(outage.started.mono + Duration::from_secs(48_000)),
    );
    insta::assert_snapshot!(shown(&letter(&notice, None, &world.context())));
}

#[test]
fn held_back_reads_well() {
    let world = World::new();
    let mut notice = notice(Sort::HeldBack);
    (notice.step, notice.outage, notice.kind, notice.run) = (None, None, None, None);
    (notice.text, notice.held_back) = (String::new(), held_back());
    insta::assert_snapshot!(shown(&letter(&notice, None, &world.context())));
}

#[test]
fn the_minimal_mail_reads_well() {
    let world = World::new();
    let letter = letter(&notice(Sort::First), Some(&failure()), &world.context());
    insta::assert_snapshot!(letter.minimal_body);
    assert!(letter.minimal_body.len() <= 2048);
}

#[test]
fn headlines_are_the_words_of_the_log() {
    let headline = |sort| headline(&notice(sort));
    assert_eq!(
        headline(Sort::First),
        format!("First exception caught: {TEXT}")
    );
    assert_eq!(headline(Sort::New), format!("New exception caught: {TEXT}"));
    let reached = "Non recoverable downtime reached";
    assert_eq!(headline(Sort::Downtime { count: 1 }), reached);
    assert_eq!(
        headline(Sort::Downtime { count: 9 }),
        format!("{reached} again")
    );
}

#[test]
fn long_output_is_its_beginning_and_its_end_and_says_what_is_missing() {
    let world = World::new();
    let mut failure = failure();
    let lines = |from: u32| {
        (from..from + 20_000)
            .map(|n| format!("line {n}\n"))
            .collect::<String>()
    };
    failure.output = Some(Output {
        head: lines(0),
        cut: 1_000_000,
        tail: lines(90_000),
    });
    let body = letter(&notice(Sort::First), Some(&failure), &world.context()).body;
    assert!(body.contains("  line 0\n") && body.contains("  line 109999\n"));
    assert!(!body.contains("line 19999\n") && !body.contains("line 90000\n"));
    assert!(body.contains(" bytes left out …]\n"));
    assert!(
        body.len() > 16 * 1024 && body.len() < 40 * 1024,
        "{}",
        body.len()
    );
}

#[test]
fn a_text_cannot_pretend_to_be_an_encoded_word_or_another_header() {
    let world = World::new();
    let mut notice = notice(Sort::First);
    notice.text = "=?utf-8?q?=0aBcc=3A?= x\r\nBcc: eve@example.org\u{202e}\u{0}".into();
    let subject = letter(&notice, None, &world.context()).subject;
    assert_eq!(
        subject,
        "[web1] [tasks::send_mail] First exception caught: = ?utf-8?q?= 0aBcc=3A? = x Bcc: eve@example.org"
            .replace("?q?= 0a", "?q?=0a")
            .replace("? = x", "?= x")
    );
}

#[test]
fn a_mail_that_is_made_again_after_a_crash_has_the_name_of_its_twin() {
    let world = World::new();
    let name = |notice: &Notice| letter(notice, None, &world.context()).message_id;
    let first = notice(Sort::First);
    let mut again = first.clone();
    again.at.wall += Duration::from_secs(7);
    again.sort = Sort::New;
    if let Some(outage) = &mut again.outage {
        outage.number += 1_000_000;
    }
    assert_eq!(name(&first), name(&again));
    again.kind = Some(Kind("another".into()));
    assert_ne!(name(&first), name(&again));
    let reminders = [1, 2].map(|count| name(&notice(Sort::Downtime { count })));
    assert_ne!(reminders[0], reminders[1]);
}
