//! Mails of the real program about tasks that say whatever has broken mail programs, read by two parsers that are not ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{self, Place, eventually};
use mailparse::MailHeaderMap;

/// What tasks print before they fail.
fn hostile() -> Vec<Vec<u8>> {
    let parts: [&[u8]; 16] = [
        b"\r\n.\r\n",
        b"\n.\n..\n",
        b"\nFrom bob Sun Nov 22\n",
        b"\r\nBcc: eve@example.org\r\n\r\nHello",
        b"=?utf-8?b?QmNjOiBldmU=?=",
        b"=3D=0D=0A=\n=",
        b"--boundary\nContent-Type: text/html\n\n<script>",
        b"\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b",
        b"\0\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf",
        b"\xff\xfe\x80 not UTF-8 \xc3",
        "ü€𝄞 ".as_bytes(),
        b"begin 644 x\n#0V%T\n`\nend\n",
        b" \t \n \t",
        b"MAIL FROM:<>\r\nRCPT TO:<eve@example.org>\r\nDATA\r\n",
        b"\xf0\x9f\x98\x80",
        b"x",
    ];
    let mut texts: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
    texts.extend(parts.iter().map(|part| part.repeat(3000)));
    for (index, one) in parts.iter().enumerate() {
        let other = parts[(index + 5) % parts.len()];
        texts.push([one, other, *one].concat());
    }
    texts.push(b"x".repeat(10_000_000));
    texts.push(b"a\n".repeat(1_000_000));
    texts
}

/// Has one task fail with each text, and returns where the mails are.
fn mails() -> (Place, Vec<PathBuf>) {
    let texts = hostile();
    let mut config =
        "[mail]\nmax_per_hour = 10000\n[defaults]\nfail_cooldown = \"0s\"\n".to_owned();
    let mut names = Vec::new();
    for index in 0..texts.len() {
        let _ = write!(
            config,
            "[tasks.t{index}]\nshell = \"cat said{index} >&2; exit {}\"\n",
            // Of one kind more than three would be one mail.
            100 + index
        );
        names.push(format!("tasks::t{index}"));
    }
    let place = Place::with(&config);
    for (index, text) in texts.iter().enumerate() {
        place.write(&format!("said{index}"), text);
    }
    let mut args: Vec<&str> = names.iter().map(String::as_str).collect();
    args.extend(["--name", "hostile"]);
    let runner = place.start(&args);
    let all = eventually(|| place.mails().len() == texts.len());
    assert!(all, "{} of {} mails", place.mails().len(), texts.len());
    assert_eq!(runner.stop(), Some(0));
    let files = fs::read_dir(place.path("run/mail")).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    (place, paths)
}

const HEADERS: [&str; 12] = [
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "List-Id",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
    "X-Run-Functions",
];

#[test]
fn mails_about_anything_have_our_headers_and_keep_to_the_limits() {
    let (_place, paths) = mails();
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let name = path.display();
        assert!(bytes.is_ascii(), "{name}");
        let text = String::from_utf8(bytes).unwrap();
        for line in text.split("\r\n") {
            assert!(
                line.len() <= 998 && !line.contains(['\r', '\n', '\0']),
                "{name}: {line:?}"
            );
            assert!(
                line != "." && !line.starts_with("From "),
                "{name}: {line:?}"
            );
        }
        let mail = mailparse::parse_mail(text.as_bytes()).unwrap();
        let mut names: Vec<String> = mail.headers.iter().map(|header| header.get_key()).collect();
        names.sort();
        assert_eq!(names, HEADERS, "{name}");
        let subject = mail.headers.get_first_value("Subject").unwrap();
        assert!(
            subject.chars().count() <= 100 && !subject.chars().any(char::is_control),
            "{subject}"
        );
        assert!(mail.get_body().unwrap().len() <= 64 << 10, "{name}");
    }
}

/// Prints what Python's parser finds wrong, and otherwise subject and body of each mail.
const READER: &str = r#"
import email, email.policy, json, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    defects = [repr(d) for d in mail.defects]
    for value in mail.values():
        defects += [repr(d) for d in value.defects]
    print(json.dumps({"defects": defects, "names": sorted(mail.keys()), "subject": mail["Subject"],
                      "multipart": mail.is_multipart(), "body": mail.get_content()}))
"#;

#[test]
#[ignore = "needs python3"]
fn two_parsers_read_the_same_subject_and_body() {
    let (_place, paths) = mails();
    let output = Command::new("python3")
        .args(["-c", READER])
        .args(&paths)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", support::stderr(&output));
    let answers = support::stdout(&output);
    assert_eq!(answers.lines().count(), paths.len());
    for (path, answer) in paths.iter().zip(answers.lines()) {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let bytes = fs::read(path).unwrap();
        let mail = mailparse::parse_mail(&bytes).unwrap();
        let name = path.display();
        assert_eq!(answer["defects"], serde_json::json!([]), "{name}");
        assert_eq!(answer["names"], serde_json::json!(HEADERS), "{name}");
        assert_eq!(answer["multipart"], false);
        let subject = mail.headers.get_first_value("Subject").unwrap();
        assert_eq!(answer["subject"], subject.as_str(), "{name}");
        let body = mail.get_body().unwrap().replace("\r\n", "\n");
        assert_eq!(answer["body"], body.as_str(), "{name}");
    }
}

