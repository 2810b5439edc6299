use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::board::conformance::arena::{
    TestWorker, check_journal, doing, entry, fresh, lane, session_request,
};
use crate::board::sqlite::SqliteBoard;
use crate::board::sqlite::maintenance::check;
use crate::board::{
    Board, BoardSettings, ClaimWish, ClaimedJob, HostIdentity, JobId, JobState, LaneWish, Post,
    ReapAnswer, SessionRequest, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

/// The directory of a process that is to die; see `unix::fault_points` for the moment.
const DIRECTORY: &str = "TEST_RUN_FUNCTIONS_BOARD";
const FAULTS: &str = "TEST_RUN_FUNCTIONS_WRITES";
const THIS_TEST: &str = "a_process_that_dies_before_or_after_a_commit_leaves_an_exact_journal";
const JOBS: usize = 3;

/// What a process wrote down as done, outside of the board.
struct Notes(File);

impl Notes {
    fn of(directory: &Path) -> Self {
        let mut options = OpenOptions::new();
        let options = options.create(true).append(true);
        Notes(options.open(directory.join("notes")).unwrap())
    }

    fn write(&mut self, what: &str, id: JobId) {
        self.0
            .write_all(format!("{what} {id}\n").as_bytes())
            .unwrap();
    }
}

fn read_notes(directory: &Path, what: &str) -> BTreeMap<JobId, usize> {
    let text = std::fs::read_to_string(directory.join("notes")).unwrap_or_default();
    let mut counts = BTreeMap::new();
    let ids = text
        .lines()
        .filter_map(|line| line.strip_prefix(what)?.trim().parse().ok());
    ids.for_each(|id: JobId| *counts.entry(id).or_default() += 1);
    counts
}

fn open(directory: &Path) -> SqliteBoard {
    SqliteBoard::open(&directory.join("board.sqlite"), &BoardSettings::default()).unwrap()
}

fn join(board: &SqliteBoard) -> TestWorker<'_> {
    let request = SessionRequest {
        identity: HostIdentity::of_this_process().unwrap(),
        ..session_request(&fresh("w"), "")
    };
    let ticket = board.join(&request).unwrap();
    let worker = TestWorker {
        board,
        session: ticket.session,
        name: ticket.name,
    };
    worker.knows(&["d"])
}

fn look() -> LaneWish {
    LaneWish {
        first: vec![doing("a")],
        max_crashes: 100,
        ..lane("d")
    }
}

/// Executes the job and returns its end.
fn execute(notes: &mut Notes, job: &ClaimedJob) -> Transition {
    notes.write("effect", job.position.id);
    Transition {
        entries: vec![entry(job.position, "a", EntryOutcome::Succeeded)],
        state: JobState::Succeeded,
        ..Transition::begin(job.position, Vec::new())
    }
}

/// What the process does that is to die.
fn work(directory: &Path) {
    let mut notes = Notes::of(directory);
    let board = open(directory);
    for number in 0..JOBS {
        let post = Post::new("d", json!({}), format!("posting {number}"));
        let receipt = board.post(&post).unwrap();
        notes.write("posted", receipt.id);
    }
    let worker = join(&board);
    let mut claimed = worker.look(look(), 2);
    while !claimed.is_empty() {
        let ends: Vec<_> = claimed.iter().map(|job| execute(&mut notes, job)).collect();
        let claim = ClaimWish {
            at_most: 2,
            lanes: vec![look()],
            only: Vec::new(),
        };
        let answer = worker.advance(ends, claim);
        claimed
            .iter()
            .for_each(|job| notes.write("ended", job.position.id));
        claimed = answer.claimed;
    }
    board.leave(worker.session).unwrap();
}

#[test]
fn a_process_that_dies_before_or_after_a_commit_leaves_an_exact_journal() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return work(Path::new(&directory));
    }
    let mut deaths = 0;
    for number in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                &format!("{}::{THIS_TEST}", test_module()),
                "--nocapture",
            ])
            .env(DIRECTORY, dir.path())
            .env(FAULTS, format!("kill {number}"))
            .output()
            .unwrap()
            .status;
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(libc::SIGKILL));
        deaths += 1;
        finish(dir.path());
    }
    // Each call of the process is a commit, with a death before and one after.
    assert!(deaths >= 2 * (JOBS + 5), "{deaths} deaths");
}

fn test_module() -> &'static str {
    let path = module_path!();
    path.split_once("::").map_or(path, |(_, module)| module)
}

/// Another worker goes on after the death, and all is as if it had not happened.
fn finish(directory: &Path) {
    let mut notes = Notes::of(directory);
    let board = open(directory);
    assert_eq!(check(board.path()).unwrap().problems, [""; 0]);
    let posted = read_notes(directory, "posted");
    for number in 0..JOBS {
        let post = Post::new("d", json!({}), format!("posting {number}"));
        let receipt = board.post(&post).unwrap();
        assert!(!(receipt.is_new && posted.contains_key(&receipt.id)));
    }
    for id in read_notes(directory, "ended").keys() {
        assert_eq!(board.job(*id).unwrap().unwrap().state, JobState::Succeeded);
    }
    let here = HostIdentity::of_this_process().unwrap();
    for dead in board.workers().unwrap() {
        let identity = &dead.request.identity;
        assert_eq!(identity.is_dead_seen_from(&here), Some(true));
        let answer = board.reap_dead_on_this_host(dead.session, &here).unwrap();
        assert!(matches!(answer, ReapAnswer::Reaped { kept: 0, .. }));
    }
    let worker = join(&board);
    loop {
        let claimed = worker.look(look(), 10);
        for job in &claimed {
            let end = execute(&mut notes, job);
            assert_eq!(worker.report(end), TransitionVerdict::Accepted);
        }
        if claimed.is_empty() {
            break;
        }
    }
    let effects = read_notes(directory, "effect");
    assert_eq!(effects.len(), JOBS);
    for (id, times) in effects {
        let journal = check_journal(&board, id);
        let of = |outcome| {
            journal
                .iter()
                .filter(|entry| entry.outcome == outcome)
                .count()
        };
        assert_eq!(of(EntryOutcome::Succeeded), 1, "{journal:?}");
        assert!(
            times <= 1 + of(EntryOutcome::Interrupted),
            "{times}: {journal:?}"
        );
        assert_eq!(board.job(id).unwrap().unwrap().state, JobState::Succeeded);
    }
}
