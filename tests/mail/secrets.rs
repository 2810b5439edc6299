//! Secrets of the environment, of settings and of the mail server, which tasks print and fail with in every form: no file of ours and no mail
//! has them.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::smtp::{Script, Server, say, tls};
use crate::support::{Place, Runner, eventually};

/// Where each comes from, and its value: nothing that could be there by chance.
const TOKEN: (&str, &str) = ("API_TOKEN", "Qz7vRk2mXw9pLt4nBc8sHd");
const SETTING: (&str, &str) = ("SESSION_SECRET", "pa/ss w+ord=ü8&Zx?mKq%3");
const PASSWORD: (&str, &str) = ("SMTP", "hT5'gY\"2uJ$8iKl0Oo#1aE");

/// This much of a secret tells too much of it.
const FRAGMENT: usize = 8;
const MOST_LOG_BYTES: usize = 1024;

fn url_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut padded = [0; 3];
        padded[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            let known = digit as usize <= group.len();
            text.push(if known {
                char::from(DIGITS[value as usize])
            } else {
                '='
            });
        }
    }
    text
}

/// The texts as which a secret may be printed.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), url_encoded(secret)];
    for before in ["", "a", "me"] {
        forms.push(base64(format!("{before}{secret}").as_bytes()));
    }
    forms
}

/// What tasks print before they fail: each form by itself, in a URL, in JSON, as the last line, and so often that the output is cut.
fn said() -> Vec<String> {
    let mut texts = Vec::new();
    for (name, secret) in [TOKEN, SETTING, PASSWORD] {
        for form in forms(secret) {
            texts.push(format!("{name}={form}\ncannot log in with {form}\n"));
            texts.push(format!(
                "https://me:{form}@example.org/\n{{\"key\": \"{form}\"}}\n"
            ));
            for filler in 0..5 {
                let filler = "-".repeat(filler * 5);
                texts.push(format!("{filler}{}\n", format!("{form} ").repeat(200)));
            }
        }
    }
    texts
}

/// A place with a task for each text, whose mail goes to a server that wants a login.
fn place(server: &Server) -> (Place, Vec<String>) {
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");
    let mut config = format!(
        "log = {{ file = \"run/log\", level = \"trace\" }}\n\
         [mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"127.0.0.1\"\nport = {}\ntls = \"implicit\"\nca_file = \"{ca}\"\nusername = \"me\"\n\
         password_file = \"password\"\nmax_per_hour = 10000\n\
         [defaults]\nfail_cooldown = \"0s\"\nmax_log_bytes = {MOST_LOG_BYTES}\n",
        server.address.port()
    );
    let texts = said();
    let env = format!("env = {{ {} = '''{}''' }}\n", SETTING.0, SETTING.1);
    let mut names = Vec::new();
    let mut add = |shell: &str| {
        let index = names.len();
        names.push(format!("tasks::t{index}"));
        let _ = write!(config, "[tasks.t{index}]\n{shell}\n{env}");
    };
    for index in 0..texts.len() {
        add(&format!("shell = \"cat said/{index}; exit 1\""));
    }
    add("shell = \"env >&2; exit 3\"");
    add(&format!("command = [\"/nowhere/{}\"]", TOKEN.1));
    add(&format!(
        "shell = \"setsid sleep 100 & echo {} >&2; exit 1 # {0}\"",
        TOKEN.1
    ));
    // The last: a pause follows it.
    add("shell = \"env; exit 75\"");
    let place = Place::with(&config);
    fs::create_dir(place.path("run")).unwrap();
    for (index, text) in texts.iter().enumerate() {
        place.write(&format!("said/{index}"), text);
    }
    place.write("password", format!("{}\n", PASSWORD.1));
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(place.path("password"), private).unwrap();
    (place, names)
}

fn start(place: &Place, names: &[String]) -> Runner {
    let mut args: Vec<&str> = names.iter().map(String::as_str).collect();
    args.extend(["--name", "secrets"]);
    let mut command = place.command(&args);
    command.env(TOKEN.0, TOKEN.1);
    let mut runner = Runner::start(command);
    let runs = || place.read("run/log").contains("Execution failed");
    assert!(
        eventually(|| runs() || !runner.lives()) && runs(),
        "{}",
        runner.log()
    );
    runner
}

