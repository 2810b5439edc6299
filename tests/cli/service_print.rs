//! `service print`: a unit that systemd understands, whose command starts the chain from anywhere, and what makes its user and directories.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{self, Place, Runner, stderr, stdout};

const HELLO: &str = "[tasks.hello]\ncommand = [\"echo\", \"hello\"]\nsuccess_cooldown = \"1day\"\n";

/// What is asked of systemd has to survive a directory like this.
const AWKWARD: &str = "it's 100% \"my\" $HOME \\shop";

/// And a program like this; systemd takes none with quotation marks or backslashes in its path.
const PROGRAM: &str = "100% of $HOME/run functions";

/// A place below an awkward directory, and a program in another.
struct Awkward {
    place: Place,
    program: PathBuf,
}

impl Awkward {
    fn with(config: &str) -> Self {
        let place = Place::empty();
        place.write(&format!("{AWKWARD}/run_functions.toml"), config);
        place.write("100% of $HOME/keep", "");
        let program = place.path(PROGRAM);
        let original = env!("CARGO_BIN_EXE_run_functions");
        // A link costs no copy; and it is by the link that the next version is reached.
        std::os::unix::fs::symlink(original, &program).unwrap();
        Awkward { place, program }
    }

    fn print(&self, more: &[&str]) -> Output {
        let arguments = [&["service", "print"], more].concat();
        let mut command = self.place.command_of(&self.program, &arguments);
        command.current_dir(self.place.path(AWKWARD));
        command.output().unwrap()
    }

    fn unit(&self, more: &[&str]) -> String {
        let output = self.print(more);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        stdout(&output)
    }
}

/// Returns what a unit says of a key.
fn value<'a>(unit: &'a str, key: &str) -> Option<&'a str> {
    unit.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// Reads a value as systemd does: quotation marks, backslashes, `%%`, and `$$` in arguments.
fn words(value: &str) -> Vec<String> {
    let mut words = vec![];
    let (mut word, mut quoted) = (None::<String>, false);
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    let specifiers = words.into_iter().map(|word| word.replace("%%", "%"));
    let arguments = |(at, word): (usize, String)| {
        if at == 0 {
            word
        } else {
            word.replace("$$", "$")
        }
    };
    specifiers.enumerate().map(arguments).collect()
}

fn seconds(unit: &str, key: &str) -> u64 {
    let value = value(unit, key).unwrap_or_else(|| panic!("no {key} in {unit}"));
    value.strip_suffix('s').unwrap().parse().unwrap()
}

#[test]
fn what_the_unit_starts_is_the_chain_and_says_when_it_is_ready() {
    let awkward = Awkward::with(HELLO);
    let unit = awkward.unit(&["tasks::hello"]);
    let exec = words(value(&unit, "ExecStart").unwrap());
    assert_eq!(Path::new(&exec[0]), awkward.program);
    let directory = value(&unit, "WorkingDirectory").unwrap().replace("%%", "%");
    assert_eq!(Path::new(&directory), awkward.place.path(AWKWARD));
    let manager = UnixDatagram::bind(awkward.place.path("notify")).unwrap();
    manager.set_read_timeout(Some(support::PATIENCE)).unwrap();
    let arguments: Vec<&str> = exec[1..].iter().map(String::as_str).collect();
    let mut command = awkward.place.command_of(Path::new(&exec[0]), &arguments);
    command
        .current_dir("/")
        .env("NOTIFY_SOCKET", awkward.place.path("notify"));
    let runner = Runner::start(command);
    let mut bytes = [0; 4096];
    let count = manager.recv(&mut bytes).unwrap();
    assert_eq!(&bytes[..count], b"READY=1");
    runner.wait_for("Sleeping 1day");
    assert!(awkward.place.path(AWKWARD).join("run/hello.pid").exists());
    assert_eq!(runner.stop(), Some(0));
    // From now on its name is enough.
    assert_eq!(
        value(&awkward.unit(&["hello"]), "ExecStart"),
        value(&unit, "ExecStart")
    );
}

