//! What an admin sees of silence: the regular summary, and what is held back, in mails and in `status`.

use crate::support::{self, Place, eventually, stdout};

const FAST: &str = "[defaults]\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\n";

/// Lets a chain with `digest = "daily"` run and end, and makes its next summary due long ago, as after a night without a runner.
fn with_a_summary_overdue(task: &str) -> Place {
    let place = Place::with(&format!("[mail]\ndigest = \"daily\"\n{FAST}{task}"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution", 2);
    let status = stdout(&place.run(&["status"]));
    let line = status
        .lines()
        .find(|line| line.contains("the next summary comes "));
    assert!(
        line.is_some_and(|line| line.ends_with(" 08:00")),
        "{status}"
    );
    assert_eq!(runner.stop(), Some(0));
    let mut memory: serde_json::Value = serde_json::from_str(&place.read("run/a.memory")).unwrap();
    let due = &mut memory["alerts"]["summary"]["due"]["secs_since_epoch"];
    assert!(due.is_number());
    *due = 1_000_000_000.into();
    place.write("run/a.memory", memory.to_string());
    place
}

fn summary_of(place: &Place) -> String {
    let runner = place.start(&["tasks::a"]);
    let is_there = || {
        place
            .subjects()
            .iter()
            .any(|subject| subject.contains("Summary"))
    };
    assert!(eventually(is_there), "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
    let mails = place.all_mails();
    let of = |mail: &&String| mail.contains("event=summary");
    mails.iter().find(of).expect("a summary").clone()
}

#[test]
fn a_summary_comes_though_all_is_well_and_counts_over_a_restart() {
    let place = with_a_summary_overdue("[tasks.a]\ncommand = [\"true\"]\n");
    let mail = summary_of(&place);
    assert!(
        support::subject(&mail).starts_with("[a] Summary: all is well, "),
        "{mail}"
    );
    assert!(
        mail.contains("tasks::a: ") && mail.contains("none failed"),
        "{mail}"
    );
    let memory: serde_json::Value = serde_json::from_str(&place.read("run/a.memory")).unwrap();
    let due = memory["alerts"]["summary"]["due"]["secs_since_epoch"].as_u64();
    assert!(
        due.is_some_and(|due| due > 1_700_000_000),
        "the next one is planned"
    );
    let count = place
        .all_subjects()
        .iter()
        .filter(|subject| subject.contains("Summary"))
        .count();
    assert_eq!(count, 1);
}

#[test]
fn a_summary_tells_what_failed() {
    let place = with_a_summary_overdue("[tasks.a]\nshell = \"echo no disk; exit 1\"\n");
    let mail = summary_of(&place);
    let subject = support::subject(&mail);
    assert!(subject.starts_with("[a] Summary: "), "{subject}");
    assert!(
        subject.ends_with(" runs failed") && mail.contains("1 mail"),
        "{mail}"
    );
}

#[test]
fn nobody_who_does_not_ask_is_summed_up() {
    let place = Place::with(&format!("{FAST}[tasks.a]\ncommand = [\"true\"]\n"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution", 2);
    assert!(!stdout(&place.run(&["status"])).contains("summary"));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn status_tells_what_is_held_back_until_when_and_why() {
    let task = "[tasks.a]\nshell = '''\nn=$(cat count 2>/dev/null || echo a)\necho a$n > count\necho no $n\nexit 1\n'''\n";
    let place = Place::with(&format!("[mail]\nmax_per_hour = 1\n{FAST}{task}"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 3);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.all_subjects().len(), 1);
    let text = stdout(&place.run(&["status"]));
    let line = text.lines().find(|line| line.contains("held back until "));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(
        line.contains(" mails held back") && line.contains(": max_per_hour"),
        "{line}"
    );
}

#[test]
fn what_is_held_back_is_seen_at_once_while_the_runner_runs() {
    let task = "[tasks.a]\nfail_cooldown = \"1h\"\n\
                shell = '''\nn=$(cat count 2>/dev/null || echo a)\necho a$n > count\necho no $n\nexit 1\n'''\n";
    let place = Place::with(&format!("[mail]\nmax_per_hour = 1\n{task}"));
    let runner = place.start(&["tasks::a"]);
    for (failures, held) in [(1, ""), (2, "1 mail held back"), (3, "2 mails held back")] {
        runner.wait_for_count("Sleeping", failures);
        let text = stdout(&place.run(&["status"]));
        assert!(
            text.contains("1 first or new mail in the last hour, at most 1 (max_per_hour)"),
            "{text}"
        );
        let line = text.lines().find(|line| line.contains("held back"));
        let line = line.unwrap_or_default().trim();
        assert!(line.starts_with(held), "after {failures}:\n{text}");
        let is_whole = line.ends_with(": max_per_hour; then one mail tells of them");
        assert_eq!(is_whole, failures > 1, "{text}");
        runner.signal(nix::sys::signal::Signal::SIGUSR2);
    }
    let data = stdout(&place.run(&["status", "--json"]));
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["chains"][0]["mails_in_last_hour"], 1, "{data}");
    assert_eq!(data["chains"][0]["max_per_hour"], 1, "{data}");
    assert_eq!(runner.stop(), Some(0));
}
