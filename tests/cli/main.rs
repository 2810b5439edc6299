//! The commands that people type: what they print, and how they end.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod another_user;
mod check_liveness;
mod commands;
mod commands_told;
mod config_trust;
mod configuration_in_part;
mod directories;
mod exit_codes;
mod history;
mod import;
mod logs;
mod metrics;
mod mute;
mod mute_refused;
mod mute_shown;
mod once_clean_env;
mod report;
mod service_print;
mod simulate;
mod status;
mod time_zone;
