use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::board::conformance::arena::{
    TestWorker, definition, ends, fresh, lane, session_request,
};
use crate::board::sqlite::sqlite_board::SqliteBoard;
use crate::board::{
    ALERTER, AlertBoard, AlertRecord, AlertsHold, Board, BoardSettings, EndFailure, HostIdentity,
    JobState, NewMail, Post, SessionRequest, Transition,
};
use crate::flow::journal::EntryOutcome;

const DIRECTORY: &str = "TEST_RUN_FUNCTIONS_BOARD";
const FAULTS: &str = "TEST_RUN_FUNCTIONS_WRITES";
const JOBS: usize = 3;

fn open(directory: &Path) -> SqliteBoard {
    SqliteBoard::open(&directory.join("board.sqlite"), &BoardSettings::default()).unwrap()
}

fn join(board: &SqliteBoard) -> TestWorker<'_> {
    let request = SessionRequest {
        identity: HostIdentity::of_this_process().unwrap(),
        ..session_request(&fresh("w"), "")
    };
    let ticket = board.join(&request).unwrap();
    let definitions = [definition("d", "s")];
    board
        .enter_definitions(ticket.session, &definitions)
        .unwrap();
    TestWorker {
        board,
        session: ticket.session,
        name: ticket.name,
    }
}

/// Has jobs fail, then decides about each fact as an alerter does: its memory is the list of the
/// jobs that it has decided about, and each has a mail.
fn work(directory: &Path) {
    let board = open(directory);
    let worker = join(&board);
    for number in 0..JOBS {
        let post = Post::new("d", serde_json::json!({}), format!("posting {number}"));
        board.post(&post).unwrap();
    }
    fail_all(&worker);
    decide_all(&board, &worker);
    deliver_all(directory, &board, &worker);
    board.leave(worker.session).unwrap();
}

fn fail_all(worker: &TestWorker<'_>) {
    let mut patient = lane("d");
    patient.max_crashes = 100;
    for job in worker.look(patient, 10) {
        worker.report(Transition {
            failure: Some(EndFailure {
                kind: format!("kind {}", job.position.id),
                ..EndFailure::default()
            }),
            ..ends(job.position, EntryOutcome::Failed, JobState::Failed)
        });
    }
}

fn decided(board: &SqliteBoard) -> Vec<u64> {
    let text = board.alert_memory(ALERTER).unwrap();
    text.map_or_else(Vec::new, |text| serde_json::from_str(&text).unwrap())
}

fn decide_all(board: &SqliteBoard, worker: &TestWorker<'_>) {
    let AlertsHold::Held(fence) = board.hold_alerts(worker.session).unwrap() else {
        panic!("the lock is another's");
    };
    // A fact each: a death is to find some that are decided about and some that are not.
    while let Some(fact) = board.look_at_facts(1).unwrap().facts.pop() {
        let mut memory = decided(board);
        memory.push(fact.job.0);
        let record = AlertRecord {
            session: worker.session,
            fence,
            taken: vec![fact.id],
            memory: serde_json::to_string(&memory).unwrap(),
            mails: vec![NewMail {
                message_id: format!("job {}", fact.job),
                letter: fact.job.to_string(),
            }],
        };
        assert!(board.record_alerts(&record).unwrap());
    }
}

fn deliver_all(directory: &Path, board: &SqliteBoard, worker: &TestWorker<'_>) {
    for mail in board.claim_mails(worker.session, 10, false).unwrap() {
        // What the server of the mail has accepted.
        let mut options = OpenOptions::new();
        let options = options.create(true).append(true);
        let mut accepted = options.open(directory.join("accepted")).unwrap();
        accepted
            .write_all(format!("{}\n", mail.letter).as_bytes())
            .unwrap();
        assert!(board.remove_mail(worker.session, mail.id).unwrap());
    }
    board.release_mails(worker.session).unwrap();
}

#[test]
fn an_alerter_that_dies_at_a_write_loses_no_mail_and_decides_none_twice() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return work(Path::new(&directory));
    }
    let test = "an_alerter_that_dies_at_a_write_loses_no_mail_and_decides_none_twice";
    let module = module_path!();
    let module = module.split_once("::").map_or(module, |(_, module)| module);
    let mut deaths = 0;
    for number in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("{module}::{test}"), "--nocapture"]);
        command
            .env(DIRECTORY, dir.path())
            .env(FAULTS, format!("kill {number}"));
        let status = command.output().unwrap().status;
        finish(dir.path());
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(libc::SIGKILL));
        deaths += 1;
    }
    // Each record and each removal is a commit, with a death before and one after.
    assert!(deaths >= 4 * JOBS, "{deaths} deaths");
}

/// Another process goes on after the death.
fn finish(directory: &Path) {
    let board = open(directory);
    let here = HostIdentity::of_this_process().unwrap();
    for dead in board.workers().unwrap() {
        board.reap_dead_on_this_host(dead.session, &here).unwrap();
    }
    let worker = join(&board);
    for number in 0..JOBS {
        let post = Post::new("d", serde_json::json!({}), format!("posting {number}"));
        board.post(&post).unwrap();
    }
    fail_all(&worker);
    decide_all(&board, &worker);
    deliver_all(directory, &board, &worker);
    let mut once = decided(&board);
    once.sort_unstable();
    let all = once.len();
    once.dedup();
    assert_eq!(
        (all, once.len()),
        (JOBS, JOBS),
        "each is decided about once"
    );
    assert_eq!(board.mails().unwrap(), []);
    let text = std::fs::read_to_string(directory.join("accepted")).unwrap();
    let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
    text.lines()
        .for_each(|line| *accepted.entry(line).or_default() += 1);
    assert_eq!(accepted.len(), JOBS, "{text}");
    // A death between the server's answer and its note makes one second copy.
    let copies: usize = accepted.values().sum();
    assert!(copies <= JOBS + 1, "{text}");
}
