//! What the attribute leaves in a program: the function as it was, and its registration; and no warning, however strict the program.
#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    unreachable_pub,
    unused,
    unused_qualifications,
    unused_results
)]
#![deny(clippy::pedantic, clippy::unwrap_used)]
#![deny(
    single_use_lifetimes,
    trivial_casts,
    let_underscore_drop,
    redundant_lifetimes
)]

use std::time::Duration;

use run_functions::__private::{Attributes, Registration, registered};

mod tasks {
    //! Tasks of a user.

    use std::error::Error;

    fn the_machine_has_a_root() -> std::io::Result<()> {
        std::fs::metadata("/").map(drop)
    }

    /// Says nothing of how it is run.
    #[run_functions::task]
    pub(crate) fn plain() {}

    /// Says nothing in parentheses.
    #[run_functions::task()]
    fn private() -> Result<(), String> {
        the_machine_has_a_root().map_err(|error| error.to_string())
    }

    /// Says everything.
    #[run_functions::task(
        success_cooldown = "15m",
        fail_cooldown = "500ms",
        non_recoverable_downtime = "12h",
        forget_after = "30days",
        timeout = "1h 30m",
        warn_after = "2days",
        isolate = true
    )]
    pub(crate) fn tuned() -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(the_machine_has_a_root()?)
    }

    pub(crate) mod sync {
        //! Named as its function, and uses the attribute by its last name.

        use run_functions::task;

        #[task(forget_after = "never", timeout = "never", isolate = false)]
        pub(crate) fn sync() -> std::io::Result<()> {
            super::the_machine_has_a_root()
        }
    }

    /// Is named as nothing that the attribute brings along.
    #[run_functions::task]
    pub(crate) fn run() -> Result<(), &'static str> {
        the_machine_has_a_root().map_err(|_| "no root")
    }

    #[run_functions::task]
    pub(crate) fn r#loop() {}

    macro_rules! made_by_a_macro {
        ($name:ident) => {
            #[run_functions::task(fail_cooldown = "1s")]
            fn $name() {}
        };
    }
    made_by_a_macro!(generated);
}

fn named(name: &str) -> &'static Registration {
    let found = registered()
        .into_iter()
        .find(|task| task.name().as_str() == name);
    found.unwrap_or_else(|| panic!("{name} is not registered"))
}

#[test]
fn every_function_is_there_under_its_path_without_the_crate() {
    let names: Vec<String> = registered()
        .iter()
        .map(|task| task.name().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "tasks::generated",
            "tasks::loop",
            "tasks::plain",
            "tasks::private",
            "tasks::run",
            "tasks::sync",
            "tasks::tuned",
        ]
    );
}

#[test]
fn what_is_not_written_is_left_to_the_defaults() {
    assert_eq!(named("tasks::plain").attributes, Attributes::default());
    assert_eq!(named("tasks::private").attributes, Attributes::default());
}

#[test]
fn what_is_written_is_there() {
    let secs = Duration::from_secs;
    assert_eq!(
        named("tasks::tuned").attributes,
        Attributes {
            success_cooldown: Some(secs(900)),
            every: None,
            fail_cooldown: Some(Duration::from_millis(500)),
            non_recoverable_downtime: Some(secs(12 * 3600)),
            forget_after: Some(Some(secs(30 * 86_400))),
            timeout: Some(Some(secs(5400))),
            warn_after: Some(secs(2 * 86_400)),
            isolate: Some(true),
        }
    );
    let sync = named("tasks::sync").attributes;
    assert_eq!((sync.timeout, sync.isolate), (Some(None), Some(false)));
    assert_eq!(sync.forget_after, Some(None));
}

#[test]
fn a_registration_tells_where_its_function_is() {
    let task = named("tasks::plain");
    assert_eq!(task.file, file!());
    assert_eq!(task.crate_name(), env!("CARGO_CRATE_NAME"));
    assert!((10..40).contains(&task.line), "{}", task.line);
}

#[test]
fn the_function_stays_what_it_was() {
    tasks::plain();
    tasks::r#loop();
    assert_eq!(tasks::run(), Ok(()));
    assert!(tasks::tuned().is_ok() && tasks::sync::sync().is_ok());
}
