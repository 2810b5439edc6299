//! Metrics that are pushed: what of each run arrives, with which credentials, and that no server holds up a run.

use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::collector::Collector;
use crate::support::ports::ClosedPort;
use crate::support::{Place, eventually, stderr};

const TASKS: &str = "[defaults]\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\n\
    [tasks.good]\nshell = \"echo x >> runs; echo 'metric=orders,shop=Bad Hall 3' >> \\\"$RUN_FUNCTIONS_REPORT\\\"\"\n\
    [tasks.bad]\ncommand = [\"false\"]\n\
    [tasks.slow]\ncommand = [\"sleep\", \"1000\"]\ntimeout = \"10ms\"\n\
    [tasks.killed]\nshell = \"kill -KILL $$\"\n\
    [tasks.later]\nshell = \"exit 75\"\n";

const ALL: [&str; 5] = [
    "tasks::good",
    "tasks::bad",
    "tasks::slow",
    "tasks::killed",
    "tasks::later",
];

fn place_pushing_to(address: &str, more: &str) -> Place {
    let section = format!("[metrics_push]\naddress = \"http://{address}\"\n{more}");
    let place = Place::with(&format!("{TASKS}{section}"));
    place.write("secret", "hunter2\n");
    place.set_mode("secret", 0o600);
    place
}

const DATABASE: &str = "database = \"jobs db\"\nusername = \"me\"\npassword_file = \"secret\"\n";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time of a point is compared with that of the machine"
)]
fn each_run_is_a_point_with_its_status_and_each_success_another_one() {
    let server = Collector::start();
    let place = place_pushing_to(&server.address.to_string(), DATABASE);
    let runner = place.start(&ALL);
    assert!(eventually(
        || server.lines("job_duration_seconds").len() >= 10
    ));
    assert_eq!(runner.stop(), Some(0));
    let pushed = server.pushed();
    let request = "POST /write?db=jobs%20db&precision=ns HTTP/1.1 Basic bWU6aHVudGVyMg==";
    assert!(
        pushed.requests.iter().all(|one| one == request),
        "{pushed:?}"
    );
    for (task, status, sort) in [
        ("good", "succeeded", "shell"),
        ("bad", "failed", "command"),
        ("slow", "timeout", "command"),
        ("killed", "killed", "shell"),
        ("later", "pending", "shell"),
    ] {
        let tags = format!(",task=tasks::{task},status={status},type={sort} value=");
        let lines = server.lines("job_duration_seconds,chain=good_bad_slow_killed_later,host=");
        assert!(
            lines.iter().any(|line| line.contains(&tags)),
            "{tags} {lines:?}"
        );
    }
    let successes = server.lines("last_successful_run_timestamp");
    let line = &successes[0];
    assert!(line.contains(",task=tasks::good value=1"), "{line}");
    assert!(!successes.iter().any(|line| line.contains("tasks::bad")));
    let nanos: u128 = line.rsplit(' ').next().unwrap().parse().unwrap();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    assert!(nanos <= now && now - nanos < 600_000_000_000, "{line}");
    let orders = server.lines("orders,");
    let tags = "task=tasks::good,shop=Bad\\ Hall value=3.0 ";
    assert!(orders[0].contains(tags), "{orders:?}");
}

#[test]
fn version_2_gets_bucket_organisation_and_token() {
    let server = Collector::start();
    let more = "bucket = \"jobs\"\norg = \"a&b\"\ntoken_file = \"secret\"\n";
    let place = place_pushing_to(&format!("{}/influx/", server.address), more);
    let runner = place.start(&["tasks::good"]);
    assert!(eventually(|| !server.lines("orders,").is_empty()));
    assert_eq!(runner.stop(), Some(0));
    let request = &server.pushed().requests[0];
    assert_eq!(
        request,
        "POST /influx/api/v2/write?org=a%26b&bucket=jobs&precision=ns HTTP/1.1 Token hunter2"
    );
}

#[test]
fn a_reserved_name_is_told_in_the_log_and_not_pushed() {
    let server = Collector::start();
    let place = Place::with(&format!(
        "[tasks.a]\nshell = \"echo metric=lock_held 1 >> $RUN_FUNCTIONS_REPORT\"\nsuccess_cooldown = \"1day\"\n\
         [metrics_push]\naddress = \"http://{}\"\ndatabase = \"d\"\n",
        server.address
    ));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("`lock_held` is a name of the runner's own metrics");
    assert!(eventually(|| !server
        .lines("job_duration_seconds")
        .is_empty()));
    assert_eq!(runner.stop(), Some(0));
    assert!(server.lines("lock_held").is_empty());
}

