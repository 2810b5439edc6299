//! Runners that are killed while they write, and disks that refuse any one write: no FIRST or NEW is lost, and a mail that leaves twice has one
//! Message-ID.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::smtp::{Script, Server};
use crate::support::{Place, Runner, eventually};

/// What a debug build of the program reads: which of its writes is its last.
const WRITES: &str = "TEST_RUN_FUNCTIONS_WRITES";
/// Where the task finds what it is to fail with.
const STAGE: &str = "stage";
const TASK: &[&str] = &["tasks::broken"];

/// Where mail goes, and what has arrived there.
enum Way {
    Server(Server),
    Files,
}

impl Way {
    fn place(&self, task: &str) -> Place {
        let mail = match self {
            Way::Server(server) => format!(
                "to = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
                 server = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nmax_per_hour = 10000\n",
                server.address.port()
            ),
            Way::Files => "max_per_hour = 10000\n".to_owned(),
        };
        Place::with(&format!(
            "[mail]\n{mail}[tasks.broken]\nshell = \"test -s {STAGE} || exit 0; cat {STAGE} >&2; exit 1\"\nfail_cooldown = \"10ms\"\n{task}"
        ))
    }

    fn arrived(&self, place: &Place) -> Vec<String> {
        match self {
            Way::Server(server) => {
                let received = server.received().into_iter();
                received.map(|received| received.message).collect()
            }
            Way::Files => place.mails(),
        }
    }
}

/// The facts of a mail: what `X-Run-Functions` says, and its Message-ID.
fn facts(mail: &str) -> (BTreeMap<String, String>, String) {
    let mail = mail.replace("\r\n ", " ").replace("\r\n", "\n");
    let header = |name: &str| {
        let line = mail.lines().find_map(|line| line.strip_prefix(name));
        line.expect(name).trim().to_owned()
    };
    let pairs = header("X-Run-Functions:");
    let pairs = pairs.split("; ").filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (pairs.collect(), header("Message-ID:"))
}

/// Checks that whatever was mailed twice as a failure of one kind has one Message-ID. Returns how many mails had a twin before them.
#[track_caller]
fn twins(mails: &[String]) -> usize {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in mails {
        let (facts, id) = facts(mail);
        if matches!(&*facts["event"], "first" | "new") {
            ids.entry(facts["kind"].clone()).or_default().push(id);
        }
    }
    for (kind, ids) in &ids {
        let one = ids.iter().all(|id| *id == ids[0]);
        assert!(one, "{kind} was mailed as {ids:?}: {mails:#?}");
    }
    ids.values().map(|ids| ids.len() - 1).sum()
}

/// Lets a runner have its first two failures and be killed at its n-th step of writing. Returns whether it came so far, and how many
/// mails came twice.
fn killed_at(way: &Way, step: u64) -> (bool, usize) {
    let place = way.place("");
    place.replace(STAGE, "alpha went wrong");
    let before = way.arrived(&place).len();
    let mut command = place.command(TASK);
    command.env(WRITES, format!("kill {step}"));
    let mut runner = Runner::start(command);
    let pid = runner.pid();
    let of_this = |mails: Vec<String>| mails[before..].to_vec();
    named_since(way, &place, &mut runner, "caught: exit 1: alpha", before);
    place.replace(STAGE, "beta went wrong");
    named_since(way, &place, &mut runner, "caught: exit 1: beta", before);
    let died = runner.pid() != pid;
    // What was delivered is taken out of the outbox after that.
    let status = {
        runner.signal(Signal::SIGTERM);
        runner.wait_for_status()
    };
    let died = died || status.code() != Some(0);
    if died {
        // It was killed after the last mail had left, perhaps after the mark of its end was written: a failure would be a first one.
        place.replace(STAGE, "");
        let mut runner = place.start(TASK);
        runner.wait_for("Execution successful");
        let empty = eventually(|| {
            std::fs::read_dir(place.path("run/outbox/alerts")).is_ok_and(|mut files| {
                files.all(|file| file.unwrap().file_name().to_string_lossy().starts_with('.'))
            })
        });
        assert!(empty, "step {step}: {}", runner.log());
        runner.signal(Signal::SIGTERM);
        assert_eq!(runner.wait_for_end(), Some(0));
    }
    (died, twins(&of_this(way.arrived(&place))))
}

/// Waits until a mail after the first `before` names a text, starting another runner when the one that there is has been killed.
#[track_caller]
fn named_since(way: &Way, place: &Place, runner: &mut Runner, text: &str, before: usize) {
    let arrived = eventually(|| {
        if !runner.lives() {
            *runner = place.start(TASK);
        }
        way.arrived(place)[before..]
            .iter()
            .any(|mail| mail.contains(text))
    });
    assert!(arrived, "no mail names `{text}`:\n{}", runner.log());
}

