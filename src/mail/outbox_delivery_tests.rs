use std::time::Duration;

use super::super::outbox::Outbox;
use super::super::outbox::{KeptWhere, NotSent, report};
use super::super::test_mails::{Scripted, at, mail, no_way, refused};
use super::*;

pub(super) struct Desk {
    pub(super) dir: tempfile::TempDir,
    pub(super) outbox: Outbox,
    pub(super) seconds: u64,
}

impl Desk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path());
        Desk {
            dir,
            outbox,
            seconds: 0,
        }
    }

    fn put(&self, id: &str, sort: &str) {
        self.put_to(id, sort, &["ops@example.org"]);
    }

    fn put_to(&self, id: &str, sort: &str, to: &[&str]) {
        let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
        let mail = mail(id, sort, "tasks::a", 1);
        let kept = self.outbox.put(&mail, &to, at(self.seconds));
        assert_eq!(kept, KeptWhere::OnDisk);
    }

    pub(super) fn pass(&self, transport: &mut Scripted) -> DeliverySummary {
        let holding = MergeHolding::UntilMinuteIsOver;
        deliver_due(
            &self.outbox,
            transport,
            "runner@example.org",
            holding,
            &|| at(self.seconds),
        )
    }

    fn failed(&self) -> Vec<String> {
        let found = std::fs::read_dir(self.dir.path().join("outbox/failed"));
        let found = found.into_iter().flatten().flatten();
        let mut names: Vec<String> = found
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_accepted_is_gone() {
    let desk = Desk::new();
    desk.put("1", "first");
    desk.put("2", "new");
    let mut transport = Scripted::default();
    let summary = desk.pass(&mut transport);
    assert_eq!((summary.accepted, summary.next), (2, None));
    assert!(desk.outbox.waiting().is_empty());
    assert!(
        transport.accepted[0]
            .1
            .contains("Message-ID: <1@example.org>")
    );
}

#[test]
fn without_a_way_one_is_tried_and_all_are_kept() {
    let mut desk = Desk::new();
    for id in ["1", "2", "3"] {
        desk.put(id, "new");
    }
    let mut transport = Scripted::new([no_way(ErrorClass::Path), no_way(ErrorClass::Path)]);
    let summary = desk.pass(&mut transport);
    assert_eq!((transport.asked, desk.outbox.waiting().len()), (1, 3));
    let pause = summary.next.unwrap().duration_since(at(0)).unwrap();
    assert!(pause >= Duration::from_secs(24) && pause <= Duration::from_secs(36));
    // A mail that comes meanwhile does not make it try sooner.
    desk.put("4", "new");
    desk.pass(&mut transport);
    assert_eq!(transport.asked, 1);
    desk.seconds = 40;
    desk.pass(&mut transport);
    assert_eq!(transport.asked, 2);
    let told = report(desk.dir.path());
    assert_eq!((told.waiting, told.broken.unwrap().attempts), (4, 2));
    desk.seconds = 4000;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 4);
    assert_eq!(report(desk.dir.path()).broken, None);
}

#[test]
fn the_first_mail_that_gets_through_says_that_it_is_late_and_why() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let mut transport = Scripted::new([no_way(ErrorClass::Setup)]);
    desk.pass(&mut transport);
    desk.seconds = 2 * 3600;
    desk.pass(&mut transport);
    let text = &transport.accepted[0].1;
    assert!(
        text.contains("This mail is 2h late: the server is down."),
        "{text}"
    );
    let body = text.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(body, "first 1 of tasks::a.");
}

#[test]
fn what_needs_a_person_is_tried_every_half_hour() {
    let desk = Desk::new();
    desk.put("1", "first");
    let mut transport = Scripted::new([refused(ErrorClass::Sender)]);
    let summary = desk.pass(&mut transport);
    assert_eq!(summary.next, Some(at(1800)));
}

#[test]
fn a_recipient_that_is_put_off_stops_no_other() {
    let mut desk = Desk::new();
    desk.put_to("1", "first", &["a@example.org", "b@example.org"]);
    let mut transport = Scripted::new([refused(ErrorClass::Temporary)]);
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 1);
    assert_eq!(transport.accepted[0].0, "b@example.org");
    desk.seconds = 60;
    desk.pass(&mut transport);
    let to: Vec<&str> = transport
        .accepted
        .iter()
        .map(|(to, _)| to.as_str())
        .collect();
    assert_eq!(to, ["b@example.org", "a@example.org"]);
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn a_refused_recipient_goes_to_failed_and_the_others_are_told() {
    let desk = Desk::new();
    desk.put_to("1", "first", &["bad@example.org", "b@example.org"]);
    let mut transport = Scripted::new([refused(ErrorClass::Recipient)]);
    desk.pass(&mut transport);
    assert!(desk.outbox.waiting().is_empty());
    let failed = desk.failed();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[1].ends_with(".reason"));
    let (to, text) = &transport.accepted[0];
    assert_eq!(to, "b@example.org");
    assert!(
        text.contains("A mail to bad@example.org could not be delivered"),
        "{text}"
    );
}

