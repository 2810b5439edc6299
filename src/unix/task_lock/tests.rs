use std::process::{Child, Command};

use super::*;

fn chain() -> ChainName {
    ChainName::parse("x").unwrap()
}

/// A process that holds the lock on an inherited descriptor, as a child of a runner that is gone.
/// This process never opens what it locks: a child that another test starts at that moment would
/// inherit it too.
fn leftover(root: &PrivateDir) -> Child {
    let script = "exec 9<>\"$0\" && flock -n 9 && exec sleep 1000";
    let mut sh = Command::new("sh");
    sh.args(["-c", script]).arg(root.path().join("x.task"));
    let child = sh.spawn().unwrap();
    let mut alarm = Waiter::new().unwrap();
    let deadline = clock::mono() + Duration::from_secs(60);
    while TaskLock::open(root, &chain()).unwrap().holders().is_empty() {
        assert!(clock::mono() < deadline, "never locked");
        alarm.wait([None], clock::mono() + BETWEEN_TRIES).unwrap();
    }
    child
}

#[test]
fn what_a_former_runner_left_is_ended_before_the_lock_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let root = PrivateDir::open(dir.path()).unwrap();
    let mut child = leftover(&root);
    let pid = child.id() as i32;
    let lock = TaskLock::open(&root, &chain()).unwrap();
    assert_eq!(lock.holders(), [pid]);
    let waiter = std::thread::spawn(move || child.wait().unwrap());
    assert_eq!(lock.claim().unwrap(), [pid]);
    assert!(!waiter.join().unwrap().success());
}

#[test]
fn who_merely_reads_the_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let root = PrivateDir::open(dir.path()).unwrap();
    let mut child = leftover(&root);
    let reading = File::open(dir.path().join("x.task")).unwrap();
    let mut reader = Command::new("sleep")
        .arg("1000")
        .stdin(reading)
        .spawn()
        .unwrap();
    let lock = TaskLock::open(&root, &chain()).unwrap();
    let left = child.id() as i32;
    let waiter = std::thread::spawn(move || child.wait().unwrap());
    assert_eq!(lock.claim().unwrap(), [left]);
    waiter.join().unwrap();
    assert!(reader.try_wait().unwrap().is_none());
    reader.kill().unwrap();
    reader.wait().unwrap();
}

fn record(run: &str) -> RunRecord {
    RunRecord {
        run: run.to_owned(),
        leader: 4711,
        started: 12,
        user: None,
        uid: 1000,
        cgroup: None,
        beside: "0::/x\n".to_owned(),
        place: Numbers::here().clone(),
    }
}

#[test]
fn what_was_written_over_a_longer_text_is_read_without_its_rest() {
    let three = record::to_text(&[record("a"), record("b"), record("c")]);
    for few in [vec![], vec![record("d")], vec![record("d"), record("e")]] {
        let text = record::to_text(&few);
        let left = format!("{text}{}", &three[text.len()..]);
        assert_eq!(record::from_text(&left), Some(few));
    }
    assert_eq!(record::from_text(""), None);
    assert_eq!(record::from_text("something else\n"), None);
}

#[test]
fn runs_of_another_boot_or_namespace_are_nobody_here() {
    assert!(FormerRun::of(record("a")).is_some());
    let mut elsewhere = record("a");
    let text = serde_json::to_string(&elsewhere.place).unwrap();
    elsewhere.place = serde_json::from_str(&text.replace("pid:[", "pid:[1")).unwrap();
    assert!(FormerRun::of(elsewhere).is_none());
}

#[test]
fn a_run_that_has_left_something_is_remembered_and_another_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let root = PrivateDir::open(dir.path()).unwrap();
    let lock = TaskLock::open(&root, &chain()).unwrap();
    assert!(lock.claim().unwrap().is_empty());
    let begins = |run: &str| {
        lock.begins(&Begun {
            run,
            pid: 1,
            user: None,
            cgroup: None,
        });
    };
    begins("a");
    lock.run_ended("a", &[]);
    begins("b");
    lock.run_ended("b", &[7]);
    begins("c");
    let text = std::fs::read_to_string(dir.path().join("x.task")).unwrap();
    let runs = record::from_text(&text).unwrap().into_iter();
    let runs: Vec<String> = runs.map(|record| record.run).collect();
    assert_eq!(runs, ["b", "c"]);
}
