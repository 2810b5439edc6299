//! A newcomer that ends in the moment after the runner has left for it. If it has died, the chain goes on all the same; if somebody has
//! asked it to stop when it had the chain, the chain is stopped.
//!
//! That moment is made as long as it takes: the newcomer stands still (SIGSTOP) until the runner has given the chain up, then the runner
//! does until the newcomer has ended.

use std::fs::{self, File};
use std::net::TcpListener;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Place, Runner, eventually};

/// How often a test tries to hold the moment: a runner waits no more than 2 s for a newcomer that stands still, which a machine may let
/// pass before this process sees it.
const TRIES: usize = 20;

/// The runner is asked to leave in its first run, which lasts until there is a file `go`. What a task of the newcomer does then is its own.
fn chain(of_newcomer: &str) -> String {
    format!(
        "[tasks.a]\nshell = \"if [ -e go ]; then {of_newcomer}; fi; : > runs; until [ -e go ]; do sleep 0.01; done\"\n\
         fatal_exit_codes = [9]\nsuccess_cooldown = \"1day\"\nfail_cooldown = \"1day\"\n"
    )
}

/// A runner that has given its chain up and stands still before it has looked who took it, and its newcomer, which stands still as well
/// and has not taken it.
struct Moment {
    place: Place,
    runner: Runner,
    newcomer: Runner,
}

impl Moment {
    fn of(config: &str) -> Self {
        (0..TRIES)
            .find_map(|_| Moment::hold(config))
            .expect("the runner does not wait for a newcomer that stands still")
    }

    fn hold(config: &str) -> Option<Self> {
        let place = Place::with(config);
        let mut runner = place.start(&["tasks::a"]);
        assert!(eventually(|| place.path("runs").exists()));
        let newcomer = place.start(&["tasks::a"]);
        runner.wait_for("SIGTERM received");
        // It sends SIGCONT as well, which must not come later: it has when it sleeps.
        assert!(eventually(|| state(&newcomer) == 'S'));
        stop(&newcomer);
        place.write("go", "");
        runner.wait_for("Stopped: a newcomer runs this chain");
        // It tells the newcomer that the chain is free, who does not hear it yet.
        let told = eventually(|| waits_for(&newcomer, Signal::SIGUSR2));
        assert!(told && !is_held(&place), "{}", runner.log());
        // It may have ended: then nobody can be signalled.
        let _ = kill(pid(&runner), Signal::SIGSTOP);
        let stands = eventually(|| !runner.lives() || state(&runner) == 'T');
        assert!(stands, "it goes on after SIGSTOP");
        runner.lives().then_some(Moment {
            place,
            runner,
            newcomer,
        })
    }

    /// Lets the newcomer take the chain, and ends it when it has.
    fn end_newcomer_that_has_the_chain(&mut self, signal: Signal) {
        self.newcomer.signal(Signal::SIGCONT);
        self.newcomer.wait_for("Wrote pidfile");
        self.newcomer.signal(signal);
        self.newcomer.wait_for_status();
    }

    /// The former runner goes on as well as before.
    fn expect_runner_to_go_on(mut self) {
        self.runner.signal(Signal::SIGCONT);
        self.runner.wait_for("is gone; starting again");
        self.runner.wait_for_count("Wrote pidfile", 2);
        // The newcomer may have begun a run: then what is left of the day after that.
        let sleeps = |log: String| log.contains("Sleeping 1day") || log.contains("Sleeping 23h");
        assert!(
            eventually(|| sleeps(self.runner.log())),
            "{}",
            self.runner.log()
        );
        let number = format!("{}\n", self.runner.pid());
        assert_eq!(self.place.read("run/a.pid"), number);
        assert!(self.runner.lives());
        assert_eq!(self.runner.stop(), Some(0));
    }

    /// The former runner ends, says why, and starts nothing.
    fn expect_chain_to_be_stopped_by(mut self, by: &str) {
        let runs = self.place.read("count");
        self.runner.signal(Signal::SIGCONT);
        assert_eq!(self.runner.wait_for_end(), Some(0));
        let newcomer = self.newcomer.pid();
        let words = format!(
            "Stopped for good: the newcomer ({newcomer}) had taken this chain over and was then stopped by {by}; nobody runs it now"
        );
        self.runner.wait_for(&words);
        assert_eq!(self.runner.count("starting again"), 0);
        assert_eq!(self.place.read("count"), runs);
        assert!(!is_held(&self.place));
    }
}

fn pid(runner: &Runner) -> Pid {
    Pid::from_raw(runner.pid().cast_signed())
}

