//! What becomes of each way in which a function can end.

use std::error::Error;
use std::fmt;
use std::panic::{panic_any, resume_unwind};
use std::process::Command;

use super::*;
use crate::core::failure::{Failure, FailureClass, Outcome};

#[derive(Debug)]
struct Layer {
    text: &'static str,
    below: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.below.as_deref().map(|below| below as _)
    }
}

fn layer(text: &'static str, below: impl Into<Box<dyn Error + Send + Sync>>) -> Layer {
    Layer {
        text,
        below: Some(below.into()),
    }
}

/// As `anyhow::Error`: no error itself, and once boxed only its text and its source can be reached.
struct Opaque(Box<dyn Error + Send + Sync>);

#[derive(Debug)]
struct Hidden(Box<dyn Error + Send + Sync>);

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Hidden {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Opaque {
    fn from(error: E) -> Self {
        Opaque(Box::new(error))
    }
}

impl From<Opaque> for Box<dyn Error + Send + Sync> {
    fn from(opaque: Opaque) -> Self {
        Box::new(Hidden(opaque.0))
    }
}

fn outcome(returned: impl IntoReport) -> Outcome {
    returned.into_report().into_outcome()
}

fn failure(returned: impl IntoReport) -> Failure {
    match outcome(returned) {
        Outcome::Failure(failure) => *failure,
        other => panic!("{other:?}"),
    }
}

fn called(run: fn() -> Report) -> Outcome {
    call(&Registration {
        module_path: "app::tasks",
        function: "sample",
        chosen: None,
        file: "src/tasks.rs",
        line: 1,
        attributes: Attributes::default(),
        run: TaskFunction::Plain(run),
    })
}

fn panicked(run: fn() -> Report) -> Failure {
    match called(run) {
        Outcome::Failure(failure) if failure.class == FailureClass::Panic => *failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_and_ok_are_successes() {
    assert!(matches!(outcome(()), Outcome::Success));
    assert!(matches!(outcome(Ok::<(), Layer>(())), Outcome::Success));
    assert!(matches!(called(|| ().into_report()), Outcome::Success));
}

#[test]
fn any_error_type_is_a_failure_in_its_own_words() {
    assert_eq!(failure(Err("a word")).text(), "a word");
    assert_eq!(failure(Err(String::from("a text"))).text(), "a text");
    let boxed: Box<dyn Error + Send + Sync> = "boxed".into();
    assert_eq!(failure(Err(boxed)).text(), "boxed");
    let io = std::fs::read("/dev/null/none").map(drop);
    assert!(failure(io).text().contains("os error 20"));
    let opaque = Opaque::from(layer("outer", "inner"));
    let opaque = failure(Err(opaque));
    assert_eq!(
        (opaque.text(), opaque.causes),
        ("outer: inner".into(), vec!["inner".into()])
    );
}

#[test]
fn a_failure_names_the_type_of_the_error() {
    let of = |failure: Failure| match failure.class {
        FailureClass::Error { type_name } => type_name,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(failure(Err("text"))), "&str");
    assert!(of(failure(Err(layer("a", "b")))).ends_with("task::tests::Layer"));
    assert_eq!(
        of(failure(Err(TaskError::new("x")))),
        "run_functions::TaskError"
    );
}

#[test]
fn causes_follow_outermost_first_and_have_an_end() {
    let failure_of_three = failure(Err(layer("top", layer("middle", "bottom"))));
    assert_eq!(failure_of_three.message, "top");
    assert_eq!(failure_of_three.causes, ["middle", "bottom"]);

    #[derive(Debug)]
    struct Ring;
    impl fmt::Display for Ring {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("ring")
        }
    }
    impl Error for Ring {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    assert!(failure(Err(Ring)).causes.len() < 100);
}

#[test]
fn a_task_error_says_what_is_to_be_made_of_it() {
    assert_eq!(failure(Err(TaskError::new("plain"))).text(), "plain");
    let sorted = failure(Err(TaskError::new("plain").kind("sort")));
    assert_eq!(sorted.kind.as_deref(), Some("sort"));
    let Outcome::Fatal(fatal) = outcome(Err(TaskError::fatal(layer("top", "below")).kind("k")))
    else {
        panic!("not fatal")
    };
    assert_eq!(
        (fatal.text(), fatal.kind.as_deref()),
        ("top: below".into(), Some("k"))
    );
    assert_eq!(fatal.causes, ["below"]);
    let later = outcome(Err(TaskError::retry_later("locked")));
    assert!(matches!(later, Outcome::RetryLater { reason } if reason == "locked"));
}

#[test]
fn what_a_task_error_says_holds_wherever_it_is_in_the_chain() {
    let fatal = || TaskError::fatal("disk gone").kind("disk");
    let boxed: Box<dyn Error + Send + Sync> = fatal().into();
    let below_opaque = Opaque::from(layer("while saving", fatal()));
    for wrapped in [
        outcome(Err(boxed)),
        outcome(Err(layer("while saving", fatal()))),
        outcome(Err(Opaque::from(fatal()))),
        outcome(Err(below_opaque)),
        outcome(Err(TaskError::new(fatal()))),
        outcome(Err(TaskError::new(layer("while saving", fatal())))),
    ] {
        let Outcome::Fatal(failure) = wrapped else {
            panic!("{wrapped:?}")
        };
        assert_eq!(failure.kind.as_deref(), Some("disk"));
        assert!(
            failure.causes.iter().all(|cause| cause == "disk gone"),
            "{failure:?}"
        );
    }
}

#[test]
fn the_outermost_task_error_wins() {
    let error = TaskError::retry_later(layer("outer", TaskError::fatal("inner"))).kind("mine");
    assert!(matches!(outcome(Err(error)), Outcome::RetryLater { .. }));
    let error = TaskError::new(layer("outer", TaskError::new("inner").kind("theirs"))).kind("mine");
    assert_eq!(failure(Err(error)).kind.as_deref(), Some("mine"));
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
            "task::tests::scene_of_a_task_and_a_thread_that_panic",
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
        printed.contains("ERROR: thread `helper` panicked at src/task/tests.rs:"),
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

/// As `anyhow::Context` has it: the context is displayed, and no source.
#[derive(Debug)]
struct InContext<C> {
    context: C,
    error: std::io::Error,
}

impl<C: fmt::Display> fmt::Display for InContext<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.context.fmt(f)
    }
}

impl<C: fmt::Debug + fmt::Display> Error for InContext<C> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

#[test]
fn a_task_error_counts_as_the_context_of_another_error() {
    let in_context = |context: TaskError| {
        let error = std::io::Error::other("locked by web2");
        let result: Result<(), _> = Err(InContext { context, error });
        result.into_report().into_outcome()
    };
    let outcome = in_context(TaskError::retry_later("import"));
    assert!(
        matches!(&outcome, Outcome::RetryLater { reason } if reason == "import: locked by web2"),
        "{outcome:?}"
    );
    assert!(matches!(
        in_context(TaskError::fatal("import")),
        Outcome::Fatal(_)
    ));
    let outcome = in_context(TaskError::new("import").kind("lock"));
    assert_eq!(outcome.failure().unwrap().kind.as_deref(), Some("lock"));
    assert_eq!(outcome.failure().unwrap().text(), "import: locked by web2");
}
