//! A server that is stopped, started, and loses connections, under workers that die: each job is
//! done once, by one worker at a time, and its journal is exact.

mod fleet;
mod ledger;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::server::TestServer;
use crate::board::conformance::arena::check_journal;
use crate::board::postgres::pg_board::PostgresBoard;
use crate::board::{Board, BoardSettings, JobFilter, JobId, JobState};
use crate::flow::journal::EntryOutcome;
use crate::unix::clock;
use fleet::{STEPS, Worker, pause, post_until};
use ledger::Ledger;

/// How long the server is harmed: a test waits for what follows, not for this.
fn span() -> Duration {
    match std::env::var_os("RUN_FUNCTIONS_LONG_TESTS") {
        Some(_) => Duration::from_secs(3600),
        None => Duration::from_secs(25),
    }
}

/// Ends or stops a connection of the board, or the whole server; goes on after that.
fn harm(server: &TestServer, turn: u32) {
    let victims = "SELECT pid FROM pg_stat_activity WHERE datname = 'rf' ORDER BY random() LIMIT 1";
    match turn % 6 {
        0 | 3 => {
            let _ = server.sql(&format!(
                "SELECT pg_terminate_backend(pid) FROM ({victims}) AS one"
            ));
        }
        1 | 4 => {
            let Some(pid) = server
                .sql(victims)
                .ok()
                .and_then(|pid| pid.trim().parse().ok())
            else {
                return;
            };
            let pid = nix::unistd::Pid::from_raw(pid);
            let signal = |signal| nix::sys::signal::kill(pid, signal).is_ok();
            if signal(nix::sys::signal::Signal::SIGSTOP) {
                pause(Duration::from_millis(u64::from(turn % 5) * 400));
                signal(nix::sys::signal::Signal::SIGCONT);
            }
        }
        2 => pause(Duration::from_millis(700)),
        _ => server.control("-m immediate -w -l log restart"),
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn whatever_becomes_of_the_server_each_job_is_done_once_by_one_worker_at_a_time() {
    let server = TestServer::start("-c max_connections=100");
    server.sql("CREATE DATABASE rf").unwrap();
    let settings = server.settings("rf");
    let opening = BoardSettings {
        deadline: Duration::from_secs(1),
        ..BoardSettings::default()
    };
    let open = || PostgresBoard::open(&settings, &opening, None);
    let board = open().unwrap();
    let (ledger, is_over, is_calm) = (
        Ledger::default(),
        AtomicBool::new(false),
        AtomicBool::new(false),
    );
    let is_posting = Arc::new(AtomicBool::new(true));
    let posted = std::thread::scope(|scope| {
        for number in 0..4 {
            let (ledger, is_over, is_calm) = (&ledger, &is_over, &is_calm);
            let open = &open;
            scope.spawn(move || {
                let board = open().unwrap();
                Worker::run(&board, number, ledger, is_over, is_calm);
            });
        }
        let poster = scope.spawn(|| post_until(&open().unwrap(), &is_posting));
        let until = clock::mono() + span();
        let mut turn = 0;
        while clock::mono() < until {
            harm(&server, turn);
            pause(Duration::from_millis(150));
            turn += 1;
        }
        is_calm.store(true, Ordering::SeqCst);
        is_posting.store(false, Ordering::SeqCst);
        let posted = poster.join().unwrap();
        let end = clock::mono() + Duration::from_secs(120);
        while !is_all_done(&board, &posted) {
            assert!(clock::mono() < end, "jobs are left: {:?}", board.counts());
            pause(Duration::from_millis(100));
        }
        is_over.store(true, Ordering::SeqCst);
        posted
    });
    assert!(posted.len() > 100, "{} jobs", posted.len());
    ledger.check();
    for id in &posted {
        check(&board, *id);
    }
}

fn is_all_done(board: &dyn Board, posted: &[JobId]) -> bool {
    let filter = JobFilter {
        states: vec![JobState::Waiting, JobState::Running, JobState::Stuck],
        limit: 1,
        ..JobFilter::default()
    };
    let there = posted
        .last()
        .is_some_and(|id| matches!(board.job(*id), Ok(Some(_))));
    there && board.jobs(&filter).is_ok_and(|page| page.jobs.is_empty())
}

/// Each step has succeeded once, in order, whatever was interrupted between.
fn check(board: &dyn Board, id: JobId) {
    let job = board.job(id).unwrap().unwrap();
    assert_eq!(job.state, JobState::Succeeded, "{job:?}");
    let journal = check_journal(board, id);
    let done = journal
        .iter()
        .filter(|entry| entry.outcome == EntryOutcome::Succeeded);
    let done: Vec<&str> = done.map(|entry| entry.step.as_str()).collect();
    assert_eq!(done, STEPS, "job {id}: {journal:?}");
}
