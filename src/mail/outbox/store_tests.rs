use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::entry::RecipientState;
use super::super::report::report;
use super::super::room::MOST_FILES;
use super::*;
use crate::mail::test_mails::{at, mail};

fn to() -> Vec<String> {
    vec!["ops@example.org".to_owned()]
}

fn put(outbox: &Outbox, mail: &AdminMail, seconds: u64) -> KeptWhere {
    outbox.put(mail, &to(), at(seconds))
}

fn subjects(outbox: &Outbox) -> Vec<String> {
    let entries = outbox.waiting();
    entries
        .into_iter()
        .map(|entry| entry.mail.subject)
        .collect()
}

#[test]
fn a_mail_survives_the_process_that_wrote_it_in_a_private_directory() {
    let dir = tempfile::tempdir().unwrap();
    let mail = mail("1", "first", "tasks::a", 1);
    assert_eq!(put(&Outbox::open(dir.path()), &mail, 0), KeptWhere::OnDisk);
    let other = Outbox::open(dir.path());
    assert_eq!(other.waiting()[0].mail, mail);
    let mode = |path: &str| {
        let meta = fs::metadata(dir.path().join(path)).unwrap();
        meta.permissions().mode() & 0o777
    };
    assert_eq!(mode("outbox/alerts"), 0o700);
    let name = other.waiting()[0].file_name();
    assert_eq!(mode(&format!("outbox/alerts/{name}")), 0o600);
}

#[test]
fn the_same_mail_handed_in_twice_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    let mail = mail("1", "first", "tasks::a", 1);
    put(&outbox, &mail, 0);
    put(&outbox, &mail, 9);
    assert_eq!(outbox.waiting().len(), 1);
}

#[test]
fn an_outage_keeps_its_first_its_news_and_one_reminder() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    let sorts = ["first", "new", "new", "downtime", "again", "again"];
    for (seconds, sort) in (0u64..).zip(sorts) {
        let mail = mail(&seconds.to_string(), sort, "tasks::a", 1);
        put(&outbox, &mail, seconds);
    }
    put(&outbox, &mail("x", "again", "tasks::b", 1), 8);
    put(&outbox, &mail("y", "again", "tasks::a", 2), 9);
    let subjects = subjects(&outbox);
    assert_eq!(subjects.len(), 6, "{subjects:?}");
    assert!(subjects[3].ends_with("again 5"));
    let entry = &outbox.waiting()[3];
    assert_eq!((entry.replaced, entry.replaced_since), (2, Some(at(3))));
}

#[test]
fn a_full_outbox_drops_what_matters_least_and_counts_it() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    for outage in 0..100 {
        let sort = if outage < 3 { "first" } else { "again" };
        let mail = mail(&outage.to_string(), sort, "tasks::a", outage);
        put(&outbox, &mail, outage);
    }
    let subjects = subjects(&outbox);
    assert_eq!(subjects.len(), MOST_FILES);
    assert!(subjects[2].ends_with("first 2"));
    assert!(subjects.last().unwrap().ends_with("again 99"));
    assert_eq!(report(dir.path()).dropped, 36);
}

#[test]
fn a_full_outbox_is_bounded_in_bytes_too() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    for outage in 0..20 {
        let mut mail = mail(&outage.to_string(), "new", "tasks::a", outage);
        mail.body = "x".repeat(512 << 10);
        put(&outbox, &mail, outage);
    }
    assert_eq!(outbox.waiting().len(), 7);
}

#[test]
fn a_damaged_file_is_set_aside_and_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    put(&outbox, &mail("1", "first", "tasks::a", 1), 0);
    let alerts = dir.path().join("outbox/alerts");
    let whole = fs::read(alerts.join(outbox.waiting()[0].file_name())).unwrap();
    for cut in 0..whole.len() {
        let name = format!("{cut}.json");
        fs::write(alerts.join(&name), &whole[..cut]).unwrap();
        assert_eq!(outbox.waiting().len(), 1, "cut at {cut}");
        assert!(!alerts.join(&name).exists());
    }
    let last = format!("outbox/failed/alert-{}.reason", whole.len() - 1);
    assert!(dir.path().join(last).exists());
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let path = alerts.join("flipped.json");
        fs::write(&path, &bytes).unwrap();
        // It is a mail still, or it is gone: nothing else comes of it.
        let count = outbox.waiting().len();
        assert_eq!(count, 1 + usize::from(path.exists()), "flipped at {at}");
        let _ = fs::remove_file(path);
    }
    fs::write(alerts.join(".half.json.1.tmp"), b"{").unwrap();
    assert_eq!(outbox.waiting().len(), 1);
}

#[test]
fn damaged_notes_are_forgotten_and_that_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    let mut notes = PathState::default();
    notes.count_dropped("first", SystemTime::UNIX_EPOCH);
    notes.remember_refusal("nobody of this name".to_owned());
    outbox.keep_notes(&notes);
    let path = dir.path().join("outbox/path.json");
    let whole = fs::read(&path).unwrap();
    let flipped = (0..whole.len() * 8).map(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let cut = (0..whole.len()).map(|end| whole[..end].to_vec());
    for bytes in cut.chain(flipped) {
        fs::write(&path, &bytes).unwrap();
        let is_damaged = serde_json::from_slice::<PathState>(&bytes).is_err();
        for _ in 0..2 {
            let told = outbox.notes().refusals;
            let told = told.iter().filter(|line| line.contains("damaged"));
            assert_eq!(told.count(), usize::from(is_damaged));
        }
        assert!(serde_json::from_slice::<PathState>(&fs::read(&path).unwrap()).is_ok());
    }
}

#[test]
fn a_version_that_is_not_ours_is_not_guessed_at() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    put(&outbox, &mail("1", "first", "tasks::a", 1), 0);
    let mut entry = outbox.waiting().remove(0);
    entry.version = 2;
    fs::write(
        dir.path().join("outbox/alerts").join(entry.file_name()),
        serde_json::to_vec(&entry).unwrap(),
    )
    .unwrap();
    assert!(outbox.waiting().is_empty());
}

#[test]
fn the_form_of_the_first_release_is_read() {
    let old = include_str!("../../../tests/fixtures/outbox-v1.json");
    let entry: QueuedMail = serde_json::from_str(old).unwrap();
    assert_eq!(entry.mail, mail("1", "first", "tasks::a", 1));
    assert_eq!(entry.recipients[1].state, RecipientState::Accepted);
}

#[test]
fn a_disk_that_refuses_leaves_the_mail_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the directory should be refuses also root.
    fs::write(dir.path().join("outbox"), b"").unwrap();
    let outbox = Outbox::open(dir.path());
    let kept = put(&outbox, &mail("1", "first", "tasks::a", 1), 0);
    assert!(matches!(kept, KeptWhere::InMemory(_)));
    let entry = outbox.waiting().remove(0);
    outbox.update(&entry);
    assert_eq!(outbox.waiting().len(), 1);
    outbox.remove(&entry);
    assert!(outbox.waiting().is_empty());
}

#[test]
fn a_mail_that_was_replaced_while_it_was_tried_stays_gone() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path());
    put(&outbox, &mail("1", "downtime", "tasks::a", 1), 0);
    let tried = outbox.waiting().remove(0);
    put(&outbox, &mail("2", "again", "tasks::a", 1), 1);
    outbox.update(&tried);
    assert_eq!(subjects(&outbox).len(), 1);
}

#[test]
fn looking_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(report(dir.path()).waiting, 0);
    assert!(Outbox::open(dir.path()).waiting().is_empty());
    assert!(!dir.path().join("outbox").exists());
}
