//! Typing what a page shows.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::mask::{Mask, matches};
use crate::support::{Place, cargo, eventually};

const CTRL_C: &str = "^C";

/// Returns what is executed for what is typed: the binaries of this build in place of cargo. `None`: only people type it.
pub(crate) fn meant(command: &str) -> Option<String> {
    if let Some(rest) = command.strip_prefix("cargo run --quiet --example own_binary -- ") {
        return Some(format!("own_binary {rest}"));
    }
    if let Some(rest) = command.strip_prefix("cargo run --release -- ") {
        return Some(format!("run_functions {rest}"));
    }
    let only_people = ["cargo ", "git ", "sudo ", "systemctl ", "${EDITOR"];
    let played = !only_people.iter().any(|start| command.starts_with(start));
    played.then(|| command.to_owned())
}

/// Builds the example if need be, and returns the directories of the binaries.
fn directories() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut command = cargo();
        command
            .args(["build", "--offline", "--quiet", "--example", "own_binary"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let built = command.status().expect("cargo runs this test");
        assert!(built.success(), "the example does not compile");
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_run_functions"));
        let directory = binary.parent().unwrap();
        let examples = directory.join("examples");
        format!("{}:{}", directory.display(), examples.display())
    })
}

/// Types a command in a place, and returns what it printed.
pub(crate) fn played(place: &Place, command: &str, expected: &[String], at: &str) -> Vec<String> {
    let mut session = Session::start(place, command);
    let mut printed_before = Vec::new();
    if let Some(until) = expected.iter().position(|line| line == CTRL_C) {
        let mask = Mask::of(place.dir());
        let before = mask.lines(&expected[..until]);
        let seen = eventually(|| matches(&before, &mask.lines(&session.lines())));
        assert!(
            seen,
            "{at} does not print what is shown before Ctrl-C, but\n{}",
            session.lines().join("\n")
        );
        printed_before = session.lines();
        printed_before.push(CTRL_C.to_owned());
        session.signal(Signal::SIGINT);
    }
    session.wait(at);
    let all = session.lines();
    match printed_before.len() {
        0 => all,
        count => [&printed_before[..], &all[count - 1..]].concat(),
    }
}

/// What a shell keeps from one command to the next.
#[derive(Default)]
pub(crate) struct Shell {
    /// Where it has changed to.
    directory: Option<String>,
    /// What runs in the background, until the end of the section.
    jobs: Vec<Session>,
}

impl Shell {
    /// Types a command, and returns what it printed; `None`: it goes on in the background.
    pub(crate) fn types(
        &mut self,
        place: &Place,
        command: &str,
        expected: &[String],
        at: &str,
    ) -> Option<Vec<String>> {
        let whole = match &self.directory {
            Some(directory) => format!("cd {directory}; {command}"),
            None => command.to_owned(),
        };
        if let Some(line) = whole.strip_suffix(" &") {
            self.jobs.push(Session::start(place, line));
            return None;
        }
        if let Some((_, directory)) = command.rsplit_once(" && cd ") {
            self.directory = Some(directory.to_owned());
        }
        Some(played(place, &whole, expected, at))
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for job in &mut self.jobs {
            job.signal(Signal::SIGTERM);
            job.wait("what runs in the background");
        }
    }
}

/// A shell that runs one command.
struct Session {
    shell: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Session {
    fn start(place: &Place, command: &str) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("/bin/bash");
        shell
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(place.dir())
            .env_clear()
            .env("PATH", format!("{}:{path}", directories()))
            .env("HOME", place.dir())
            .envs(
                place
                    .environment()
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // As a terminal does: Ctrl-C goes to all of it, and to nobody else.
            .process_group(0);
        let mut shell = shell.spawn().expect("bash can be started");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (stdout, sink) = (shell.stdout.take().unwrap(), Arc::clone(&lines));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { break };
                // The lines of a mail end with CR LF.
                let line = String::from_utf8_lossy(&line);
                let line = line.trim_end_matches('\r').to_owned();
                sink.lock().unwrap().push(line);
            }
        });
        Session {
            shell,
            lines,
            reader: Some(reader),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn signal(&self, signal: Signal) {
        killpg(Pid::from_raw(self.shell.id().cast_signed()), signal).expect("it runs");
    }

    fn wait(&mut self, at: &str) {
        let ended = eventually(|| self.shell.try_wait().unwrap().is_some());
        assert!(ended, "{at} does not end:\n{}", self.lines().join("\n"));
        self.reader.take().unwrap().join().unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.shell.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = killpg(
                Pid::from_raw(self.shell.id().cast_signed()),
                Signal::SIGKILL,
            );
            let _ = self.shell.wait();
        }
    }
}
