//! The first start, and starts that are refused.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::exchange::get;
use crate::served::Served;
use crate::support::{Place, stderr, stdout, terminal};

#[test]
fn the_first_start_has_a_token_in_a_file_and_a_second_one_creates_none() {
    let served = Served::with("");
    let file = served.place.path("run/admin_token");
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let mode_of = |name: &str| {
        let meta = fs::metadata(served.place.path(name)).unwrap();
        meta.permissions().mode() & 0o777
    };
    assert_eq!(mode_of("run/server.sqlite"), 0o600);
    let log = served.runner.log();
    assert!(log.contains("run/admin_token"), "{log}");
    assert!(!log.contains(&served.admin()), "{log}");
    assert_eq!(get(served.address, "/healthz").status, 200);
    let Served { place, runner, .. } = served;
    assert_eq!(runner.stop(), Some(0));
    let before = place.read("run/admin_token");
    fs::remove_file(&file).unwrap();
    let served = Served::at(place);
    assert!(!served.runner.log().contains("Created a token"));
    assert!(!file.exists());
    served.log_in(before.trim());
}

#[test]
fn a_person_at_a_terminal_is_shown_where_to_log_in() {
    let place = Place::with("");
    let ends = terminal(None);
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.stdout(Stdio::null()).stderr(ends.slave);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut lines = BufReader::new(fs::File::from(ends.master)).lines();
    let url = lines.find_map(|line| {
        let line = line.unwrap();
        line.strip_prefix("Log in: ")
            .map(|url| url.trim().to_owned())
    });
    let url = url.unwrap();
    let (address, token) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once("/login?token="))
        .unwrap();
    assert_eq!(token, place.read("run/admin_token").trim());
    let answer = get(address.parse().unwrap(), &format!("/login?token={token}"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_address_that_others_reach_needs_tls_or_a_written_word() {
    let place = Place::with("");
    let output = place.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    let words = stderr(&output);
    assert!(words.contains("in the clear"), "{words}");
    assert!(words.contains("insecure_http = true"), "{words}");
    assert!(!place.path("run/admin_token").exists());
    place.configure("[server]\ninsecure_http = true\n");
    let runner = place.start(&["serve", "--listen", "0.0.0.0:0"]);
    runner.wait_for("listens on http://0.0.0.0:");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_wrong_section_is_refused_in_words() {
    for (config, words) in [
        ("listen = \"nonsense\"", "is no ADDRESS:PORT"),
        ("listen = \"unix:relative\"", "needs a whole path"),
        (
            "tls_certificate = \"a.pem\"",
            "`tls_certificate` needs `tls_key`",
        ),
        (
            "public_url = \"board.example.org\"",
            "is no URL of a server",
        ),
        (
            "public_url = \"https://a.example/path\"",
            "is no URL of a server",
        ),
        ("max_connections = 1", "max_connections"),
    ] {
        let place = Place::with(&format!("[server]\n{config}\n"));
        let output = place.run(&["serve"]);
        assert_eq!(
            output.status.code(),
            Some(78),
            "{config}: {}",
            stderr(&output)
        );
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn a_variable_says_where_to_listen() {
    let place = Place::with("");
    let mut command = place.command(&["serve"]);
    command.env("RUN_FUNCTIONS_SERVER_LISTEN", "127.0.0.1:0");
    let runner = crate::support::Runner::start(command);
    let address = crate::served::address_of(&runner);
    assert_ne!(address.port(), 7400);
    let output = place.run(&["check", "--effective"]);
    assert!(stdout(&output).contains("[server]"), "{}", stdout(&output));
}

#[test]
fn a_port_that_is_taken_is_named_and_left_alone() {
    let served = Served::with("");
    let other = Place::with("");
    let output = other.run(&["serve", "--listen", &served.address.to_string()]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("another process listens there"));
    assert_eq!(get(served.address, "/healthz").status, 200);
}

#[test]
fn a_socket_in_a_directory_serves_and_leaves_nothing() {
    let place = Place::with("");
    let socket = place.path("serve.sock");
    let listen = format!("unix:{}", socket.display());
    // A socket that a killed server has left.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let runner = place.start(&["serve", "--listen", &listen]);
    runner.wait_for("listens on http://unix:");
    let mut stream = UnixStream::connect(&socket).unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let second = place.run(&["serve", "--listen", &listen]);
    assert_eq!(second.status.code(), Some(69), "{}", stderr(&second));
    assert_eq!(runner.stop(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn the_service_manager_hears_when_the_server_listens_and_when_it_ends() {
    let place = Place::with("");
    let path = place.path("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &path);
    let runner = crate::support::Runner::start(command);
    let heard = || {
        let mut bytes = [0; 256];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    assert_eq!(heard(), "READY=1");
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(heard(), "STOPPING=1");
}
