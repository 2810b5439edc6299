use std::fs;
use std::sync::MutexGuard;
use std::time::Duration;

use lettre::{FileTransport, Message, Transport as _};

use super::super::test_mails::{settings, smtp};
use super::super::test_server::{Script, Server, say};
use super::*;
use crate::core::settings::Transport;

/// What is installed is one for the process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Machine {
    dir: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

fn machine(transport: impl FnOnce(&Path) -> Transport) -> Machine {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(transport(dir.path()), Duration::from_secs(60));
    install(settings, dir.path());
    Queue::of(dir.path()).prepare().unwrap();
    Machine { dir, _alone: alone }
}

impl Machine {
    fn queue(&self) -> PathBuf {
        self.dir.path().join("outbox/queue")
    }

    /// Drops messages as a program does that uses lettre's file transport, the envelope beside
    /// every other one.
    fn drop_messages(&self, count: usize) {
        let transport = FileTransport::new(self.queue());
        for number in 0..count {
            let message = Message::builder()
                .from("Shop <shop@example.org>".parse().unwrap())
                .to(format!("customer{number}@example.org").parse().unwrap())
                .message_id(Some(format!("<{number}@example.org>")))
                .subject(format!("Order {number}"))
                .body(format!("Thank you, {number}.\n"))
                .unwrap();
            let stem = transport.send(&message).unwrap();
            if number % 2 == 0 {
                let envelope = format!(
                    r#"{{"forward_path":["customer{number}@example.org"],"reverse_path":"shop@example.org"}}"#
                );
                fs::write(self.queue().join(format!("{stem}.json")), envelope).unwrap();
            }
        }
    }
}

#[test]
fn two_hundred_messages_reach_a_server_once_each() {
    let server = Server::start(Script::default());
    let machine = machine(|_| smtp(server.address.port()));
    machine.drop_messages(200);
    let delivered = deliver_queue().unwrap();
    assert_eq!((delivered.messages, delivered.unfinished), (200, 0));
    let mut ids: Vec<String> = server
        .received()
        .iter()
        .map(|received| received.header("Message-ID").unwrap())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((server.received().len(), ids.len()), (200, 200));
    assert_eq!(fs::read_dir(machine.queue()).unwrap().count(), 0);
    // 50 messages in each.
    assert_eq!(server.connections(), 4);
}

#[test]
fn a_server_that_is_down_is_one_clear_failure_of_one_kind() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let machine = machine(|_| smtp(port));
    machine.drop_messages(20);
    let error = deliver_queue().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "20 messages deferred: the mail server at 127.0.0.1:{port} refuses connections \
             (is it running, and are `mail.server` and `mail.port` right?)"
        )
    );
    machine.drop_messages(7);
    let other = deliver_queue().unwrap_err();
    assert!(other.to_string().starts_with("7 messages deferred"));
    assert_eq!(error.kind(), other.kind());
    let returned = retry_deferred().unwrap();
    assert_eq!((returned.messages, returned.waiting), (0, 27));
}

#[test]
fn a_refusal_for_good_is_told_and_stops_no_other() {
    let server = Server::start(Script {
        rcpt: vec![("customer3@", say("550 5.1.1 who?"))],
        ..Script::default()
    });
    let machine = machine(|_| smtp(server.address.port()));
    machine.drop_messages(10);
    let error = deliver_queue().unwrap_err().to_string();
    assert!(
        error.starts_with("1 message refused for good and kept in `failed`: customer3@"),
        "{error}"
    );
    assert!(error.contains("550 5.1.1 who?"), "{error}");
    assert_eq!(server.received().len(), 9);
}

#[test]
fn without_a_server_messages_become_files() {
    let machine = machine(|dir| Transport::File {
        directory: dir.join("mail"),
    });
    machine.drop_messages(5);
    assert_eq!(deliver_queue().unwrap().messages, 5);
    assert_eq!(
        fs::read_dir(machine.dir.path().join("mail"))
            .unwrap()
            .count(),
        5
    );
}

#[test]
fn a_queue_that_another_process_delivers_is_no_failure() {
    let machine = machine(|dir| Transport::File {
        directory: dir.join("mail"),
    });
    let _held = Queue::of(machine.dir.path()).try_lock().unwrap();
    let error: TaskError = deliver_queue().unwrap_err().into();
    assert!(format!("{error:?}").contains("RetryLater"));
}
