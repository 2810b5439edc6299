//! A chain under a lock on one host: runners with directories of their own stand for hosts.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::support::{Place, Runner, eventually, stderr, stdout};

/// Succeeds and writes down when, then fails always in the same way.
const GOOD_AND_BAD: &str = "[defaults]\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\n\
    [tasks.good]\nshell = \"echo good >> \\\"$RUNS\\\"\"\n\
    [tasks.bad]\nshell = \"echo bad >> \\\"$RUNS\\\"; echo no such table; exit 1\"\n";

/// A directory for what hosts share, and one for each of two hosts.
struct Hosts {
    shared: Place,
    hosts: [Place; 2],
}

impl Hosts {
    fn with(config: &str) -> Self {
        Hosts {
            shared: Place::empty(),
            hosts: [Place::with(config), Place::with(config)],
        }
    }

    fn url(&self) -> String {
        format!("file://{}", self.shared.path("lock").display())
    }

    fn command(&self, host: usize, words: &[&str]) -> Command {
        let mut command = self.hosts[host].command(words);
        command.env("RUNS", self.shared.path("runs"));
        command
    }

    fn start(&self, host: usize, words: &[&str]) -> Runner {
        let url = self.url();
        let words: Vec<&str> = ["--lock", &url].into_iter().chain(words.to_vec()).collect();
        Runner::start(self.command(host, &words))
    }

    fn runs(&self) -> Vec<String> {
        lines_of(&self.shared.path("runs"))
    }
}

fn lines_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

const CHAIN: [&str; 3] = ["--keep-lock", "tasks::good", "tasks::bad"];

#[test]
fn a_standby_goes_on_where_a_killed_holder_was_and_mails_nothing_again() {
    let hosts = Hosts::with(GOOD_AND_BAD);
    let mut first = hosts.start(0, &CHAIN);
    first.wait_for("This runner holds the lock (fence 1)");
    first.wait_for("Sent email to admins: First exception caught: exit 1: no such table");
    let second = hosts.start(1, &CHAIN);
    second.wait_for("Standby: `good_bad` on");
    assert!(!second.log().contains("Execution"), "{}", second.log());

    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    let before = hosts.runs();
    second.wait_for("This runner holds the lock (fence 2)");
    second.wait_for_count("Execution failed: exit 1: no such table", 3);
    assert_eq!(second.stop(), Some(0));

    // A run that was killed is done again; else the tasks alternate over the change of hands.
    let runs = hosts.runs();
    let again = runs[before.len() - 1] == runs[before.len()];
    let rest = if again {
        before.len()
    } else {
        before.len() - 1
    };
    for pair in runs[rest..].windows(2) {
        assert_ne!(pair[0], pair[1], "{runs:?}");
    }
    let mails: Vec<String> = hosts.hosts.iter().flat_map(Place::all_subjects).collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
}

#[test]
fn hosts_that_give_the_lock_back_do_each_run_once_and_never_two() {
    const TURNS: &str = "[tasks.turn]\nsuccess_cooldown = \"10ms\"\nshell = '''\n\
        echo \"begin $RUN_FUNCTIONS_FENCE $HOST\" >> \"$RUNS\"\n\
        echo \"end $RUN_FUNCTIONS_FENCE $HOST\" >> \"$RUNS\"\n'''\n";
    let hosts = Hosts::with(TURNS);
    let start = |host: usize| {
        let url = hosts.url();
        let mut command = hosts.command(host, &["--lock", &url, "tasks::turn"]);
        command.env("HOST", host.to_string());
        Runner::start(command)
    };
    let runners = [start(0), start(1)];
    assert!(eventually(|| {
        let runs = hosts.runs();
        let of = |host: &str| runs.iter().filter(|line| line.ends_with(host)).count();
        of(" 0") >= 10 && of(" 1") >= 10
    }));
    for runner in runners {
        assert_eq!(runner.stop(), Some(0));
    }
    let mut last = 0;
    for pair in hosts.runs().chunks(2) {
        let [begin, end] = pair else {
            panic!("a run was cut: {pair:?}")
        };
        assert_eq!(begin.strip_prefix("begin"), end.strip_prefix("end"));
        let fence: u64 = begin.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(fence >= last, "{fence} after {last}");
        last = fence;
    }
}

#[test]
fn a_host_on_which_a_run_fails_lets_another_one_try() {
    const CONFIG: &str = "[tasks.pick]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"300ms\"\n\
        shell = \"test -e well\"\n\
        [lock]\nbackend = \"file\"\nkeep = true\nrelease_on_error = true\n";
    let hosts = Hosts::with(CONFIG);
    let address = format!("address = \"{}\"\n", hosts.shared.path("lock").display());
    for host in &hosts.hosts {
        host.configure(&format!("{CONFIG}{address}"));
    }
    hosts.hosts[1].write("well", "");
    let first = Runner::start(hosts.command(0, &["tasks::pick"]));
    first.wait_for("Execution failed");
    let second = Runner::start(hosts.command(1, &["tasks::pick"]));
    second.wait_for_count("Execution successful", 5);
    let failed = first.count("Execution failed");
    second.wait_for_count("Execution successful", 15);
    assert_eq!(
        first.count("Execution failed"),
        failed,
        "the healthy host keeps the lock"
    );
    assert_eq!(second.stop(), Some(0));
    first.wait_for_count("Execution failed", failed + 1);
    assert_eq!(first.stop(), Some(0));
}