#[test]
fn a_refused_content_is_tried_once_more_in_short() {
    let desk = Desk::new();
    desk.put("1", "first");
    desk.put("2", "new");
    let mut transport = Scripted::new([
        refused(ErrorClass::Content),
        Ok(DeliveryResult::Accepted("250".to_owned())),
        refused(ErrorClass::Content),
        refused(ErrorClass::Content),
    ]);
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 1);
    assert!(transport.accepted[0].1.ends_with("Short.\r\n"));
    assert_eq!(transport.asked, 4);
    assert_eq!(desk.failed().len(), 2);
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn what_may_have_arrived_is_sent_again_with_the_same_message_id_after_five_minutes() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let mut transport = Scripted::new([refused(ErrorClass::Unanswered)]);
    let summary = desk.pass(&mut transport);
    assert!(summary.next.unwrap() >= at(300));
    desk.seconds = 400;
    desk.pass(&mut transport);
    assert!(
        transport.accepted[0]
            .1
            .contains("Message-ID: <1@example.org>")
    );
}

#[test]
fn what_was_tried_for_five_days_is_given_up_and_counted() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let down = || (0..1000).map(|_| no_way(ErrorClass::Path));
    let mut transport = Scripted::new(down());
    let mut passes = 0;
    while !desk.outbox.waiting().is_empty() {
        desk.pass(&mut transport);
        desk.seconds += 2200;
        passes += 1;
        assert!(passes < 1000);
    }
    assert!(desk.seconds > 5 * 86_400 && desk.seconds < 6 * 86_400);
    assert_eq!(desk.failed().len(), 2);
    assert_eq!(report(desk.dir.path()).dropped, 1);
    desk.put("2", "first");
    transport.answers.clear();
    desk.pass(&mut transport);
    let text = &transport.accepted[0].1;
    assert!(
        text.contains("lost while mail was down: 1 expired"),
        "{text}"
    );
    assert_eq!(report(desk.dir.path()).dropped, 0);
}

#[test]
fn after_48_hours_without_a_server_ten_tasks_have_one_reminder_each() {
    let mut desk = Desk::new();
    let mut transport = Scripted::new((0..10_000).map(|_| no_way(ErrorClass::Path)));
    for hour in 0..48 {
        desk.seconds = hour * 3600;
        for task in 0..10 {
            let task = format!("tasks::t{task}");
            let sorts: &[&str] = match hour {
                0 => &["first"],
                1 => &["new"],
                6 => &["downtime"],
                hour if hour % 6 == 0 => &["again"],
                _ => &[],
            };
            for sort in sorts {
                let mail = mail(&format!("{task}-{hour}-{sort}"), sort, &task, 1);
                let to = ["ops@example.org".to_owned()];
                desk.outbox.put(&mail, &to, at(desk.seconds));
            }
        }
        desk.pass(&mut transport);
    }
    desk.seconds = 49 * 3600;
    transport.answers.clear();
    desk.pass(&mut transport);
    // Three reminders leave alone, seven as one a minute later.
    assert_eq!(transport.accepted.len(), 23);
    desk.seconds += 60;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 24);
    let mut newest = transport
        .accepted
        .iter()
        .filter(|(_, text)| text.contains("tasks::t3-42-again"));
    let text = &newest.next_back().unwrap().1;
    assert!(
        text.contains("It replaces 6 earlier reminders that could not leave"),
        "{text}"
    );
}

#[test]
fn a_recipient_refused_for_a_setting_is_kept_and_tried_each_half_hour_and_stops_no_other() {
    let mut desk = Desk::new();
    desk.put_to("1", "first", &["a@example.org", "b@example.org"]);
    let mut transport = Scripted::new([refused(ErrorClass::Relay)]);
    let summary = desk.pass(&mut transport);
    assert_eq!(transport.accepted[0].0, "b@example.org");
    assert_eq!(summary.next, Some(at(1800)));
    assert!(desk.failed().is_empty());
    desk.seconds = 1800;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted[1].0, "a@example.org");
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn a_mail_counts_as_sent_only_when_a_recipient_accepted_it() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let find = |desk: &Desk, seconds| {
        let undelivered = report(desk.dir.path()).undelivered;
        undelivered.find("chain", at(seconds))
    };
    let mut transport = Scripted::new([refused(ErrorClass::Relay)]);
    desk.pass(&mut transport);
    assert_eq!(find(&desk, 0), Some(NotSent::Waits));
    desk.seconds = 1800;
    desk.pass(&mut transport);
    assert_eq!(find(&desk, 0), None);
    desk.put("2", "new");
    let mut transport = Scripted::new([refused(ErrorClass::Recipient)]);
    desk.pass(&mut transport);
    assert_eq!(find(&desk, 1800), Some(NotSent::Failed));
}

/// Takes each mail, and has another thread lose one meanwhile.
#[derive(Debug)]
struct LosesOneMeanwhile<'a>(&'a Outbox, Scripted);

impl MailTransport for LosesOneMeanwhile<'_> {
    fn carry(&mut self, outgoing: &OutgoingMessage) -> Result<Vec<DeliveryResult>, DeliveryError> {
        self.0
            .change_notes(|notes| notes.count_dropped("damaged", at(1)));
        self.1.carry(outgoing)
    }
}

#[test]
fn what_is_lost_while_a_mail_leaves_is_in_the_next_one() {
    let desk = Desk::new();
    let lost = || desk.outbox.notes().dropped_in_all();
    for id in ["1", "2"] {
        desk.put(id, "first");
        let mut transport = LosesOneMeanwhile(&desk.outbox, Scripted::default());
        let holding = MergeHolding::UntilMinuteIsOver;
        let now = || at(desk.seconds);
        deliver_due(
            &desk.outbox,
            &mut transport,
            "runner@example.org",
            holding,
            &now,
        );
        let (_, text) = &transport.1.accepted[0];
        assert_eq!(text.contains("1 damaged"), id == "2", "{text}");
        assert_eq!(lost(), 1);
    }
}
