//! The server: real processes, real sockets, and what attackers send.
#![cfg(test)]
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests may fail loudly, and look again and again at what other processes do"
)]

#[path = "../lock/servers/mod.rs"]
#[allow(dead_code, unused_imports, reason = "locks need more of the servers")]
mod servers;
#[path = "../support/mod.rs"]
mod support;

mod access;
mod board_away;
mod browser;
mod ends;
mod exchange;
mod floods;
mod nginx;
mod page_in_browser;
mod pages;
mod property;
mod secrets;
mod served;
mod smuggling;
mod start;
mod tls;
