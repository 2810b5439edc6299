//! Consul: one server, three, with tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nix::sys::signal::Signal;
use run_functions::lock::{
    self, Lock, LockAttempt, LockError, LockRenewal, LockSettings, boot_clock,
};

use crate::conformance::{self, acquired, acquired_soon, is_held, owner};
use crate::faults;
use crate::holder::Holder;
use crate::proxy::Proxy;
use crate::servers::{Consul, TLS, eventually};

fn lock_at(addresses: &[String], name: &str, ttl: u64) -> Box<dyn Lock> {
    let mut settings = LockSettings::of_url(&format!("consul://{}", addresses.join(","))).unwrap();
    settings.ttl = Duration::from_secs(ttl);
    lock::open(&settings, name).unwrap()
}

#[test]
#[ignore = "needs Consul"]
fn consul_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let address = [consul.address()];
    conformance::all(&|name: &str| lock_at(&address, name, 5));
    // Sessions are destroyed on release; that of a dead holder has ended by itself.
    eventually("no session is left", || consul.sessions() == 0);
    let ill = consul.get("/v1/health/state/critical");
    let left: usize = consul.services();
    assert!(left <= 1, "services are left: {left}, {ill}");
}

#[test]
#[ignore = "needs Consul"]
fn consul_conforms_with_a_long_lease() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let address = [consul.address()];
    conformance::a_holder_that_is_silent_loses_the_lock(&|name: &str| lock_at(&address, name, 10));
}

#[test]
#[ignore = "needs Consul"]
fn consul_stands_the_faults_of_networks() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let proxy = Proxy::before(&consul.address());
    let proxied = [proxy.address().to_owned()];
    let address = [consul.address()];
    // The time of a long lease is not used up by what is tried here.
    let (behind, direct) = (
        |name: &str| lock_at(&proxied, name, 30),
        |name: &str| lock_at(&address, name, 30),
    );
    faults::a_server_may_be_away_for_a_while(&behind, &proxy, &direct);
    faults::a_standby_waits_for_a_server_that_is_away(&behind, &proxy);
    faults::an_interrupt_ends_a_call(&behind, &proxy);
    let texts = ["acquire=", "/v1/session/renew", "release="];
    faults::an_answer_may_be_lost(&behind, &proxy, &direct, texts);
    let behind = |name: &str| lock_at(&proxied, name, 5);
    faults::a_host_that_is_cut_off_loses_the_lock(&behind, &proxy, &direct);
}

#[test]
#[ignore = "needs Consul"]
fn a_session_that_is_destroyed_by_hand_ends_the_lock_and_keeps_others_away_for_the_lease() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let address = [consul.address()];
    let (mut here, mut there) = (lock_at(&address, "x", 5), lock_at(&address, "x", 5));
    acquired(here.as_mut());
    let sessions = consul.get("/v1/session/list");
    let id = sessions
        .split("\"ID\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let Ok(LockRenewal::Renewed { sent }) = here.renew() else {
        panic!("it is not renewed");
    };
    let url = format!("http://{}/v1/session/destroy/{id}", consul.address());
    let destroyed = std::process::Command::new("curl")
        .args(["-sX", "PUT", &url])
        .status();
    assert!(destroyed.unwrap().success());
    acquired_soon(there.as_mut());
    let passed = boot_clock().since(sent);
    assert!(passed >= here.terms().lost_after, "{passed:?}");
    assert!(matches!(here.renew(), Ok(LockRenewal::Lost { .. })));
}

#[test]
#[ignore = "needs Consul"]
fn a_lock_outlives_a_restart_of_consul() {
    let dir = tempfile::tempdir().unwrap();
    let mut consul = Consul::single(dir.path());
    let address = [consul.address()];
    let (mut here, mut there) = (lock_at(&address, "x", 30), lock_at(&address, "x", 30));
    let (first, _) = acquired(here.as_mut());
    consul.kill();
    faults::is_unreachable(here.renew());
    faults::is_unreachable(there.acquire(&owner("x")));
    consul.restart();
    consul.wait_for_leader();
    faults::renewed_soon(here.as_mut());
    is_held(there.as_mut());
    here.release().unwrap();
    assert!(acquired_soon(there.as_mut()).0 > first);
}

