//! Jobs on the embedded board: real workers, real commands, real kills.
#![cfg(test)]
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests may fail loudly, and look again and again at what other processes do"
)]

#[path = "../lock/network.rs"]
#[allow(dead_code, reason = "locks need more of the network")]
mod network;
#[path = "../lock/servers/mod.rs"]
#[allow(dead_code, reason = "locks need more of the servers")]
mod servers;
#[path = "../support/mod.rs"]
mod support;

mod alerts;
mod bad_input;
mod batches;
mod board;
mod capabilities;
mod crashes;
mod desk;
mod everywhere;
mod flows;
mod front;
mod hosts;
mod http;
mod http_outages;
mod http_place;
mod known;
mod limits;
mod origin;
mod pauses;
mod postgres;
mod postgres_board;
mod postgres_place;
mod requests;
mod schedule_screens;
mod schedules;
mod workers;