/// Has it stand still, and waits until all of it does.
fn stop(runner: &Runner) {
    runner.signal(Signal::SIGSTOP);
    assert!(eventually(|| state(runner) == 'T'), "{}", runner.log());
}

/// Returns the state of a process, `?` when there is none.
fn state(runner: &Runner) -> char {
    let stat = fs::read_to_string(format!("/proc/{}/stat", runner.pid())).unwrap_or_default();
    let after = stat.rsplit(") ").next().unwrap_or_default();
    after.chars().next().unwrap_or('?')
}

/// Returns whether a signal waits until the process goes on.
fn waits_for(runner: &Runner, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", runner.pid())).unwrap();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    let pending = u64::from_str_radix(pending.unwrap().trim(), 16).unwrap();
    pending & (1 << (signal as i32 - 1)) != 0
}

/// Returns whether anybody has the chain, as the kernel attests it.
fn is_held(place: &Place) -> bool {
    let pidfile = File::open(place.path("run/a.pid")).unwrap();
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&pidfile, FcntlArg::F_GETLK(&mut lock)).unwrap();
    lock.l_type != libc::F_UNLCK as libc::c_short
}

#[test]
fn a_runner_starts_again_when_the_newcomer_that_had_its_chain_was_killed() {
    let mut moment = Moment::of(&chain("exit 0"));
    moment.end_newcomer_that_has_the_chain(Signal::SIGKILL);
    moment.expect_runner_to_go_on();
}

#[test]
fn a_runner_does_not_start_again_when_somebody_stopped_the_newcomer_that_had_its_chain() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        let mut moment = Moment::of(&chain("echo run >> count"));
        moment.end_newcomer_that_has_the_chain(signal);
        moment.expect_chain_to_be_stopped_by(signal.as_str());
    }
}

#[test]
fn a_runner_does_not_start_again_when_a_task_stopped_the_newcomer_that_had_its_chain() {
    let mut moment = Moment::of(&chain("echo run >> count; exit 9"));
    moment.newcomer.signal(Signal::SIGCONT);
    assert_eq!(moment.newcomer.wait_for_end(), Some(70));
    moment.expect_chain_to_be_stopped_by("tasks::a");
}

#[test]
fn a_runner_starts_again_when_the_newcomer_was_killed_before_it_had_its_chain() {
    let mut moment = Moment::of(&chain("exit 0"));
    moment.newcomer.signal(Signal::SIGKILL);
    moment.newcomer.wait_for_status();
    moment.expect_runner_to_go_on();
}

#[test]
fn who_stops_a_newcomer_before_it_has_the_chain_calls_it_off() {
    let mut moment = Moment::of(&chain("exit 0"));
    moment.newcomer.signal(Signal::SIGTERM);
    moment.newcomer.signal(Signal::SIGCONT);
    assert_eq!(moment.newcomer.wait_for_end(), Some(0));
    assert_eq!(moment.newcomer.count("Wrote pidfile"), 0);
    moment.expect_runner_to_go_on();
}

#[test]
fn a_runner_that_is_asked_to_stop_while_it_waits_for_a_newcomer_does_not_start_again() {
    let codes = [
        (Signal::SIGTERM, 0),
        (Signal::SIGINT, 0),
        (Signal::SIGQUIT, 131),
    ];
    for (signal, code) in codes {
        let mut moment = Moment::of(&chain("exit 0"));
        moment.newcomer.signal(Signal::SIGKILL);
        moment.newcomer.wait_for_status();
        moment.runner.signal(signal);
        moment.runner.signal(Signal::SIGCONT);
        assert_eq!(
            moment.runner.wait_for_end(),
            Some(code),
            "{}",
            moment.runner.log()
        );
        moment.runner.wait_for(&format!("Stopped after {signal}"));
        assert_eq!(moment.runner.count("starting again"), 0);
    }
}

/// A server that accepts and says nothing: a runner gives its last mail a moment to leave, and is still there meanwhile.
fn silent_mail(server: &TcpListener) -> String {
    let port = server.local_addr().unwrap().port();
    format!(
        "[mail]\nto = [\"a@example.org\"]\ntransport = \"smtp\"\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [tasks.a]\nshell = \"exit 1\"\nfail_cooldown = \"1day\"\n"
    )
}

#[test]
fn a_runner_whose_last_mail_is_under_way_starts_again_when_the_newcomer_is_dead() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    for _ in 0..TRIES {
        let place = Place::with(&silent_mail(&server));
        let mut runner = place.start(&["tasks::a"]);
        runner.wait_for("Sleeping 1day");
        let mut newcomer = place.start(&["tasks::a"]);
        runner.wait_for("Stopped: a newcomer runs this chain");
        let _ = kill(pid(&runner), Signal::SIGSTOP);
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
