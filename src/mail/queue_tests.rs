use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::delivery_error::ErrorClass;
use super::super::test_mails::{Scripted, no_way, refused};
use super::*;
use crate::unix::clock;

const PLAIN: &str =
    "From: shop@example.org\nTo: a@example.org\nBcc: b@example.org\nSubject: x\n\nhello\n";

struct Office {
    dir: tempfile::TempDir,
    queue: Queue,
    /// Added to the clock, so that what was just dropped is settled.
    ahead: Duration,
}

impl Office {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::of(dir.path());
        queue.prepare().unwrap();
        Office {
            dir,
            queue,
            ahead: Duration::from_secs(2),
        }
    }

    fn drop_plain(&self, name: &str) {
        fs::write(self.path(&format!("queue/{name}.eml")), PLAIN).unwrap();
    }

    /// As lettre's file transport does.
    fn drop_pair(&self, name: &str, envelope: &str) {
        self.drop_plain(name);
        fs::write(self.path(&format!("queue/{name}.json")), envelope).unwrap();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join("outbox").join(below)
    }

    fn now(&self) -> SystemTime {
        clock::wall() + self.ahead
    }

    fn deliver(&self, transport: &mut Scripted) -> MessageOutcome {
        deliver(&self.queue, transport, &|| self.now(), &mut || {}).unwrap()
    }

    fn names(&self, place: &str) -> Vec<String> {
        let found = fs::read_dir(self.path(place)).unwrap();
        let mut names: Vec<String> = found
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

const ENVELOPE: &str =
    r#"{"forward_path":["x@example.org",{"user":"y","domain":"example.org"}],"reverse_path":null}"#;

#[test]
fn what_belonged_to_a_message_that_is_gone_goes_in_time() {
    let mut office = Office::new();
    fs::write(office.path("queue/gone.json"), ENVELOPE).unwrap();
    office.deliver(&mut Scripted::default());
    assert_eq!(office.names("queue"), ["gone.json"]);
    office.ahead = Duration::from_secs(2 * 3600);
    office.drop_plain("there");
    fs::write(office.path("queue/there.state"), "{}").unwrap();
    office.queue.sweep(QueuePlace::Queue, office.now());
    assert_eq!(office.names("queue"), ["there.eml", "there.state"]);
}

#[test]
fn each_message_leaves_once_and_is_gone() {
    let office = Office::new();
    for number in 0..100 {
        office.drop_plain(&format!("plain-{number}"));
        office.drop_pair(&format!("pair.{number}"), ENVELOPE);
    }
    let mut transport = Scripted::default();
    let outcome = office.deliver(&mut transport);
    assert_eq!(outcome.delivered, 200);
    assert_eq!(transport.accepted.len(), 400);
    assert!(office.names("queue").is_empty());
    assert_eq!(office.deliver(&mut transport), MessageOutcome::default());
}

#[test]
fn the_envelope_decides_over_the_headers() {
    let office = Office::new();
    office.drop_pair("m", ENVELOPE);
    office.drop_plain("n");
    let mut transport = Scripted::default();
    office.deliver(&mut transport);
    let mut to: Vec<&str> = transport
        .accepted
        .iter()
        .map(|(to, _)| to.as_str())
        .collect();
    to.sort_unstable();
    assert_eq!(
        to,
        [
            "a@example.org",
            "b@example.org",
            "x@example.org",
            "y@example.org"
        ]
    );
    assert!(
        transport
            .accepted
            .iter()
            .all(|(_, text)| !text.contains("Bcc"))
    );
}

#[test]
fn without_a_way_all_are_put_off_at_once() {
    let office = Office::new();
    for number in 0..200 {
        office.drop_plain(&number.to_string());
    }
    let mut transport = Scripted::new([no_way(ErrorClass::Path)]);
    let outcome = office.deliver(&mut transport);
    assert_eq!((transport.asked, outcome.deferred), (1, 200));
    assert_eq!(office.names("deferred").len(), 400);
    assert!(office.names("queue").is_empty());
    assert_eq!(outcome.reasons.values().sum::<usize>(), 200);
}

#[test]
fn what_was_put_off_comes_back_when_it_is_due_and_rests_longer_each_time() {
    let mut office = Office::new();
    office.drop_pair("m", ENVELOPE);
    let mut transport = Scripted::new((0..3).map(|_| no_way(ErrorClass::Path)));
    for pause in [60, 120, 240] {
        assert_eq!(office.deliver(&mut transport).deferred, 1);
        office.ahead += Duration::from_secs(pause - 20);
        assert_eq!(bring_back(&office.queue, office.now()).unwrap().waiting, 1);
        office.ahead += Duration::from_secs(30);
        assert_eq!(bring_back(&office.queue, office.now()).unwrap().returned, 1);
        assert!(office.names("deferred").is_empty());
    }
    let outcome = office.deliver(&mut transport);
    assert_eq!((outcome.delivered, transport.accepted.len()), (1, 2));
    assert!(office.names("queue").is_empty());
}

#[test]
fn a_message_keeps_its_message_id_on_its_way() {
    let mut office = Office::new();
    office.drop_plain("m");
    let look = |office: &Office| match office.queue.look(OsStr::new("m"), office.now()) {
        QueueLook::Whole(message) => message.bytes,
        _ => panic!("not whole"),
    };
    let before = look(&office);
    assert!(before.starts_with(b"Message-ID: <"));
    office.deliver(&mut Scripted::new([no_way(ErrorClass::Path)]));
    office.ahead += Duration::from_secs(600);
    bring_back(&office.queue, office.now()).unwrap();
    assert_eq!(look(&office), before);
}

#[test]
fn a_refused_message_is_kept_with_its_reason_and_stops_no_other() {
    let office = Office::new();
    for name in ["1", "2", "3"] {
        office.drop_plain(name);
    }
    let mut transport = Scripted::new([refused(ErrorClass::Recipient)]);
    let outcome = office.deliver(&mut transport);
    assert_eq!((outcome.failed, outcome.delivered), (1, 2));
    assert_eq!(office.names("failed"), ["1.eml", "1.json", "1.reason"]);
    let reason = fs::read_to_string(office.path("failed/1.reason")).unwrap();
    assert_eq!(
        reason,
        "a@example.org: 550 because of it\nb@example.org: 550 because of it\n"
    );
}

/// Accepts, puts off and refuses by recipient.
struct ByRecipient;

impl super::super::transport::MailTransport for ByRecipient {
    fn carry(
        &mut self,
        outgoing: &super::super::transport::OutgoingMessage,
    ) -> Result<Vec<crate::mail::wire::DeliveryResult>, super::super::delivery_error::DeliveryError>
    {
        use super::super::delivery_error::DeliveryError;
        use crate::mail::wire::DeliveryResult;
        let fate = |to: &String| match to.split('@').next().unwrap() {
            "later" => {
                DeliveryResult::Refused(DeliveryError::new(ErrorClass::Temporary, "450 later"))
            }
            "never" => {
                DeliveryResult::Refused(DeliveryError::new(ErrorClass::Recipient, "550 never"))
            }
            _ => DeliveryResult::Accepted("250".to_owned()),
        };
        Ok(outgoing.to.iter().map(fate).collect())
    }
}

#[test]
fn each_recipient_has_a_fate_of_its_own() {
    let office = Office::new();
    let envelope =
        r#"{"forward_path":["now@x.org","later@x.org","never@x.org"],"reverse_path":"me@x.org"}"#;
    office.drop_pair("m", envelope);
    let outcome = deliver(
        &office.queue,
        &mut ByRecipient,
        &|| office.now(),
        &mut || {},
    )
    .unwrap();
    assert_eq!((outcome.deferred, outcome.failed), (1, 1));
    let read = |path: &str| fs::read_to_string(office.path(path)).unwrap();
    assert_eq!(
        read("deferred/m.json"),
        r#"{"forward_path":["later@x.org"],"reverse_path":"me@x.org"}"#
    );
    assert_eq!(
        read("failed/m.json"),
        r#"{"forward_path":["never@x.org"],"reverse_path":"me@x.org"}"#
    );
    assert_eq!(read("failed/m.eml"), PLAIN);
    assert_eq!(read("deferred/m.eml"), PLAIN);
    assert!(office.names("queue").is_empty());
}

#[test]
fn what_is_still_written_is_left_alone() {
    let mut office = Office::new();
    let half = fs::File::create(office.path("queue/open.eml")).unwrap();
    office.drop_pair("half", r#"{"forward_path":["x@exam"#);
    office.drop_plain(".hidden");
    fs::write(office.path("queue/x.eml.tmp"), PLAIN).unwrap();
    fs::write(office.path("queue/notes.txt"), PLAIN).unwrap();
    let mut transport = Scripted::default();
    let outcome = office.deliver(&mut transport);
    assert_eq!((outcome.young, outcome.delivered), (2, 0));
    drop(half);
    // A message that was dropped this moment may yet get an envelope.
    office.ahead = Duration::ZERO;
    office.drop_plain("new");
    assert_eq!(office.deliver(&mut transport).young, 3);
    office.ahead = Duration::from_secs(2);
    let outcome = office.deliver(&mut transport);
    // The one that was never written is no message; the half envelope is given a minute.
    assert_eq!(
        (outcome.delivered, outcome.failed, outcome.young),
        (1, 1, 1)
    );
    office.ahead = Duration::from_secs(61);
    assert_eq!(office.deliver(&mut transport).failed, 1);
    assert_eq!(
        office.names("queue"),
        [".hidden.eml", "notes.txt", "x.eml.tmp"]
    );
}

#[test]
fn what_can_never_be_a_message_goes_to_failed() {
    let office = Office::new();
    fs::write(office.path("queue/text.eml"), "just text\n").unwrap();
    fs::write(office.path("queue/nobody.eml"), "Subject: x\n\nx\n").unwrap();
    fs::create_dir(office.path("queue/directory.eml")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", office.path("queue/link.eml")).unwrap();
    nix::unistd::mkfifo(
        &office.path("queue/fifo.eml"),
        nix::sys::stat::Mode::from_bits_truncate(0o600),
    )
    .unwrap();
    let outcome = office.deliver(&mut Scripted::default());
    assert_eq!(
        (outcome.failed, outcome.stuck),
        (5, 0),
        "{:?}",
        outcome.reasons
    );
    assert!(office.names("queue").is_empty());
    let reason = fs::read_to_string(office.path("failed/nobody.reason")).unwrap();
    assert!(reason.contains("names no recipient"), "{reason}");
}

#[test]
fn a_name_that_is_taken_replaces_nothing() {
    let mut office = Office::new();
    office.drop_plain("m");
    office.deliver(&mut Scripted::new([no_way(ErrorClass::Path)]));
    office.drop_plain("m");
    office.deliver(&mut Scripted::new([no_way(ErrorClass::Path)]));
    assert_eq!(
        office.names("deferred"),
        ["m-1.eml", "m-1.state", "m.eml", "m.state"]
    );
    office.drop_plain("m");
    office.ahead += Duration::from_secs(600);
    bring_back(&office.queue, office.now()).unwrap();
    let mut transport = Scripted::default();
    assert_eq!(office.deliver(&mut transport).delivered, 3);
}

#[test]
fn what_was_tried_for_five_days_fails_with_the_last_reason() {
    let mut office = Office::new();
    office.drop_plain("m");
    office.deliver(&mut Scripted::new([no_way(ErrorClass::Path)]));
    office.ahead += Duration::from_secs(5 * 86_400 + 60);
    // Once more it is tried; what failed then is what is said.
    let back = bring_back(&office.queue, office.now()).unwrap();
    assert_eq!((back.expired, back.returned), (1, 0));
    let reason = fs::read_to_string(office.path("failed/m.reason")).unwrap();
    assert!(
        reason.contains("5 days") && reason.contains("the server is down"),
        "{reason}"
    );
    assert!(office.names("queue").is_empty() && office.names("deferred").is_empty());
}

#[test]
fn one_deliverer_at_a_time() {
    let office = Office::new();
    let held = office.queue.try_lock().unwrap();
    assert!(held.is_some());
    assert!(Queue::of(office.dir.path()).try_lock().unwrap().is_none());
}

#[test]
fn the_queue_is_private() {
    let office = Office::new();
    for place in ["queue", "deferred", "failed"] {
        let mode = fs::metadata(office.path(place))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{place}");
    }
}
