use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::*;
use crate::core::settings::Transport;
use crate::mail::test_mails::{self, settings};
use crate::mail::test_server::{Act, Script, Server, say};

const PATIENCE: Duration = Duration::from_secs(60);
const BRIEF: Duration = Duration::from_millis(1500);
/// What a slow machine may add to any bound.
const NOISE: Duration = Duration::from_secs(30);

fn smtp(server: &Server, timeout: Duration) -> DeliveryProcess {
    let smtp = test_mails::smtp(server.address.port());
    DeliveryProcess::new(settings(smtp, timeout), Box::new(|_| {}))
}

fn sendmail(program: PathBuf, timeout: Duration) -> DeliveryProcess {
    DeliveryProcess::new(
        settings(Transport::Sendmail { program }, timeout),
        Box::new(|_| {}),
    )
}

fn outgoing() -> OutgoingMessage {
    OutgoingMessage {
        from: Some("runner@example.org".to_owned()),
        to: vec!["ops@example.org".to_owned()],
        bytes: b"Subject: hello\r\n\r\nbody\r\n".to_vec(),
        file_stem: "hello".to_owned(),
    }
}

/// Carries one message, and checks that this is over soon after its deadline.
fn carry(worker: &mut DeliveryProcess) -> Result<(), DeliveryError> {
    let start = clock::mono();
    let result = worker.carry(&outgoing());
    let took = clock::mono().since(start);
    let bound = worker.settings.timeout + AFTER_DEADLINE + NOISE;
    assert!(took < bound, "took {took:?}");
    match result?.remove(0) {
        DeliveryResult::Accepted(_) => Ok(()),
        DeliveryResult::Refused(trouble) => Err(trouble),
    }
}

/// Returns the trouble with a server that falls silent, when the attempt has come as far as that:
/// with a brief deadline, or with one that is long enough for this machine.
#[track_caller]
fn silence(expected: ErrorClass, script: Script) -> DeliveryError {
    let mut limit = BRIEF;
    loop {
        let server = Server::start(script.clone());
        let trouble = carry(&mut smtp(&server, limit)).unwrap_err();
        limit *= 2;
        if trouble.class == expected || limit > PATIENCE {
            return trouble;
        }
    }
}

fn with(change: impl FnOnce(&mut Script)) -> Script {
    let mut script = Script::default();
    change(&mut script);
    script
}

