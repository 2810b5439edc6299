//! The defects of the lock that run_functions had a model in, each a test.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use run_functions::lock::{self, LockSettings};

use crate::proxy::{Proxy, Weather};
use crate::servers::{Consul, Postgres, directory_of, eventually};
use crate::support::{Place, Runner, stderr};

/// More than any machine is late.
const SLACK: Duration = Duration::from_secs(30);

/// Writes down its fence, and rests.
fn config(cooldown: &str) -> String {
    format!(
        "[tasks.turn]\nshell = \"echo $RUN_FUNCTIONS_FENCE >> fences\"\nsuccess_cooldown = \"{cooldown}\"\n"
    )
}

fn start(place: &Place, url: &str, words: &[&str]) -> Runner {
    place.start(&[&["--lock", url], words, &["tasks::turn"]].concat())
}

fn fences(place: &Place) -> Vec<u64> {
    let text = place.read("fences");
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn postgres(dir: &Path) -> Postgres {
    let server = Postgres::start(&directory_of("postgres", dir, "server"));
    let ours = "CREATE ROLE open LOGIN; GRANT ALL ON DATABASE rf TO open";
    server.sql("postgres", ours);
    server
}

fn url_at(address: &str) -> String {
    format!("postgres://open@{address}/rf")
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_lease_is_renewed_each_quarter_and_not_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let server = postgres(dir.path());
    let proxy = Proxy::before(&server.address());
    proxy.watch("SET beat = l.beat + 1 FROM");
    let place = Place::with(&format!("{}[lock]\nttl = \"4s\"\n", config("1day")));
    let runner = start(&place, &url_at(proxy.address()), &["--keep-lock"]);
    eventually("there are nine beats", || proxy.watched().len() >= 9);
    let beats = proxy.watched();
    let mut gaps: Vec<Duration> = beats.windows(2).map(|two| two[1] - two[0]).collect();
    gaps.sort();
    let usual = gaps[gaps.len() / 2];
    let (least, most) = (Duration::from_millis(500), Duration::from_secs(2));
    assert!((least..most).contains(&usual), "{gaps:?}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_killed_process_blocks_others_for_seconds_and_not_for_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let server = postgres(dir.path());
    let url = url_at(&server.address());
    // With the default `ttl`.
    let hosts = [Place::with(&config("10ms")), Place::with(&config("10ms"))];
    let mut first = start(&hosts[0], &url, &["--keep-lock"]);
    first.wait_for("Execution successful");
    let second = start(&hosts[1], &url, &["--keep-lock"]);
    second.wait_for("Standby");
    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    let killed = Instant::now();
    second.wait_for("Execution successful");
    let promised = LockSettings::USUAL_TTL.mul_f64(1.1) + Duration::from_secs(1);
    assert!(
        killed.elapsed() < promised + SLACK,
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(second.stop(), Some(0));
}

#[test]
#[ignore = "needs Consul"]
fn a_kept_lock_is_not_released_and_taken_again_each_cycle() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let place = Place::with(&config("10ms"));
    let url = format!("consul://{}/x", consul.address());
    let runner = start(&place, &url, &["--keep-lock"]);
    runner.wait_for_count("Execution successful", 20);
    let key = consul.get("/v1/kv/run_functions/x");
    assert!(key.contains("\"LockIndex\":1,"), "{key}");
    assert_eq!(runner.stop(), Some(0));
    let fences = fences(&place);
    assert!(fences.iter().all(|fence| *fence == fences[0]), "{fences:?}");
}

#[test]
#[ignore = "needs Consul"]
fn no_session_of_consul_is_left_by_releases() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let place = Place::with(&config("10ms"));
    let url = format!("consul://{}/x", consul.address());
    let runner = start(&place, &url, &[]);
    runner.wait_for_count("Execution successful", 20);
    assert!(consul.sessions() <= 1, "{} sessions", consul.sessions());
    assert_eq!(runner.stop(), Some(0));
    let left = (consul.sessions(), consul.services());
    assert_eq!(left, (0, 0), "sessions and services");
    let fences = fences(&place);
    assert!(fences.windows(2).all(|two| two[0] < two[1]), "{fences:?}");
}

#[test]
#[ignore = "needs PostgreSQL"]
fn no_row_and_no_connection_of_postgres_is_left_by_releases() {
    let dir = tempfile::tempdir().unwrap();
    let server = postgres(dir.path());
    let place = Place::with(&config("10ms"));
    let runner = start(&place, &url_at(&server.address()), &[]);
    runner.wait_for_count("Execution successful", 20);
    assert_eq!(runner.stop(), Some(0));
    eventually("no connection is left", || server.backends().is_empty());
    let rows = server.sql(
        "rf",
        "SELECT count(*), count(token) FROM run_functions.lock",
    );
    assert_eq!(rows, "1|0", "rows and holders");
}

#[test]
#[ignore = "needs Consul"]
fn once_with_a_lock_held_elsewhere_ends_with_75() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let hosts = [Place::with(&config("10ms")), Place::with(&config("10ms"))];
    let url = format!("consul://{}/x", consul.address());
    let holder = start(&hosts[0], &url, &["--keep-lock"]);
    holder.wait_for("Execution successful");
    let once = hosts[1].run(&["once", "--lock", &url, "tasks::turn"]);
    assert_eq!(once.status.code(), Some(75), "{}", stderr(&once));
    let named = format!("(pid {}) holds the lock", holder.pid());
    assert!(stderr(&once).contains(&named), "{}", stderr(&once));
    assert_eq!(hosts[1].read("fences"), "");
    assert_eq!(holder.stop(), Some(0));
}