#[test]
fn the_lock_is_a_point_of_each_run_under_it() {
    let server = Collector::start();
    let place = place_pushing_to(&server.address.to_string(), DATABASE);
    let url = format!("file://{}", place.path("x.lock").display());
    let runner = place.start(&["--lock", &url, "--keep-lock", "tasks::good"]);
    assert!(eventually(|| !server.lines("lock_failovers").is_empty()));
    assert_eq!(runner.stop(), Some(0));
    for (name, value) in [
        ("lock_held", " value=1.0 "),
        ("lock_failovers", " value=0.0 "),
    ] {
        let lines = server.lines(name);
        assert!(lines[0].contains(value), "{lines:?}");
    }
    assert!(
        !server
            .lines("lock_margin_seconds,chain=good,host=")
            .is_empty()
    );
}

#[test]
fn a_server_that_never_answers_delays_no_run_and_no_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place_pushing_to(&silent.local_addr().unwrap().to_string(), DATABASE);
    let runner = place.start(&["tasks::good"]);
    // A request gives up after 10 s.
    assert!(eventually(|| place.read("runs").lines().count() >= 40));
    assert!(
        !runner.log().contains("Metrics do not reach"),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn what_waits_arrives_when_the_server_is_back_and_its_absence_is_logged_once() {
    let port = ClosedPort::take();
    let address = format!("127.0.0.1:{}", port.number());
    let place = place_pushing_to(&address, DATABASE);
    let runner = place.start(&["tasks::good"]);
    runner.wait_for("Metrics do not reach http://127.0.0.1");
    let runs = place.read("runs").lines().count();
    let server = Collector::at(port.open());
    runner.wait_for("Metrics reach http://127.0.0.1");
    assert!(eventually(
        || server.lines("job_duration_seconds").len() > runs
    ));
    assert_eq!(runner.count("Metrics do not reach"), 1);
    assert!(!runner.log().contains("hunter2"), "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn what_the_server_refuses_for_good_is_counted_and_the_count_is_pushed() {
    let server = Collector::start();
    server.answers(400);
    let place = place_pushing_to(&server.address.to_string(), DATABASE);
    let runner = place.start(&["tasks::good"]);
    runner.wait_for("points, which are not pushed again: it answered 400");
    server.answers(204);
    assert!(eventually(|| !server
        .lines("metrics_points_lost")
        .is_empty()));
    assert_eq!(runner.stop(), Some(0));
    let lost = server.lines("metrics_points_lost,chain=good,host=");
    let value = lost[0].split("value=").nth(1).unwrap();
    let count: f64 = value.split(' ').next().unwrap().parse().unwrap();
    assert!(count >= 3.0, "{lost:?}");
}

#[test]
fn wrong_settings_are_refused_with_their_places() {
    for (more, place, words) in [
        ("", "6:11", "needs `database`"),
        (
            "database = \"d\"\nbucket = \"b\"\n",
            "8:10",
            "`database` is for InfluxDB 1",
        ),
        (
            "bucket = \"b\"\norg = \"o\"\n",
            "6:11",
            "needs `token_file`",
        ),
        (
            "database = \"d\"\npassword_file = \"p\"\n",
            "6:11",
            "needs `username`",
        ),
    ] {
        let config = format!(
            "[tasks.a]\ncommand = [\"true\"]\nsuccess_cooldown = \"1day\"\n\n[metrics_push]\naddress = \"http://h:1\"\n{more}"
        );
        let output = Place::with(&config).run(&["check"]);
        assert_eq!(output.status.code(), Some(78), "{more}");
        let text = stderr(&output);
        let place = format!("run_functions.toml:{place}");
        assert!(text.contains(&place) && text.contains(words), "{text}");
    }
    for address in ["h:1", "http://u:hunter2@h", "http://", "http://h:x"] {
        let config = format!("[metrics_push]\naddress = \"{address}\"\ndatabase = \"d\"\n");
        let output = Place::with(&config).run(&["check"]);
        assert_eq!(output.status.code(), Some(78), "{address}");
    }
}
