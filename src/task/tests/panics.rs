//! What becomes of a panic of a task, and of one beside it.

use std::error::Error;
use std::fmt;
use std::panic::{panic_any, resume_unwind};
use std::process::Command;

use super::super::*;
use super::called;
use crate::core::failure::{Failure, FailureClass, Outcome};

fn panicked(run: fn() -> Report) -> Failure {
    match called(run) {
        Outcome::Failure(failure) if failure.class == FailureClass::Panic => *failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_panic_is_a_failure_with_its_place_and_payload() {
    let failure = panicked(|| panic!("a literal"));
    assert_eq!(failure.text(), "a literal");
    let line = line!() - 2;
    let place = failure.place.unwrap();
    assert!(
        place.starts_with(&format!("{}:{line}:", file!())),
        "{place}"
    );
    assert_eq!(panicked(|| panic!("number {}", 7)).text(), "number 7");
    let divided = panicked(|| {
        let _ = std::hint::black_box(1) / std::hint::black_box(0);
        ().into_report()
    });
    assert_eq!(divided.text(), "attempt to divide by zero");
    let name = std::thread::current().name().unwrap().to_owned();
    assert!(divided.notes.iter().any(|note| note.contains(&name)));
}

#[test]
fn a_payload_of_another_type_is_told_as_such() {
    let failure = panicked(|| panic_any(7_u8));
    assert_eq!(failure.text(), "a panic with a payload of an unknown type");
    assert!(failure.place.is_some());
}

#[test]
fn a_panic_without_a_place_is_still_a_failure() {
    let failure = panicked(|| resume_unwind(Box::new("carried over")));
    assert_eq!(
        (failure.text(), failure.place),
        ("carried over".into(), None)
    );
}

#[test]
fn a_panic_in_the_words_of_an_error_is_a_panic() {
    struct Rude;
    impl fmt::Display for Rude {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("rude")
        }
    }
    impl fmt::Debug for Rude {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Rude")
        }
    }
    impl Error for Rude {}
    assert_eq!(panicked(|| Err(Rude).into_report()).text(), "rude");
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_harms_nobody() {
    struct Bomb(u8);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Bomb(self.0 - 1));
            }
        }
    }
    let failure = panicked(|| panic_any(Bomb(2)));
    assert_eq!(failure.class, FailureClass::Panic);
    assert!(matches!(called(|| ().into_report()), Outcome::Success));
}

#[test]
fn a_panic_that_a_destructor_caught_on_the_way_is_not_the_one_that_came_out() {
    struct Careful;
    impl Drop for Careful {
        fn drop(&mut self) {
            let _ = std::panic::catch_unwind(|| panic!("caught"));
        }
    }
    let failure = panicked(|| {
        let _careful = Careful;
        panic!("came out")
    });
    assert_eq!(failure.text(), "came out");
    let line = line!() - 3;
    assert!(failure.place.unwrap().contains(&format!(":{line}:")));
}

#[test]
fn a_panic_that_the_task_caught_is_no_failure_and_is_not_mixed_up_with_the_next() {
    let caught = called(|| {
        let _ = std::panic::catch_unwind(|| panic!("mine"));
        ().into_report()
    });
    assert!(matches!(caught, Outcome::Success));
    let carried = panicked(|| resume_unwind(Box::new("mine")));
    assert_eq!(carried.place, None);
}

#[test]
fn a_task_within_a_task_leaves_the_outer_one_a_task() {
    let failure = panicked(|| {
        assert_eq!(panicked(|| panic!("inner")).text(), "inner");
        panic!("outer")
    });
    assert_eq!(failure.text(), "outer");
    assert!(failure.place.is_some());
}

/// What a runner with a task and a thread of its own does, in a process whose hook and logger
/// no other thread has touched.
#[test]
#[ignore = "needs to be started by the tests below: it plays their scene"]
fn scene_of_a_task_and_a_thread_that_panic() {
    struct ToStderr;
    impl log::Log for ToStderr {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            eprintln!("{}: {}", record.level(), record.args());
        }
        fn flush(&self) {}
    }
    if std::env::var_os("SCENE_WITH_LOG").is_some() {
        log::set_boxed_logger(Box::new(ToStderr)).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    }
    let failure = panicked(|| panic!("of the task"));
    eprintln!("has a backtrace: {}", failure.backtrace.is_some());
    let backtrace = failure.backtrace.unwrap_or_default();
    eprintln!("it ends with: {}", backtrace.lines().last().unwrap_or(""));
    eprintln!("of the runner: {}", backtrace.contains("catch_unwind"));
    let thread = std::thread::Builder::new().name("helper".to_owned());
    let thread = thread.spawn(|| panic!("of the thread")).unwrap();
    assert!(thread.join().is_err());
}

/// Returns what the scene leaves on standard error.
fn scene(variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "task::tests::panics::scene_of_a_task_and_a_thread_that_panic",
        ])
        .args(["--ignored", "--nocapture"])
        .env_remove("SCENE_WITH_LOG")
        .env_remove("RUST_LIB_BACKTRACE")
        .env("RUST_BACKTRACE", "0")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_panic_of_a_task_is_not_printed_and_that_of_another_thread_stays_visible() {
    let printed = scene(&[]);
    assert!(!printed.contains("of the task"), "{printed}");
    assert_eq!(printed.matches("of the thread").count(), 1, "{printed}");
    assert!(printed.contains("thread 'helper'"), "{printed}");
}

#[test]
fn with_a_log_the_panic_of_another_thread_is_in_the_log_once() {
    let printed = scene(&[("SCENE_WITH_LOG", "1")]);
    assert!(
        printed.contains("ERROR: thread `helper` panicked at src/task/tests/panics.rs:"),
        "{printed}"
    );
    assert_eq!(printed.matches("of the thread").count(), 1, "{printed}");
    assert!(!printed.contains("of the task"), "{printed}");
}

#[test]
fn a_backtrace_is_whole_when_the_environment_asks_for_that() {
    let whole = scene(&[("RUST_BACKTRACE", "full"), ("SCENE_WITH_LOG", "1")]);
    assert!(whole.contains("of the runner: true"), "{whole}");
    assert!(!whole.contains("are left out"), "{whole}");
}

#[test]
fn a_backtrace_is_kept_when_the_environment_asks_for_it() {
    assert!(scene(&[]).contains("has a backtrace: false"));
    let asked = scene(&[("RUST_BACKTRACE", "1"), ("SCENE_WITH_LOG", "1")]);
    assert!(asked.contains("has a backtrace: true"));
    assert!(asked.contains("RUST_BACKTRACE=full keeps them"), "{asked}");
    assert!(asked.contains("of the runner: false"), "{asked}");
    assert!(
        asked.contains("ERROR: backtrace of thread `helper`:"),
        "{asked}"
    );
}
