use std::path::PathBuf;

use super::*;
use crate::core::event::{RunEnd, RunId, StopReason};
use crate::core::failure::Outcome;
use crate::core::settings::MetricsSettings;
use crate::unix::clock;

const SECOND: Duration = Duration::from_secs(1);

/// A chain of a command that may run for a minute, and its page.
struct Chain {
    metrics_file: MetricsFile,
    began: Moment,
    now: Moment,
    pages: usize,
    dir: tempfile::TempDir,
}

impl Chain {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.prom");
        let writer = MetricsFileWriter::new(path, "a".to_owned(), dir.path().to_owned());
        let began = clock::now();
        let mut chain = Chain {
            metrics_file: MetricsFile::new(writer, vec![Some(60 * SECOND)]),
            began,
            now: began,
            pages: 0,
            dir,
        };
        chain.tell(&Event::Started { at: began });
        chain
    }

    fn tell(&mut self, event: &Event<'_>) {
        if self.metrics_file.note(event) {
            self.write();
        }
    }

    fn write(&mut self) {
        let memory = AlertMemory::empty(self.now, "");
        self.metrics_file
            .write(&ChainSummary::default(), &memory, self.now.mono);
        self.pages += 1;
    }

    /// Lets time pass, as the watcher does.
    fn pass(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while self.metrics_file.due() <= end {
            self.now = self.now.at(self.metrics_file.due().max(self.now.mono));
            self.write();
        }
        self.now = self.now.at(end);
    }

    fn run(&mut self, took: Duration, pause: Duration) {
        let (started, run) = (self.now, RunId(1));
        self.tell(&Event::RunStarted {
            step: 0,
            run,
            at: started,
        });
        self.pass(took);
        self.tell(&Event::RunEnded(RunEnd {
            step: 0,
            run,
            started,
            at: self.now,
            outcome: &Outcome::Success,
        }));
        if pause > Duration::ZERO {
            self.tell(&Event::Sleeping {
                step: 0,
                next: 0,
                at: self.now,
                until: self.now.mono + pause,
            });
        }
        self.pass(pause);
    }
}

#[test]
fn a_page_is_written_at_the_start_before_each_long_pause_and_at_the_end() {
    let mut chain = Chain::begin();
    assert_eq!(chain.pages, 1);
    for pages in 2..5 {
        chain.run(SECOND / 10, 3600 * SECOND);
        assert_eq!(chain.pages, pages);
        assert_eq!(
            chain.metrics_file.due(),
            Mono::NEVER,
            "nothing wakes who sleeps"
        );
    }
    let reason = StopReason::Quit;
    chain.tell(&Event::Stopped {
        at: chain.now,
        reason: &reason,
    });
    assert_eq!(chain.pages, 5);
    chain
        .metrics_file
        .writer()
        .finish(chain.now.mono + 60 * SECOND);
    let page = std::fs::read_to_string(chain.dir.path().join("a.prom")).unwrap();
    assert!(page.contains("run_functions_up{chain=\"a\"} 0"), "{page}");
}

#[test]
fn quick_runs_bring_a_page_every_ten_seconds_and_no_more() {
    for pause in [Duration::ZERO, SECOND / 10, SECOND] {
        let mut chain = Chain::begin();
        while chain.now.mono < chain.began.mono + 100 * SECOND {
            chain.run(SECOND / 10, pause);
        }
        assert!(
            (10..=11).contains(&chain.pages),
            "{pause:?}: {}",
            chain.pages
        );
    }
}

#[test]
fn the_end_of_a_run_is_told_though_the_next_one_is_long() {
    let mut chain = Chain::begin();
    chain.run(SECOND, SECOND);
    let pages = chain.pages;
    chain.tell(&Event::RunStarted {
        step: 0,
        run: RunId(2),
        at: chain.now,
    });
    chain.pass(3600 * SECOND);
    assert_eq!(chain.pages, pages + 1);
}

#[test]
fn the_page_says_when_the_next_one_comes_at_the_latest() {
    let mut chain = Chain::begin();
    let pause = 3600 * SECOND;
    chain.run(SECOND, pause);
    let ended = chain.now.wall - pause;
    let due = ended + pause + 60 * SECOND + MARGIN;
    assert_eq!(chain.metrics_file.page_due, Some(due));
    chain.metrics_file.limits = vec![None];
    chain.run(SECOND, pause);
    assert_eq!(chain.metrics_file.page_due, None, "a run without a limit");
}

#[test]
fn the_name_of_the_chain_is_put_into_the_name_of_the_file() {
    let settings = |metrics_file: &str| MetricsSettings {
        textfile: Some(metrics_file.into()),
    };
    let path = |metrics_file| settings(metrics_file).textfile_of("a_b").unwrap();
    assert_eq!(path("/x/%n.prom"), PathBuf::from("/x/a_b.prom"));
    assert_eq!(path("/%n/r_%n.prom"), PathBuf::from("/%n/r_a_b.prom"));
}
