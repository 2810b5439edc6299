//! Pings, against real servers on loopback: when they are sent, and what a server cannot do to the chain.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::ping_web::{Act, Web, redirect, status};
use crate::support::processes::children;
use crate::support::{Place, Runner, eventually, stderr, stdout};

const QUICK: &str = "[defaults]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n";

/// Returns a task that runs a line, with pings.
fn task(name: &str, line: &str, pings: &[(&str, String)]) -> String {
    let pings = pings.iter().map(|(key, url)| format!("{key} = \"{url}\""));
    let pings = pings.collect::<Vec<_>>().join(", ");
    format!("[tasks.{name}]\nshell = \"{line}\"\nping = {{ {pings} }}\n")
}

fn threads_named(runner: &Runner, name: &str) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", runner.pid())).unwrap();
    let names = tasks
        .flatten()
        .map(|task| fs::read_to_string(task.path().join("comm")));
    names
        .filter(|comm| comm.as_deref().is_ok_and(|comm| comm.trim() == name))
        .count()
}

#[test]
fn a_run_is_pinged_at_its_start_and_by_how_it_ended() {
    let web = Web::start(|_| status("200 OK"));
    let all = |name: &str| {
        ["start", "success", "failure"].map(|key| (key, web.url(&format!("/{name}/{key}"))))
    };
    let place = Place::with(&format!(
        "{QUICK}{}{}{}",
        task("good", "true", &all("good")),
        task("bad", "exit 1", &all("bad")),
        task("later", "exit 75", &all("later")),
    ));
    let runner = place.start(&["tasks::good", "tasks::bad", "tasks::later"]);
    web.wait_for("/later/start", 2, &runner);
    assert_eq!(threads_named(&runner, "ping"), 3);
    assert_eq!(runner.stop(), Some(0));
    let of = |name: &str| -> Vec<String> {
        let paths = web.paths().into_iter();
        let prefix = format!("/{name}/");
        paths
            .filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned))
            .collect()
    };
    assert_eq!(of("good")[..4], ["start", "success", "start", "success"]);
    assert_eq!(of("bad")[..3], ["start", "failure", "start"]);
    assert!(of("later").iter().all(|key| key == "start"));
}

