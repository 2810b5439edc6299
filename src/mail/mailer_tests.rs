use std::net::TcpListener;
use std::path::PathBuf;

use super::super::delivery_error::DeliveryStage;
use super::super::test_mails::{self, mail, smtp};
use super::super::test_server::{Act, Script, Server};
use super::*;
use crate::core::settings::Transport;
use crate::mail::immediate::{flush, probe, send_now};
use crate::mail::wire::DeliveryResult;

const PATIENCE: Duration = Duration::from_secs(60);

fn settings(transport: Transport) -> MailSettings {
    test_mails::settings(transport, PATIENCE)
}

fn to() -> [String; 1] {
    ["ops@example.org".to_owned()]
}

fn greeting(greeting: Act) -> Server {
    Server::start(Script {
        greeting,
        ..Script::default()
    })
}

/// Waits until the thread of the mailer has nothing to do.
fn wait_until_idle(mailer: &Mailer) {
    let work = mailer.shared.work();
    let waited = mailer
        .shared
        .changed
        .wait_timeout_while(work, PATIENCE, |work| !work.idle);
    assert!(!waited.unwrap().1.timed_out());
}

#[test]
fn mails_leave_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Script::default());
    let mailer = Mailer::new(dir.path(), settings(smtp(server.address.port()))).unwrap();
    for id in 0..5u64 {
        let mail = mail(&id.to_string(), "new", "tasks::a", 1);
        assert_eq!(mailer.post(&mail, &to(), clock::wall()), KeptWhere::OnDisk);
    }
    let received = server.wait_for(5);
    wait_until_idle(&mailer);
    let ids: Vec<String> = received
        .iter()
        .filter_map(|received| received.header("Message-ID"))
        .collect();
    let expected: Vec<String> = (0..5).map(|id| format!("<{id}@example.org>")).collect();
    assert_eq!(ids, expected);
    assert!(mailer.shared.outbox.waiting().is_empty());
}

#[test]
fn a_server_that_says_nothing_holds_up_nobody_who_posts() {
    let dir = tempfile::tempdir().unwrap();
    let server = greeting(Act::Hang);
    let mailer = Mailer::new(dir.path(), settings(smtp(server.address.port()))).unwrap();
    let start = clock::mono();
    for id in 0..5u64 {
        mailer.post(
            &mail(&id.to_string(), "new", "tasks::a", 1),
            &to(),
            clock::wall(),
        );
    }
    mailer.finish(clock::mono() + Duration::from_millis(200));
    // Far below the deadline of the attempt, which still runs.
    assert!(clock::mono().since(start) < PATIENCE / 2);
    assert_eq!(mailer.shared.outbox.waiting().len(), 5);
}

#[test]
fn what_one_runner_left_the_next_one_delivers() {
    let dir = tempfile::tempdir().unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let first = Mailer::new(dir.path(), settings(smtp(port))).unwrap();
    first.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    first.finish(clock::mono() + PATIENCE);
    let notes = first.shared.outbox.notes();
    assert!(
        notes
            .broken
            .unwrap()
            .trouble
            .words
            .contains("refuses connections")
    );
    let server = Server::start(Script::default());
    let second = Mailer::new(dir.path(), settings(smtp(server.address.port()))).unwrap();
    // A start tries at once what was to rest for a while.
    second.adopt();
    assert_eq!(server.wait_for(1).len(), 1);
    wait_until_idle(&second);
}

#[test]
fn a_mail_that_comes_while_mail_rests_wakes_the_thread_and_tries_nothing_early() {
    let dir = tempfile::tempdir().unwrap();
    let server = greeting(Act::SayAndClose("421 busy".to_owned()));
    let mailer = Mailer::new(dir.path(), settings(smtp(server.address.port()))).unwrap();
    mailer.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    mailer.post(&mail("2", "new", "tasks::a", 1), &to(), clock::wall());
    mailer.finish(clock::mono() + PATIENCE);
    assert_eq!(server.connections(), 1);
    assert_eq!(mailer.shared.outbox.waiting().len(), 2);
}

#[test]
fn an_outbox_that_another_process_delivers_is_left_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Script::default());
    let mailer = Mailer::new(dir.path(), settings(smtp(server.address.port()))).unwrap();
    // The thread has the lock itself while it looks for what was left.
    wait_until_idle(&mailer);
    let held = Outbox::open(dir.path()).try_lock().unwrap();
    assert!(held.is_some());
    mailer.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    mailer.finish(clock::mono() + Duration::from_millis(300));
    assert_eq!(
        (server.connections(), mailer.shared.outbox.waiting().len()),
        (0, 1)
    );
    drop(held);
}

