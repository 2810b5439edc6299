//! Runners as real processes: what they do with tasks, signals, files and whatever the system refuses.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod barred;
mod chain;
mod disk_trouble;
mod endings;
mod environment;
mod faults;
mod influxdb;
mod leftovers;
mod libraries;
mod log;
mod lured_files;
mod metrics_push;
mod moved_directories;
mod origin_one_liner;
mod origin_worker;
mod output_file;
mod pid_one;
mod pipefail;
mod service;
mod settings;
mod shortages;
mod signals;
mod state;
mod strangers;
mod unkillable;
mod user_settings;