#[test]
fn a_server_that_hangs_or_drips_holds_up_neither_the_chain_nor_the_pings_of_others() {
    let web = Web::start(|path| match path {
        "/hangs" => Act::Hang,
        "/drips" => Act::Drip,
        _ => status("200 OK"),
    });
    let place = Place::with(&format!(
        "{QUICK}{}{}{}",
        task("a", "true", &[("success", web.url("/hangs"))]),
        task("b", "true", &[("success", web.url("/drips"))]),
        task("c", "true", &[("success", web.url("/well"))]),
    ));
    let runner = place.start(&["tasks::a", "tasks::b", "tasks::c"]);
    web.wait_for("/well", 5, &runner);
    assert_eq!(web.count("/hangs"), 1, "one at a time");
    for name in ["a", "b"] {
        runner.wait_for(&format!(
            "[tasks::{name}] Ping of http://{}/… failed: no answer within 10s",
            web.address
        ));
    }
    web.wait_for("/hangs", 2, &runner);
    assert!(web.seen.most_open.load(Ordering::SeqCst) <= 4);
    assert_eq!(runner.count("failed: no answer"), 2, "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
    assert!(place.all_mails().is_empty());
}

#[test]
fn a_failing_ping_is_logged_once_and_once_when_it_is_well_again() {
    let is_well = Arc::new(Mutex::new(false));
    let to_ask = Arc::clone(&is_well);
    let web = Web::start(move |_| match *to_ask.lock().unwrap() {
        true => status("204 No Content"),
        false => status("500 Internal Server Error"),
    });
    let place = Place::with(&format!(
        "{QUICK}{}",
        task("a", "true", &[("success", web.url("/x"))])
    ));
    let runner = place.start(&["tasks::a"]);
    web.wait_for("/x", 5, &runner);
    runner.wait_for("failed: the server answered 500;");
    *is_well.lock().unwrap() = true;
    runner.wait_for("succeeds again");
    let before = web.count("/x");
    web.wait_for("/x", before + 3, &runner);
    assert_eq!(runner.count("Ping of"), 2, "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
    assert!(place.all_mails().is_empty());
}

#[test]
fn whatever_a_server_does_is_said_in_words_without_the_secrets_of_the_url() {
    let web = Web::start(|path| match path.split('?').next().unwrap_or_default() {
        "/once" => redirect("/end"),
        "/round" => redirect("/round"),
        "/closes" => Act::Close,
        "/flood" => Act::Flood,
        "/garbage" => Act::Answer("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()),
        _ => status("200 OK"),
    });
    let host = web.address;
    let cases = [
        ("round", "it is redirected more than 5 times"),
        ("closes", ""),
        ("flood", "the answer is not HTTP, or has too many headers"),
        ("garbage", "the answer is not HTTP, or has too many headers"),
        ("once", ""),
    ];
    let tasks = cases.map(|(name, _)| {
        let url = format!("http://admin:s3cret@{host}/{name}?token=s3cret");
        task(name, "true", &[("start", url)])
    });
    let place = Place::with(&format!("{QUICK}{}", tasks.concat()));
    let names = cases.map(|(name, _)| format!("tasks::{name}"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let runner = place.start(&names);
    for (name, words) in &cases[..4] {
        runner.wait_for(&format!(
            "[tasks::{name}] Ping of http://{host}/… failed: {words}"
        ));
    }
    web.wait_for("/end", 1, &runner);
    let status = stdout(&place.run(&["status"])) + &stdout(&place.run(&["status", "--json"]));
    let log = runner.log();
    assert!(!log.contains("[tasks::once] Ping"), "{log}");
    assert_eq!(runner.stop(), Some(0));
    let mut screens = log + &status;
    for args in [
        &["check"][..],
        &["check", "--effective"],
        &["check", "--json"],
        &["list", "--json"],
    ] {
        let output = place.run(args);
        screens += &(stdout(&output) + &stderr(&output));
    }
    assert!(
        screens.contains(&format!("pings     start http://{host}/…\n")),
        "{screens}"
    );
    assert!(!screens.contains("s3cret"), "{screens}");
}

#[test]
fn a_worker_has_no_secret_in_its_arguments_and_ends_with_its_runner() {
    let web = Web::start(|_| Act::Hang);
    let url = format!("http://{}/s3cret", web.address);
    let place = Place::with(&format!(
        "{QUICK}{}",
        task("a", "sleep 1000", &[("start", url)])
    ));
    let mut runner = place.start(&["tasks::a"]);
    web.wait_for("/s3cret", 1, &runner);
    let line = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let lines = children(runner.pid())
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .concat();
    let lines = String::from_utf8_lossy(&lines).into_owned();
    assert!(
        lines.contains("__ping-worker") && !lines.contains("s3cret"),
        "{lines:?}"
    );
    runner.signal(nix::sys::signal::Signal::SIGKILL);
    runner.wait_for_status();
    assert!(eventually(|| web.seen.open.load(Ordering::SeqCst) == 0));
}

#[test]
fn wrong_urls_are_refused_at_once_and_never_shown() {
    let place = Place::with(
        "[tasks.a]\nshell = \"true\"\nping = { success = \"hc.example/s3cret\", failure = \"https://\", begin = \"https://x.example/s3cret\" }\n\
         [tasks.b]\nshell = \"true\"\n[tasks.b.ping]\nstart = \"ftp://x.example/s3cret\"\nsuccess = \"https://x.example:0/s3cret\"\nfailure = 5\n\
         [tasks.c]\nshell = \"true\"\nping = \"https://x.example/s3cret\"\n[tasks.d]\nshell = \"true\"\nping = {}\n",
    );
    let output = place.run(&["check"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{text}");
    for title in [
        "`success` in `ping` begins with neither `https://` nor `http://`",
        "`failure` in `ping` is not a URL",
        "unknown key `begin` in `ping`",
        "`start` in `ping` begins with neither `https://` nor `http://`",
        "`success` in `ping` has no port from 1 to 65535 after the host",
        "`failure` in `ping` is a URL in quotation marks",
        "`ping` is a table, not a text",
        "`ping` is empty",
    ] {
        assert!(text.contains(&format!("error: {title}")), "{title}\n{text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

fn fixture(name: &str) -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    Path::new(fixtures).join(format!("{name}.pem"))
}

/// Starts a runner whose task pings by HTTPS, on a machine that trusts one authority.
fn secure(path: &str, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> (Web, Place, Runner) {
    let web = Web::secured(Some(crate::smtp::tls(&fixture("good"))), act);
    let url = format!("https://localhost:{}{path}", web.address.port());
    let place = Place::with(&format!(
        "{QUICK}{}",
        task("a", "true", &[("success", url)])
    ));
    let mut command = place.command(&["tasks::a"]);
    command.env("SSL_CERT_FILE", fixture("ca"));
    let runner = Runner::start(command);
    (web, place, runner)
}

#[test]
fn https_trusts_the_authorities_of_the_machine_and_is_never_left() {
    let (web, _place, runner) = secure("/x", |_| status("200 OK"));
    web.wait_for("/x", 2, &runner);
    assert_eq!(runner.stop(), Some(0));
    let plain = Web::start(|_| status("200 OK"));
    let to = plain.url("/plain");
    let (_web, _place, runner) = secure("/x", move |_| redirect(&to));
    runner.wait_for("failed: it is redirected from HTTPS to HTTP, which is not followed");
    assert_eq!(runner.stop(), Some(0));
    assert!(plain.paths().is_empty());
}

#[test]
fn a_certificate_that_nobody_signed_gets_no_request() {
    let web = Web::secured(Some(crate::smtp::tls(&fixture("good"))), |_| {
        status("200 OK")
    });
    let url = format!("https://localhost:{}/x", web.address.port());
    let place = Place::with(&format!(
        "{QUICK}{}",
        task("a", "true", &[("success", url)])
    ));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("failed: TLS failed: ");
    assert_eq!(runner.stop(), Some(0));
    assert!(web.paths().is_empty());
}

#[test]
fn the_last_ping_of_a_runner_that_ends_still_leaves() {
    let web = Web::start(|_| status("200 OK"));
    let failing = task("a", "exit 9", &[("failure", web.url("/bad"))]);
    let place = Place::with(&format!("{failing}fatal_exit_codes = [9]\n"));
    let mut runner = place.start(&["tasks::a"]);
    assert_eq!(runner.wait_for_end(), Some(70), "{}", runner.log());
    assert_eq!(web.paths(), ["/bad"]);
}

#[test]
fn a_runner_without_pings_has_no_thread_for_them() {
    let place = Place::with(&format!("{QUICK}[tasks.a]\nshell = \"true\"\n"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution successful", 2);
    assert_eq!(threads_named(&runner, "ping"), 0);
    assert_eq!(runner.stop(), Some(0));
}