#[test]
#[ignore = "needs Consul"]
fn term_while_sleeping_releases_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let place = Place::with(&config("1day"));
    let url = format!("consul://{}/x", consul.address());
    let runner = start(&place, &url, &["--keep-lock"]);
    runner.wait_for("Sleeping 1day");
    let settings = LockSettings::of_url(&url).unwrap();
    let mut look = lock::open(&settings, "x").unwrap();
    assert!(look.holder().unwrap().is_some());
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(look.holder().unwrap(), None);
    assert_eq!((consul.sessions(), consul.services()), (0, 0));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_lock_that_is_lost_while_sleeping_ends_no_runner() {
    let dir = tempfile::tempdir().unwrap();
    let server = postgres(dir.path());
    let place = Place::with(&config("1day"));
    let mut runner = start(&place, &url_at(&server.address()), &["--keep-lock"]);
    runner.wait_for("Sleeping 1day");
    server.sql("rf", "UPDATE run_functions.lock SET token = 'another'");
    runner.wait_for("The lock is lost");
    // That one never sends a beat.
    runner.wait_for_count("This runner holds the lock", 2);
    assert!(runner.lives());
    assert_eq!(runner.count("Execution"), 1, "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs Consul"]
fn delays_and_leases_are_in_the_units_that_consul_expects() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let place = Place::with(&config("1day"));
    let url = format!("consul://{}/x", consul.address());
    let runner = start(&place, &url, &["--keep-lock"]);
    runner.wait_for("Sleeping 1day");
    let sessions = consul.get("/v1/session/list");
    // Of 15 s: nanoseconds here, and the time until KILL there.
    assert!(sessions.contains("\"LockDelay\":15000000000"), "{sessions}");
    assert!(sessions.contains("\"TTL\":\"12000ms\""), "{sessions}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn the_pauses_between_tries_are_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let server = postgres(dir.path());
    let proxy = Proxy::before(&server.address());
    proxy.set(Weather::Cut);
    let place = Place::with(&config("1day"));
    let runner = start(&place, &url_at(proxy.address()), &[]);
    let begun = Instant::now();
    runner.wait_for("nothing runs here until it answers");
    eventually("it tries again", || proxy.connections().len() >= 6);
    let took = begun.elapsed();
    // At most three of them are of one try.
    assert!(
        took >= Duration::from_millis(400),
        "six connections in {took:?}"
    );
    proxy.set(Weather::Fair);
    runner.wait_for("Execution successful");
    assert_eq!(runner.stop(), Some(0));
}