#[test]
fn what_a_restart_may_mend_is_restarted_and_nothing_else() {
    let unit = Awkward::with(HELLO).unit(&["tasks::hello"]);
    assert_eq!(value(&unit, "Restart"), Some("on-failure"));
    let codes = value(&unit, "RestartPreventExitStatus").unwrap();
    let never: Vec<&str> = codes.split(' ').collect();
    // A shortage may pass, and what bars the way may go.
    assert!(!never.contains(&"71") && !never.contains(&"75"), "{codes}");
    for code in ["2", "65", "70", "73", "77", "78"] {
        assert!(never.contains(&code), "{code} is not in {codes}");
    }
}

#[test]
fn the_times_of_the_unit_follow_the_settings() {
    let awkward = Awkward::with(HELLO);
    let unit = awkward.unit(&["tasks::hello"]);
    assert!(seconds(&unit, "TimeoutStopSec") > 60 + 10, "{unit}");
    let slow = format!("stop_timeout = \"10m\"\n{HELLO}kill_grace = \"5m\"\n");
    let unit = Awkward::with(&slow).unit(&["tasks::hello"]);
    assert!(seconds(&unit, "TimeoutStopSec") > 600 + 300, "{unit}");
    assert!(seconds(&unit, "TimeoutStartSec") > 600 + 300, "{unit}");
    // Silent for `kill_grace`, after up to half an interval without a word.
    assert!(seconds(&unit, "WatchdogSec") > 2 * 300, "{unit}");
}

#[test]
fn directories_where_systemd_makes_them_are_made_by_it() {
    let more =
        format!("run_root = \"/run/shop\"\nstate_dir = \"/var/lib/run_functions/shop\"\n{HELLO}");
    let awkward = Awkward::with(&more);
    let unit = awkward.unit(&["tasks::hello", "--run-as", "www-data"]);
    assert_eq!(value(&unit, "User"), Some("www-data"));
    assert_eq!(value(&unit, "StateDirectory"), Some("run_functions/shop"));
    assert_eq!(value(&unit, "RuntimeDirectory"), Some("shop"));
    assert_eq!(value(&unit, "RuntimeDirectoryPreserve"), Some("yes"));
    let unit = awkward.unit(&["tasks::hello", "--user"]);
    assert_eq!(value(&unit, "User"), None);
    assert_eq!(value(&unit, "StateDirectory"), None);
    assert_eq!(value(&unit, "WantedBy"), Some("default.target"));
}

#[test]
fn another_name_another_run_root_and_every_task_are_in_the_command() {
    let awkward = Awkward::with(HELLO);
    let unit = awkward.unit(&[
        "tasks::hello",
        "tasks.hello",
        "--name",
        "twice",
        "--run-root",
        "else where",
    ]);
    let exec = words(value(&unit, "ExecStart").unwrap());
    let root = awkward.place.path(AWKWARD).join("else where");
    let options = [
        "--run-root",
        root.to_str().unwrap(),
        "--name",
        "twice",
        "tasks::hello",
        "tasks::hello",
    ];
    assert_eq!(exec[3..], options);
    assert!(unit.contains("run_functions-twice.service"), "{unit}");
}

