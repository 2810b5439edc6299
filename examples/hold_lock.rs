//! Holds a lock until standard input ends: `hold_lock URL NAME`.
//!
//! What a program that has no chain does with a lock of its own. A line is printed for each thing
//! that happens; the work of a real program must have ended by `terms().kill_after` after the last
//! acknowledged renewal, or when the lock is lost.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use run_functions::lock::{
    self, Lock, LockAttempt, LockError, LockOwner, LockRenewal, LockSettings,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, name, ttl @ ..] = arguments.as_slice() else {
        return failed("usage: hold_lock URL NAME [TTL IN SECONDS]");
    };
    let mut settings = match LockSettings::of_url(url) {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    if let Some(seconds) = ttl.first().and_then(|ttl| ttl.parse().ok()) {
        settings.ttl = Duration::from_secs(seconds);
    }
    match lock::open(&settings, name).and_then(|mut lock| hold(lock.as_mut(), name)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn hold(lock: &mut dyn Lock, name: &str) -> Result<(), LockError> {
    let end = end_of_input();
    loop {
        match lock.acquire(&LockOwner::of_this_process(name))? {
            LockAttempt::Acquired { fence, .. } => {
                print_line(&format!("acquired {fence}"));
                break;
            }
            LockAttempt::Held(_) => lock.wait(Duration::from_secs(1))?,
        }
    }
    let beat = lock.terms().beat;
    while end.recv_timeout(beat) == Err(RecvTimeoutError::Timeout) {
        match lock.renew() {
            Ok(LockRenewal::Renewed { .. }) => print_line("renewed"),
            Ok(LockRenewal::Lost { why }) => {
                print_line(&format!("lost: {why}"));
                return Ok(());
            }
            Err(error) => print_line(&format!("not renewed: {error}")),
        }
    }
    lock.release()
}

/// Returns what is disconnected when standard input ends.
fn end_of_input() -> Receiver<()> {
    let (sender, receiver) = channel::<()>();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        drop(sender);
    });
    receiver
}

fn print_line(line: &str) {
    let mut out = std::io::stdout();
    // A reader that is gone misses nothing.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {why}");
    ExitCode::FAILURE
}
