//! A mute is shown wherever people look: a silence that nobody sees would look like health. With real runners.

use crate::support::{Place, Runner, eventually, stderr, stdout};
use nix::sys::signal::Signal;
use serde_json::Value;

/// `a` fails with the words in the file `bad`, as long as it is there; `b` is well, and the chain sleeps for long after it.
const TWO: &str = r#"
[tasks.a]
shell = "test ! -e bad || { cat bad; exit 1; }"
success_cooldown = "20ms"
fail_cooldown = "20ms"
[tasks.b]
command = ["true"]
success_cooldown = "1day"
"#;

#[track_caller]
fn ok(place: &Place, args: &[&str]) -> String {
    let output = place.run(args);
    let code = output.status.code();
    assert_eq!(code, Some(0), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

/// Waits until a command says this: how many mails were held back is written down within a minute.
#[track_caller]
fn says(place: &Place, args: &[&str], words: &str) -> String {
    let said = eventually(|| ok(place, args).contains(words));
    let text = ok(place, args);
    assert!(said, "`{words}` is not in\n{text}");
    text
}

/// A runner of both that sleeps, of which `a` has failed once, and `b` never.
fn asleep(place: &Place, mutes: &[&[&str]]) -> Runner {
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("Sleeping 1day");
    for mute in mutes {
        ok(place, &[&["mute"], *mute].concat());
    }
    runner.wait_for_count("are muted until ", mutes.len());
    place.write("bad", "no such disk\n");
    ok(place, &["wake", "a_b"]);
    runner.wait_for("Execution failed: exit 1: no such disk");
    runner.wait_for_count("Sleeping 1day", 2);
    runner
}

const ONE_TASK: &[&str] = &["a_b/a", "2h", "--reason", "a new disk"];
const WHOLE_CHAIN: &[&str] = &["a_b", "2h"];

/// Returns the lines of a text that tell of mutes, without what stands around them.
fn told(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| line.contains("muted"));
    lines.map(str::trim).collect()
}

#[test]
fn usr1_names_the_tasks_that_are_muted() {
    let place = Place::with(TWO);
    let runner = asleep(&place, &[ONE_TASK]);
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("tasks::b  ok ");
    let log = runner.log();
    let table = log.split("tasks::a is next").nth(1).unwrap();
    let [line] = told(table)[..] else {
        panic!("not one line of a mute in {table}");
    };
    assert!(line.contains(" tasks::a  muted until "), "{line}");
    assert!(line.ends_with(" (a new disk): 1 mail held back"), "{line}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn usr1_names_every_task_of_a_chain_that_is_muted_until_that_has_ended() {
    let place = Place::with(TWO);
    let runner = asleep(&place, &[WHOLE_CHAIN]);
    runner.signal(Signal::SIGUSR1);
    runner.wait_for(": 1 mail held back");
    runner.wait_for(": no mails held back");
    assert_eq!(runner.count("tasks::a  muted until "), 1);
    assert_eq!(runner.count("tasks::b  muted until "), 1);
    ok(&place, &["unmute", "a_b"]);
    runner.wait_for("The mute of this chain by ");
    runner.signal(Signal::SIGUSR1);
    runner.wait_for_count("tasks::b  ok ", 2);
    assert_eq!(runner.count("muted until "), 3);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn check_names_what_is_muted_of_the_chain_that_is_asked_for() {
    let place = Place::with(TWO);
    assert!(told(&ok(&place, &["check", "tasks::a", "tasks::b"])).is_empty());
    let runner = asleep(&place, &[ONE_TASK, WHOLE_CHAIN]);
    let chain = ["check", "tasks::a", "tasks::b"];
    let text = says(&place, &chain, " (a new disk): 1 mail held back\n");
    let lines = told(&text);
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with("Mutes     tasks::a of a_b is muted until "),
        "{text}"
    );
    assert!(
        lines[1].starts_with("the whole chain a_b is muted until "),
        "{text}"
    );
    // Of no chain in particular: of all.
    assert_eq!(told(&ok(&place, &["check"])), lines);
    assert!(told(&ok(&place, &["check", "tasks::a"])).is_empty());
    let data = ok(&place, &["check", "--json", "tasks::a", "tasks::b"]);
    let data: Value = serde_json::from_str(&data).unwrap();
    let holding = &data["mutes"]["holding"];
    assert_eq!(holding[0]["task"], "tasks::a");
    assert_eq!(holding[0]["reason"], "a new disk");
    assert_eq!(holding[0]["held_back"], 1);
    assert!(holding[1]["task"].is_null() && holding[1]["until"].is_string());
    ok(&place, &["unmute", "a_b"]);
    assert!(told(&ok(&place, &["check"])).is_empty());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn check_says_that_it_cannot_read_what_is_muted() {
    let place = Place::with(TWO);
    let runner = asleep(&place, &[WHOLE_CHAIN]);
    assert_eq!(runner.stop(), Some(0));
    let mutes = std::fs::OpenOptions::new()
        .write(true)
        .open(place.path("run/a_b.mutes"));
    mutes.unwrap().set_len(20).unwrap();
    for args in [&["check"][..], &["check", "tasks::a", "tasks::b"]] {
        let text = ok(&place, args);
        assert!(
            text.contains("Mutes     what is muted cannot be read: a_b: "),
            "{text}"
        );
    }
}

/// The value of a series of a task on a page.
fn value(page: &str, name: &str, task: &str) -> Option<f64> {
    let series = format!("run_functions_{name}{{chain=\"a_b\",task=\"tasks::{task}\"}} ");
    let mut lines = page.lines();
    let value = lines.find_map(|line| line.strip_prefix(&series))?;
    Some(value.parse().expect("a number"))
}

#[test]
fn metrics_say_until_when_each_task_is_muted_and_how_many_mails_are_held_back() {
    let place = Place::with(&format!("metrics = {{ textfile = \"%n.prom\" }}\n{TWO}"));
    let runner = asleep(&place, &[ONE_TASK, &["a_b", "1h"]]);
    let written = || place.read("a_b.prom");
    let printed = || ok(&place, &["metrics", "a_b"]);
    let pages: [&dyn Fn() -> String; 2] = [&written, &printed];
    for page in pages {
        assert!(eventually(
            || value(&page(), "muted_mails", "a") == Some(1.0)
        ));
        let page = page();
        let end = |task| value(&page, "mute_end_timestamp_seconds", task);
        // The longer one counts.
        let longer = end("a").unwrap() - end("b").unwrap();
        assert!((3000.0..=3600.0).contains(&longer), "{page}");
        assert_eq!(value(&page, "muted_mails", "b"), Some(0.0));
        assert!(!page.contains("a new disk"), "{page}");
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_page_of_a_runner_that_sleeps_tells_when_a_mute_is_ended() {
    let place = Place::with(&format!("metrics = {{ textfile = \"%n.prom\" }}\n{TWO}"));
    let runner = asleep(&place, &[WHOLE_CHAIN]);
    let end = || value(&place.read("a_b.prom"), "mute_end_timestamp_seconds", "b");
    assert!(eventually(|| end().is_some()));
    ok(&place, &["unmute", "a_b"]);
    assert!(eventually(|| end().is_none()));
    assert_eq!(runner.count("Sleeping 1day"), 2, "no run was needed");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_report_says_what_is_muted_in_the_terminal_and_on_the_page() {
    let place = Place::with(TWO);
    let runner = asleep(&place, &[ONE_TASK, WHOLE_CHAIN]);
    let text = says(&place, &["report"], " (a new disk): 1 mail held back\n");
    let lines: Vec<&str> = text.lines().collect();
    let below = |title: &str| {
        let at = lines.iter().position(|line| line.starts_with(title));
        lines[at.expect(title) + 1..].iter().take(2)
    };
    let is_told = |line: &&str| line.trim_start().starts_with("muted until ");
    let count = |text: &str| text.lines().filter(is_told).count();
    assert!(below("a_b: ").next().is_some_and(is_told), "{text}");
    assert!(below("  tasks::a  ").any(is_told), "{text}");
    assert_eq!(count(&text), 2, "{text}");
    // Of a task that is not muted by itself its chain tells.
    assert_eq!(count(&ok(&place, &["report", "tasks::b"])), 1);
    let page = ok(&place, &["report", "--html", "-"]);
    assert!(page.contains("What is not mailed now"), "{page}");
    assert_eq!(page.matches("(a new disk): 1 mail held back").count(), 2);
    ok(&place, &["unmute", "a_b"]);
    assert_eq!(count(&ok(&place, &["report"])), 0);
    let page = ok(&place, &["report", "--html", "-"]);
    assert!(!page.contains("What is not mailed now"), "{page}");
    assert_eq!(runner.stop(), Some(0));
}