#[test]
fn once_and_lock_name_the_holder_and_end_with_75() {
    let hosts = Hosts::with(GOOD_AND_BAD);
    let url = hosts.url();
    let runner = hosts.start(0, &["--keep-lock", "tasks::good"]);
    runner.wait_for("This runner holds the lock");
    let once = ["once", "--lock", &url, "tasks::good"];
    let lock = ["lock", "good", "--lock", &url, "--", "true"];
    for words in [&once[..], &lock] {
        let output = hosts.command(1, words).output().unwrap();
        assert_eq!(output.status.code(), Some(75), "{words:?}");
        let said = stderr(&output);
        let holder = format!("(pid {}) holds the lock, and nothing was run", runner.pid());
        assert!(
            said.contains("`good` on ") && said.contains(&holder),
            "{said}"
        );
    }
    assert_eq!(runner.stop(), Some(0));
    for words in [&once[..], &lock] {
        let output = hosts.command(1, words).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{words:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn status_of_a_standby_shows_the_holder_and_what_it_knows() {
    let hosts = Hosts::with(GOOD_AND_BAD);
    let first = hosts.start(0, &CHAIN);
    first.wait_for_count("Execution failed", 2);
    let second = hosts.start(1, &CHAIN);
    second.wait_for("Standby");
    let status = || stdout(&hosts.command(1, &["status"]).output().unwrap());
    let holder = "lock: held by `good_bad` on ";
    assert!(eventually(|| status().contains(holder)), "{}", status());
    let shown = status();
    assert!(shown.starts_with("good_bad: standby (pid "), "{shown}");
    assert!(shown.contains(&format!("(pid {})", first.pid())), "{shown}");
    assert!(shown.contains("tasks::bad  DOWN there since"), "{shown}");
    assert!(shown.contains("exit 1: no such table"), "{shown}");
    let json = hosts.command(1, &["status", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let lock = &json["chains"][0]["lock"];
    assert_eq!(lock["role"], "standby");
    assert_eq!(lock["holder"]["pid"], first.pid());
    assert_eq!(lock["tasks_there"][1]["latest"], "exit 1: no such table");
    assert_eq!(first.stop(), Some(0));
    second.wait_for("This runner holds the lock");
    assert!(
        eventually(|| status().contains("lock: held here last")),
        "{}",
        status()
    );
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn a_newcomer_on_the_same_host_takes_the_lock_over_with_the_chain() {
    let hosts = Hosts::with(GOOD_AND_BAD);
    let mut first = hosts.start(0, &CHAIN);
    first.wait_for("This runner holds the lock (fence 1)");
    let second = hosts.start(0, &CHAIN);
    assert_eq!(first.wait_for_end(), Some(0));
    second.wait_for("This runner holds the lock (fence 2)");
    second.wait_for("[tasks::good] Execution successful");
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn a_command_under_a_lock_has_the_streams_of_its_caller_and_its_own_exit_code() {
    let hosts = Hosts::with("");
    let url = hosts.url();
    let under = |words: &[&str]| {
        let all: Vec<&str> = ["lock", "job", "--lock", &url, "--"]
            .into_iter()
            .chain(words.to_vec())
            .collect();
        hosts.command(0, &all)
    };
    let mut talk = under(&[
        "sh",
        "-c",
        "cat; echo fence $RUN_FUNCTIONS_FENCE; pwd; echo bad >&2; exit 7",
    ]);
    let output = crate::support::fed(&mut talk, "words\n");
    assert_eq!(output.status.code(), Some(7));
    let here = fs::canonicalize(hosts.hosts[0].dir()).unwrap();
    let said = format!("words\nfence 1\n{}\n", here.display());
    assert_eq!(stdout(&output), said);
    assert_eq!(stderr(&output), "bad\n");

    for (words, code) in [
        (&["sh", "-c", "kill -9 $$"][..], 137),
        (&["sh", "-c", "exit 75"], 75),
        (&["no-such-program"], 127),
        (&["true"], 0),
    ] {
        assert_eq!(
            under(words).output().unwrap().status.code(),
            Some(code),
            "{words:?}"
        );
    }

    let mut runner = Runner::start(under(&[
        "sh",
        "-c",
        "trap 'kill $!; exit 0' TERM; touch begun; sleep 1000 & wait",
    ]));
    assert!(eventually(|| hosts.hosts[0].path("begun").exists()));
    assert_eq!(under(&["true"]).output().unwrap().status.code(), Some(75));
    runner.signal(Signal::SIGTERM);
    // As a shell says it of a command that was ended so.
    assert_eq!(runner.wait_for_end(), Some(143));
    assert_eq!(under(&["true"]).output().unwrap().status.code(), Some(0));
}
