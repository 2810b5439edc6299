use std::time::Duration;

use super::super::outbox::{Kept, report};
use super::super::test_letters::{Scripted, at, letter, no_way, refused};
use super::*;

struct Desk {
    dir: tempfile::TempDir,
    outbox: Outbox,
    seconds: u64,
}

impl Desk {
    fn new() -> Self {
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
        let letter = letter(id, sort, "tasks::a", 1);
        let kept = self.outbox.put(&letter, &to, at(self.seconds));
        assert_eq!(kept, Kept::OnDisk);
    }

    fn pass(&self, carrier: &mut Scripted) -> Summary {
        deliver_due(&self.outbox, carrier, "runner@example.org", &|| {
            at(self.seconds)
        })
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
    let mut carrier = Scripted::default();
    let summary = desk.pass(&mut carrier);
    assert_eq!((summary.accepted, summary.next), (2, None));
    assert!(desk.outbox.waiting().is_empty());
    assert!(
        carrier.accepted[0]
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
    let mut carrier = Scripted::new([no_way(Class::Path), no_way(Class::Path)]);
    let summary = desk.pass(&mut carrier);
    assert_eq!((carrier.asked, desk.outbox.waiting().len()), (1, 3));
    let pause = summary.next.unwrap().duration_since(at(0)).unwrap();
    assert!(pause >= Duration::from_secs(24) && pause <= Duration::from_secs(36));
    // A letter that comes meanwhile does not make it try sooner.
    desk.put("4", "new");
    desk.pass(&mut carrier);
    assert_eq!(carrier.asked, 1);
    desk.seconds = 40;
    desk.pass(&mut carrier);
    assert_eq!(carrier.asked, 2);
    let told = report(desk.dir.path());
    assert_eq!((told.waiting, told.broken.unwrap().attempts), (4, 2));
    desk.seconds = 4000;
    desk.pass(&mut carrier);
    assert_eq!(carrier.accepted.len(), 4);
    assert_eq!(report(desk.dir.path()).broken, None);
}

#[test]
fn the_first_mail_that_gets_through_says_that_it_is_late_and_why() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let mut carrier = Scripted::new([no_way(Class::Setup)]);
    desk.pass(&mut carrier);
    desk.seconds = 2 * 3600;
    desk.pass(&mut carrier);
    let text = &carrier.accepted[0].1;
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
    let mut carrier = Scripted::new([refused(Class::Sender)]);
    let summary = desk.pass(&mut carrier);
    assert_eq!(summary.next, Some(at(1800)));
}

#[test]
fn a_recipient_that_is_put_off_stops_no_other() {
    let mut desk = Desk::new();
    desk.put_to("1", "first", &["a@example.org", "b@example.org"]);
    let mut carrier = Scripted::new([refused(Class::Temporary)]);
    desk.pass(&mut carrier);
    assert_eq!(carrier.accepted.len(), 1);
    assert_eq!(carrier.accepted[0].0, "b@example.org");
    desk.seconds = 60;
    desk.pass(&mut carrier);
    let to: Vec<&str> = carrier.accepted.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["b@example.org", "a@example.org"]);
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn a_refused_recipient_goes_to_failed_and_the_others_are_told() {
    let desk = Desk::new();
    desk.put_to("1", "first", &["bad@example.org", "b@example.org"]);
    let mut carrier = Scripted::new([refused(Class::Recipient)]);
    desk.pass(&mut carrier);
    assert!(desk.outbox.waiting().is_empty());
    let failed = desk.failed();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[1].ends_with(".reason"));
    let (to, text) = &carrier.accepted[0];
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
    let mut carrier = Scripted::new([
        refused(Class::Content),
        Ok(Fate::Accepted("250".to_owned())),
        refused(Class::Content),
        refused(Class::Content),
    ]);
    desk.pass(&mut carrier);
    assert_eq!(carrier.accepted.len(), 1);
    assert!(carrier.accepted[0].1.ends_with("Short.\r\n"));
    assert_eq!(carrier.asked, 4);
    assert_eq!(desk.failed().len(), 2);
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn what_may_have_arrived_is_sent_again_with_the_same_message_id_after_five_minutes() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let mut carrier = Scripted::new([refused(Class::Unanswered)]);
    let summary = desk.pass(&mut carrier);
    assert!(summary.next.unwrap() >= at(300));
    desk.seconds = 400;
    desk.pass(&mut carrier);
    assert!(
        carrier.accepted[0]
            .1
            .contains("Message-ID: <1@example.org>")
    );
}

#[test]
fn what_was_tried_for_five_days_is_given_up_and_counted() {
    let mut desk = Desk::new();
    desk.put("1", "first");
    let down = || (0..1000).map(|_| no_way(Class::Path));
    let mut carrier = Scripted::new(down());
    let mut passes = 0;
    while !desk.outbox.waiting().is_empty() {
        desk.pass(&mut carrier);
        desk.seconds += 2200;
        passes += 1;
        assert!(passes < 1000);
    }
    assert!(desk.seconds > 5 * 86_400 && desk.seconds < 6 * 86_400);
    assert_eq!(desk.failed().len(), 2);
    assert_eq!(report(desk.dir.path()).dropped, 1);
    desk.put("2", "first");
    carrier.answers.clear();
    desk.pass(&mut carrier);
    let text = &carrier.accepted[0].1;
    assert!(
        text.contains("lost while mail was down: 1 expired"),
        "{text}"
    );
    assert_eq!(report(desk.dir.path()).dropped, 0);
}

#[test]
fn after_48_hours_without_a_server_ten_tasks_have_one_reminder_each() {
    let mut desk = Desk::new();
    let mut carrier = Scripted::new((0..10_000).map(|_| no_way(Class::Path)));
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
                let letter = letter(&format!("{task}-{hour}-{sort}"), sort, &task, 1);
                let to = ["ops@example.org".to_owned()];
                desk.outbox.put(&letter, &to, at(desk.seconds));
            }
        }
        desk.pass(&mut carrier);
    }
    desk.seconds = 49 * 3600;
    carrier.answers.clear();
    desk.pass(&mut carrier);
    assert_eq!(carrier.accepted.len(), 30);
    let mut newest = carrier
        .accepted
        .iter()
        .filter(|(_, text)| text.contains("tasks::t3-42-again"));
    let text = &newest.next_back().unwrap().1;
    assert!(
        text.contains("It replaces 6 earlier reminders that could not leave"),
        "{text}"
    );
}
