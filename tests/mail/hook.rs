//! A program in the place of sendmail as the hook for chat and pagers: the example, against a real HTTP server.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use crate::support::{PATIENCE, Place};

/// Answers each request with the next status, and hands the bodies on.
fn server(statuses: &'static [&'static str]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, bodies) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            let _ = sender.send(String::from_utf8(body).unwrap());
        }
    });
    (port, bodies)
}

fn place(port: u16) -> Place {
    let place = Place::empty();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mail_to_json.py");
    place.write("hook.py", fs::read(example).unwrap());
    fs::set_permissions(place.path("hook.py"), Permissions::from_mode(0o755)).unwrap();
    place.write("hook.url", format!("http://127.0.0.1:{port}/hooks/ops\n"));
    place.configure(&format!(
        "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\nprogram = \"{}\"\n\
         [tasks.a]\nshell = \"echo 'disk full'; exit 1\"\nfail_cooldown = \"1h\"\n",
        place.path("hook.py").display()
    ));
    place
}

#[test]
#[ignore = "needs python3"]
fn the_example_posts_a_mail_as_json() {
    let (port, bodies) = server(&["200 OK"]);
    let place = place(port);
    let runner = place.start(&["tasks::a"]);
    let body = bodies.recv_timeout(PATIENCE).expect("a post");
    runner.stop();
    let post: serde_json::Value = serde_json::from_str(&body).unwrap();
    let text = post["text"].as_str().unwrap();
    assert!(
        text.contains("[tasks::a] First exception caught: exit 1: disk full"),
        "{text}"
    );
    assert!(
        text.contains("a failed: exit 1: disk full") && !text.contains("Output:"),
        "{text}"
    );
    assert_eq!(
        (&post["event"], &post["task"]),
        (&"first".into(), &"tasks::a".into())
    );
}

#[test]
#[ignore = "needs python3"]
fn a_hook_that_is_overloaded_keeps_the_mail_and_says_why() {
    let (port, bodies) = server(&["503 Service Unavailable"]);
    let place = place(port);
    let runner = place.start(&["tasks::a"]);
    bodies.recv_timeout(PATIENCE).expect("a post");
    runner.wait_for("the hook answered 503");
    runner.stop();
}
