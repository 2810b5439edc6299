mod limits;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::{ChainSummary, Record, RunResult, Stamp, *};
use crate::chain::ChainName;
use crate::core::event::{Event, RunEnd, RunId, StopReason};
use crate::core::failure::{Failure, FailureClass, Outcome, Output};
use crate::core::settings::HistorySettings;
use crate::core::time::Moment;
use crate::unix::clock;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const MEBIBYTE: u64 = 1 << 20;

/// A chain of two tasks that writes a history, and its clock.
struct Chain {
    dir: tempfile::TempDir,
    limits: HistorySettings,
    writer: Writer,
    now: Moment,
}

impl Chain {
    fn new() -> Self {
        Chain::within(MEBIBYTE, 90 * DAY)
    }

    fn within(max_bytes: u64, max_age: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let limits = HistorySettings { max_bytes, max_age };
        let writer = writer(dir.path().to_owned(), limits);
        let now = clock::now();
        let mut chain = Chain {
            dir,
            limits,
            writer,
            now,
        };
        chain.note(&Event::Started { at: now }, None);
        chain
    }

    /// Another runner of the chain: the former one was killed.
    fn again(&mut self) {
        self.writer = writer(self.dir.path().to_owned(), self.limits);
        self.note(&Event::Started { at: self.now }, None);
    }

    fn note(&mut self, event: &Event<'_>, printed: Option<Output>) {
        self.writer.note(event, printed);
        self.writer.commit();
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.at(self.now.mono + span);
    }

    /// A run of the first task, which takes no time.
    fn run(&mut self, outcome: &Outcome, printed: Option<&str>) -> RunId {
        let run = RunId(Stamp::of(self.now.wall).0);
        let printed = printed.map(|text| Output {
            head: text.to_owned(),
            ..Output::default()
        });
        let event = Event::RunEnded(RunEnd {
            step: 0,
            run,
            started: self.now,
            at: self.now,
            outcome,
        });
        self.note(&event, printed);
        run
    }

    fn shelf(&self) -> HistoryReader {
        HistoryReader::open(self.dir.path(), "x").unwrap().unwrap()
    }

    fn records(&self) -> Vec<Record> {
        let shelf = self.shelf();
        let parts = shelf.parts();
        parts.iter().flat_map(|part| shelf.records(*part)).collect()
    }

    /// How many runs are kept, those counted together among them.
    fn runs(&self) -> u64 {
        let count = |record: &Record| match record {
            Record::Run(_) => 1,
            Record::Runs(runs) => runs.count,
            _ => 0,
        };
        self.records().iter().map(count).sum()
    }

    fn size(&self) -> u64 {
        let files = fs::read_dir(self.shelf().path()).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum()
    }

    fn newest(&self) -> PathBuf {
        let shelf = self.shelf();
        let part = shelf.parts().last().copied().unwrap();
        shelf.path().join(files::runs_name(part))
    }
}

fn writer(state_dir: PathBuf, limits: HistorySettings) -> Writer {
    let labels = vec!["tasks::a".to_owned(), "tasks::b".to_owned()];
    let chain = ChainName::parse("x").unwrap();
    Writer::new(&state_dir, limits, &chain, labels, |outcome| {
        Some(outcome.failure()?.message.clone())
    })
}

fn failure(text: &str) -> Outcome {
    let failure = Failure::new(FailureClass::Exit(1), text);
    Outcome::Failure(Box::new(failure))
}

#[test]
fn a_run_is_kept_with_what_it_printed() {
    let mut chain = Chain::new();
    let run = chain.run(&Outcome::Success, Some("hello\n"));
    let shelf = chain.shelf();
    let part = shelf.parts()[0];
    let found = shelf
        .records(part)
        .into_iter()
        .find_map(|record| match record {
            Record::Run(run) => Some(run),
            _ => None,
        });
    let found = found.unwrap();
    assert_eq!((found.id, found.result), (run, RunResult::Ok));
    let output = shelf.output(part, &found.output.unwrap()).unwrap();
    assert_eq!(output.head, "hello\n");
}

#[test]
fn successes_that_come_fast_are_counted_together() {
    let mut chain = Chain::new();
    for _ in 0..1_000_000 {
        chain.run(&Outcome::Success, None);
        chain.pass(Duration::from_micros(50));
    }
    chain.run(&failure("broken"), None);
    assert_eq!(chain.runs(), 1_000_001);
    assert!(chain.size() < 8192, "{}", chain.size());
    let (ok, failed) = chain.shelf().summary().tasks[0].last_day(Stamp::of(chain.now.wall));
    assert_eq!((ok, failed), (1_000_000, 1));
}

