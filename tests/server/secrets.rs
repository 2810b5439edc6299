//! Secrets stand in no log, no page, no error, no list of processes and no file but their own.

use std::fs;
use std::process::Command;

use crate::exchange::{call, get, send};
use crate::served::Served;

#[test]
fn a_token_is_nowhere_but_where_it_was_written_to() {
    let mut served = Served::with("");
    let (admin, address) = (served.admin(), served.address);
    let other = served.token(&["anna", "--role", "view"]);
    let cookie = served.log_in(&other);
    let secret = cookie.split_once("=rf_").unwrap().1.to_owned();
    let authorization = format!("Authorization: Bearer {other}");
    let answers = [
        get(address, &format!("/login?token={admin}x")),
        get(address, &format!("/jobs?token={admin}")),
        call(
            address,
            &admin,
            "workers",
            &format!("{{\"a\":\"{admin}\"}}"),
        ),
        call(address, &admin, &format!("{admin}/x"), "{}"),
        call(address, &other, "set_pause", "{}"),
        send(address, "GET /nothing", &[&cookie, &authorization], ""),
        send(
            address,
            "POST /api/v1/nothing",
            &[&cookie, &authorization],
            "{}",
        ),
        send(address, &format!("GET /{admin}"), &[&cookie], ""),
        get(address, "/metrics"),
        get(address, "/healthz"),
    ];
    for answer in &answers {
        for hidden in [&admin[3..], &other[3..], &secret] {
            let text = format!("{}{}", answer.head, answer.body);
            let is_echo = answer
                .header("location")
                .is_some_and(|place| place.contains(hidden));
            assert!(is_echo || !text.contains(hidden), "{answer:?}");
        }
    }
    let processes = Command::new("ps").args(["axwweo", "args,environ"]).output();
    let listed = processes.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let listed = listed.unwrap_or_default();
    served.runner.signal(nix::sys::signal::Signal::SIGTERM);
    served.runner.wait_for_end();
    for hidden in [&admin[3..], &other[3..], &secret] {
        assert!(
            !served.runner.log().contains(hidden),
            "{}",
            served.runner.log()
        );
        assert!(!listed.contains(hidden));
        for name in [
            "server.sqlite",
            "server.sqlite-wal",
            "board.sqlite",
            "board.sqlite-wal",
        ] {
            let bytes = fs::read(served.place.path(&format!("run/{name}"))).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(hidden), "{name}");
        }
    }
}
