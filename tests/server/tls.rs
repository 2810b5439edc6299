//! TLS by files: the certificate, a renewal, cookies for TLS alone.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::exchange::{connect, get, rest_of};
use crate::served::address_of;
use crate::support::{Place, Runner, eventually, stderr};

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
const CONFIG: &str = "[server]\ntls_certificate = \"board.pem\"\ntls_key = \"board.pem\"\n";

fn start(certificate: &str) -> (Place, Runner, SocketAddr) {
    let place = Place::with(CONFIG);
    install(&place, certificate);
    let runner = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let address = address_of(&runner);
    (place, runner, address)
}

fn install(place: &Place, certificate: &str) {
    let pem = std::fs::read(format!("{CERTIFICATES}/{certificate}.pem")).unwrap();
    place.replace("board.pem", pem);
    place.set_mode("board.pem", 0o600);
}

/// Asks over TLS with curl; returns its exit code and the answer with its head.
fn ask(address: SocketAddr, args: &[&str], path: &str) -> (Option<i32>, String) {
    let mut command = Command::new("curl");
    let authority = format!("{CERTIFICATES}/ca.pem");
    command.args([
        "--silent",
        "--include",
        "--max-time",
        "30",
        "--noproxy",
        "*",
        "--cacert",
    ]);
    command
        .arg(authority)
        .args(args)
        .arg(format!("https://{address}{path}"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[test]
#[ignore = "needs curl"]
fn pages_are_served_over_tls_and_cookies_stay_there() {
    let (place, runner, address) = start("good");
    assert!(runner.log().contains("https://"), "{}", runner.log());
    let (code, answer) = ask(address, &[], "/healthz");
    assert_eq!(code, Some(0));
    assert!(answer.starts_with("HTTP/1.1 200"), "HTTP/1 only: {answer}");
    assert!(answer.contains("strict-transport-security"), "{answer}");
    let token = place.read("run/admin_token");
    let (_, answer) = ask(address, &[], &format!("/login?token={}", token.trim()));
    let cookie = answer
        .lines()
        .find(|line| line.starts_with("set-cookie:"))
        .unwrap();
    assert!(
        cookie.contains("__Host-") && cookie.contains("; Secure"),
        "{cookie}"
    );
    for version in ["--tlsv1.2", "--tlsv1.3"] {
        assert_eq!(ask(address, &[version], "/healthz").0, Some(0), "{version}");
    }
    let old = ask(address, &["--tls-max", "1.1"], "/healthz");
    assert_ne!(old.0, Some(0));
}

#[test]
fn plain_text_and_silence_get_no_answer_where_tls_is_spoken() {
    let (_place, _runner, address) = start("good");
    let mut plain = connect(address);
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert!(!rest_of(&mut plain).contains("HTTP"));
    let mut silent = connect(address);
    assert_eq!(rest_of(&mut silent), "", "a handshake has its time");
}

#[test]
#[ignore = "needs curl"]
fn a_renewed_certificate_is_read_on_sighup_and_a_broken_one_is_not_taken() {
    let (place, runner, address) = start("expired");
    assert_ne!(ask(address, &[], "/healthz").0, Some(0));
    place.replace("board.pem", "no certificate");
    runner.signal(Signal::SIGHUP);
    runner.wait_for("the former certificate holds");
    install(&place, "good");
    runner.signal(Signal::SIGHUP);
    runner.wait_for("Certificate read again");
    assert!(eventually(|| ask(address, &[], "/healthz").0 == Some(0)));
}

#[test]
fn files_without_a_certificate_are_refused_in_words() {
    let place = Place::with(CONFIG);
    let output = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cannot be read"),
        "{}",
        stderr(&output)
    );
    place.write("board.pem", "nothing");
    let output = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        stderr(&output).contains("holds no PEM certificate"),
        "{}",
        stderr(&output)
    );
    let other = std::fs::read_to_string(format!("{CERTIFICATES}/self_signed.pem")).unwrap();
    let good = std::fs::read_to_string(format!("{CERTIFICATES}/good.pem")).unwrap();
    let key = good
        .find("-----BEGIN PRIVATE")
        .or_else(|| good.find("-----BEGIN EC"))
        .unwrap();
    let certificate = other.split("-----BEGIN PRIVATE").next().unwrap();
    place.write("board.pem", format!("{certificate}{}", &good[key..]));
    let output = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(get_nothing(&place));
}

/// Returns whether no server has left anything that listens.
fn get_nothing(place: &Place) -> bool {
    let _ = get;
    !place.path("run/admin_token").exists()
}
