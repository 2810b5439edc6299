//! What stands in this repository beside the program: its rules, pages, examples, packages, and what its macro prints.
#![cfg(test)]

#[path = "../jobs/postgres_place.rs"]
#[allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "the tests of jobs use the rest"
)]
mod postgres_place;
#[path = "../lock/servers/mod.rs"]
#[allow(
    dead_code,
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "the tests of locks use the rest"
)]
mod servers;
#[path = "../support/smtp.rs"]
#[expect(dead_code, reason = "the tests of mail use the rest")]
mod smtp;
#[path = "../support/mod.rs"]
mod support;

mod crates;
mod examples;
mod guide;
mod init;
mod macro_errors;
mod macro_second_crate;
mod newcomers;
mod packages;
mod readme;
mod rustc;
mod tidy;