#[test]
fn a_pause_or_the_end_tells_what_was_counted() {
    let mut chain = Chain::new();
    for _ in 0..3 {
        chain.run(&Outcome::Success, None);
    }
    assert_eq!(chain.runs(), 1);
    let sleeping = |pause| Event::Sleeping {
        step: 0,
        next: 1,
        at: chain.now,
        until: chain.now.mono + pause,
    };
    let (short, long) = (sleeping(SECOND / 1000), sleeping(SECOND));
    chain.note(&short, None);
    assert_eq!(chain.runs(), 1);
    chain.note(&long, None);
    assert_eq!(chain.runs(), 3);
    chain.run(&Outcome::Success, None);
    let at = chain.now;
    let reason = &StopReason::Asked { signal: "SIGTERM" };
    chain.note(&Event::Stopped { at, reason }, None);
    assert_eq!(chain.runs(), 4);
    assert_eq!(chain.shelf().summary().ended.unwrap().1, "SIGTERM");
}

#[test]
fn a_history_that_is_torn_anywhere_can_be_read_and_goes_on() {
    let mut chain = Chain::new();
    for text in ["one", "two", "three"] {
        chain.run(&failure(text), Some(text));
        chain.pass(SECOND);
    }
    let path = chain.newest();
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let before = chain.runs();
        assert!(before <= 3);
        chain.again();
        chain.run(&failure("four"), None);
        assert_eq!(chain.runs(), before + 1, "torn at {end}");
        fs::remove_dir_all(chain.shelf().path()).unwrap();
        fs::create_dir(path.parent().unwrap()).unwrap();
    }
}

#[test]
fn a_former_runner_is_gone_on_from() {
    let mut chain = Chain::new();
    chain.run(&failure("broken"), None);
    let summary = chain.shelf().summary();
    chain.again();
    let later = chain.shelf().summary();
    assert_eq!(later.tasks, summary.tasks);
    assert!(later.began >= summary.began);
    assert_eq!(chain.shelf().parts().len(), 1);
}

#[test]
fn a_later_form_is_left_alone() {
    let mut chain = Chain::new();
    let path = chain.newest();
    fs::write(&path, "{\"form\":2}\n{\"mood\":\"good\"}\n").unwrap();
    chain.again();
    chain.run(&failure("broken"), None);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"form\":2}\n{\"mood\":\"good\"}\n"
    );
    assert_ne!(chain.newest(), path);
    assert_eq!(chain.runs(), 1);
}

#[test]
fn a_reader_sees_each_record_once_while_it_is_written() {
    let mut chain = Chain::new();
    let mut bookmark = chain.shelf().end();
    let mut seen = 0;
    for run in 0..1000 {
        chain.run(&failure("broken"), Some(&"x".repeat(1000)));
        chain.pass(SECOND);
        if run % 7 == 0 {
            let news = chain.shelf().since(&mut bookmark);
            seen += news
                .iter()
                .filter(|(_, record)| matches!(record, Record::Run(_)))
                .count();
        }
    }
    let news = chain.shelf().since(&mut bookmark);
    seen += news
        .iter()
        .filter(|(_, record)| matches!(record, Record::Run(_)))
        .count();
    assert_eq!(seen, 1000);
    assert!(chain.shelf().parts().len() > 3);
}

#[test]
fn the_summary_is_what_all_records_come_to() {
    let mut chain = Chain::within(64 * MEBIBYTE, 90 * DAY);
    for run in 0..2000 {
        let outcome = if run % 3 == 0 {
            failure("broken")
        } else {
            Outcome::Success
        };
        chain.run(&outcome, None);
        chain.pass(SECOND);
    }
    let mut all = ChainSummary::default();
    let records = chain.records();
    let told = records
        .iter()
        .filter(|record| !matches!(record, Record::Summary(_)));
    told.for_each(|record| all.add(record));
    assert_eq!(chain.shelf().summary(), all);
}

#[test]
fn a_hole_behind_the_lines_hides_nothing_of_what_was_counted() {
    let mut chain = Chain::new();
    for _ in 0..3 {
        chain.run(&failure("x"), None);
        chain.pass(Duration::from_secs(60));
    }
    let before = chain.shelf().summary();
    let newest = fs::File::options().append(true).open(chain.newest());
    newest.unwrap().set_len(3 << 30).unwrap();
    assert_eq!(chain.shelf().summary(), before);
    assert_eq!(chain.runs(), 3);
    chain.again();
    chain.run(&failure("x"), None);
    assert_eq!(
        chain.shelf().summary().tasks[0].failures,
        before.tasks[0].failures + 1
    );
}
