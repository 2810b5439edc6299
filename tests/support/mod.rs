//! What the tests of the program stand on: a fresh place, runners that are real processes, and waiting for conditions.
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file uses a part of it; tests may fail loudly, and look again and again at what other processes do"
)]

pub(crate) mod collector;
pub(crate) mod limits;
mod mails;
pub(crate) mod ports;
pub(crate) mod processes;

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;

pub(crate) use mails::{mails_in, subject, unfolded};

/// How long a test waits for a condition before it fails: far longer than any healthy machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A way of mail that leads nowhere.
pub(crate) const NO_MAIL_PROGRAM: &str = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\nprogram = \"/nowhere/sendmail\"\n";

/// Takes back what this process may have inherited: what a shell starts with `&` ignores SIGINT and SIGQUIT, as does what that starts. Runners
/// keep to it, and would not hear what tests send.
fn heed_signals() {
    static HEEDED: Once = Once::new();
    HEEDED.call_once(|| {
        for heeded in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
            #[expect(unsafe_code, reason = "a disposition concerns the whole process")]
            // SAFETY: the default runs no code in a handler.
            unsafe { signal(heeded, SigHandler::SigDfl) }.expect("a signal");
        }
    });
}

/// A fresh directory with a configuration, from which runners are started.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    /// Variables that every command of the place gets.
    environment: Vec<(String, String)>,
}

thread_local! {
    /// The variables that the places of this thread get.
    static ENVIRONMENT: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Has the places that a test makes get these variables.
pub(crate) fn with_environment(variables: Vec<(String, String)>, test: impl FnOnce()) {
    ENVIRONMENT.set(variables);
    test();
    ENVIRONMENT.take();
}

impl Place {
    /// Makes an empty one: no configuration.
    pub(crate) fn empty() -> Self {
        heed_signals();
        Place {
            dir: tempfile::tempdir().expect("a temporary directory"),
            environment: ENVIRONMENT.with_borrow(Vec::clone),
        }
    }

    /// Makes one with this configuration.
    pub(crate) fn with(config: &str) -> Self {
        let place = Place::empty();
        place.configure(config);
        place
    }

    /// Writes the configuration.
    pub(crate) fn configure(&self, config: &str) {
        self.write("run_functions.toml", config);
    }

    /// Writes a file below the place.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes a file that a task may read at any moment: it finds the former content or this one, never a part.
    pub(crate) fn replace(&self, name: &str, content: impl AsRef<[u8]>) {
        let draft = format!("{name}.draft");
        self.write(&draft, content);
        fs::rename(self.path(&draft), self.path(name)).unwrap();
    }

    /// Copies the stock binary to below the place, for everybody. In a process of its own: what is started for another test meanwhile would
    /// inherit a descriptor that is open for writing, and what somebody may write cannot be executed.
    pub(crate) fn copy_program(&self, name: &str) -> PathBuf {
        let copy = self.path(name);
        let mut install = Command::new("install");
        install.args(["-m", "755", env!("CARGO_BIN_EXE_run_functions")]);
        assert!(install.arg(&copy).status().unwrap().success());
        copy
    }

    /// Sets who may do what with something below the place.
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Reads a file below the place; empty when it is not there.
    pub(crate) fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the path of something below the place.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a command for the stock binary, in a hermetic environment, with standard input closed.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_run_functions")), args)
    }

    /// Returns a command for another binary, in the same environment.
    pub(crate) fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.dir())
            .env_clear()
            .stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir()).env("TZ", "UTC");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Returns the variables that every command of the place gets.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary can be run")
    }

    /// Runs a command to its end whose standard output nobody reads.
    pub(crate) fn run_into_closed_pipe(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        command.stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts a runner, whose log can be read as it grows.
    pub(crate) fn start(&self, args: &[&str]) -> Runner {
        Runner::start(self.command(args))
    }

    /// Returns the mails that were written as files, in order of their names.
    pub(crate) fn mails(&self) -> Vec<String> {
        mails_in(&self.path("run/mail"))
    }

    /// Returns the names of what is in a directory of the outbox, without what is being written.
    pub(crate) fn outbox(&self, directory: &str) -> Vec<String> {
        let found = fs::read_dir(self.path("run/outbox").join(directory));
        let names = found.into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().into_string().unwrap());
        names.filter(|name| !name.starts_with('.')).collect()
    }

    /// Sends what an ended runner has left in the outbox for the next: on a slow machine, its last mails.
    #[track_caller]
    pub(crate) fn send_what_is_left(&self) {
        let output = self.run(&["mail", "queue", "--flush"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }

    /// Returns all mails when no runner is left.
    #[track_caller]
    pub(crate) fn all_mails(&self) -> Vec<String> {
        self.send_what_is_left();
        self.mails()
    }

    /// Returns the subjects of [`Place::all_mails`], in order, without the host.
    #[track_caller]
    pub(crate) fn all_subjects(&self) -> Vec<String> {
        let mails = self.all_mails();
        mails.iter().map(|mail| subject(mail)).collect()
    }

    /// Returns the subjects of the mails, in order, without the host.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.mails().iter().map(|mail| subject(mail)).collect()
    }
}

