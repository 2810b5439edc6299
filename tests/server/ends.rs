//! The end of a server: what is in progress is finished, what is held is answered.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::exchange::{Answer, connect, rest_of};
use crate::served::Served;
use crate::support::eventually;

#[test]
fn a_request_in_progress_is_finished_and_no_new_one_begins() {
    let mut served = Served::with("");
    let mut idle = connect(served.address);
    let mut stream = served.half_a_call();
    served.runner.signal(Signal::SIGTERM);
    served.runner.wait_for("SIGTERM received");
    let is_closed = || TcpStream::connect(served.address).is_err();
    assert!(eventually(is_closed));
    assert_eq!(rest_of(&mut idle), "", "what waits for nothing is closed");
    assert!(served.runner.lives());
    stream.write_all(b"{}").unwrap();
    let answer = Answer::parse(&rest_of(&mut stream)).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(served.runner.wait_for_end(), Some(0));
    assert_eq!(served.runner.count("The server has ended"), 1);
}

#[test]
fn a_second_request_to_end_waits_for_nothing() {
    let mut served = Served::with("");
    let _stream = served.half_a_call();
    served.runner.signal(Signal::SIGTERM);
    served.runner.wait_for("SIGTERM received");
    let begun = Instant::now();
    served.runner.signal(Signal::SIGTERM);
    assert_eq!(served.runner.wait_for_end(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(served.runner.count("asked to end again"), 1);
}

#[test]
fn a_held_call_is_answered_when_the_server_ends() {
    const CONFIG: &str = "[jobs.hello]\nsteps = [{ name = \"say\", command = [\"true\"] }]\n";
    let mut served = Served::with(CONFIG);
    let registration = served.token(&["fleet", "--role", "register"]);
    let worker = crate::support::Place::with(&format!(
        "[board]\naddress = \"http://{}\"\ntoken_file = \"own_token\"\n{CONFIG}",
        served.address
    ));
    worker.write("registration", &registration);
    worker.set_mode("registration", 0o600);
    let worker = worker.start(&["work", "--register", "registration"]);
    worker.wait_for("is on the board");
    // Its look is held from the first one that finds nothing.
    let holds = || {
        let page = crate::exchange::get(served.address, "/metrics").body;
        page.contains("run_functions_server_connections ") && page.contains("board_workers")
    };
    assert!(eventually(holds));
    let begun = Instant::now();
    served.runner.signal(Signal::SIGTERM);
    assert_eq!(served.runner.wait_for_end(), Some(0));
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(5),
        "a held look was waited for: {took:?}"
    );
}

#[test]
fn a_hangup_ends_nothing() {
    let served = Served::with("");
    served.runner.signal(Signal::SIGHUP);
    served.runner.wait_for("Log reopened");
    assert_eq!(crate::exchange::get(served.address, "/healthz").status, 200);
}