#[test]
fn many_messages_go_over_one_connection() {
    let server = Server::start(Script::default());
    let mut worker = smtp(&server, PATIENCE);
    for _ in 0..20 {
        carry(&mut worker).unwrap();
    }
    drop(worker);
    assert_eq!(server.received().len(), 20);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_that_drips_does_not_stretch_the_deadline() {
    let drip = |text: &[u8]| Act::Drip(text.to_vec(), Duration::from_millis(50));
    let greeting = silence(ErrorClass::Path, with(|s| s.greeting = drip(b"2")));
    assert_eq!(greeting.class, ErrorClass::Path);
    let lines = silence(ErrorClass::Path, with(|s| s.ehlo = drip(b"250-x\r\n")));
    assert_eq!(lines.class, ErrorClass::Path);
    let answer = silence(ErrorClass::Unanswered, with(|s| s.dot = drip(b"250-x\r\n")));
    assert_eq!(answer.class, ErrorClass::Unanswered);
}

#[test]
fn silence_after_the_dot_is_unanswered() {
    let trouble = silence(ErrorClass::Unanswered, with(|s| s.dot = Act::Hang));
    assert_eq!(trouble.class, ErrorClass::Unanswered, "{}", trouble.words);
}

#[test]
fn a_server_that_hangs_on_quit_delays_nobody() {
    let server = Server::start(with(|s| s.quit = Act::Hang));
    let mut worker = smtp(&server, PATIENCE);
    carry(&mut worker).unwrap();
    let start = clock::mono();
    drop(worker);
    assert!(clock::mono().since(start) < NOISE);
}

#[test]
fn a_server_that_stops_reading_is_left_at_the_deadline() {
    let server = Server::start(with(|s| {
        s.body = Some((1000, Act::Drip(Vec::new(), BRIEF)));
        s.data = say("354 go");
        s.dot = Act::Hang;
    }));
    let mut worker = smtp(&server, BRIEF);
    let large = OutgoingMessage {
        bytes: b"0123456789abcdef0123456789abcdef\r\n".repeat(500_000),
        ..outgoing()
    };
    let start = clock::mono();
    let fates = worker.carry(&large).unwrap();
    assert!(clock::mono().since(start) < BRIEF + AFTER_DEADLINE + NOISE);
    assert!(matches!(&fates[0], DeliveryResult::Refused(_)));
}

#[test]
fn an_endless_line_ends_the_attempt_and_not_the_worker() {
    let server = Server::start(with(|s| s.greeting = Act::Flood(vec![b'2'; 1 << 20])));
    let mut worker = smtp(&server, PATIENCE);
    let trouble = carry(&mut worker).unwrap_err();
    assert_eq!(trouble.class, ErrorClass::Path);
    assert!(trouble.words.contains("has no end"), "{}", trouble.words);
    let pid = worker
        .running
        .as_mut()
        .expect("it lives")
        .helper
        .child()
        .id();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let highest = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = highest.unwrap().trim().trim_end_matches(" kB");
    // What this program takes in any case, built for tests, with a good margin.
    assert!(kib.parse::<u64>().unwrap() < 64 << 10, "it took {kib} KiB");
}

/// Returns a worker whose server hangs at DATA in its first connection, the process of that, which
/// no process waits for any more, and how far it came: to DATA, unless this machine is slower than
/// any.
fn hanging_at_data() -> (DeliveryProcess, RunningProcess, DeliveryStage) {
    let mut limit = BRIEF;
    loop {
        let server = Server::each(|connection| {
            with(|s| {
                if connection == 0 {
                    s.mail = say("250 ok");
                    s.data = Act::Hang;
                }
            })
        });
        let worker = smtp(&server, PATIENCE);
        let mut running = RunningProcess::start(&worker.settings).unwrap();
        let mut stage = DeliveryStage::Start;
        let until = clock::mono() + limit;
        let talk = running.converse(&outgoing(), until, &mut |now| stage = now);
        talk.err().unwrap();
        limit *= 2;
        if stage == DeliveryStage::Data || limit > PATIENCE {
            return (worker, running, stage);
        }
    }
}

#[test]
fn a_worker_that_is_killed_or_stopped_is_a_failed_attempt() {
    for (signal, words) in [
        (Signal::SIGKILL, "SIGKILL"),
        (Signal::SIGSTOP, "fell silent"),
    ] {
        let (mut worker, mut running, stage) = hanging_at_data();
        assert_eq!(stage, DeliveryStage::Data);
        let pid = Pid::from_raw(i32::try_from(running.helper.child().id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
        let cause = running.end_and_say(signal == Signal::SIGSTOP, BRIEF);
        let trouble = judge("server", stage, &cause);
        assert!(trouble.words.contains(words), "{}", trouble.words);
        assert_eq!(trouble.class, ErrorClass::Temporary);
        carry(&mut worker).unwrap();
    }
}

#[test]
fn two_broken_connections_in_a_row_end_the_pass() {
    let server = Server::start(with(|s| s.data = Act::Close));
    let mut worker = smtp(&server, PATIENCE);
    for _ in 0..2 {
        assert_eq!(carry(&mut worker).unwrap_err().class, ErrorClass::Temporary);
    }
    for _ in 0..200 {
        assert_eq!(
            worker.carry(&outgoing()).unwrap_err().class,
            ErrorClass::Path
        );
    }
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_broken_connection_is_followed_by_a_new_one() {
    let server = Server::each(|connection| {
        with(|s| {
            if connection % 2 == 0 {
                s.mail = Act::Close;
            }
        })
    });
    let mut worker = smtp(&server, PATIENCE);
    carry(&mut worker).unwrap_err();
    carry(&mut worker).unwrap();
    carry(&mut worker).unwrap();
    assert_eq!(server.connections(), 2);
}

/// Writes a program that stands for sendmail.
fn program(dir: &tempfile::TempDir, script: &str) -> PathBuf {
    let path = dir.path().join("sendmail");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn sendmail_says(script: &str) -> Result<(), DeliveryError> {
    let dir = tempfile::tempdir().unwrap();
    carry(&mut sendmail(program(&dir, script), PATIENCE))
}

#[test]
fn a_mail_program_gets_the_message_and_the_recipients() {
    let dir = tempfile::tempdir().unwrap();
    let seen = dir.path().join("seen");
    let path = program(
        &dir,
        &format!("echo \"$@\" > {0}; cat >> {0}", seen.display()),
    );
    carry(&mut sendmail(path, PATIENCE)).unwrap();
    let seen = std::fs::read_to_string(seen).unwrap();
    assert_eq!(
        seen,
        "-i -f runner@example.org -- ops@example.org\nSubject: hello\n\nbody\n"
    );
}

#[test]
fn a_mail_program_that_fails_is_judged_by_its_exit() {
    for (script, class) in [
        ("cat >/dev/null; exit 75", ErrorClass::Path),
        (
            "cat >/dev/null; echo nobody >&2; exit 67",
            ErrorClass::Recipient,
        ),
        ("cat >/dev/null; exit 69", ErrorClass::Path),
        ("cat >/dev/null; kill -9 $$", ErrorClass::Path),
        ("exit 78", ErrorClass::Setup),
    ] {
        assert_eq!(sendmail_says(script).unwrap_err().class, class, "{script}");
    }
    let missing = carry(&mut sendmail("/nowhere/sendmail".into(), PATIENCE)).unwrap_err();
    assert_eq!(
        missing.words,
        "the mail program `/nowhere/sendmail` is not there"
    );
}

#[test]
fn a_mail_program_that_is_noisy_or_leaves_a_daemon_is_not_waited_for() {
    let noisy = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; cat > /dev/null";
    sendmail_says(noisy).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let daemon = format!("cat > /dev/null; sleep 1000 & echo $! > {}", pid.display());
    sendmail_says(&daemon).unwrap();
    let pid = std::fs::read_to_string(pid).unwrap();
    let daemon = Pid::from_raw(pid.trim().parse().unwrap());
    nix::sys::signal::kill(daemon, Signal::SIGKILL).expect("it lives");
}

#[test]
fn a_mail_program_that_hangs_is_killed_at_the_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let path = program(
        &dir,
        &format!("echo $$ > {}; exec sleep 1000", pid.display()),
    );
    let mut limit = BRIEF;
    // It must have begun before its time is over.
    while !pid.exists() {
        let trouble = carry(&mut sendmail(path.clone(), limit)).unwrap_err();
        let words = trouble.words;
        assert!(words.contains("did not end within"), "{words}");
        assert!(limit <= PATIENCE, "it never begins");
        limit *= 2;
    }
    let pid = std::fs::read_to_string(pid).unwrap();
    let gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.map_or(true, |stat| stat.contains(") Z "))
    };
    let until = clock::mono() + PATIENCE;
    let mut alarm = crate::unix::waiter::Waiter::new().unwrap();
    while !gone() {
        assert!(clock::mono() < until, "it lives");
        alarm
            .wait([None], clock::mono() + Duration::from_millis(10))
            .unwrap();
    }
}

#[test]
fn a_mail_program_that_does_not_read_has_not_taken_the_message() {
    let dir = tempfile::tempdir().unwrap();
    let mut worker = sendmail(program(&dir, "exit 0"), PATIENCE);
    let large = OutgoingMessage {
        bytes: b"0123456789abcdef\r\n".repeat(100_000),
        ..outgoing()
    };
    let fates = worker.carry(&large).unwrap();
    assert!(
        matches!(&fates[0], DeliveryResult::Refused(t) if t.words.contains("before it had read"))
    );
}
