//! The main job on real servers: `tasks::send_mail tasks::retry_deferred` brings 200 messages to OpenSMTPD and to aiosmtpd, once each,
//! whatever happens to the server and to the runner in the meantime. Each claim is tested on each server.

mod orders;
mod servers;

use nix::sys::signal::Signal;

use crate::support::{self, Place, Runner, eventually};
use orders::{COUNT, drop_messages, place};
use servers::{Aiosmtpd, OpenSmtpd, Server};

const MAIN_JOB: [&str; 2] = ["tasks::send_mail", "tasks::retry_deferred"];
/// Waits until a condition holds, five times as long as [`eventually`]: what was put off comes back after a minute.
fn at_last(mut condition: impl FnMut() -> bool) -> bool {
    (0..5).any(|_| eventually(&mut condition))
}

#[track_caller]
fn wait_for_all(server: &dyn Server, place: &Place, runner: &Runner) {
    let arrived = at_last(|| server.orders().len() == COUNT);
    let count = server.orders().len();
    assert!(arrived, "{count} of {COUNT} arrived\n{}", runner.log());
    let waiting = || {
        place
            .outbox("queue")
            .into_iter()
            .filter(|name| name.ends_with(".eml"))
    };
    assert!(
        eventually(|| waiting().next().is_none()),
        "{:?}",
        place.outbox("queue")
    );
}

#[track_caller]
fn assert_once_each(server: &dyn Server) {
    let twice: Vec<_> = server
        .orders()
        .into_iter()
        .filter(|(_, n)| *n != 1)
        .collect();
    assert!(twice.is_empty(), "{twice:?}");
}

fn each_arrives_once(server: &dyn Server) {
    let place = place(server.port());
    drop_messages(&place);
    let runner = place.start(&MAIN_JOB);
    wait_for_all(server, &place, &runner);
    assert_eq!(runner.stop(), Some(0));
    assert_once_each(server);
    assert!(place.outbox("failed").is_empty());
    assert!(server.mails().is_empty(), "{:?}", server.mails());
}

fn a_server_that_was_down_gets_each_once_and_one_mail(server: &mut dyn Server) {
    server.stop();
    let place = place(server.port());
    drop_messages(&place);
    let runner = place.start(&MAIN_JOB);
    runner.wait_for("200 messages deferred: the mail server at 127.0.0.1:");
    assert!(place.outbox("queue").is_empty());
    server.start();
    wait_for_all(server, &place, &runner);
    assert!(at_last(|| !server.mails().is_empty()), "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
    assert_once_each(server);
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let subject = support::subject(&mails[0]);
    assert!(
        subject.starts_with("[tasks::send_mail] First exception caught: 200 messages deferred"),
        "{subject}"
    );
    let words = words(&mails[0]);
    assert!(words.contains("refuses connections"), "{words}");
}

/// Returns a mail with its lines joined, also those that quoted-printable has broken.
fn words(mail: &str) -> String {
    let whole = mail.replace("=\r\n", "").replace("=\n", "");
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn nothing_is_lost_when_the_runner_is_killed(server: &dyn Server) {
    let place = place(server.port());
    drop_messages(&place);
    let mut kills = 0;
    for seen in [1, 30, 80, 150] {
        let runner = place.start(&MAIN_JOB);
        assert!(
            at_last(|| server.orders().len() >= seen),
            "{}",
            runner.log()
        );
        runner.signal(Signal::SIGKILL);
        kills += 1;
    }
    let runner = place.start(&MAIN_JOB);
    wait_for_all(server, &place, &runner);
    assert_eq!(runner.stop(), Some(0));
    // What came twice came with the same Message-ID, or there would be more than 200.
    let doubled: usize = server.orders().values().map(|count| count - 1).sum();
    assert!(doubled <= kills, "{doubled} duplicates of {kills} kills");
}

fn nothing_is_lost_or_doubled_when_the_runner_is_replaced(server: &dyn Server) {
    let place = place(server.port());
    drop_messages(&place);
    let mut runners = Vec::new();
    for seen in [1, 60, 120] {
        runners.push(place.start(&MAIN_JOB));
        assert!(at_last(|| server.orders().len() >= seen));
    }
    let last = runners.pop().unwrap();
    wait_for_all(server, &place, &last);
    // All may have been sent before it has the chain. To stop it before the former ones are gone is to call it off, and one of them goes on.
    for mut runner in runners {
        assert_eq!(runner.wait_for_end(), Some(0));
    }
    last.wait_for("Wrote pidfile");
    assert_eq!(last.stop(), Some(0));
    assert_once_each(server);
}

#[test]
#[ignore = "needs opensmtpd"]
fn opensmtpd_gets_each_message_once() {
    each_arrives_once(&OpenSmtpd::start());
}

#[test]
#[ignore = "needs opensmtpd"]
fn opensmtpd_that_was_down_gets_each_message_once_and_the_admin_one_mail() {
    a_server_that_was_down_gets_each_once_and_one_mail(&mut OpenSmtpd::start());
}

#[test]
#[ignore = "needs opensmtpd"]
fn opensmtpd_loses_no_message_of_a_runner_that_is_killed() {
    nothing_is_lost_when_the_runner_is_killed(&OpenSmtpd::start());
}

#[test]
#[ignore = "needs opensmtpd"]
fn opensmtpd_gets_each_message_once_of_runners_that_are_replaced() {
    nothing_is_lost_or_doubled_when_the_runner_is_replaced(&OpenSmtpd::start());
}

#[test]
#[ignore = "needs python3-aiosmtpd"]
fn aiosmtpd_gets_each_message_once() {
    each_arrives_once(&Aiosmtpd::start());
}

#[test]
#[ignore = "needs python3-aiosmtpd"]
fn aiosmtpd_that_was_down_gets_each_message_once_and_the_admin_one_mail() {
    a_server_that_was_down_gets_each_once_and_one_mail(&mut Aiosmtpd::start());
}

#[test]
#[ignore = "needs python3-aiosmtpd"]
fn aiosmtpd_loses_no_message_of_a_runner_that_is_killed() {
    nothing_is_lost_when_the_runner_is_killed(&Aiosmtpd::start());
}

#[test]
#[ignore = "needs python3-aiosmtpd"]
fn aiosmtpd_gets_each_message_once_of_runners_that_are_replaced() {
    nothing_is_lost_or_doubled_when_the_runner_is_replaced(&Aiosmtpd::start());
}

#[test]
#[ignore = "needs python3-aiosmtpd"]
fn a_message_that_aiosmtpd_refuses_is_kept_with_the_reason_and_stops_no_other() {
    let server = Aiosmtpd::that_refuses("customer42@");
    let place = place(server.port());
    drop_messages(&place);
    let runner = place.start(&MAIN_JOB);
    assert!(
        at_last(|| server.orders().len() == COUNT - 1 && server.mails().len() == 1),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
    assert_once_each(&server);
    let failed = place.outbox("failed");
    let reason = failed
        .iter()
        .find(|name| name.ends_with(".reason"))
        .unwrap();
    let kept = reason.replace(".reason", ".eml");
    assert!(failed.contains(&kept), "{failed:?}");
    let kept = place.read(&format!("run/outbox/failed/{kept}"));
    assert!(kept.contains("<order-42@example.org>"), "{kept}");
    let reason = place.read(&format!("run/outbox/failed/{reason}"));
    for told in [reason, server.mails().remove(0)] {
        let told = words(&told);
        assert!(told.contains("550 5.1.1 nobody of this name"), "{told}");
    }
}