/// A runner, ended with the test if it has not ended before.
pub(crate) struct Runner {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Runner {
    /// Starts a command and reads its standard error.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (stderr, sink) = (child.stderr.take().unwrap(), Arc::clone(&lines));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n') {
                let Ok(line) = line else { break };
                sink.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Runner {
            child,
            lines,
            reader,
        }
    }

    /// Returns its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).expect("the runner lives");
    }

    /// Returns what it has written to its log so far.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Returns how many lines of its log contain a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.contains(text))
            .count()
    }

    /// Waits until a line of its log contains a text.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_for_count(text, 1);
    }

    /// Waits until that many lines of its log contain a text.
    #[track_caller]
    pub(crate) fn wait_for_count(&self, text: &str, count: usize) {
        if !eventually(|| self.count(text) >= count) {
            panic!("`{text}` is not {count} times in the log:\n{}", self.log());
        }
    }

    /// Waits until it ends, and returns its exit code.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> Option<i32> {
        self.wait_for_status().code()
    }

    /// Waits until it has ended and all of its log is here.
    #[track_caller]
    pub(crate) fn wait_for_status(&mut self) -> ExitStatus {
        let mut status = None;
        let ended = eventually(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(ended, "the runner does not end:\n{}", self.log());
        let is_read = eventually(|| self.reader.is_finished());
        assert!(is_read, "somebody holds its log open:\n{}", self.log());
        status.unwrap()
    }

    /// Returns whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Asks it to stop, and waits for it.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.wait_for_end()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a condition holds; `false` when it does not within [`PATIENCE`].
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    condition()
}

/// Runs a command to its end, which reads this.
pub(crate) fn fed(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Returns the two ends of a terminal. What other tests start meanwhile does not inherit them, or the terminal would outlive its test.
pub(crate) fn terminal(size: Option<Winsize>) -> OpenptyResult {
    let terminal = openpty(&size, None).unwrap();
    for end in [&terminal.master, &terminal.slave] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
    }
    terminal
}

/// Runs a command to its end on a terminal of so many columns. Returns its exit code and the lines on the terminal.
pub(crate) fn on_terminal(mut command: Command, columns: u16) -> (Option<i32>, Vec<String>) {
    let size = Winsize {
        ws_row: 25,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = terminal(Some(size));
    command.stdout(terminal.slave).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The other end must be ours alone no more, or the reader would wait for us.
    drop(command);
    let lines = BufReader::new(fs::File::from(terminal.master)).lines();
    // Linux says EIO when the last writer is gone.
    let lines: Vec<String> = lines.map_while(Result::ok).collect();
    (child.wait().unwrap().code(), lines)
}

/// Returns cargo as a person starts it: what it tells this test of its own package would make it build dependencies anew that look at
/// that (ring), here and afterwards.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_told = ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"];
        if is_told.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Returns the text of standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the text of standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
