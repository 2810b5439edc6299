//! A program of a developer, built with any features or none: its chain runs, is stopped and replaced, and its children and its mail
//! worker are this same program.
//!
//! Without the usual harness, and without the stock binary, which a build without features has not.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "without the usual harness, nothing tells the linter that this is a test"
)]

mod tiny_harness;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Set in the environment of a process that is to be the developer's program.
const IS_PROGRAM: &str = "TEST_IS_A_PROGRAM";
/// Slow machines are slow.
const DEADLINE: Duration = Duration::from_secs(120);

mod tasks {
    use std::fs;

    #[run_functions::task(success_cooldown = "1day")]
    fn inside() {
        fs::write("inside", std::process::id().to_string()).unwrap();
    }

    #[run_functions::task(success_cooldown = "1day", isolate = true)]
    fn isolated() {
        fs::write("isolated", std::process::id().to_string()).unwrap();
    }

    #[run_functions::task(fail_cooldown = "1day")]
    fn broken() -> Result<(), &'static str> {
        Err("the disk is full")
    }
}

fn main() -> ExitCode {
    if std::env::var_os(IS_PROGRAM).is_some() {
        return run_functions::main();
    }
    let tests: &[&[tiny_harness::Test]] = &[
        tiny_harness::tests![
            a_chain_runs_until_it_is_stopped,
            a_newcomer_replaces_the_runner,
            isolated_functions_and_commands_are_children,
            a_local_program_delivers_mail,
            options_are_taken_and_unknown_tasks_are_named,
        ],
        #[cfg(not(feature = "smtp"))]
        tiny_harness::tests![a_mail_server_needs_the_feature_smtp],
        #[cfg(not(feature = "ping"))]
        tiny_harness::tests![a_ping_needs_the_feature_ping],
        #[cfg(not(feature = "cli"))]
        tiny_harness::tests![commands_need_the_feature_cli],
        #[cfg(all(feature = "cli", not(feature = "report-html")))]
        tiny_harness::tests![a_page_needs_the_feature_report_html],
        #[cfg(all(feature = "cli", not(feature = "import")))]
        tiny_harness::tests![an_import_needs_the_feature_import],
    ];
    tiny_harness::run(&tests.concat())
}

/// A directory in which the program is started.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn with(configuration: &str) -> Self {
        let place = Place::new();
        fs::write(place.path("run_functions.toml"), configuration).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env(IS_PROGRAM, "1")
            .stdin(Stdio::null());
        command
    }

    /// Starts the program; its log goes into the file `log`.
    fn start(&self, arguments: &str) -> Runner {
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(self.path("log"))
            .unwrap();
        Runner(self.command(arguments).stderr(log).spawn().unwrap())
    }

    fn output(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Returns the text of a file once it is there and not empty.
    fn awaited(&self, name: &str) -> String {
        let path = self.path(name);
        eventually(&format!("`{name}` is written"), || {
            fs::read_to_string(&path)
                .ok()
                .filter(|text| !text.is_empty())
        })
    }

    /// Returns the exit code and standard error of the program, which must end by itself.
    fn refusal(&self, arguments: &str) -> (Option<i32>, String) {
        let output = self.output(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text)
    }
}

/// A program that this test has started; it is killed at the end.
struct Runner(Child);

impl Runner {
    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn stop(&mut self) -> ExitStatus {
        kill(Pid::from_raw(self.pid().cast_signed()), Signal::SIGTERM).unwrap();
        self.ended()
    }

    fn ended(&mut self) -> ExitStatus {
        eventually("the program ends", || self.0.try_wait().unwrap())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < DEADLINE, "not in time: {what}");
        sleep(Duration::from_millis(5));
    }
}

fn a_chain_runs_until_it_is_stopped() {
    let place = Place::new();
    let mut runner = place.start("tasks::inside");
    assert_eq!(place.awaited("inside"), runner.pid().to_string());
    let pidfile = place.awaited("run/inside.pid");
    assert!(pidfile.contains(&runner.pid().to_string()), "{pidfile}");
    assert_eq!(runner.stop().code(), Some(0));
}

fn a_newcomer_replaces_the_runner() {
    let place = Place::new();
    let mut former = place.start("tasks::inside --name shop");
    assert_eq!(place.awaited("inside"), former.pid().to_string());
    let mut newcomer = place.start("tasks::inside --name shop");
    assert_eq!(former.ended().code(), Some(0));
    let pid = newcomer.pid().to_string();
    eventually("the newcomer runs the task", || {
        (place.awaited("inside") == pid).then_some(())
    });
    assert_eq!(newcomer.stop().code(), Some(0));
}

