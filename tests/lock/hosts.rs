//! Hosts that are cut off, and containers of one host.

use std::process::Command;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::arena;
use crate::conformance::PATIENCE;
use crate::history::{History, Hold};
use crate::network::{Cut, Network};
use crate::servers::{Consul, Postgres, directory_of, eventually};
use crate::support::{Place, Runner, processes};

/// Hosts and what they share.
struct Cluster {
    shared: Place,
    places: Vec<Place>,
    runners: Vec<Runner>,
    history: History,
}

impl Cluster {
    /// Starts a runner on each of so many hosts: `wrap` puts a command on a host.
    fn start(
        hosts: usize,
        url: &str,
        ttl: &str,
        wrap: &dyn Fn(usize, &Command) -> Command,
    ) -> Self {
        let shared = Place::empty();
        let place = |host| Place::with(&arena::config(&shared, host, ttl));
        let places: Vec<Place> = (0..hosts).map(place).collect();
        let words = ["--lock", url, "tasks::work"];
        let start = |host: usize| Runner::start(wrap(host, &places[host].command(&words)));
        let runners = (0..hosts).map(start).collect();
        let history = History::of(shared.path("marks"));
        Cluster {
            shared,
            places,
            runners,
            history,
        }
    }

    #[track_caller]
    fn holder_after(&mut self, fence: u64) -> Hold {
        let begun = Instant::now();
        loop {
            match self.history.latest() {
                Some(hold) if hold.fence > fence => return hold,
                _ => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
            let logs: Vec<String> = self.runners.iter().map(Runner::log).collect();
            assert!(begun.elapsed() < PATIENCE, "{}", logs.join("\n---\n"));
        }
    }

    fn mails_of(&self, host: usize, of: &str) -> usize {
        let subjects = self.places[host].subjects();
        subjects.iter().filter(|text| text.contains(of)).count()
    }
}

/// Cuts the holder off, joins it again, and does the same to the next one, in another manner.
fn a_cut_host_ends_its_work_and_stands_by_again(url: &str, ttl: &str, network: &Network) {
    let mut two = Cluster::start(2, url, ttl, &|host, command| network.on(host, command));
    let mut hold = two.holder_after(0);
    for cut in [Cut::Link, Cut::Route] {
        let (held, other) = (hold.host, 1 - hold.host);
        two.runners[other].wait_for("Standby");
        let stands_by = two.runners[held].count("Standby");
        network.cut(held, cut);
        hold = two.holder_after(hold.fence);
        assert_eq!(hold.host, other, "{cut:?}");
        two.runners[held].wait_for("The lock is lost");
        // What is mailed while the host is cut off is written to files there.
        eventually("the outage is mailed", || two.mails_of(held, "[lock]") > 0);
        network.heal(held, cut);
        two.runners[held].wait_for_count("answers again", 1);
        two.runners[held].wait_for_count("Standby", stands_by + 1);
    }
    for runner in two.runners.drain(..) {
        assert_eq!(runner.stop(), Some(0));
    }
    two.history.latest();
    two.history.check();
    for host in 0..2 {
        assert_eq!(
            two.mails_of(host, "tasks::work"),
            0,
            "{:?}",
            two.places[host].subjects()
        );
    }
    drop(two.shared);
}

#[test]
#[ignore = "needs root and Consul"]
fn a_host_without_its_link_or_route_to_consul_ends_its_work_and_stands_by_again() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::of(2);
    let consul = Consul::single_at(&network.server(), dir.path());
    let url = format!("consul://{}/x", consul.address());
    a_cut_host_ends_its_work_and_stands_by_again(&url, "5s", &network);
}

#[test]
#[ignore = "needs root and PostgreSQL"]
fn a_host_without_its_link_or_route_to_postgres_ends_its_work_and_stands_by_again() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::of(2);
    let directory = directory_of("postgres", dir.path(), "server");
    let server = Postgres::start_at(network.server(), &directory);
    // Which is used without being asked for on this very machine only.
    let url = format!(
        "postgres://postgres@{}/rf?sslmode=disable",
        server.address()
    );
    a_cut_host_ends_its_work_and_stands_by_again(&url, "3s", &network);
}

