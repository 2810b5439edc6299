//! Locks: one suite against every engine, and what servers, networks and clocks do to them.
#![cfg(test)]
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests may fail loudly, and look again and again at what other processes do"
)]

#[path = "../support/mod.rs"]
mod support;

mod arena;
mod chain;
mod clocks;
mod conformance;
mod consul;
mod failover;
mod faults;
mod history;
mod holder;
mod hosts;
mod liveness;
mod local;
mod network;
mod origin;
mod postgres;
mod proxy;
mod servers;
