use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::board::conformance::arena::{
    TestWorker, check_journal, definition, doing, entry, fresh, lane, session_request,
};
use crate::board::sqlite::maintenance::check;
use crate::board::sqlite::sqlite_board::SqliteBoard;
use crate::board::{
    Advance, Beat, Board, BoardResult, BoardSettings, ClaimWish, ClaimedJob, GiveBack,
    HostIdentity, JobId, JobPosition, JobState, LaneWish, LeftoverFate, Post, ReapAnswer,
    SessionRequest, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

/// The directory of a process that is to die; see `unix::fault_points` for the moment.
const DIRECTORY: &str = "TEST_RUN_FUNCTIONS_BOARD";
const FAULTS: &str = "TEST_RUN_FUNCTIONS_WRITES";
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
    let ticket = board.join(&request()).unwrap();
    let worker = TestWorker {
        board,
        session: ticket.session,
        name: ticket.name,
    };
    worker.knows(&["d"])
}

fn request() -> SessionRequest {
    SessionRequest {
        identity: HostIdentity::of_this_process().unwrap(),
        ..session_request(&fresh("w"), "")
    }
}

fn claim() -> ClaimWish {
    ClaimWish {
        at_most: 2,
        lanes: vec![look()],
        only: Vec::new(),
    }
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
        let answer = worker.advance(ends, claim());
        claimed
            .iter()
            .for_each(|job| notes.write("ended", job.position.id));
        claimed = answer.claimed;
    }
    board.leave(worker.session).unwrap();
}

/// Starts this test program anew, to do one thing only, with a fault.
fn start(test: &str, directory: &Path, fault: &str) -> std::process::Output {
    let module = module_path!();
    let module = module.split_once("::").map_or(module, |(_, module)| module);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("{module}::{test}"), "--nocapture"]);
    command.env(DIRECTORY, directory).env(FAULTS, fault);
    command.output().unwrap()
}

#[test]
fn a_process_that_dies_before_or_after_a_commit_leaves_an_exact_journal() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return work(Path::new(&directory));
    }
    let mut deaths = 0;
    for number in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let test = "a_process_that_dies_before_or_after_a_commit_leaves_an_exact_journal";
        let status = start(test, dir.path(), &format!("kill {number}")).status;
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

#[test]
fn a_commit_that_is_refused_and_an_answer_that_is_lost_change_nothing_in_the_end() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return persist(Path::new(&directory));
    }
    let mut faults = 0;
    for number in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let test = "a_commit_that_is_refused_and_an_answer_that_is_lost_change_nothing_in_the_end";
        let output = start(test, dir.path(), &format!("refuse 28 {number}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "fault {number}: {text}");
        let board = open(dir.path());
        assert_eq!(check(board.path()).unwrap().problems, [""; 0]);
        let effects = read_notes(dir.path(), "effect");
        assert_eq!(effects.values().copied().collect::<Vec<_>>(), [1; JOBS]);
        for id in effects.keys() {
            let journal = check_journal(&board, *id);
            assert_eq!(journal.len(), 1, "{journal:?}");
        }
        if !read_notes(dir.path(), "tried-again").contains_key(&JobId(0)) {
            break;
        }
        faults += 1;
    }
    assert!(faults >= 2 * (JOBS + 5), "{faults} faults");
}

/// Does a call until it is answered.
fn until_answered<T>(notes: &mut Notes, call: impl Fn() -> BoardResult<T>) -> T {
    loop {
        match call() {
            Ok(answer) => return answer,
            Err(error) => assert!(error.may_pass(), "{error}"),
        }
        notes.write("tried-again", JobId(0));
    }
}

/// Works while the board refuses a commit, or an answer is lost: each call is sent again, and jobs
/// of a claim that was not heard of are given back.
fn persist(directory: &Path) {
    let mut notes = Notes::of(directory);
    let board = open(directory);
    for number in 0..JOBS {
        let post = Post::new("d", json!({}), format!("posting {number}"));
        until_answered(&mut notes, || board.post(&post));
    }
    let request = request();
    let session = until_answered(&mut notes, || board.join(&request)).session;
    let definitions = [definition("d", "s")];
    until_answered(&mut notes, || {
        board.enter_definitions(session, &definitions)
    });
    let mut transitions = Vec::new();
    loop {
        let advance = Advance {
            session,
            transitions: std::mem::take(&mut transitions),
            claim: claim(),
        };
        let answer = match board.advance(&advance) {
            Ok(answer) => answer,
            Err(error) => {
                assert!(error.may_pass(), "{error}");
                notes.write("tried-again", JobId(0));
                give_back_unknown(&mut notes, &board, &advance);
                board.advance(&advance).unwrap()
            }
        };
        assert!(!answer.verdicts.contains(&TransitionVerdict::Stale));
        if answer.claimed.is_empty() {
            break;
        }
        transitions = answer
            .claimed
            .iter()
            .map(|job| execute(&mut notes, job))
            .collect();
    }
    until_answered(&mut notes, || board.leave(session));
}

fn give_back_unknown(notes: &mut Notes, board: &SqliteBoard, sent: &Advance) {
    let beat = Beat {
        session: sent.session,
        is_idle: false,
        ended: Vec::new(),
    };
    let owned = until_answered(notes, || board.beat(&beat)).owned;
    let is_known = |at: &JobPosition| sent.transitions.iter().any(|end| end.before.id == at.id);
    let unknown = owned.into_iter().filter(|at| !is_known(at));
    let jobs: Vec<GiveBack> = unknown
        .map(|position| GiveBack {
            position,
            fate: LeftoverFate::NeverStarted,
        })
        .collect();
    until_answered(notes, || board.give_back(sent.session, &jobs));
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
