//! Which mails leave a runner, and how they leave.
#![cfg(test)]

#[path = "../support/smtp.rs"]
mod smtp;
#[path = "../support/mod.rs"]
mod support;

mod alerts;
mod crashes;
mod damage;
mod delivery;
mod disk;
mod faults;
mod hook;
mod mended;
mod messages;
mod ping;
mod ping_web;
mod queue_command;
mod queue_servers;
mod recipients;
mod secrets;
mod shared;
mod summary;
mod test_command;
mod worker;
