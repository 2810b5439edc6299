//! What is handed out, where it is used: the Debian package in a fresh Debian, the static program where there is no library at all,
//! the image of the Dockerfile as far as that can be had without an engine. `packaging/make` makes them first.

mod debian;
mod dockerfile;
mod root;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::smtp::{Script, Server};
use crate::support::{Place, Runner, eventually, mails_in, stderr, stdout, subject};
use dockerfile::{environment, exec_form, last, stages};
use root::{Root, succeed};

const PROGRAM: &str = "/usr/bin/run_functions";
const BROKEN: &str = "[tasks.broken]\nshell = \"echo no paper; exit 3\"\n\
     fail_cooldown = \"500ms\"\nnon_recoverable_downtime = \"2s\"\n";

/// Returns the one file that `packaging/make` has made with this end.
#[track_caller]
fn made(end: &str) -> PathBuf {
    let directory = repository("target/packages");
    let entries = fs::read_dir(&directory).into_iter().flatten();
    let mut found = entries.map(|entry| entry.unwrap().path());
    let found = found.find(|path| path.to_string_lossy().ends_with(end));
    found.unwrap_or_else(|| panic!("no *{end} in {}: run `packaging/make`", directory.display()))
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn instructions() -> Vec<Vec<dockerfile::Instruction>> {
    stages(&fs::read_to_string(repository("Dockerfile")).unwrap())
}

/// Returns the subjects of the mails in a directory, in order.
fn subjects(directory: &Path) -> Vec<String> {
    mails_in(directory)
        .iter()
        .map(|mail| subject(mail))
        .collect()
}

#[test]
#[ignore = "needs root and what packaging/make makes"]
fn the_static_program_finds_names_and_users_and_mails_without_any_library() {
    let server = Server::start(Script::default());
    let nothing = Root::empty();
    let unpacked = tempfile::tempdir().unwrap();
    nothing.put(&static_program(unpacked.path()), PROGRAM);
    nothing.write("etc/hosts", "127.0.0.1 localhost\n");
    nothing.write("etc/passwd", "clerk:x:1234:1234::/tmp:/none\n");
    nothing.write("etc/group", "clerk:x:1234:\n");
    nothing.write(
        "etc/it.toml",
        &format!(
            "run_root = \"/state\"\n[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\n\
             server = \"localhost\"\nport = {}\ntls = \"none\"\n\
             [tasks.a]\ncommand = [\"{PROGRAM}\", \"--no-such-option\"]\nuser = \"clerk\"\n",
            server.address.port()
        ),
    );
    let runner = Runner::start(nothing.command(&[PROGRAM, "--config", "/etc/it.toml", "tasks::a"]));
    runner.wait_for("[tasks::a] Sleeping");
    let received = server.wait_for(1);
    let told = received[0].header("Subject").unwrap();
    assert!(
        told.contains("[tasks::a] First exception caught: exit 2"),
        "{told}"
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs root, libnss-systemd and what packaging/make makes"]
fn the_static_program_loads_no_library_to_look_a_name_up() {
    let place = Place::empty();
    let program = static_program(place.dir());
    // A program that is linked statically crashes when glibc loads this one.
    let services = "passwd: files systemd\ngroup: files systemd\nhosts: files myhostname\n";
    place.write("nsswitch.conf", services);
    let task = "[tasks.a]\ncommand = [\"/bin/true\"]\n";
    place.configure(&format!("{task}user = \"nobody-we-know\"\n"));
    let script = "test -e /etc/nsswitch.conf || : > /etc/nsswitch.conf
        mount --bind nsswitch.conf /etc/nsswitch.conf
        exec \"$@\"";
    let mut command = place.command_of("unshare".as_ref(), &["--mount", "--propagation"]);
    command.args(["private", "sh", "-ec", script, "sh"]);
    let output = command
        .arg(program)
        .args(["check", "tasks::a"])
        .output()
        .unwrap();
    let told = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{}: {told}", output.status);
    assert!(told.contains("does not exist"), "{told}");
}

#[test]
#[ignore = "needs what packaging/make makes"]
fn the_programs_name_no_directory_of_who_built_them() {
    let unpacked = tempfile::tempdir().unwrap();
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME"));
    let builders = [home.unwrap() + "/", env!("CARGO_MANIFEST_DIR").to_owned()];
    let shared = repository("target/release/run_functions");
    for program in [static_program(unpacked.path()), shared] {
        let bytes = fs::read(&program).unwrap();
        let named = |name: &str| {
            bytes
                .windows(name.len())
                .any(|part| part == name.as_bytes())
        };
        assert!(named("/cargo/registry"), "{}", program.display());
        for directory in &builders {
            assert!(!named(directory), "{directory} in {}", program.display());
        }
    }
}

/// Unpacks the archive, and returns the program in it.
fn static_program(directory: &Path) -> PathBuf {
    let mut tar = Command::new("tar");
    tar.arg("-xJf").arg(made("-static.tar.xz"));
    tar.arg("-C").arg(directory);
    succeed(tar.arg("--strip-components=1"));
    directory.join("run_functions")
}

#[test]
fn the_dockerfile_starts_the_program_itself_and_not_as_root() {
    let stages = instructions();
    let image = stages.last().unwrap();
    assert_eq!(exec_form(last(image, "ENTRYPOINT")), [PROGRAM]);
    assert_eq!(exec_form(last(image, "HEALTHCHECK"))[0], PROGRAM);
    assert_eq!(last(image, "STOPSIGNAL"), "SIGTERM");
    let user = last(image, "USER");
    let by_number = user
        .split(':')
        .all(|id| id.parse::<u32>().is_ok_and(|id| id > 0));
    assert!(by_number, "{user}");
    let volume = last(image, "VOLUME");
    let kept = environment(image);
    assert_eq!(kept["RUN_FUNCTIONS_RUN_ROOT"], volume);
    assert_eq!(kept["RUN_FUNCTIONS_STATE_DIR"], volume);
    // What another stage makes is copied from where that makes it.
    let build = &stages[0];
    assert_eq!(
        last(image, "COPY"),
        format!(
            "--from=build {}/target/release/run_functions {PROGRAM}",
            last(build, "WORKDIR")
        )
    );
}

#[test]
#[ignore = "needs root, debootstrap and what packaging/make makes"]
fn the_image_runs_as_the_first_process_of_its_container() {
    let stages = instructions();
    let image = stages.last().unwrap();
    let debian = Root::debian();
    let _ = fs::copy("/etc/resolv.conf", debian.path("etc/resolv.conf"));
    for instruction in image {
        match &*instruction.word {
            "RUN" => drop(debian.run(&["sh", "-ec", &instruction.rest])),
            "COPY" => debian.put(&repository("target/release/run_functions"), PROGRAM),
            _ => {}
        }
    }
    debian.write("etc/run_functions/run_functions.toml", BROKEN);
    let variables = environment(image);
    let variables = variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let directory = last(image, "WORKDIR");
    let inside = |words: Vec<String>| {
        let mut all: Vec<String> = ["sh", "-c", "cd \"$0\" && exec \"$@\"", directory, "env"]
            .map(str::to_owned)
            .into();
        all.extend(variables.clone());
        all.extend(words);
        all
    };
    let user = format!("--userspec={}", last(image, "USER"));
    let mut words = exec_form(last(image, "ENTRYPOINT"));
    words.push("tasks::broken".to_owned());
    let words = inside(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut container = Command::new("unshare");
    let start = debian.command_as(&words, &user);
    container
        .args(["--pid", "--fork", "setsid"])
        .arg(start.get_program())
        .args(start.get_args());
    container.env_clear().envs(
        start
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let mut runner = Runner::start(container);
    runner.wait_for("Non recoverable downtime reached");
    let state = debian.path(last(image, "VOLUME"));
    assert_eq!(fs::read_to_string(state.join("broken.pid")).unwrap(), "1\n");
    assert!(eventually(|| !subjects(&state.join("mail")).is_empty()));

    // As `docker exec` would: unhealthy, as its task fails, and in words.
    let first = first_process(&runner);
    let check = inside(exec_form(last(image, "HEALTHCHECK")));
    let mut health = Command::new("nsenter");
    health.args(["--target", &first.to_string(), "--pid", "--mount", "--root"]);
    health
        .args(["--setuid", "10001", "--setgid", "10001"])
        .args(check);
    let health = health.output().unwrap();
    let said = stdout(&health) + &stderr(&health);
    assert_eq!(health.status.code(), Some(1), "{said}");
    assert!(said.contains("DOWN since"), "{said}");

    kill(first, Signal::SIGTERM).unwrap();
    assert_eq!(runner.wait_for_end(), Some(0), "{}", runner.log());
}

/// Returns the child of `unshare`: pid 1 inside.
fn first_process(runner: &Runner) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", runner.pid());
    let mut children = String::new();
    assert!(eventually(|| {
        children = fs::read_to_string(&path).unwrap_or_default();
        !children.is_empty()
    }));
    Pid::from_raw(children.trim().parse().unwrap())
}

#[test]
#[ignore = "needs what packaging/make makes"]
fn the_inventory_and_the_licences_name_what_is_inside_and_nothing_else() {
    let inventory = fs::read_to_string(made(".cdx.json")).unwrap();
    let inventory: serde_json::Value = serde_json::from_str(&inventory).unwrap();
    let components = inventory["components"].as_array().unwrap();
    let text = |part: &serde_json::Value, key: &str| part[key].as_str().unwrap().to_owned();
    let listed: BTreeSet<String> = components
        .iter()
        .map(|part| format!("{}-{}", text(part, "name"), text(part, "version")))
        .collect();
    let has = |name: &str| {
        listed
            .iter()
            .any(|crate_name| crate_name.starts_with(&format!("{name}-")))
    };
    assert!(has("lettre") && has("rustls") && has("syn"), "{listed:?}");
    assert!(
        !has("proptest") && !has("async-std") && !has("windows-sys"),
        "{listed:?}"
    );

    let copyright = fs::read_to_string(made("/copyright")).unwrap();
    let named: BTreeSet<String> = copyright
        .lines()
        .filter_map(|line| line.strip_prefix("Files: vendor/")?.strip_suffix("/*"))
        .map(str::to_owned)
        .collect();
    assert!(
        named.contains(
            listed
                .iter()
                .find(|name| name.starts_with("rustls-0"))
                .unwrap()
        )
    );
    assert_eq!(named.difference(&listed).next(), None);
    // Each stanza says whose it is, and by which licence; its text is there or at the end.
    for stanza in copyright
        .split("\n\n")
        .filter(|stanza| stanza.starts_with("Files:"))
    {
        assert!(stanza.contains("\nCopyright: "), "{stanza}");
        let licence = stanza.split("\nLicense: ").nth(1).expect(stanza);
        let (name, rest) = licence.split_once('\n').unwrap_or((licence, ""));
        let has_text = rest.starts_with(' ');
        let apart = name
            .split(" or ")
            .all(|name| copyright.contains(&format!("\nLicense: {name}\n ")));
        assert!(has_text || apart, "{stanza}");
    }
}
