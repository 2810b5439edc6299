//! `stop` and `wake`: reach a runner by its lock, and wait for what was asked.

use std::time::Duration;

use super::call::Call;
use super::left;
use super::screen::{Ended, Refusal, tell};
use crate::chain::ChainName;
use crate::exit;
use crate::process::clock;
use crate::process::incumbent::{self, Holder, Incumbent};
use crate::process::run_root::RunRoot;
use crate::settings::Settings;
use crate::time::in_words;

/// What a promise may be late.
const MARGIN: Duration = Duration::from_secs(5);

/// How a runner is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// When its running task has finished.
    Finish,
    /// Now.
    Now,
}

/// Stops the runner of a chain, and waits until it has ended.
pub(crate) fn stop(settings: &Settings, name: &str, how: How) -> Ended {
    let (root, chain, runner) = find(settings, name)?;
    let asked = match how {
        How::Finish => runner.stop(),
        How::Now => runner.stop_now(),
    };
    asked.map_err(|error| no_permission(&runner, &error))?;
    let most = promise(&root, &chain, settings) + MARGIN;
    if wait(&runner, most)? {
        tell(&format!("Runner {} of {chain} has stopped\n", runner.pid()));
        return Ok(());
    }
    let message = format!(
        "runner {} has not stopped within {}",
        runner.pid(),
        in_words(most)
    );
    let refusal = Refusal::new(exit::HELD, message);
    Err(match how {
        How::Finish => refusal.hint(format_args!(
            "`{}` ends its running task",
            Call::as_typed().line(format_args!("stop --now {chain}"))
        )),
        How::Now => refusal.hint(format_args!(
            "look at it with `ps -o pid,stat,wchan,args -p {}`; what it does not answer to is `kill -9 {}`",
            runner.pid(),
            runner.pid()
        )),
    })
}

/// Lets the runner of a chain skip the rest of its cooldown.
pub(crate) fn wake(settings: &Settings, name: &str) -> Ended {
    let (_root, chain, runner) = find(settings, name)?;
    runner
        .wake()
        .map_err(|error| no_permission(&runner, &error))?;
    tell(&format!("Runner {} of {chain} was woken\n", runner.pid()));
    Ok(())
}

fn find(settings: &Settings, name: &str) -> Result<(RunRoot, ChainName, Incumbent), Refusal> {
    let chain = chain_name(name)?;
    let not_running = || {
        let root = settings.run_root.display();
        Refusal::new(
            exit::NOT_RUNNING,
            format_args!("no runner of `{chain}` in `{root}`"),
        )
        .hint(format_args!(
            "`{}` shows those that there are; `--run-root` looks elsewhere",
            Call::as_typed().line("status")
        ))
    };
    let root = RunRoot::open_existing(&settings.run_root);
    let root = root.map_err(|error| Refusal::cannot_look(&error))?;
    let root = root.ok_or_else(not_running)?;
    match incumbent::find(&root, &chain).map_err(|error| Refusal::cannot_look(&error))? {
        Holder::Runner(runner) => Ok((root, chain, runner)),
        Holder::Nobody => Err(not_running()),
        Holder::Unseen => Err(Refusal::new(
            exit::NO_PERMISSION,
            format_args!("the runner of `{chain}` cannot be seen from here"),
        )
        .hint("it is in another container: ask from there")),
    }
}

/// Reads the name of a chain as people give it: perhaps as one of its tasks' paths.
pub(crate) fn chain_name(name: &str) -> Result<ChainName, Refusal> {
    ChainName::parse(name).ok_or_else(|| {
        Refusal::usage(format_args!(
            "`{name}` is not the name of a chain, such as `send_mail_retry_deferred`"
        ))
    })
}

fn no_permission(runner: &Incumbent, error: &std::io::Error) -> Refusal {
    Refusal::new(
        exit::NO_PERMISSION,
        format_args!("runner {} cannot be reached: {error}", runner.pid()),
    )
    .hint("it is somebody else's: ask as its user or as root")
}

fn wait(runner: &Incumbent, most: Duration) -> Result<bool, Refusal> {
    runner
        .wait(clock::mono() + most)
        .map_err(|error| Refusal::of(exit::FAILED, &error))
}

/// How long the runner has promised to take at most.
fn promise(root: &RunRoot, chain: &ChainName, settings: &Settings) -> Duration {
    match left::said(root, chain).ok().flatten() {
        Some(holder) => holder.stop_timeout + holder.kill_grace,
        None => settings.stop_timeout + settings.kill_grace,
    }
}

/// Returns the tasks of a chain that runs or has run.
pub(crate) fn tasks_of(settings: &Settings, chain: &ChainName) -> Result<Vec<String>, Refusal> {
    let root = RunRoot::open_existing(&settings.run_root)
        .map_err(|error| Refusal::of(error.exit_code(), &error))?;
    let holder = root.and_then(|root| left::said(&root, chain).ok().flatten());
    holder.map(|holder| holder.tasks).ok_or_else(|| {
        let root = settings.run_root.display();
        Refusal::new(
            exit::NOT_RUNNING,
            format_args!("no chain `{chain}` has run in `{root}`"),
        )
        .hint("name its tasks, such as `tasks::send_mail`; `--run-root` looks elsewhere")
    })
}