fn isolated_functions_and_commands_are_children() {
    let place = Place::with(
        "[tasks.hello]\nshell = \"echo $$ > hello\"\nsuccess_cooldown = \"0s\"\n\
         [tasks.isolated]\nsuccess_cooldown = \"1day\"\n",
    );
    let mut runner = place.start("tasks::hello tasks::isolated");
    let own = runner.pid().to_string();
    assert_ne!(place.awaited("hello").trim(), own);
    assert_ne!(place.awaited("isolated"), own);
    assert_eq!(runner.stop().code(), Some(0));
    assert!(!place.awaited("log").contains("failed"));
}

fn a_local_program_delivers_mail() {
    let place = Place::with(
        "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\nprogram = \"sendmail\"\n",
    );
    let program = place.path("sendmail");
    let received = place.path("received");
    let script = format!(
        "#!/bin/sh\ncat > {0}.new && mv {0}.new {0}\n",
        received.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut runner = place.start("tasks::broken");
    let mail = place.awaited("received");
    assert!(mail.contains("the disk is full"), "{mail}");
    assert_eq!(runner.stop().code(), Some(0));
}

fn options_are_taken_and_unknown_tasks_are_named() {
    let place = Place::new();
    let (code, text) = place.refusal("tasks::insid");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("did you mean `tasks::inside`?"), "{text}");
    let help = String::from_utf8(place.output("--help").stdout).unwrap();
    assert!(help.contains("--run-root"), "{help}");
    assert!(place.output("--version").status.success());
    let mut runner = place.start("--run-root=elsewhere tasks::inside -q");
    place.awaited("elsewhere/inside.pid");
    assert_eq!(place.awaited("inside"), runner.pid().to_string());
    assert_eq!(runner.stop().code(), Some(0));
    assert!(!Path::new(&place.path("run")).exists());
}

#[cfg(not(feature = "smtp"))]
fn a_mail_server_needs_the_feature_smtp() {
    for mail in [
        "to = [\"ops@example.org\"]\nserver = \"mail.example.org\"\n",
        "to = [\"ops@example.org\"]\n",
        "to = [\"ops@example.org\"]\ntransport = \"smtp\"\nserver = \"mail.example.org\"\n",
        "transport = \"smtp\"\n",
    ] {
        let place = Place::with(&format!("[mail]\n{mail}"));
        let (code, text) = place.refusal("tasks::inside");
        assert_eq!(code, Some(78), "{text}");
        assert!(text.contains("needs the cargo feature `smtp`"), "{text}");
        assert!(text.contains("--features smtp"), "{text}");
        assert!(!place.path("inside").exists());
    }
}

#[cfg(not(feature = "ping"))]
fn a_ping_needs_the_feature_ping() {
    let place =
        Place::with("[tasks.inside]\nping = { success = \"https://hc-ping.com/SECRET\" }\n");
    let (code, text) = place.refusal("tasks::inside");
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("needs the cargo feature `ping`"), "{text}");
    assert!(text.contains("--features ping"), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
}

#[cfg(not(feature = "cli"))]
fn commands_need_the_feature_cli() {
    let place = Place::new();
    for command in ["status", "report", "once tasks::inside"] {
        let (code, text) = place.refusal(command);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("needs the cargo feature `cli`"), "{text}");
    }
}

#[cfg(all(feature = "cli", not(feature = "report-html")))]
fn a_page_needs_the_feature_report_html() {
    let place = Place::new();
    let mut runner = place.start("tasks::inside");
    place.awaited("inside");
    assert_eq!(runner.stop().code(), Some(0));
    let (code, text) = place.refusal("report --html page.html");
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("needs the cargo feature `report-html`"),
        "{text}"
    );
    assert!(!place.path("page.html").exists());
    let report = place.output("report");
    assert!(report.status.success());
    assert!(String::from_utf8(report.stdout).unwrap().contains("inside"));
}

#[cfg(all(feature = "cli", not(feature = "import")))]
fn an_import_needs_the_feature_import() {
    let (code, text) = Place::new().refusal("import crontab -");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("needs the cargo feature `import`"), "{text}");
}
