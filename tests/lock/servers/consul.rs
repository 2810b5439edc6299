//! Consul servers: one, three, with a token, over TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Daemon, TLS, eventually, own_address};

/// A Consul server.
pub(crate) struct Consul {
    pub(crate) ip: String,
    dir: PathBuf,
    more: Vec<String>,
    daemon: Option<Daemon>,
}

impl Consul {
    /// Starts a single server.
    pub(crate) fn single(dir: &Path) -> Self {
        let consul = Consul::start(own_address(), dir, &["-bootstrap-expect=1"]);
        consul.wait_for_leader();
        consul
    }

    /// Starts a single server on an address of this machine.
    pub(crate) fn single_at(ip: &str, dir: &Path) -> Self {
        let consul = Consul::start(ip.to_owned(), dir, &["-bootstrap-expect=1"]);
        consul.wait_for_leader();
        consul
    }

    /// Starts three servers.
    pub(crate) fn three(dir: &Path) -> Vec<Self> {
        let ips: Vec<String> = (0..3).map(|_| own_address()).collect();
        Consul::three_at(&ips, dir)
    }

    /// Starts three servers on addresses of this machine.
    pub(crate) fn three_at(ips: &[String], dir: &Path) -> Vec<Self> {
        let mut more = vec!["-bootstrap-expect=3".to_owned()];
        more.extend(ips.iter().map(|ip| format!("-retry-join={ip}")));
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let servers = ips.iter().map(|ip| {
            let dir = dir.join(ip);
            fs::create_dir(&dir).unwrap();
            Consul::start(ip.clone(), &dir, &more)
        });
        let servers: Vec<Consul> = servers.collect();
        servers[0].wait_for_leader();
        servers
    }

    fn start(ip: String, dir: &Path, more: &[&str]) -> Self {
        let mut consul = Consul {
            ip,
            dir: dir.to_owned(),
            more: more.iter().map(|word| (*word).to_owned()).collect(),
            daemon: None,
        };
        let config = r#"{ "performance": { "raft_multiplier": 1 }, "log_level": "warn", "ports": { "https": 8501 },
            "cert_file": "TLS/good.pem", "key_file": "TLS/good.pem", "acl": { "enabled": ACL,
            "default_policy": "deny", "tokens": { "master": "00000000-0000-0000-0000-000000000001" } } }"#;
        let has_acl = more.contains(&"-datacenter=acl");
        fs::write(
            dir.join("more.json"),
            config
                .replace("ACL", &has_acl.to_string())
                .replace("TLS", TLS),
        )
        .unwrap();
        consul.restart();
        consul
    }

    /// Starts a server that asks for a token: [`Consul::TOKEN`].
    pub(crate) fn with_token(dir: &Path) -> Self {
        let consul = Consul::start(
            own_address(),
            dir,
            &["-bootstrap-expect=1", "-datacenter=acl"],
        );
        consul.wait_for_leader();
        consul
    }

    pub(crate) const TOKEN: &str = "00000000-0000-0000-0000-000000000001";

    /// Starts the server, again if it was killed.
    pub(crate) fn restart(&mut self) {
        self.daemon = None;
        let (ip, dir) = (&self.ip, self.dir.display());
        let words = [
            "consul".to_owned(),
            "agent".to_owned(),
            "-server".to_owned(),
            "-disable-host-node-id".to_owned(),
            format!("-node=n-{ip}"),
            format!("-bind={ip}"),
            format!("-client={ip}"),
            format!("-data-dir={dir}/data"),
            format!("-config-file={dir}/more.json"),
            "-serf-wan-port=-1".to_owned(),
            "-dns-port=-1".to_owned(),
            "-grpc-port=-1".to_owned(),
        ];
        let words: Vec<&str> = words.iter().chain(&self.more).map(String::as_str).collect();
        self.daemon = Some(Daemon::start("root", &self.dir.join("log"), &words));
    }

    /// Kills the server.
    pub(crate) fn kill(&mut self) {
        self.daemon = None;
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("it runs")
    }

    /// Returns the address of its HTTP interface.
    pub(crate) fn address(&self) -> String {
        format!("{}:8500", self.ip)
    }

    /// Returns the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.address());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--max-time", "5", "--header"]);
        let output = curl
            .arg(format!("X-Consul-Token: {}", Consul::TOKEN))
            .arg(url)
            .output();
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    }

    /// Returns the address of the leader, as the server sees it; empty without one.
    pub(crate) fn leader(&self) -> String {
        self.get("/v1/status/leader")
            .trim()
            .trim_matches('"')
            .to_owned()
    }

    /// Waits until there is a leader, and the node is entered.
    #[track_caller]
    pub(crate) fn wait_for_leader(&self) {
        eventually("Consul has a leader", || self.leader().contains(':'));
        let health = format!("/v1/health/node/n-{}", self.ip);
        eventually("the node is healthy", || {
            self.get(&health).contains("\"passing\"")
        });
    }

    /// Returns how many sessions there are.
    pub(crate) fn sessions(&self) -> usize {
        self.get("/v1/session/list")
            .matches("\"LockDelay\"")
            .count()
    }

    /// Returns how many services are registered at the agent.
    pub(crate) fn services(&self) -> usize {
        self.get("/v1/agent/services")
            .matches("\"Service\":")
            .count()
    }
}
