//! A board that is away: health says so, the log once, and pages go on with words.

use crate::exchange::{call, get};
use crate::served::Served;
use crate::servers::{Postgres, directory_of};
use crate::support::eventually;

#[test]
#[ignore = "needs PostgreSQL"]
fn health_says_that_the_board_is_away_and_the_log_does_so_once() {
    let above = tempfile::Builder::new()
        .prefix("rf-serve")
        .tempdir()
        .unwrap();
    let mut postgres = Postgres::start(&directory_of("postgres", above.path(), "server"));
    let address = postgres.address();
    let served = Served::with(&format!(
        "[board]\naddress = \"postgres://plain@{address}/rf\"\n"
    ));
    let token = served.admin();
    assert_eq!(get(served.address, "/healthz").json()["status"], "ok");
    postgres.stop();
    let away = || get(served.address, "/healthz").status == 503;
    assert!(eventually(away), "{}", served.runner.log());
    let reason = get(served.address, "/healthz").json()["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reason.contains("has not answered") && !reason.contains(&address),
        "{reason}"
    );
    let answer = call(served.address, &token, "counts", "{}");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.json()["board"].is_string());
    assert_eq!(get(served.address, "/metrics").status, 200);
    postgres.restart();
    assert!(eventually(|| get(served.address, "/healthz").status == 200));
    served.runner.wait_for("The board answers again");
    assert_eq!(
        served.runner.count("it is tried again"),
        1,
        "{}",
        served.runner.log()
    );
}
