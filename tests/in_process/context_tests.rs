//! What a function learns by its context, in the runner, in a process of its own, and in a test of its own.

use run_functions::Context;

use crate::support::collector::Collector;
use crate::support::{Place, eventually, stderr};
use crate::{start, tiny_harness};

pub(crate) const TESTS: &[tiny_harness::Test] = tiny_harness::tests![
    a_resource_is_made_once_and_a_failed_creation_is_a_failure_of_its_run,
    a_resource_that_was_forgotten_is_made_anew,
    settings_are_read_in_the_runner_and_in_a_process_of_its_own,
    wrong_settings_are_shown_with_their_place_before_anything_runs,
    a_task_that_lacks_its_settings_bars_its_own_chain_alone,
    numbers_of_functions_are_pushed_from_either_process,
    a_context_of_a_test_has_settings_and_resources_of_its_own,
];

fn a_resource_is_made_once_and_a_failed_creation_is_a_failure_of_its_run() {
    let place = Place::empty();
    let runner = start(&place, &["context::uses_a_resource"]);
    runner.wait_for("Execution failed: the database does not answer");
    assert!(eventually(|| place.read("asked").lines().count() >= 5));
    assert_eq!(runner.stop(), Some(0));
    let asked = place.read("asked");
    assert!(asked.lines().all(|line| line == "connection 2"), "{asked}");
}

fn a_resource_that_was_forgotten_is_made_anew() {
    let place = Place::empty();
    place.write("lost", "");
    let runner = start(&place, &["context::uses_a_resource"]);
    assert!(eventually(|| place.read("asked").lines().count() >= 3));
    assert_eq!(runner.stop(), Some(0));
    assert!(
        place
            .read("asked")
            .starts_with("connection 2\nconnection 3\nconnection 3\n")
    );
}

const SETTINGS: &str = "[tasks.\"context::reads_settings\".settings]\nurl = \"https://a.example\"\n\
    [tasks.\"context::reads_settings_apart\"]\nsettings = { url = \"https://b.example\", retries = 3 }\n";

fn settings_are_read_in_the_runner_and_in_a_process_of_its_own() {
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    for (task, line) in [
        ("context::reads_settings", "https://a.example 0"),
        ("context::reads_settings_apart", "https://b.example 3"),
    ] {
        let place = Place::with(SETTINGS);
        let runner = start(&place, &[task]);
        runner.wait_for("Execution successful");
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(place.read("asked"), format!("{line} {host}\n"));
    }
}

fn wrong_settings_are_shown_with_their_place_before_anything_runs() {
    for (settings, at, why) in [
        ("url = 5\n", "2:7", "expected a string"),
        ("url = \"x\"\nretries = 300\n", "3:11", "expected u8"),
        ("url = \"x\"\nretires = 3\n", "3:1", "unknown field"),
        ("retries = 3\n", "1:", "missing field `url`"),
    ] {
        let place = Place::with(&format!(
            "[tasks.\"context::reads_settings\".settings]\n{settings}"
        ));
        let mut runner = start(&place, &["context::reads_settings"]);
        assert_eq!(runner.wait_for_end(), Some(78));
        let log = runner.log();
        assert!(log.contains(&format!("run_functions.toml:{at}")), "{log}");
        assert!(log.contains(why), "{log}");
        assert_eq!(place.read("asked"), "");
    }
}

fn a_task_that_lacks_its_settings_bars_its_own_chain_alone() {
    let place = Place::empty();
    let mut runner = start(&place, &["context::reads_settings"]);
    assert_eq!(runner.wait_for_end(), Some(78));
    let log = runner.log();
    assert!(
        log.contains("`context::reads_settings` needs settings: missing field `url`"),
        "{log}"
    );
    assert!(
        log.contains("[tasks.\"context::reads_settings\".settings]"),
        "{log}"
    );
    let other = start(&place, &["tasks::other"]);
    other.wait_for("Execution successful");
    assert_eq!(other.stop(), Some(0));
    let stock =
        Place::with("[tasks.a]\ncommand = [\"true\"]\nsettings = { a = 1 }\n").run(&["check"]);
    assert_eq!(stock.status.code(), Some(78));
    assert!(
        stderr(&stock).contains("`settings` is for functions"),
        "{stock:?}"
    );
}

fn numbers_of_functions_are_pushed_from_either_process() {
    for (task, sort) in [
        ("context::reports_numbers", "function"),
        ("context::reports_numbers_apart", "isolated"),
    ] {
        let server = Collector::start();
        let place = Place::with(&format!(
            "[metrics_push]\naddress = \"http://{}\"\ndatabase = \"d\"\n",
            server.address
        ));
        let runner = start(&place, &[task]);
        assert!(
            eventually(|| !server.lines("reports,").is_empty()),
            "{}",
            runner.log()
        );
        assert_eq!(runner.stop(), Some(0));
        let line = &server.lines("reports,")[0];
        let tags = format!("task={task},kind=a\\ b value=2.5 ");
        assert!(line.contains(&tags), "{line}");
        let duration = &server.lines("job_duration_seconds")[0];
        assert!(
            duration.contains(&format!(",type={sort} value=")),
            "{duration}"
        );
        assert!(
            place
                .read("asked")
                .contains("`lock_held` is a name of the runner's own metrics")
        );
    }
}

fn a_context_of_a_test_has_settings_and_resources_of_its_own() {
    #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
    struct Shop {
        url: String,
    }
    let shop = || Shop {
        url: "https://a.example".to_owned(),
    };
    let (one, other) = (
        Context::with_settings(&shop()).unwrap(),
        Context::with_settings(&shop()).unwrap(),
    );
    assert_eq!(one.settings::<Shop>().unwrap(), shop());
    assert!(one.settings::<u32>().is_err());
    assert!(Context::default().settings::<Shop>().is_err());
    let number =
        |context: &Context, number: u32| *context.resource(|| Ok::<_, ()>(number)).unwrap();
    assert_eq!(
        (number(&one, 1), number(&one, 2), number(&other, 3)),
        (1, 1, 3)
    );
    assert!(!one.should_stop() && one.metric("x", 1, &[]).is_ok());
}
