//! Hosts that contend for one lock, and what befalls them: directories stand for hosts, each with a
//! proxy of its own before the server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use run_functions::lock::boot_clock;

use crate::history::{History, Hold};
use crate::proxy::{Proxy, Weather};
use crate::servers::eventually;
use crate::support::{Place, Runner, processes, stdout};

/// A sequence of numbers that is the same for the same seed (xorshift64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// What ends a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// `kill -9` of the runner.
    Kill,
    /// `kill -9` of its keeper.
    KillKeeper,
    /// SIGSTOP of the runner, and SIGCONT when another one holds the lock.
    Stop,
    /// SIGTERM of the runner.
    Term,
    /// Nothing arrives at the server or comes from it.
    Blackhole,
    /// No connection to the server is to be had.
    Cut,
    /// Each piece is later than the deadline of a request.
    Slow,
}

pub(crate) const FAULTS: [Fault; 7] = [
    Fault::Kill,
    Fault::KillKeeper,
    Fault::Stop,
    Fault::Term,
    Fault::Blackhole,
    Fault::Cut,
    Fault::Slow,
];

/// How an arena reaches its server.
pub(crate) struct Engine<'a> {
    pub(crate) server: &'a str,
    /// The URL of the server that is reached at an address.
    pub(crate) url: &'a (dyn Fn(&str) -> String + Sync),
    pub(crate) ttl: &'a str,
    /// The texts of requests whose answers may be lost.
    pub(crate) requests: &'a [&'a str],
}

struct Host {
    place: Place,
    proxy: Proxy,
    runner: Option<Runner>,
}

/// A change of hands: how long after the fault the next holder worked, and how long the last one
/// had been quiet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Takeover {
    pub(crate) after: Duration,
    pub(crate) margin: Duration,
}

/// The changes of hands, by what caused them.
pub(crate) type Takeovers = BTreeMap<Fault, Vec<Takeover>>;

/// Hosts that contend for one lock.
pub(crate) struct Arena {
    shared: Place,
    hosts: Vec<Host>,
    url: Vec<String>,
    requests: Vec<String>,
    history: History,
    dice: Dice,
    pub(crate) takeovers: Takeovers,
    /// How many runners were started again after they had been asked to stop.
    starts: usize,
}

const CONFIG: &str = r#"stop_timeout = "5s"
[lock]
keep = true
ttl = "TTL"
[tasks.work]
command = ["python3", "TREE", "MARKS", "HOST", "0.8", "0.02"]
success_cooldown = "50ms"
fail_cooldown = "50ms"
[tasks.bad]
shell = "echo no such table; exit 1"
fail_cooldown = "100ms"
"#;

/// Returns the configuration of a host whose task `work` writes down, in the place that is shared,
/// when its tree works (`tree.py`), and whose task `bad` fails always.
pub(crate) fn config(shared: &Place, host: usize, ttl: &str) -> String {
    let tree = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lock/tree.py");
    let config = CONFIG
        .replace("TTL", ttl)
        .replace("HOST", &host.to_string());
    let config = config.replace("TREE", tree.to_str().unwrap());
    config.replace("MARKS", shared.path("marks").to_str().unwrap())
}

impl Arena {
    /// Starts so many hosts, and waits until the first failure was mailed and is known to a
    /// standby.
    pub(crate) fn start(engine: &Engine<'_>, key: &str, hosts: usize, seed: u64) -> Self {
        let shared = Place::empty();
        let open = |host: usize| Host {
            place: Place::with(&config(&shared, host, engine.ttl)),
            proxy: Proxy::before(engine.server),
            runner: None,
        };
        let hosts: Vec<Host> = (0..hosts).map(open).collect();
        let key = |host: &Host| {
            let url = (engine.url)(host.proxy.address());
            let joint = if url.starts_with("consul") {
                "/"
            } else {
                "?key="
            };
            format!("{url}{joint}{key}")
        };
        let mut arena = Arena {
            url: hosts.iter().map(key).collect(),
            history: History::of(shared.path("marks")),
            shared,
            hosts,
            requests: engine
                .requests
                .iter()
                .map(|text| (*text).to_owned())
                .collect(),
            dice: Dice::of(seed),
            takeovers: Takeovers::new(),
            starts: 0,
        };
        arena.begin();
        arena
    }

    fn begin(&mut self) {
        for host in 0..self.hosts.len() {
            self.start_runner(host);
        }
        let hosts = &self.hosts;
        let mails = || -> usize { hosts.iter().map(|host| host.place.mails().len()).sum() };
        eventually("the first failure is mailed", || mails() == 1);
        eventually("the standbys know of it", || {
            let knows = |host: &&Host| {
                let status = host.place.run(&["status"]);
                stdout(&status).contains("tasks::bad  DOWN there since")
            };
            hosts.iter().filter(knows).count() + 1 == hosts.len()
        });
    }

    fn start_runner(&mut self, host: usize) {
        let words = ["--lock", &self.url[host], "tasks::work", "tasks::bad"];
        let host = &mut self.hosts[host];
        host.runner = Some(host.place.start(&words));
    }

