//! What Prometheus makes of a page, and the rules that are shipped for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{B, TWO, result, two, written};
use crate::support::{NO_MAIL_PROGRAM, Place, fed, stderr, stdout};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prometheus_rules.yml")
}

fn promtool(args: &[&str], input: &str) -> Output {
    fed(Command::new("promtool").args(args), input)
}

#[test]
#[ignore = "needs promtool"]
fn promtool_has_nothing_to_say_about_a_page() {
    let place = two();
    place.write("bad", "");
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("Sleeping 1h");
    written(&place, "a_b", |page| {
        page.get("runs_total", &[B, result("ok")]) == Some(1.0)
    });
    let by_command = stdout(&place.run(&["metrics", "a_b", "never"]));
    for page in [place.read("prom/a_b.prom"), by_command] {
        let output = promtool(&["check", "metrics"], &page);
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert!(output.status.success() && said.is_empty(), "{said}\n{page}");
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs promtool"]
fn the_rules_wake_somebody_when_they_should_and_only_then() {
    let rules = example();
    let output = promtool(&["check", "rules", rules.to_str().unwrap()], "");
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let place = Place::empty();
    fs::copy(&rules, place.path("prometheus_rules.yml")).unwrap();
    let cases = include_str!("../../data/prometheus_rules_test.yml");
    place.write("cases.yml", cases);
    let cases = place.path("cases.yml");
    let output = promtool(&["test", "rules", cases.to_str().unwrap()], "");
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn the_rules_name_only_what_a_page_has() {
    let place = two();
    place.configure(&format!("{TWO}{NO_MAIL_PROGRAM}"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    place.write("bad", "");
    written(&place, "a", |page| {
        page.get("outbox_oldest_timestamp_seconds", &[]).is_some()
    });
    assert!(place.run(&["mute", "a", "2h"]).status.success());
    let known = written(&place, "a", |page| {
        page.get("outbox_oldest_timestamp_seconds", &[]).is_some()
            && page.get("mute_end_timestamp_seconds", &[]).is_some()
            && page.get("outage_start_timestamp_seconds", &[]).is_some()
            && page.get("last_success_timestamp_seconds", &[]).is_some()
    });
    let known: Vec<&str> = known.series().map(|(name, _)| name).collect();
    let rules = fs::read_to_string(example()).unwrap();
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named: Vec<&str> = words
        .filter(|word| word.starts_with("run_functions_"))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(known.contains(&name), "{name}");
    }
    assert_eq!(runner.stop(), Some(0));
}
