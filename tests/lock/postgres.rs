//! PostgreSQL: alone, behind PgBouncer, with a standby that is promoted.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use run_functions::lock::{
    self, Lock, LockAttempt, LockError, LockRenewal, LockSettings, boot_clock,
};

use crate::conformance::{self, acquired, acquired_soon, is_held, owner};
use crate::faults;
use crate::holder::Holder;
use crate::proxy::Proxy;
use crate::servers::{PgBouncer, Postgres, TLS, directory_of, eventually};

fn lock_at(dir: &Path, url: &str, name: &str, ttl: u64) -> Box<dyn Lock> {
    let mut settings = LockSettings::of_url(url).unwrap();
    settings.ttl = Duration::from_secs(ttl);
    settings.password_file = Some(password_file(dir, "pw"));
    lock::open(&settings, name).unwrap()
}

fn password_file(dir: &Path, password: &str) -> std::path::PathBuf {
    let path = dir.join(format!("password-{password}"));
    if !path.exists() {
        fs::write(&path, password).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

fn plain_url(address: &str) -> String {
    format!("postgres://plain@{address}/rf")
}

fn url(address: &str) -> String {
    format!("postgres://rf@{address}/rf")
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = plain_url(&server.address());
    conformance::all(&|name: &str| lock_at(dir.path(), &url, name, 3));
}

#[test]
#[ignore = "needs PgBouncer"]
fn postgres_conforms_behind_pgbouncer() {
    let dir = tempfile::tempdir().unwrap();
    let server_dir = directory_of("postgres", dir.path(), "server");
    let server = Postgres::start(&server_dir);
    let bouncer = PgBouncer::before(&server, &server_dir);
    let url = url(&bouncer.address);
    conformance::all(&|name: &str| lock_at(dir.path(), &url, name, 3));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_stands_the_faults_of_networks() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let proxy = Proxy::before(&server.address());
    let (proxied, direct) = (url(proxy.address()), url(&server.address()));
    let behind = |name: &str| lock_at(dir.path(), &proxied, name, 30);
    let directly = |name: &str| lock_at(dir.path(), &direct, name, 30);
    faults::a_server_may_be_away_for_a_while(&behind, &proxy, &directly);
    faults::a_standby_waits_for_a_server_that_is_away(&behind, &proxy);
    faults::an_interrupt_ends_a_call(&behind, &proxy);
    let texts = [
        "SET fence = $2",
        "SET beat = l.beat + 1 FROM",
        "SET token = NULL",
    ];
    faults::an_answer_may_be_lost(&behind, &proxy, &directly, texts);
    let behind = |name: &str| lock_at(dir.path(), &proxied, name, 3);
    faults::a_host_that_is_cut_off_loses_the_lock(&behind, &proxy, &directly);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_stopped_backend_is_no_answer_and_what_it_does_late_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = url(&server.address());
    let open = || lock_at(dir.path(), &url, "x", 30);
    let (mut here, mut there) = (open(), open());
    acquired(here.as_mut());
    let stopped = server.backends();
    for pid in &stopped {
        kill(*pid, Signal::SIGSTOP).unwrap();
    }
    faults::is_unreachable(here.renew());
    // A new connection answers.
    faults::renewed_soon(here.as_mut());
    here.release().unwrap();
    let (fence, _) = acquired(there.as_mut());
    for pid in &stopped {
        kill(*pid, Signal::SIGCONT).unwrap();
    }
    let mut third = open();
    is_held(third.as_mut());
    assert!(matches!(there.renew(), Ok(LockRenewal::Renewed { .. })));
    assert_eq!(third.holder().unwrap().unwrap().fence, fence);
    there.release().unwrap();
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_lock_outlives_a_restart_of_postgres() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = url(&server.address());
    let open = || lock_at(dir.path(), &url, "x", 60);
    let (mut here, mut there) = (open(), open());
    let (first, _) = acquired(here.as_mut());
    server.stop();
    faults::is_unreachable(here.renew());
    faults::is_unreachable(there.acquire(&owner("x")));
    server.restart();
    faults::renewed_soon(here.as_mut());
    is_held(there.as_mut());
    here.release().unwrap();
    assert_eq!(
        acquired_soon(there.as_mut()).0,
        first + 1,
        "the same server, the same epoch"
    );
}

#[test]
#[ignore = "needs PostgreSQL"]
fn fences_rise_over_a_promoted_standby_that_has_lost_commits() {
    let dir = tempfile::tempdir().unwrap();
    let mut primary = Postgres::start(&directory_of("postgres", dir.path(), "primary"));
    let first_url = plain_url(&primary.address());
    let mut before = lock_at(dir.path(), &first_url, "x", 3);
    acquired(before.as_mut());
    before.release().unwrap();
    let standby = primary.standby(&directory_of("postgres", dir.path(), "standby"));
    // What the standby does not get any more is lost.
    standby.cut_off();
    // Both addresses: the standby is passed over until it is promoted.
    let both = format!(
        "postgres://plain@{},{}/rf",
        standby.address(),
        primary.address()
    );
    let mut here = lock_at(dir.path(), &both, "x", 3);
    let (first, sent) = acquired_soon(here.as_mut());
    primary.stop();
    standby.promote();
    let mut there = lock_at(dir.path(), &both, "x", 3);
    let (second, _) = acquired_soon(there.as_mut());
    assert!(second > first && second >> 40 == 1, "{second}");
    let passed = boot_clock().since(sent);
    assert!(passed >= there.terms().lost_after, "{passed:?}");
    eventually("the loss is known", || {
        matches!(here.renew(), Ok(LockRenewal::Lost { .. }))
    });
    // Within the new epoch all is as before.
    there.release().unwrap();
    assert_eq!(acquired(there.as_mut()).0, second + 1);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_wrong_password_or_database_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let refusal = |url: &str, password: &str| {
        let mut settings = LockSettings::of_url(url).unwrap();
        settings.password_file = Some(password_file(dir.path(), password));
        let error = lock::open(&settings, "x")
            .unwrap()
            .acquire(&owner("x"))
            .unwrap_err();
        assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        error.remedy().unwrap().to_owned()
    };
    let address = server.address();
    assert!(refusal(&url(&address), "hunter2").contains("password_file"));
    let nowhere = format!("postgres://rf@{address}/nowhere");
    assert!(refusal(&nowhere, "pw").contains("database"));
    // A user that may not create the schema, nor use it.
    server.sql("postgres", "CREATE ROLE guest LOGIN");
    server.sql(
        "rf",
        "REVOKE ALL ON DATABASE rf FROM public; GRANT CONNECT ON DATABASE rf TO guest",
    );
    let guest = format!("postgres://guest@{address}/rf");
    assert!(refusal(&guest, "pw").contains("GRANT"));
    // Tables of another shape.
    acquired(lock_at(dir.path(), &url(&address), "x", 3).as_mut());
    server.sql(
        "rf",
        "ALTER TABLE run_functions.lock RENAME COLUMN beat TO other",
    );
    assert!(refusal(&url(&address), "pw").contains("schema"));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn the_first_users_of_a_database_create_its_tables_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = plain_url(&server.address());
    std::thread::scope(|scope| {
        for at in 0..12 {
            let (dir, url) = (dir.path(), url.as_str());
            scope.spawn(move || {
                let mut lock = lock_at(dir, url, &format!("lock-{at}"), 3);
                acquired_soon(lock.as_mut());
                lock.release().unwrap();
            });
        }
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_killed_and_a_stopped_holder_lose_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let url = plain_url(&server.address());
    let mut standby = lock_at(dir.path(), &url, "x", 3);
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        let holder = Holder::of(&url, "x", "3");
        holder.wait_for("renewed", 2);
        holder.signal(signal);
        acquired_soon(standby.as_mut());
        if signal == Signal::SIGSTOP {
            holder.signal(Signal::SIGCONT);
            holder.wait_for("lost", 1);
        }
        standby.release().unwrap();
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_terminated_backend_is_replaced_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let mut here = lock_at(dir.path(), &url(&server.address()), "x", 30);
    acquired(here.as_mut());
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rf'";
    server.sql("postgres", terminate);
    faults::renewed_soon(here.as_mut());
    here.release().unwrap();
}

/// Returns how many connections LISTEN for releases.
fn listeners(server: &Postgres) -> usize {
    let listen = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'";
    server.sql("rf", listen).parse().unwrap()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_standby_hears_of_a_release_long_before_its_next_look() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    // At the longest lease a standby looks every three minutes.
    let open = || lock_at(dir.path(), &url(&server.address()), "x", 3600);
    let (mut here, mut there) = (open(), open());
    acquired(here.as_mut());
    is_held(there.as_mut());
    let start = Instant::now();
    let waiting = std::thread::spawn(move || {
        there.wait(Duration::from_secs(150)).unwrap();
        there
    });
    eventually("the standby listens", || listeners(&server) == 1);
    here.release().unwrap();
    let mut there = waiting.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(150));
    acquired(there.as_mut());
    eventually("a holder has no second connection", || {
        assert!(matches!(there.renew(), Ok(LockRenewal::Renewed { .. })));
        listeners(&server) == 0
    });
    there.release().unwrap();
}

#[test]
#[ignore = "needs PgBouncer"]
fn a_standby_behind_a_pooler_leaves_no_listen_in_the_sessions_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let server_dir = directory_of("postgres", dir.path(), "server");
    let server = Postgres::start(&server_dir);
    let bouncer = PgBouncer::before(&server, &server_dir);
    let open = || lock_at(dir.path(), &url(&bouncer.address), "x", 10);
    let (mut here, mut there) = (open(), open());
    acquired(here.as_mut());
    // The pooler has a connection to the server by now, older than the next one of a client.
    is_held(there.as_mut());
    let waiting = std::thread::spawn(move || {
        there.wait(Duration::from_secs(60)).unwrap();
        there
    });
    for _ in 0..3 {
        assert!(matches!(here.renew(), Ok(LockRenewal::Renewed { .. })));
        assert_eq!(listeners(&server), 0);
    }
    here.release().unwrap();
    acquired(waiting.join().unwrap().as_mut());
    assert_eq!(listeners(&server), 0);
}

#[test]
fn what_no_server_is_needed_for_is_refused_at_once() {
    let refusal = |url: &str| {
        let settings = LockSettings::of_url(url).unwrap();
        lock::open(&settings, "x").err().expect("it is refused")
    };
    let error = refusal("postgres://h/d?sslmode=perhaps");
    assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
}

#[test]
fn a_server_without_tls_is_refused_with_the_setting_that_allows_it() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let answer = std::thread::spawn(move || {
        // An SSLRequest has eight bytes; a server without TLS answers `N`.
        let (mut client, _) = server.accept().unwrap();
        client.read_exact(&mut [0; 8]).unwrap();
        client.write_all(b"N").unwrap();
    });
    let settings = LockSettings::of_url(&format!("postgres://rf@{address}/rf?sslmode=require"));
    let attempt = lock::open(&settings.unwrap(), "x")
        .unwrap()
        .acquire(&owner("x"));
    let error = attempt.unwrap_err();
    assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
    assert!(
        error.remedy().unwrap().contains("sslmode=disable"),
        "{error:?}"
    );
    answer.join().unwrap();
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_connection_by_tls_trusts_a_named_authority_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let proxy = Proxy::before(&server.address());
    let attempt = |ca_file: Option<&str>| {
        let url = format!("postgres://rf@{}/rf?sslmode=require", proxy.address());
        let mut settings = LockSettings::of_url(&url).unwrap();
        settings.password_file = Some(password_file(dir.path(), "pw"));
        settings.ca_file = ca_file.map(|name| format!("{TLS}/{name}").into());
        lock::open(&settings, "x").unwrap().acquire(&owner("x"))
    };
    for wrong in [None, Some("unknown.pem")] {
        let error = attempt(wrong).unwrap_err();
        assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
        assert!(error.remedy().unwrap().contains("ca_file"), "{error:?}");
    }
    let attempt = attempt(Some("ca.pem"));
    assert!(
        matches!(attempt, Ok(LockAttempt::Acquired { .. })),
        "{attempt:?}"
    );
}
