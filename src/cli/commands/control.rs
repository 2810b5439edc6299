//! `stop` and `wake`: reach a runner by its lock, and wait for what was asked.

use std::time::Duration;

use crate::chain::ChainName;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::core::time::{Mono, in_words};
use crate::status::state_files::{self, ChainDirectories};
use crate::text::counts::counted_or_no;
use crate::unix::live::{self, Activity};
use crate::unix::runner_handle::{self, ChainHolder, RunnerHandle};
use crate::unix::terminal::print_to_stderr;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};
use crate::unix::{clock, procfs};

/// What a promise may be late.
const MARGIN: Duration = Duration::from_secs(5);
/// How often is looked whether a runner has woken up.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How a runner is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopMode {
    /// When its running task has finished.
    Finish,
    /// Now.
    Now,
}

/// How long a runner that was asked to leave is waited for before it is asked again.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(10);

/// Stops the runner of a chain, and waits until it has ended.
pub(crate) fn stop(settings: &Settings, name: &str, how: StopMode) -> CommandResult {
    let (root, chain, runner) = find(settings, name)?;
    let ask = || {
        let asked = match how {
            StopMode::Finish => runner.stop(),
            StopMode::Now => runner.stop_now(),
        };
        asked.map_err(|error| no_permission(&runner, &error))
    };
    let in_memory = live::glimpse_of(runner.pid()).map_or(0, |glimpse| glimpse.unkept.mails);
    if in_memory > 0 {
        let mails = counted_or_no(in_memory, "mail is", "mails are");
        print_to_stderr(&format!(
            "warning: {mails} in the memory of runner {} alone; what neither leaves nor can be written at its end is printed to its log\n",
            runner.pid()
        ));
    }
    let most = promise(&root, &chain, settings) + MARGIN;
    if ask_until_gone(&runner, most, ask)? {
        print_to_stderr(&format!("Runner {} of {chain} has stopped\n", runner.pid()));
        return Ok(());
    }
    let message = format!(
        "runner {} has not stopped within {}",
        runner.pid(),
        in_words(most)
    );
    let refusal = CommandError::new(exit::HELD, message);
    Err(match how {
        StopMode::Finish => refusal.hint(format_args!(
            "`{}` ends its running task",
            Call::as_typed().line(format_args!("stop --now {chain}"))
        )),
        StopMode::Now => refusal.hint(format_args!(
            "look at it with `ps -o pid,stat,wchan,args -p {}`; what it does not answer to is `kill -9 {}`",
            runner.pid(),
            runner.pid()
        )),
    })
}

/// Lets the runner of a chain skip the rest of its cooldown.
pub(crate) fn wake(settings: &Settings, name: &str) -> CommandResult {
    let (_root, chain, runner) = find(settings, name)?;
    let pid = runner.pid();
    let doing = || live::glimpse_of(pid).map(|glimpse| glimpse.doing);
    let before = doing();
    runner
        .wake()
        .map_err(|error| no_permission(&runner, &error))?;
    if matches!(before, Some(Activity::Sleeping { .. })) {
        let until = clock::mono() + MARGIN;
        while doing() == before {
            if clock::mono() >= until {
                return Err(still_asleep(&chain, pid));
            }
            if wait_until(&runner, clock::mono() + LOOK_AGAIN)? {
                break;
            }
        }
    }
    print_to_stderr(&format!("Runner {pid} of {chain} was woken\n"));
    Ok(())
}

fn still_asleep(chain: &ChainName, pid: i32) -> CommandError {
    if procfs::is_stopped(pid) {
        let message = format!(
            "runner {pid} of {chain} is stopped (SIGSTOP, or a debugger): it wakes up when it goes on"
        );
        return CommandError::new(exit::FAILED, message)
            .hint(format_args!("`kill -CONT {pid}` lets it go on"));
    }
    let most = in_words(MARGIN);
    let message = format!("runner {pid} of {chain} has not woken up within {most}");
    CommandError::new(exit::FAILED, message).hint(format_args!(
        "look at it with `ps -o pid,stat,wchan,args -p {pid}`"
    ))
}

fn find(
    settings: &Settings,
    name: &str,
) -> Result<(PrivateDir, ChainName, RunnerHandle), CommandError> {
    let chain = ChainName::typed(name)?;
    let not_running = || {
        let root = settings.run_root.display();
        CommandError::new(
            exit::NOT_RUNNING,
            format_args!("no runner of `{chain}` in `{root}`"),
        )
        .hint(format_args!(
            "`{}` shows those that there are; `--run-root` looks elsewhere",
            Call::as_typed().line("status")
        ))
    };
    let root = PrivateDir::open_existing(&settings.run_root);
    let root = root.map_err(|error: UntrustedPath| error.cannot_look())?;
    let root = root.ok_or_else(not_running)?;
    match runner_handle::find(&root, &chain).map_err(|error: UntrustedPath| error.cannot_look())? {
        ChainHolder::Runner(runner) => Ok((root, chain, runner)),
        ChainHolder::Nobody => Err(not_running()),
        ChainHolder::Unseen => Err(CommandError::new(
            exit::NO_PERMISSION,
            format_args!("the runner of `{chain}` cannot be seen from here"),
        )
        .hint("it is in another container: ask from there")),
    }
}

fn no_permission(runner: &RunnerHandle, error: &std::io::Error) -> CommandError {
    CommandError::new(
        exit::NO_PERMISSION,
        format_args!("runner {} cannot be reached: {error}", runner.pid()),
    )
    .hint("it is somebody else's: ask as its user or as root")
}

/// Asks a runner to leave, and waits until it has; `false` when it has not in this time. It is
/// asked again and again: a task that has replaced the handlers of its runner may have taken the
/// first signal.
fn ask_until_gone(
    runner: &RunnerHandle,
    most: Duration,
    ask: impl Fn() -> Result<(), CommandError>,
) -> Result<bool, CommandError> {
    let deadline = clock::mono() + most;
    while clock::mono() < deadline {
        ask()?;
        let until = deadline.min(clock::mono() + BETWEEN_REQUESTS);
        if wait_until(runner, until)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn wait_until(runner: &RunnerHandle, until: Mono) -> Result<bool, CommandError> {
    runner
        .wait(until)
        .map_err(|error| CommandError::of(exit::FAILED, &error))
}

/// How long the runner has promised to take at most.
fn promise(root: &PrivateDir, chain: &ChainName, settings: &Settings) -> Duration {
    match state_files::said(root, chain).ok().flatten() {
        Some(holder) => holder.stop_timeout + holder.kill_grace,
        None => settings.stop_timeout + settings.kill_grace,
    }
}

/// Returns the tasks of a chain that runs or has run.
pub(crate) fn tasks_of(
    settings: &Settings,
    chain: &ChainName,
) -> Result<Vec<String>, CommandError> {
    let directories = ChainDirectories::open(settings);
    let directories = directories.map_err(|error| CommandError::of(error.exit_code(), &error))?;
    let tasks = directories.tasks_of(chain).ok().flatten();
    tasks.ok_or_else(|| {
        let root = settings.run_root.display();
        CommandError::new(
            exit::NOT_RUNNING,
            format_args!("no chain `{chain}` has run in `{root}`"),
        )
        .hint("name its tasks, such as `tasks::send_mail`; `--run-root` looks elsewhere")
    })
}