/// Undoes what breaks a word: the lines of quoted-printable, and the lines of our own that are as wide as a screen.
fn joined(text: &str) -> Vec<String> {
    let soft = text.replace("=\r\n", "").replace("=\\r\\n", "");
    let mut lines = String::new();
    for line in soft.replace("\r\n", "\n").split('\n') {
        lines.push_str(line.trim());
    }
    vec![
        text.to_owned(),
        soft.clone(),
        soft.replace("=3D", "="),
        lines,
    ]
}

#[track_caller]
fn clean(name: &str, text: &str) {
    for text in joined(text) {
        for (of, secret) in [TOKEN, SETTING, PASSWORD] {
            for form in forms(secret) {
                // At both ends of a base64 text stand digits that something else decides as well.
                let form = form.trim_end_matches('=').as_bytes();
                for fragment in form.windows(FRAGMENT) {
                    let fragment = String::from_utf8_lossy(fragment);
                    let Some(at) = text.find(&*fragment) else {
                        continue;
                    };
                    let from = text.floor_char_boundary(at.saturating_sub(200));
                    let to = text.ceil_char_boundary(text.len().min(at + 200));
                    panic!("{name} has `{fragment}` of {of}: …{}…", &text[from..to]);
                }
            }
        }
    }
}

/// Checks every file below a directory; returns how many there were.
fn all_clean(directory: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += all_clean(&path);
        } else {
            let bytes = fs::read(&path).unwrap();
            clean(
                &path.display().to_string(),
                &String::from_utf8_lossy(&bytes),
            );
            count += 1;
        }
    }
    count
}

fn script() -> Script {
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/good.pem");
    Script {
        tls: Some(tls(Path::new(pem))),
        ..Script::default()
    }
}

#[test]
fn no_mail_and_no_file_of_ours_has_a_secret() {
    let server = Server::start(script());
    let (place, names) = place(&server);
    let runner = start(&place, &names);
    // All fail, but the one that asks to be tried again later.
    let sent = || {
        place
            .read("run/log")
            .matches("Sent email to admins")
            .count()
    };
    let all = eventually(|| sent() >= names.len() - 1);
    assert!(all, "{} were sent: {}", sent(), place.read("run/log"));
    // What is merged, because it has one cause, leaves when the runner ends.
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.outbox("alerts"), [""; 0]);
    let received = server.received();
    assert!(received.len() > 20, "{}", received.len());
    assert!(
        received[0].login.iter().any(|line| line.contains("AUTH")),
        "no login"
    );
    for received in &received {
        clean("a mail", &received.message);
        let body = mailparse::parse_mail(received.message.as_bytes())
            .unwrap()
            .get_body()
            .unwrap();
        clean("the body of a mail", &body);
    }
    assert!(place.read("run/log").contains("Execution failed"));
    let files = all_clean(&place.path("run"));
    println!(
        "{} mails and {files} files: no fragment of {FRAGMENT} bytes",
        received.len()
    );
}

#[test]
fn no_mail_that_waits_or_is_refused_has_a_secret() {
    let server = Server::each(|connection| Script {
        data: say(if connection % 2 == 0 {
            "554 no"
        } else {
            "452 no"
        }),
        // A server that says what it heard.
        auth: vec![say(&format!("235 welcome {}", PASSWORD.1))],
        ..script()
    });
    let (place, names) = place(&server);
    let runner = start(&place, &names[names.len() - 40..]);
    let kept = |directory: &str| {
        let files = fs::read_dir(place.path("run/outbox").join(directory));
        files.map_or(0, Iterator::count)
    };
    assert!(
        eventually(|| kept("alerts") + kept("failed") > 30),
        "{}",
        place.read("run/log")
    );
    assert_eq!(runner.stop(), Some(0));
    assert!(all_clean(&place.path("run")) > 30);
}
