//! Wall clocks that are wrong, and that jump.

use std::fs;
use std::process::Command;
use std::time::Duration;

use run_functions::lock::{self, LockSettings};

use crate::conformance::{acquired_soon, is_held};
use crate::holder::Holder;
use crate::servers::{Consul, Postgres, directory_of};

/// Starts a holder whose wall clock is what a file says at each moment, and moves it.
fn an_hour_changes_nothing(dir: &std::path::Path, url: &str, ttl: u64) {
    let clock = dir.join("clock");
    fs::write(&clock, "+0").unwrap();
    let mut command = Command::new(Holder::program());
    command.args([url, "x", &ttl.to_string()]);
    move_by(&clock, &mut command);
    let holder = Holder::start(command);
    holder.wait_for("renewed", 2);
    let mut settings = LockSettings::of_url(url).unwrap();
    settings.ttl = Duration::from_secs(ttl);
    let mut standby = lock::open(&settings, "x").unwrap();
    is_held(standby.as_mut());
    for moved in ["+1h", "-1h"] {
        fs::write(&clock, moved).unwrap();
        let before = holder.lines("renewed").len();
        holder.wait_for("renewed", before + 6);
        is_held(standby.as_mut());
    }
    assert!(holder.lines("lost").is_empty(), "{:?}", holder.lines(""));
    assert_eq!(holder.stop(), Some(0));
    acquired_soon(standby.as_mut());
    standby.release().unwrap();
}

/// Puts libfaketime before a program, with a clock in a file.
fn move_by(clock: &std::path::Path, command: &mut Command) {
    let libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|machine| format!("/usr/lib/{machine}/faketime/libfaketime.so.1"));
    let library = libraries
        .iter()
        .find(|path| fs::exists(path).unwrap_or(false));
    command.env("LD_PRELOAD", library.expect("the package faketime"));
    command.env("FAKETIME_TIMESTAMP_FILE", clock);
    command.env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

#[test]
#[ignore = "needs Consul and faketime"]
fn an_hour_changes_nothing_for_consul() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    an_hour_changes_nothing(dir.path(), &format!("consul://{}", consul.address()), 5);
}

#[test]
#[ignore = "needs PostgreSQL and faketime"]
fn an_hour_changes_nothing_for_postgres() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = format!("postgres://postgres@{}/rf", server.address());
    an_hour_changes_nothing(dir.path(), &url, 3);
}
