//! Who is mailed about which task: `to` and `cc` of a task, through a server.

use nix::sys::signal::Signal;

use crate::smtp::{Received, Script, Server};
use crate::support::ports::ClosedPort;
use crate::support::{Place, eventually, stdout};

const OPS: &str = "ops@example.org";
const SHOP: &str = "shop@example.org";
const BOSS: &str = "boss@example.org";

/// Returns `[mail]` that sends by a server on this port.
fn mail(port: u16, more: &str) -> String {
    format!(
        "[mail]\nto = [\"{OPS}\"]\nfrom = \"runner@example.org\"\nserver = \"127.0.0.1\"\n\
         port = {port}\ntls = \"none\"\n{more}\n[defaults]\nfail_cooldown = \"50ms\"\n"
    )
}

/// Three tasks that fail for the same cause: one of the shop's, one with a further recipient, one like any other.
fn tasks() -> String {
    format!(
        "[tasks.shop]\nshell = \"echo no disk; exit 1\"\nto = [\"The shop <{SHOP}>\"]\n\
         [tasks.backup]\nshell = \"echo no disk; exit 1\"\ncc = [\"{BOSS}\"]\n\
         [tasks.plain]\nshell = \"echo no disk; exit 1\"\n"
    )
}

const NAMES: [&str; 3] = ["tasks::shop", "tasks::backup", "tasks::plain"];

/// Returns the recipients of the mails whose subject holds a text, in order.
fn recipients(server: &Server, text: &str) -> Vec<String> {
    let received = server.received().into_iter();
    let about = received.filter(|received| received.header("Subject").unwrap().contains(text));
    let mut to: Vec<String> = about.flat_map(|received| received.to).collect();
    to.sort();
    to
}

/// Returns why a mail came, on one line.
fn why(received: &Received) -> String {
    let message = crate::support::unfolded(&received.message.replace("=\r\n", ""));
    let words: Vec<&str> = message.split_whitespace().collect();
    let text = words.join(" ");
    let (_, why) = text.split_once("Why this mail").unwrap();
    why.trim().to_owned()
}

#[test]
fn each_task_mails_its_own_recipients_and_says_why() {
    let server = Server::start(Script::default());
    let place = Place::with(&(mail(server.address.port(), "") + &tasks()));
    let runner = place.start(&NAMES);
    server.wait_for(4);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(recipients(&server, "[tasks::shop]"), [SHOP]);
    assert_eq!(recipients(&server, "[tasks::backup]"), [BOSS, OPS]);
    assert_eq!(recipients(&server, "[tasks::plain]"), [OPS]);
    let reasons: Vec<String> = server.received().iter().map(why).collect();
    let of_shop = format!("mailed, to The shop <{SHOP}> (`to` of tasks::shop);");
    let of_boss = format!("mailed, to {OPS} (`to` of [mail]) and {BOSS} (`cc` of tasks::backup);");
    for expected in [&*of_shop, &*of_boss, "mailed, to those in [mail] to;"] {
        let says = |why: &String| why.contains(expected);
        assert!(reasons.iter().any(says), "{expected}: {reasons:#?}");
    }
}

#[test]
fn what_waits_in_the_outbox_goes_to_its_recipients_after_a_restart_with_others() {
    let closed = ClosedPort::take();
    let port = closed.number();
    let place = Place::with(&(mail(port, "") + &tasks()));
    let mut runner = place.start(&NAMES[..1]);
    runner.wait_for("Sent email to admins: First exception caught");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let server = Server::on(closed.open(), |_| Script::default());
    let moved = tasks().replace(SHOP, "new-shop@example.org");
    place.configure(&(mail(port, "") + &moved));
    let runner = place.start(&NAMES[..1]);
    assert!(eventually(
        || !recipients(&server, "[tasks::shop]").is_empty()
    ));
    assert_eq!(runner.stop(), Some(0));
    assert!(recipients(&server, "[tasks::shop]").contains(&SHOP.to_owned()));
}

#[test]
fn a_digest_and_a_summary_reach_everybody_with_what_concerns_them() {
    let server = Server::start(Script::default());
    // One mail an hour: the second failure is held back, and a mute that ends brings the digest.
    let place = Place::with(&(mail(server.address.port(), "") + &tasks()));
    place.run(&["mute", "shop_backup_plain", "1h"]);
    let runner = place.start(&NAMES);
    runner.wait_for_count("Execution failed", 6);
    place.run(&["unmute", "shop_backup_plain"]);
    assert!(
        eventually(|| server.received().len() >= 3),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
    let to: Vec<String> = server
        .received()
        .into_iter()
        .flat_map(|mail| mail.to)
        .collect();
    for address in [OPS, SHOP, BOSS] {
        assert!(to.contains(&address.to_owned()), "{to:?}");
    }
    for mail in server.received() {
        let is_of_the_shop = mail.to == [SHOP];
        assert_eq!(
            mail.message.contains("tasks::shop"),
            is_of_the_shop,
            "{}",
            mail.message
        );
    }
}

#[test]
fn check_simulate_and_mail_test_name_the_recipients() {
    let server = Server::start(Script::default());
    let place = Place::with(&(mail(server.address.port(), "") + &tasks()));
    let check = stdout(&place.run(&["check", "tasks::shop", "tasks::backup"]));
    assert!(
        check.contains(&format!("mails     to The shop <{SHOP}>\n")),
        "{check}"
    );
    let cc = format!("mails     to the recipients in mail.to, cc {BOSS}\n");
    assert!(check.contains(&cc), "{check}");
    let simulated = stdout(&place.run(&["simulate", "tasks::shop", "--fail-for", "1h"]));
    assert!(simulated.contains("(`to` of tasks::shop)"), "{simulated}");
    let test = stdout(&place.run(&["mail", "test"]));
    assert!(
        test.contains(&format!(
            "Mails about tasks::shop go to The shop <{SHOP}>\n"
        )),
        "{test}"
    );
    assert_eq!(server.received().len(), 1);
}