    /// Waits until a holder works that is another than the one with this fence.
    #[track_caller]
    fn wait_for_holder_after(&mut self, fence: u64) -> Hold {
        let start = Instant::now();
        loop {
            if let Some(hold) = self.history.latest()
                && hold.fence > fence
            {
                return hold;
            }
            assert!(
                start.elapsed() < crate::conformance::PATIENCE,
                "nobody holds the lock after fence {fence}:\n{}",
                self.logs()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Lets something befall the holder, until another one works, and mends that. Returns after so
    /// many changes of hands.
    pub(crate) fn fail_over(&mut self, times: usize) {
        let mut fence = self.wait_for_holder_after(0).fence;
        for _ in 0..times {
            // At any moment of a run, of a cooldown and of a lease.
            std::thread::sleep(Duration::from_millis(self.dice.below(1200) as u64));
            self.lose_an_answer();
            let holder = self.history.latest().expect("there was one").host;
            let fault = FAULTS[self.dice.below(FAULTS.len())];
            let begun = boot_clock();
            self.befall(holder, fault);
            let next = self.wait_for_holder_after(fence);
            let begun = begun.since(run_functions::lock::Mono::BOOT);
            let (former, _) = self.history.change_to(next.fence).expect("it is the next");
            self.takeovers.entry(fault).or_default().push(Takeover {
                after: next.first.saturating_sub(begun),
                margin: next.first.saturating_sub(former.last),
            });
            self.mend(holder, fault);
            fence = next.fence;
        }
    }

    /// One answer in three holds is lost, at any host.
    fn lose_an_answer(&mut self) {
        if self.dice.below(3) == 0 {
            let host = self.dice.below(self.hosts.len());
            let request = &self.requests[self.dice.below(self.requests.len())];
            self.hosts[host].proxy.lose_answer_to(request);
        }
    }

    fn befall(&self, host: usize, fault: Fault) {
        let Host { proxy, runner, .. } = &self.hosts[host];
        let runner = runner.as_ref().expect("it runs");
        match fault {
            Fault::Kill => runner.signal(Signal::SIGKILL),
            Fault::KillKeeper => kill(keeper_of(runner), Signal::SIGKILL).expect("it lives"),
            Fault::Stop => runner.signal(Signal::SIGSTOP),
            Fault::Term => runner.signal(Signal::SIGTERM),
            Fault::Blackhole => proxy.set(Weather::Blackhole),
            Fault::Cut => proxy.set(Weather::Cut),
            Fault::Slow => proxy.set(Weather::Delay(Duration::from_secs(3))),
        }
    }

    fn mend(&mut self, host: usize, fault: Fault) {
        let runner = self.hosts[host].runner.as_mut().expect("it ran");
        let expected = match fault {
            Fault::Stop => return runner.signal(Signal::SIGCONT),
            Fault::Blackhole | Fault::Cut | Fault::Slow => {
                return self.hosts[host].proxy.set(Weather::Fair);
            }
            Fault::Kill => None,
            // Whoever starts it again is told of its failures anew.
            Fault::Term => {
                self.starts += 1;
                Some(0)
            }
            Fault::KillKeeper => Some(71),
        };
        assert_eq!(
            runner.wait_for_end(),
            expected,
            "{fault:?}:\n{}",
            runner.log()
        );
        self.start_runner(host);
    }

    /// Stops all, and checks what they have done.
    pub(crate) fn check(mut self) -> Takeovers {
        let mut logs = String::new();
        for host in &mut self.hosts {
            let mut runner = host.runner.take().expect("it runs");
            // Before, it does not heed signals yet.
            runner.wait_for("Wrote pidfile");
            runner.signal(Signal::SIGTERM);
            assert_eq!(runner.wait_for_end(), Some(0), "{}", runner.log());
            logs = format!(
                "{logs}\n--- {}\n{}",
                host.place.dir().display(),
                runner.log()
            );
        }
        self.history.latest();
        self.history.check();
        let hosts = self.hosts.iter();
        let mut subjects: Vec<String> = hosts.flat_map(|host| host.place.all_subjects()).collect();
        // The server was away, keepers and runners were killed: no failure of a task.
        let befell = ["its keeper is gone", "the runner died while this task"];
        subjects.retain(|text| !text.starts_with("[lock]"));
        subjects.retain(|text| !befell.iter().any(|what| text.contains(what)));
        let first = "[tasks::bad] First exception caught: exit 1: no such table";
        assert!(
            subjects.iter().all(|subject| subject == first),
            "{subjects:?}"
        );
        assert!(
            (1..=1 + self.starts).contains(&subjects.len()),
            "{} starts, {}: {logs}",
            self.starts,
            subjects.len()
        );
        drop(self.shared);
        self.takeovers
    }

    fn logs(&self) -> String {
        let logs = self.hosts.iter().enumerate().map(|(at, host)| {
            let log = host.runner.as_ref().map(Runner::log).unwrap_or_default();
            format!("--- host {at}, {}\n{log}\n", host.place.dir().display())
        });
        logs.collect()
    }
}

/// Returns the keeper of a runner.
fn keeper_of(runner: &Runner) -> Pid {
    let is_keeper = |pid: &i32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
        name.is_ok_and(|name| name.trim() == "run_fns_keeper")
    };
    let keeper = processes::children(runner.pid())
        .into_iter()
        .find(is_keeper);
    Pid::from_raw(keeper.expect("a runner under a lock has a keeper"))
}
