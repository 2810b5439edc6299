//! Hosts that are network namespaces, joined by a bridge on which the server listens.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A way to cut a host off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Its link has no carrier: what it sends is lost without a word.
    Link,
    /// Its kernel drops what is for the server.
    Route,
}

/// A bridge and its hosts, removed with the test.
pub(crate) struct Network {
    name: String,
    net: String,
    hosts: usize,
}

impl Network {
    /// Makes a network of so many hosts.
    pub(crate) fn of(hosts: usize) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let pid = std::process::id();
        let network = Network {
            name: format!("rf{}x{count}", pid % 100_000),
            net: format!("10.{}.{}", 100 + (pid >> 8) % 100, (pid + count * 97) % 256),
            hosts,
        };
        let bridge = network.bridge();
        ip(&format!("link add {bridge} type bridge"));
        ip(&format!("addr add {}/24 dev {bridge}", network.server()));
        ip(&format!("link set {bridge} up"));
        (0..hosts).for_each(|host| network.add(host));
        network
    }

    fn add(&self, host: usize) {
        let (space, link, bridge) = (self.space(host), self.link(host), self.bridge());
        ip(&format!("netns add {space}"));
        ip(&format!(
            "link add {link} type veth peer name eth0 netns {space}"
        ));
        ip(&format!("link set {link} master {bridge} up"));
        let own = host + 2;
        ip(&format!(
            "-n {space} addr add {}.{own}/24 dev eth0",
            self.net
        ));
        ip(&format!("-n {space} link set eth0 up"));
        ip(&format!("-n {space} link set lo up"));
    }

    fn bridge(&self) -> String {
        format!("{}b", self.name)
    }

    fn link(&self, host: usize) -> String {
        format!("{}h{host}", self.name)
    }

    fn space(&self, host: usize) -> String {
        format!("{}h{host}", self.name)
    }

    /// Returns the address for the server.
    pub(crate) fn server(&self) -> String {
        format!("{}.1", self.net)
    }

    /// Returns addresses for so many servers.
    pub(crate) fn servers(&self, count: usize) -> Vec<String> {
        let further: Vec<String> = (1..count)
            .map(|at| format!("{}.{}", self.net, 200 + at))
            .collect();
        for address in &further {
            ip(&format!("addr add {address}/24 dev {}", self.bridge()));
        }
        std::iter::once(self.server()).chain(further).collect()
    }

    /// Returns a command that runs on a host.
    pub(crate) fn on(&self, host: usize, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.space(host)]);
        inside.arg(command.get_program()).args(command.get_args());
        if let Some(dir) = command.get_current_dir() {
            inside.current_dir(dir);
        }
        inside.env_clear();
        for (name, value) in command.get_envs() {
            inside.env(name, value.unwrap_or_default());
        }
        inside
    }

    /// Cuts a host off.
    pub(crate) fn cut(&self, host: usize, cut: Cut) {
        match cut {
            Cut::Link => ip(&format!("link set {} down", self.link(host))),
            Cut::Route => self.route(host, "add"),
        }
    }

    /// Joins a host again.
    pub(crate) fn heal(&self, host: usize, cut: Cut) {
        match cut {
            Cut::Link => ip(&format!("link set {} up", self.link(host))),
            Cut::Route => self.route(host, "del"),
        }
    }

    fn route(&self, host: usize, what: &str) {
        let (space, server) = (self.space(host), self.server());
        ip(&format!("-n {space} route {what} blackhole {server}/32"));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for host in 0..self.hosts {
            let _ = Command::new("ip")
                .args(["netns", "del", &self.space(host)])
                .status();
        }
        let _ = Command::new("ip")
            .args(["link", "del", &self.bridge()])
            .status();
    }
}

#[track_caller]
fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {words}: {said}");
}