/// Kills a runner at each step of its writing, from the first on, until it has no step left.
fn walk(way: &Way) {
    let (mut steps, mut doubled) = (0, 0);
    for step in 1.. {
        let (died, twins) = killed_at(way, step);
        assert!(twins <= 1, "{twins} mails came twice after step {step}");
        doubled += twins;
        if !died {
            break;
        }
        steps = step;
    }
    assert!(steps > 20, "only {steps} steps");
    println!("killed at each of {steps} steps: 0 mails lost, {doubled} mails twice");
}

#[test]
fn killed_at_any_step_of_writing_it_loses_no_mail_to_a_server() {
    walk(&Way::Server(Server::start(Script::default())));
}

#[test]
fn killed_at_any_step_of_writing_it_loses_no_mail_to_a_file() {
    walk(&Way::Files);
}

const MOST_STEPS: u64 = 45;

/// Lets a runner have its first two failures while the disk refuses its n-th step of writing for this reason. Returns whether it told so.
#[track_caller]
fn refused_at(way: &Way, step: u64, errno: i32) -> bool {
    let place = way.place("");
    place.replace(STAGE, "alpha went wrong");
    let before = way.arrived(&place).len();
    let mut command = place.command(TASK);
    command.env(WRITES, format!("refuse {errno} {step}"));
    let mut runner = Runner::start(command);
    let pid = runner.pid();
    named_since(way, &place, &mut runner, "caught: exit 1: alpha", before);
    place.replace(STAGE, "beta went wrong");
    named_since(way, &place, &mut runner, "caught: exit 1: beta", before);
    let runs = runner.count("Execution failed");
    runner.wait_for_count("Execution failed", runs + 3);
    assert_eq!(runner.pid(), pid, "it has ended at step {step}");
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0), "step {step}");
    let twins = twins(&way.arrived(&place)[before..]);
    assert!(
        twins <= 1,
        "{twins} mails came twice after step {step}: {log}"
    );
    let words = std::io::Error::from_raw_os_error(errno).to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    log.contains(words)
}

/// The reasons for which a disk refuses, one after the other; all of them at each step with `RUN_FUNCTIONS_LONG_TESTS=1`.
#[test]
fn refused_any_one_step_of_writing_it_goes_on_and_loses_no_mail() {
    use nix::libc::{EACCES, EIO, ENOSPC, EROFS};
    let reasons = [ENOSPC, EROFS, EACCES, EIO];
    let long = std::env::var_os("RUN_FUNCTIONS_LONG_TESTS").is_some();
    let way = Way::Server(Server::start(Script::default()));
    let mut told = Vec::new();
    // More than two mails need: that a step beyond the last one is refused changes nothing.
    for step in 1..=MOST_STEPS {
        let some = step as usize % reasons.len();
        let of_step = if long {
            &reasons[..]
        } else {
            &reasons[some..=some]
        };
        for errno in of_step {
            if refused_at(&way, step, *errno) {
                told.push(step);
            }
        }
    }
    // Some need not be told, such as that a draft cannot be removed.
    assert!(told.len() > 10, "{told:?}");
    println!("refused each of {MOST_STEPS} steps: 0 mails lost, told {told:?}");
}

/// A sequence of numbers that is the same each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Lets any moment of a life pass: what is killed then is what this is about.
#[expect(
    clippy::disallowed_methods,
    reason = "the moment of a kill is a time, and nothing is waited for"
)]
fn a_moment(dice: &mut Dice) {
    std::thread::sleep(Duration::from_micros(dice.below(60_000)));
}

/// Kills runners at any moment of their lives, `per_failure` of them for each of these failures in turn.
fn kill_at_random(failures: &[&str], per_failure: usize) {
    let way = Way::Server(Server::start(Script::default()));
    let place = way.place("non_recoverable_downtime = \"500ms\"\n");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for failure in failures {
        let text = format!("{failure} went wrong");
        place.replace(STAGE, &text);
        for _ in 0..per_failure {
            let runner = place.start(TASK);
            a_moment(&mut dice);
            runner.signal(Signal::SIGKILL);
        }
        let mut runner = place.start(TASK);
        named_since(&way, &place, &mut runner, &text, 0);
    }
    let mails = way.arrived(&place);
    let twins = twins(&mails);
    let kills = failures.len() * per_failure;
    assert!(twins <= kills, "{twins} twins of {kills} kills");
    println!(
        "{kills} kills: 0 mails lost, {twins} of {} mails twice",
        mails.len()
    );
}

const FAILURES: [&str; 10] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
];

/// 100 times; 1000 times with `RUN_FUNCTIONS_LONG_TESTS=1`.
#[test]
fn killed_again_and_again_at_random_it_loses_no_mail() {
    match std::env::var_os("RUN_FUNCTIONS_LONG_TESTS") {
        None => kill_at_random(&FAILURES[..5], 20),
        Some(_) => kill_at_random(&FAILURES, 100),
    }
}
