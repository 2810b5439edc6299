//! What a history may take, and what of it goes.

use std::fs;

use super::super::Stamp;
use super::{Chain, DAY, MEBIBYTE, SECOND, failure};
use crate::core::failure::Outcome;

#[test]
fn it_never_takes_more_than_it_may_and_what_goes_is_the_oldest() {
    let mut chain = Chain::new();
    for run in 0..3000 {
        chain.run(&failure(&format!("failure {run}")), Some(&"x".repeat(run)));
        chain.pass(SECOND);
        if run % 100 == 0 {
            assert!(chain.size() <= MEBIBYTE, "{} after {run}", chain.size());
        }
    }
    chain.run(&failure("large"), Some(&"y".repeat(10 << 20)));
    assert!(chain.size() <= MEBIBYTE, "{}", chain.size());
    assert!(chain.size() > MEBIBYTE / 2, "{}", chain.size());
    let kept = chain.runs();
    assert!((10..3000).contains(&kept), "{kept}");
    let summary = chain.shelf().summary();
    let last = summary.tasks[0].last.clone().unwrap();
    assert_eq!(last.text.as_deref(), Some("exit 1: large"));
    assert_eq!(summary.tasks[0].down_since.unwrap().0 / 1_000_000, {
        let first = chain.now.at(chain.now.mono - 3000 * SECOND);
        Stamp::of(first.wall).0 / 1_000_000
    });
}

#[test]
fn what_is_too_old_goes() {
    let mut chain = Chain::within(MEBIBYTE, 8 * DAY);
    for _ in 0..100 {
        chain.run(&failure("broken"), None);
        chain.pass(DAY / 2);
    }
    let oldest = Stamp::of(chain.now.wall).since(chain.shelf().parts()[0]);
    assert!(oldest <= 10 * DAY, "{oldest:?}");
    assert!((14..=20).contains(&chain.runs()), "{}", chain.runs());
}

#[test]
fn a_clock_that_leaps_ahead_makes_nothing_old_before_a_day_has_passed() {
    let mut chain = Chain::within(MEBIBYTE, 90 * DAY);
    for _ in 0..40 {
        chain.run(&failure("broken"), None);
        chain.pass(2 * DAY);
    }
    let runs = chain.runs();
    let right = chain.now.wall;
    // A start under a wrong clock, and a clock that is set wrong while it runs.
    for starts in [true, false] {
        chain.now.wall = right + 400 * DAY;
        if starts {
            chain.again();
        }
        for _ in 0..10 {
            chain.run(&failure("broken"), None);
            chain.pass(DAY / 20);
        }
        assert!(chain.runs() >= runs, "{} of {runs} are left", chain.runs());
        chain.now.wall = right;
        chain.run(&Outcome::Success, None);
        assert!(chain.runs() >= runs, "{} of {runs} are left", chain.runs());
    }
    chain.now.wall = right + 400 * DAY;
    for _ in 0..4 {
        chain.run(&failure("broken"), None);
        chain.pass(DAY / 2);
    }
    assert!(chain.runs() < runs, "it is right after all");
}

#[test]
fn a_directory_that_cannot_be_used_stops_nothing_and_is_tried_again() {
    let mut chain = Chain::new();
    let path = chain.shelf().path().to_owned();
    fs::remove_dir_all(&path).unwrap();
    fs::write(&path, "in the way").unwrap();
    for _ in 0..100 {
        chain.run(&failure("broken"), Some("output"));
        chain.pass(SECOND / 10);
    }
    fs::remove_file(&path).unwrap();
    chain.pass(120 * SECOND);
    chain.run(&failure("broken"), Some("output"));
    assert_eq!(chain.runs(), 1);
    let (_, failed) = chain.shelf().summary().tasks[0].last_day(Stamp::of(chain.now.wall));
    assert_eq!(
        failed, 101,
        "what was seen is known though it was not written"
    );
}

#[test]
fn what_came_while_the_disk_refused_is_counted_though_the_former_lines_are_gone_on_from() {
    let mut chain = Chain::new();
    chain.run(&failure("broken"), None);
    let path = chain.shelf().path().to_owned();
    let aside = path.with_extension("aside");
    fs::rename(&path, &aside).unwrap();
    fs::write(&path, "in the way").unwrap();
    for entry in fs::read_dir(&aside).unwrap() {
        // The same lines in another file, as after a disk that was away.
        let file = entry.unwrap().path();
        let content = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        fs::write(&file, content).unwrap();
    }
    for _ in 0..10 {
        chain.pass(SECOND);
        chain.run(&failure("broken"), None);
    }
    fs::remove_file(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    chain.pass(120 * SECOND);
    chain.run(&failure("broken"), None);
    assert_eq!(chain.runs(), 2, "the first line and the last");
    let totals = &chain.shelf().summary().tasks[0].totals;
    assert_eq!(totals.runs(super::RunResult::Failed), 12);
}
