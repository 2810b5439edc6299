//! Mails of the real program about tasks that say whatever has broken mail programs, read by two parsers that are not ours.
#![cfg(test)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use mailparse::MailHeaderMap;
use support::{Place, eventually};

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
            "[tasks.t{index}]\nshell = \"cat said{index} >&2; exit 1\"\n"
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