#[test]
fn without_a_server_each_mail_is_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("mail");
    let nobody = MailSettings {
        to: Vec::new(),
        from: String::new(),
        ..settings(Transport::File {
            directory: directory.clone(),
        })
    };
    let mailer = Mailer::new(dir.path(), nobody).unwrap();
    mailer.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    mailer.finish(clock::mono() + PATIENCE);
    let files: Vec<PathBuf> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(text.contains("Subject: [host] [tasks::a] first 1\r\n"));
}

#[test]
fn the_thread_is_there_from_the_start_and_after_whatever_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("mail");
    let mailer = Mailer::new(dir.path(), settings(Transport::File { directory })).unwrap();
    wait_until_idle(&mailer);
    assert!(mailer.shared.work().running);
    mailer.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    wait_until_idle(&mailer);
    assert!(mailer.shared.work().running);
    mailer.finish(clock::mono() + PATIENCE);
    assert!(!mailer.shared.work().running);
}

#[test]
fn a_mail_that_no_disk_took_is_written_as_soon_as_one_does() {
    let dir = tempfile::tempdir().unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    std::fs::write(dir.path().join("outbox"), "in the way").unwrap();
    let mailer = Mailer::new(dir.path(), settings(smtp(port))).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    mailer.tell_after_each_pass(move |in_memory| tell.send(in_memory).unwrap());
    let kept = mailer.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    assert!(matches!(kept, KeptWhere::InMemory(_)), "{kept:?}");
    while told.recv_timeout(PATIENCE).unwrap() == 0 {}
    std::fs::remove_file(dir.path().join("outbox")).unwrap();
    while told.recv_timeout(PATIENCE).unwrap() > 0 {}
    assert_eq!(Outbox::open(dir.path()).waiting().len(), 1);
}

#[test]
fn what_can_neither_leave_nor_be_kept_is_returned_with_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let server = greeting(Act::SayAndClose("421 busy".to_owned()));
    std::fs::write(dir.path().join("outbox"), "in the way").unwrap();
    let mailer = Mailer::new(dir.path(), settings(smtp(server.address.port()))).unwrap();
    let mail = mail("1", "first", "tasks::a", 1);
    mailer.post(&mail, &to(), clock::wall());
    let lost = mailer.finish(clock::mono() + PATIENCE);
    let (subject, body) = (mail.subject, mail.body);
    assert_eq!(lost, [Lost { subject, body }]);
}

#[test]
fn flushing_delivers_what_rests() {
    let dir = tempfile::tempdir().unwrap();
    let busy = greeting(Act::SayAndClose("421 busy".to_owned()));
    let mailer = Mailer::new(dir.path(), settings(smtp(busy.address.port()))).unwrap();
    mailer.post(&mail("1", "first", "tasks::a", 1), &to(), clock::wall());
    mailer.finish(clock::mono() + PATIENCE);
    let server = Server::start(Script::default());
    let now = settings(smtp(server.address.port()));
    let summary = flush(dir.path(), &now).unwrap().unwrap();
    assert_eq!((summary.accepted, summary.next), (1, None));
}

#[test]
fn a_test_mail_tells_each_stage_and_the_answer() {
    use std::sync::mpsc;
    let server = Server::start(Script::default());
    let (tell, told) = mpsc::channel();
    let to = ["ops@example.org".to_owned()];
    let answers = send_now(
        &settings(smtp(server.address.port())),
        &mail("1", "first", "tasks::a", 1),
        &to,
        Box::new(move |stage| tell.send(stage).unwrap()),
    );
    assert_eq!(
        answers.unwrap(),
        [(
            to[0].clone(),
            DeliveryResult::Accepted("250 2.0.0 queued".to_owned())
        )]
    );
    let stages: Vec<DeliveryStage> = told.iter().collect();
    assert_eq!(stages.first(), Some(&DeliveryStage::Resolve));
    assert_eq!(stages.last(), Some(&DeliveryStage::Answer));
}

#[test]
fn a_probe_tries_each_way_and_sends_nothing() {
    let silent = || Box::new(|_| {});
    let server = Server::start(Script::default());
    probe(&settings(smtp(server.address.port())), silent()).unwrap();
    assert!(server.received().is_empty());
    assert!(
        !server
            .commands()
            .iter()
            .any(|line| line.starts_with("MAIL"))
    );
    let busy = greeting(Act::SayAndClose("421 busy".to_owned()));
    let trouble = probe(&settings(smtp(busy.address.port())), silent()).unwrap_err();
    assert!(trouble.words.contains("421 busy"), "{}", trouble.words);
    let program = |path: &str| Transport::Sendmail {
        program: path.into(),
    };
    probe(&settings(program("/bin/sh")), silent()).unwrap();
    let trouble = probe(&settings(program("/nowhere")), silent()).unwrap_err();
    assert!(trouble.words.contains("is not there"), "{}", trouble.words);
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("mail");
    let to_files = Transport::File {
        directory: directory.clone(),
    };
    probe(&settings(to_files), silent()).unwrap();
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0);
    probe(&settings(Transport::Print), silent()).unwrap();
}