/// Five hosts and three servers: holders are cut off, stopped and killed, and so is the leader.
#[test]
#[ignore = "needs root and Consul"]
fn five_hosts_before_three_servers_never_work_two_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::of(5);
    let mut servers = Consul::three_at(&network.servers(3), dir.path());
    let addresses: Vec<String> = servers.iter().map(Consul::address).collect();
    let url = format!("consul://{}/x", addresses.join(","));
    let mut five = Cluster::start(5, &url, "5s", &|host, command| network.on(host, command));
    let mut hold = five.holder_after(0);
    for host in (0..5).filter(|host| *host != hold.host) {
        five.runners[host].wait_for("Standby");
    }
    network.cut(hold.host, Cut::Link);
    let next = five.holder_after(hold.fence);
    network.heal(hold.host, Cut::Link);
    five.runners[hold.host].wait_for_count("answers again", 1);
    hold = next;
    // The leader goes while the holder works: no other host begins until that holder is quiet.
    let leader = servers[0].leader();
    let is_leader = |server: &Consul| leader.starts_with(&format!("{}:", server.ip));
    let leader = servers.iter().position(is_leader).expect("one leads");
    servers[leader].kill();
    servers[(leader + 1) % 3].wait_for_leader();
    servers[leader].restart();
    hold = five.holder_after(hold.fence - 1);
    // A holder that is stopped, and one that is killed.
    five.runners[hold.host].signal(Signal::SIGSTOP);
    let next = five.holder_after(hold.fence);
    five.runners[hold.host].signal(Signal::SIGCONT);
    five.runners[hold.host].wait_for("The lock is lost");
    hold = next;
    five.runners[hold.host].signal(Signal::SIGKILL);
    five.holder_after(hold.fence);
    five.runners.remove(hold.host);
    for runner in five.runners.drain(..) {
        assert_eq!(runner.stop(), Some(0));
    }
    five.history.latest();
    assert!(five.history.check() >= 4);
}

/// Puts a command into a pid namespace of its own, where it is the first process.
fn contained(command: &Command) -> Command {
    let mut inside = Command::new("unshare");
    inside.args(["-p", "-f", "--mount-proc", "--kill-child=SIGKILL"]);
    inside.arg(command.get_program()).args(command.get_args());
    inside.current_dir(command.get_current_dir().unwrap());
    inside.env_clear();
    for (name, value) in command.get_envs() {
        inside.env(name, value.unwrap_or_default());
    }
    inside
}

/// Returns the runner in a container, as the machine knows it.
fn first_process(container: &Runner) -> Pid {
    Pid::from_raw(processes::children(container.pid())[0])
}

#[test]
#[ignore = "needs root and PostgreSQL"]
fn two_containers_of_one_host_never_work_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = format!("postgres://postgres@{}/rf", server.address());
    let mut two = Cluster::start(2, &url, "3s", &|_, command| contained(command));
    let mut hold = two.holder_after(0);
    for signal in [Signal::SIGSTOP, Signal::SIGSTOP] {
        two.runners[1 - hold.host].wait_for("Standby");
        let stopped = first_process(&two.runners[hold.host]);
        kill(stopped, signal).unwrap();
        let next = two.holder_after(hold.fence);
        assert_ne!(next.host, hold.host);
        kill(stopped, Signal::SIGCONT).unwrap();
        two.runners[hold.host].wait_for("The lock is lost");
        hold = next;
    }
    // The end of a container is the end of all in it.
    two.runners[hold.host].signal(Signal::SIGKILL);
    let next = two.holder_after(hold.fence);
    assert_ne!(next.host, hold.host);
    kill(first_process(&two.runners[next.host]), Signal::SIGTERM).unwrap();
    assert_eq!(two.runners[next.host].wait_for_end(), Some(0));
    two.history.latest();
    assert_eq!(two.history.check(), 4);
}