#[test]
#[ignore = "needs Consul"]
fn a_stopped_server_is_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let mut here = lock_at(&[consul.address()], "x", 30);
    acquired(here.as_mut());
    consul.daemon().signal(Signal::SIGSTOP);
    faults::is_unreachable(here.renew());
    consul.daemon().signal(Signal::SIGCONT);
    faults::renewed_soon(here.as_mut());
    here.release().unwrap();
}

#[test]
#[ignore = "needs Consul"]
fn the_leader_of_three_may_be_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut servers = Consul::three(dir.path());
    let leader = servers[0].leader();
    let leader = leader.split(':').next().unwrap().to_owned();
    let at = servers
        .iter()
        .position(|server| server.ip == leader)
        .unwrap();
    // The address of the leader is tried first, and the others afterwards.
    servers.swap(0, at);
    let addresses: Vec<String> = servers.iter().map(Consul::address).collect();
    let (mut here, mut there) = (
        lock_at(&addresses, "x", 30),
        lock_at(&addresses[1..], "x", 30),
    );
    let (first, _) = acquired(here.as_mut());
    here.store_note("of the first").unwrap();
    // A watch is not cut to the part of the time that each address has for a request.
    let mut standby = lock_at(&addresses[1..], "x", 30);
    is_held(standby.as_mut());
    assert_eq!(standby.wait(Duration::from_secs(8)), Ok(()));
    let watch = std::thread::spawn(move || standby.wait(Duration::from_secs(30)));
    servers[1].kill();
    assert_eq!(watch.join().unwrap(), Ok(()), "another address answers");
    servers[1].restart();
    servers[1].wait_for_leader();
    servers[0].kill();
    faults::renewed_soon(here.as_mut());
    is_held(there.as_mut());
    here.release().unwrap();
    assert!(acquired_soon(there.as_mut()).0 > first);
    assert_eq!(there.load_note().unwrap().as_deref(), Some("of the first"));
}

#[test]
#[ignore = "needs Consul"]
fn a_wrong_token_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::with_token(dir.path());
    let token = dir.path().join("token");
    let attempt = |text: &str| {
        fs::write(&token, text).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
        let mut settings = LockSettings::of_url(&format!("consul://{}", consul.address())).unwrap();
        settings.token_file = Some(token.clone());
        lock::open(&settings, "x").unwrap().acquire(&owner("x"))
    };
    for wrong in ["00000000-0000-0000-0000-00000000beef", "not\u{e9}a token"] {
        let error = attempt(wrong).unwrap_err();
        assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
        assert!(error.remedy().unwrap().contains("key_prefix"), "{error:?}");
        assert!(!format!("{error:?}").contains("beef"), "{error:?}");
    }
    let attempt = attempt(Consul::TOKEN);
    assert!(
        matches!(attempt, Ok(LockAttempt::Acquired { .. })),
        "{attempt:?}"
    );
}

#[test]
#[ignore = "needs Consul"]
fn a_killed_and_a_stopped_holder_lose_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let url = format!("consul://{}", consul.address());
    let mut standby = lock_at(&[consul.address()], "x", 5);
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        let holder = Holder::of(&url, "x", "5");
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
#[ignore = "needs Consul"]
fn a_connection_by_tls_trusts_a_named_authority_alone() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let proxy = Proxy::before(&format!("{}:8501", consul.ip));
    let attempt = |ca_file: Option<&str>| {
        let url = format!("consul+https://{}", proxy.address());
        let mut settings = LockSettings::of_url(&url).unwrap();
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