#[test]
fn a_unit_for_what_is_not_there_is_refused() {
    let awkward = Awkward::with(HELLO);
    let cases: [(&[&str], i32, &str); 5] = [
        (&["tasks::helo"], 2, "did you mean `tasks::hello`?"),
        (&["helo"], 3, "no chain `helo` has run in"),
        (&[], 2, "TASK"),
        (
            &["tasks::hello", "--run-as", "a b"],
            2,
            "not the name of a user",
        ),
        (
            &["tasks::hello", "--user", "--run-as", "me"],
            2,
            "cannot be used with",
        ),
    ];
    for (arguments, code, words) in cases {
        let output = awkward.print(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_program_that_systemd_would_not_start_is_refused() {
    let mut awkward = Awkward::with(HELLO);
    let program = awkward.place.path(AWKWARD).join("run_functions");
    fs::rename(&awkward.program, &program).unwrap();
    awkward.program = program;
    let output = awkward.print(&["tasks::hello"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("another directory"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_only_set_here_and_passwords_in_variables_are_told() {
    let place = Place::with(&format!(
        "[mail]\nto = [\"ops@example.org\"]\nserver = \"mail.example.org\"\nusername = \"me\"\nfrom = \"me@example.org\"\npassword_env = \"SMTP_PASSWORD\"\n{HELLO}"
    ));
    let mut command = place.command(&["service", "print", "tasks::hello"]);
    command
        .env("RUN_FUNCTIONS_LOG_LEVEL", "debug")
        .env("SMTP_PASSWORD", "hunter2");
    let output = command.output().unwrap();
    assert!(
        stderr(&output).contains("Environment=RUN_FUNCTIONS_LOG_LEVEL=…"),
        "{}",
        stderr(&output)
    );
    let unit = stdout(&output);
    assert_eq!(
        value(&unit, "EnvironmentFile"),
        Some("/etc/run_functions/hello.env")
    );
    assert!(
        unit.contains("SMTP_PASSWORD=…") && !unit.contains("hunter2"),
        "{unit}"
    );
}

#[test]
fn the_example_for_many_configurations_says_the_same() {
    let unit = Awkward::with(HELLO).unit(&["tasks::hello"]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/run_functions@.service");
    let example = fs::read_to_string(example).unwrap();
    let own = [
        "#",
        "User=",
        "WorkingDirectory=",
        "ExecStart=",
        "Description=",
    ];
    for line in unit
        .lines()
        .filter(|line| !own.iter().any(|start| line.starts_with(start)))
    {
        assert!(example.lines().any(|other| other == line), "{line}");
    }
}

/// Every line of the unit, those that are commented out too.
fn in_force(unit: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    let lines: Vec<String> = unit.lines().map(line).collect();
    lines.join("\n") + "\n"
}

#[test]
#[ignore = "needs systemd"]
fn systemd_finds_nothing_wrong_with_it() {
    let awkward = Awkward::with(HELLO);
    awkward.place.write("runtime/keep", "");
    for (manager, more) in [
        ("--system", &[][..]),
        ("--system", &["--run-as", "daemon"]),
        ("--user", &["--user"]),
    ] {
        let unit = awkward.unit(&[&["tasks::hello"], more].concat());
        for text in [&unit, &in_force(&unit)] {
            awkward.place.write("run_functions-hello.service", text);
            let output = Command::new("systemd-analyze")
                .args([manager, "verify"])
                .arg(awkward.place.path("run_functions-hello.service"))
                .env("XDG_RUNTIME_DIR", awkward.place.path("runtime"))
                .output()
                .expect("systemd-analyze can be started");
            assert!(
                output.status.success(),
                "{manager}: {}{text}",
                stderr(&output)
            );
            // It may have something to say of other units of this machine.
            let ours = stderr(&output);
            let ours: Vec<&str> = ours
                .lines()
                .filter(|line| line.contains("run_functions-hello"))
                .collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
    }
}

#[test]
#[ignore = "needs systemd"]
fn the_user_and_the_directories_are_made_as_printed() {
    let awkward = Awkward::with(&format!("run_root = \"/var/lib/run functions\"\n{HELLO}"));
    let root = awkward.place.path("root");
    awkward.place.write("root/etc/passwd", "");
    for (option, program, name) in [
        ("--sysusers", "systemd-sysusers", "user.conf"),
        ("--tmpfiles", "systemd-tmpfiles", "directories.conf"),
    ] {
        awkward.place.write(name, awkward.unit(&[option]));
        let mut command = Command::new(program);
        if option == "--tmpfiles" {
            command.arg("--create");
        }
        let output = command
            .arg(format!("--root={}", root.display()))
            .arg(awkward.place.path(name))
            .output()
            .expect("it can be started");
        assert!(output.status.success(), "{program}: {}", stderr(&output));
    }
    let users = awkward.place.read("root/etc/passwd");
    let user = users
        .lines()
        .find(|line| line.starts_with("run_functions:"));
    let user = user.unwrap_or_else(|| panic!("{users}"));
    assert!(
        user.ends_with(":/var/lib/run functions:/usr/sbin/nologin"),
        "{user}"
    );
    assert!(root.join("var/lib/run functions").is_dir());
}

#[test]
fn directories_and_readable_files_are_in_the_snippets() {
    let awkward = Awkward::with(&format!(
        "run_root = \"/var/lib/shop\"\nstate_dir = \"/srv/state\"\n{HELLO}"
    ));
    let text = awkward.unit(&["--tmpfiles", "--run-as", "shop"]);
    for line in [
        "d /var/lib/shop 0700 shop shop -",
        "d /srv/state 0700 shop shop -",
        "0640 root shop -",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let text = awkward.unit(&["--sysusers"]);
    assert!(text.contains("\nu run_functions - "), "{text}");
}
