//! A server as a real process, in a place of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Output;

use crate::exchange::{Answer, connect, send};
use crate::support::{Place, Runner, stderr, stdout};

/// A server at work.
pub struct Served {
    pub place: Place,
    pub runner: Runner,
    pub address: SocketAddr,
}

impl Served {
    /// Starts a server with this configuration.
    pub fn with(config: &str) -> Self {
        Served::at(Place::with(config))
    }

    /// Starts a server in a place.
    pub fn at(place: Place) -> Self {
        let runner = place.start(&["serve", "--listen", "127.0.0.1:0"]);
        let address = address_of(&runner);
        Served {
            place,
            runner,
            address,
        }
    }

    /// Returns the token of the first start.
    pub fn admin(&self) -> String {
        self.place.read("run/admin_token").trim().to_owned()
    }

    /// Creates a token.
    pub fn token(&self, args: &[&str]) -> String {
        let args = [&["serve", "token", "add"], args].concat();
        let output = self.place.run(&args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output).trim().to_owned()
    }

    /// Revokes a token.
    pub fn revoke(&self, name: &str) -> Output {
        self.place.run(&["serve", "token", "revoke", name])
    }

    /// Logs in, and returns the cookie.
    pub fn log_in(&self, token: &str) -> String {
        let answer = self.try_log_in(token);
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie").unwrap();
        let pair = cookie.split(';').next().unwrap();
        format!("Cookie: {pair}")
    }

    /// Sends the form of the login.
    pub fn try_log_in(&self, token: &str) -> Answer {
        let origin = format!("Origin: http://{}", self.address);
        let headers = [
            origin.as_str(),
            "Content-Type: application/x-www-form-urlencoded",
        ];
        let body = format!("next=%2Fjobs&token={token}");
        send(self.address, "POST /login", &headers, &body)
    }

    /// Begins a call whose body is not whole; it is in progress when this returns.
    pub fn half_a_call(&self) -> TcpStream {
        let token = self.admin();
        let mut stream = connect(self.address);
        let head = format!(
            "POST /api/v1/workers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        let text = String::from_utf8_lossy(&interim);
        assert!(text.starts_with("HTTP/1.1 100"), "{text}");
        stream
    }

    /// Returns how much memory the server takes, in bytes.
    pub fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.runner.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes * 1024
    }
}

/// Waits until a server listens, and returns where.
pub fn address_of(runner: &Runner) -> SocketAddr {
    runner.wait_for("listens on http");
    let log = runner.log();
    let (_, rest) = log.split_once("://").unwrap();
    let address = rest.lines().next().unwrap().trim();
    address.parse().unwrap()
}
