//! Signals go to a whole process, so that each of these claims is checked in a process of its own:
//! this program again, with one test.

use std::env;
use std::os::fd::AsFd;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal as Number, kill, raise};
use nix::unistd::getpid;

use super::super::clock;
use super::super::pidfd::Pidfd;
use super::super::waiter::Waiter;
use super::*;

const ALONE: &str = "SIGNALS_TEST_ALONE";

/// Runs one test of this module in a process of its own, started by way of this shell script; tells
/// whether this process is that one.
#[track_caller]
fn is_alone(claim: &str, script: &str) -> bool {
    if env::var(ALONE).is_ok_and(|alone| alone == claim) {
        return true;
    }
    let path = format!("unix::signals::tests::{claim}");
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &path, "--test-threads=1"])
        .env(ALONE, claim)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    false
}

/// What a shell starts with `&` ignores two of them, and whoever runs the tests may have been
/// started so (coreutils 8.31).
const PLAINLY: &str = r#"exec env --default-signal=HUP,INT,QUIT "$0" "$@""#;

/// What nohup(1) does, and a shell that ignores SIGTERM itself.
const AS_NOHUP: &str = r#"trap "" HUP INT QUIT TERM; exec "$0" "$@""#;

/// Waits until this reader was told all of these, in whatever portions, and of nothing else.
#[track_caller]
fn expect(reader: &SignalReader, signals: &[Signal]) {
    let mut missing = signals.to_vec();
    let mut alarm = Waiter::new().unwrap();
    let deadline = clock::mono() + Duration::from_secs(60);
    while !missing.is_empty() {
        assert!(clock::mono() < deadline, "never told of {missing:?}");
        alarm.wait([Some(reader.as_fd())], deadline).unwrap();
        for signal in reader.drain() {
            let at = missing.iter().position(|wanted| *wanted == signal);
            missing.remove(at.unwrap_or_else(|| panic!("{signal:?} was not expected")));
        }
    }
}

fn send(number: Number) {
    kill(getpid(), number).unwrap();
}

#[test]
fn every_reader_is_told_every_signal_with_its_meaning() {
    if !is_alone(
        "every_reader_is_told_every_signal_with_its_meaning",
        PLAINLY,
    ) {
        return;
    }
    let (signals, first) = Signals::install().unwrap();
    let second = signals.reader().unwrap();
    let all = [
        (Number::SIGTERM, Signal::Term),
        (Number::SIGINT, Signal::Int),
        (Number::SIGQUIT, Signal::Quit),
        (Number::SIGHUP, Signal::Hangup),
        (Number::SIGUSR1, Signal::Status),
        (Number::SIGUSR2, Signal::Wake),
    ];
    for (number, _) in all {
        send(number);
    }
    for reader in [&first, &second] {
        expect(reader, &all.map(|(_, meaning)| meaning));
    }
    for _ in 0..2 {
        // One after the other: of equal signals that wait to be delivered the system keeps one.
        raise(Number::SIGINT).unwrap();
    }
    assert!(first.is_pending());
    for reader in [&first, &second] {
        expect(reader, &[Signal::Int, Signal::Int]);
        assert!(!reader.is_pending());
    }
    drop(second);
    send(Number::SIGUSR1);
    expect(&first, &[Signal::Status]);
    let third = signals.reader().unwrap();
    assert_eq!(third.drain().next(), None);
}

#[test]
fn a_term_of_an_heir_is_told_apart_from_any_other() {
    if !is_alone("a_term_of_an_heir_is_told_apart_from_any_other", PLAINLY) {
        return;
    }
    let (_, reader) = Signals::install().unwrap();
    let me = getpid().as_raw();
    let pinned = Pidfd::open(me).unwrap().unwrap();
    pinned.ask_to_leave().unwrap();
    expect(&reader, &[Signal::Replace { by: me }]);
    send(Number::SIGTERM);
    expect(&reader, &[Signal::Term]);
}

#[test]
fn what_nohup_ignores_stays_ignored_and_term_does_not() {
    if !is_alone(
        "what_nohup_ignores_stays_ignored_and_term_does_not",
        AS_NOHUP,
    ) {
        return;
    }
    let (_, reader) = Signals::install().unwrap();
    for number in [
        Number::SIGHUP,
        Number::SIGINT,
        Number::SIGQUIT,
        Number::SIGTERM,
    ] {
        send(number);
    }
    expect(&reader, &[Signal::Term]);
}

#[test]
fn a_mask_that_was_passed_on_to_us_hides_no_signal() {
    if !is_alone("a_mask_that_was_passed_on_to_us_hides_no_signal", PLAINLY) {
        return;
    }
    SigSet::all().thread_block().unwrap();
    let (_, reader) = Signals::install().unwrap();
    raise(Number::SIGTERM).unwrap();
    expect(&reader, &[Signal::Term]);
}

#[test]
fn a_closed_pipe_ends_nobody() {
    if !is_alone("a_closed_pipe_ends_nobody", PLAINLY) {
        return;
    }
    let (_, reader) = Signals::install().unwrap();
    raise(Number::SIGPIPE).unwrap();
    assert_eq!(reader.drain().next(), None);
}