/// A mail as programs thread it: its name, its parents from the eldest to the next, and what it says it is.
struct Threaded {
    id: String,
    references: Vec<String>,
    event: String,
}

fn threaded(mail: &str) -> Threaded {
    let headers = mailparse::parse_headers(mail.as_bytes()).unwrap().0;
    let ids = |name: &str| -> Vec<String> {
        let value = headers.get_first_value(name).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    let mut references = ids("References");
    // A message without References, or whose last is another, hangs below what it answers.
    references.extend(ids("In-Reply-To").into_iter().take(1));
    references.dedup();
    let facts = headers.get_first_value("X-Run-Functions").unwrap();
    let event = facts.split(';').next().unwrap().to_owned();
    Threaded {
        id: ids("Message-ID").concat(),
        references,
        event,
    }
}

/// Threads mails as J. Zawinski describes it, without the last step that goes by subjects: each hangs below the last of its references, those below one
/// another, and what nobody hangs above is a thread. Returns the events of each thread, in order.
fn threads(mails: &[String]) -> Vec<Vec<String>> {
    let mails: Vec<Threaded> = mails.iter().map(|mail| threaded(mail)).collect();
    let mut parents: BTreeMap<&str, &str> = BTreeMap::new();
    for mail in &mails {
        let chain: Vec<&str> = mail
            .references
            .iter()
            .chain([&mail.id])
            .map(String::as_str)
            .collect();
        for pair in chain.windows(2) {
            assert_ne!(pair[0], pair[1], "a mail answers itself");
            parents.insert(pair[1], pair[0]);
        }
    }
    let mut threads: Vec<(String, Vec<String>)> = Vec::new();
    for mail in &mails {
        let root = root(&parents, &mail.id);
        match threads.iter_mut().find(|(of, _)| *of == root) {
            Some((_, events)) => events.push(mail.event.clone()),
            None => threads.push((root, vec![mail.event.clone()])),
        }
    }
    threads.into_iter().map(|(_, events)| events).collect()
}

/// Returns the eldest of whom a mail is known to descend.
fn root<'a>(parents: &BTreeMap<&'a str, &'a str>, mut id: &'a str) -> String {
    for _ in 0..=parents.len() {
        match parents.get(id) {
            Some(parent) => id = parent,
            None => return id.to_owned(),
        }
    }
    panic!("a circle of mails at {id}");
}

const SUCCESS: &str = "Execution successful";

#[test]
fn each_outage_is_one_thread() {
    let place = Place::with(
        "[mail]\nhealed = \"after-downtime\"\n[tasks.a]\nfail_cooldown = \"10ms\"\nsuccess_cooldown = \"10ms\"\n\
         non_recoverable_downtime = \"400ms\"\nshell = \"test ! -s stage || { cat stage >&2; exit 1; }\"\n",
    );
    place.write("stage", "alpha");
    let runner = place.start(&["tasks::a"]);
    let left = |words: &str| {
        let subjects = place.subjects().into_iter();
        subjects.filter(|subject| subject.contains(words)).count()
    };
    let becomes = |stage: &str, words: &str| {
        let before = runner.count(words);
        let left_before = left(words);
        // A run that found it half written would be a success in the middle of the outage.
        place.replace("stage", stage);
        runner.wait_for_count(words, before + 1);
        // Two that leave at once have no order.
        let has_left = || left(words) > left_before || words == SUCCESS;
        assert!(eventually(has_left), "{words}: {:?}", place.subjects());
    };
    assert!(eventually(|| left("First exception caught") == 1));
    becomes("beta", "New exception caught: exit 1: beta");
    becomes("beta", "downtime reached again");
    becomes("", "Process healed after");
    becomes("gamma", "New exception caught: exit 1: gamma");
    becomes("", SUCCESS);
    // A known kind has no mail of its own: its thread begins with the first reminder.
    becomes("alpha", "downtime reached again");
    becomes("", "Process healed after");
    assert_eq!(runner.stop(), Some(0));
    let sent = in_order(&place);
    let of = threads(&sent);
    assert_eq!(of.iter().map(Vec::len).sum::<usize>(), sent.len());
    let begins: Vec<&str> = of.iter().map(|events| events[0].as_str()).collect();
    assert_eq!(
        begins,
        ["event=first", "event=new", "event=downtime"],
        "{of:?}"
    );
    // Reminders come between, where the machine is slow.
    assert!(
        of[0][1..].iter().any(|event| event == "event=new"),
        "{of:?}"
    );
    for thread in [&of[0], &of[2]] {
        assert_eq!(thread.last().unwrap(), "event=healed", "{of:?}");
    }
}

/// Returns the mails in the order in which they left.
fn in_order(place: &Place) -> Vec<String> {
    let files = fs::read_dir(place.path("run/mail")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap()).collect();
    files.sort_by_key(|file| file.metadata().unwrap().modified().unwrap());
    let read = |file: &fs::DirEntry| fs::read_to_string(file.path()).unwrap();
    files.iter().map(read).collect()
}
