//! What becomes of each way in which a function can end.

mod panics;

use std::error::Error;
use std::fmt;

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
        package_version: None,
        file: "src/tasks.rs",
        line: 1,
        attributes: Attributes::default(),
        settings: None,
        run: TaskFunction::Plain(run),
    })
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
