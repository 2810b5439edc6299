//! A newcomer that dies after the runner has left for it: the chain goes on all the same.
#![cfg(test)]

mod support;

use std::net::TcpListener;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use support::{Place, eventually};

/// A server that accepts and says nothing: a runner gives its last mail a moment to leave, and is still there meanwhile.
fn silent_mail(server: &TcpListener) -> String {
    let port = server.local_addr().unwrap().port();
    format!(
        "[mail]\nto = [\"a@example.org\"]\ntransport = \"smtp\"\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [tasks.a]\nshell = \"exit 1\"\nfail_cooldown = \"1day\"\n"
    )
}

#[test]
fn a_runner_that_left_for_a_newcomer_who_is_dead_starts_again() {
    const TRIES: usize = 20;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    for _ in 0..TRIES {
        let place = Place::with(&silent_mail(&server));
        let mut runner = place.start(&["tasks::a"]);
        runner.wait_for("Sleeping 1day");
        let mut newcomer = place.start(&["tasks::a"]);
        runner.wait_for("Stopped: a newcomer runs this chain");
        let pid = Pid::from_raw(runner.pid().cast_signed());
        let _ = kill(pid, Signal::SIGSTOP);
        if !runner.lives() || newcomer.count("Wrote pidfile") > 0 {
            // On a busy machine the moment may have passed.
            continue;
        }
        newcomer.signal(Signal::SIGKILL);
        newcomer.wait_for_status();
        runner.signal(Signal::SIGCONT);
        runner.wait_for("is gone; starting again");
        runner.wait_for_count("Wrote pidfile", 2);
        runner.wait_for_count("Sleeping 1day", 2);
        assert!(eventually(
            || place.read("run/a.pid") == format!("{}\n", runner.pid())
        ));
        assert_eq!(runner.stop(), Some(0));
        return;
    }
    panic!("the runner was always gone before it could be stopped");
}
