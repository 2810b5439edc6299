//! The board as a whole: check, backup, restore, query.

use crate::desk::Desk;
use crate::support::eventually;

const QUICK: &str =
    "[jobs.quick]\nlease = \"5s\"\nsteps = [{ name = \"a\", command = [\"true\"] }]";

#[test]
fn a_copy_is_made_while_workers_work_and_put_back() {
    let desk = Desk::with(QUICK);
    let worker = desk.worker(&[]);
    let first = desk.post(&["quick"]);
    desk.wait_for(first, "succeeded");
    let waiting = desk.post(&["quick", "--at", "1h"]);
    assert!(
        desk.says(&["board", "backup", "copy.sqlite"])
            .starts_with("Copied 2 jobs")
    );
    let refused = desk.refuses(&["board", "backup", "copy.sqlite"], 69);
    assert!(refused.contains("is there already"), "{refused}");
    let lost = desk.post(&["quick"]);
    desk.wait_for(lost, "succeeded");
    assert!(
        desk.says(&["board", "check"])
            .contains("The board is whole.")
    );
    assert!(
        desk.says(&["board", "restore", "copy.sqlite"])
            .contains("the epoch is 2 now")
    );
    assert_eq!(desk.job(waiting)["state"], "waiting");
    assert_eq!(desk.job(first)["state"], "succeeded");
    // The worker of the lost time learns that it is no longer on the board, and joins anew.
    worker.wait_for_count("is on the board", 2);
}

#[test]
fn a_worker_that_ends_when_nothing_waits_waits_for_the_hold_after_a_restore() {
    let desk = Desk::with(QUICK);
    desk.says(&["work", "--once"]);
    desk.says(&["board", "backup", "empty.sqlite"]);
    let waiting = desk.post(&["quick"]);
    desk.says(&["board", "backup", "copy.sqlite"]);
    desk.says(&["board", "restore", "copy.sqlite"]);
    let worker = desk.worker(&["--once"]);
    worker.wait_for("The board was restored: nothing is claimed");
    assert_eq!(desk.job(waiting)["state"], "waiting");
    assert_eq!(worker.stop(), Some(0));
    desk.says(&["board", "restore", "empty.sqlite"]);
    assert_eq!(desk.says(&["work", "--once"]), "", "nothing waits there");
}

#[test]
fn a_statement_that_writes_is_refused() {
    let desk = Desk::with(QUICK);
    let id = desk.post(&["quick"]);
    let found = desk.says(&["board", "query", "SELECT id, definition FROM job"]);
    assert_eq!(found, format!("id\tdefinition\n{id}\tquick\n"));
    desk.refuses(&["board", "query", "DELETE FROM job"], 2);
    assert_eq!(desk.job(id)["state"], "waiting");
}

#[test]
fn jobs_are_listed_the_newest_first_and_by_what_they_are() {
    let desk = Desk::with(QUICK);
    let _worker = desk.worker(&[]);
    let ids = [
        desk.post(&["quick"]),
        desk.post(&["quick", "--key", "k", "--at", "1h"]),
    ];
    desk.wait_for(ids[0], "succeeded");
    let listed = desk.says(&["jobs"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].contains("scheduled") && lines[0].contains("key=k"),
        "{listed}"
    );
    assert!(lines[1].contains("succeeded"), "{listed}");
    assert_eq!(
        desk.says(&["jobs", "--state", "succeeded"]).lines().count(),
        1
    );
    let taken = desk.refuses(&["post", "quick", "--key", "k"], 1);
    assert!(taken.contains("has the same key"), "{taken}");
    let same = desk.says(&["post", "quick", "--key", "k", "--if-there", "keep"]);
    assert!(same.contains("is there already"), "{same}");
    let wrong = desk.refuses(&["jobs", "--state", "broken"], 2);
    assert!(wrong.contains("a job is `waiting`, `limited`"), "{wrong}");
    assert!(eventually(|| desk.says(&["workers"]).contains("idle")));
}

#[test]
fn a_worker_whose_board_was_removed_says_so_and_joins_the_new_one() {
    let desk = Desk::with(QUICK);
    let worker = desk.worker(&[]);
    for name in ["board.sqlite", "board.sqlite-wal", "board.sqlite-shm"] {
        std::fs::remove_file(desk.place.path(&format!("run/{name}"))).unwrap();
    }
    worker.wait_for("was removed or replaced");
    worker.wait_for_count("is on the board", 2);
    desk.wait_for(desk.post(&["quick"]), "succeeded");
}
