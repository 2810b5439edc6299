//! `mute` and `unmute`: what is not to be mailed for a while. It is a file, so that it outlives every runner; the runner is told to look at it.

use std::time::{Duration, SystemTime};

use nix::unistd::{User, getuid};

use super::call::Call;
use super::control::chain_name;
use super::left;
use super::lines::short;
use super::screen::{Ended, Refusal, counted, tell};
use crate::alert::mute::{LONGEST, Mute};
use crate::chain::ChainName;
use crate::exit;
use crate::process::incumbent::{self, Holder};
use crate::process::poll::Alarm;
use crate::process::reserve;
use crate::process::run_root::{RunRoot, UnsafePath};
use crate::process::{boot, clock};
use crate::settings::Settings;
use crate::state::mutes;
use crate::task::suggestions;
use crate::time::{Moment, in_words};

/// How long another command may take that changes the same.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const MOST_REASON: usize = 200;

/// Holds back the mails about a chain, or a task of it, for so long.
pub(crate) fn mute(settings: &Settings, whom: &str, span: &str, reason: &str) -> Ended {
    let span = parse_span(span)?;
    let target = Target::find(settings, whom)?;
    let mut until = SystemTime::UNIX_EPOCH;
    target.change(|mutes, now| {
        until = now.wall.checked_add(span).unwrap_or(now.wall);
        mutes.retain(|mute| mute.task != target.task);
        mutes.push(Mute {
            task: target.task.clone(),
            from: now.wall,
            until,
            by: who(),
            reason: one_line(reason),
            boot: boot::id(),
            made: now.mono,
        });
    })?;
    let (whom, span) = (target.words(), in_words(span));
    tell(&format!(
        "Mails about {whom} are muted until {} ({span})\n",
        short(until)
    ));
    target.tell_runner()?;
    let typed = target.typed();
    tell(&format!(
        "What falls due meanwhile is told then; `{}` ends it now\n",
        Call::as_typed().line(format_args!("unmute {typed}"))
    ));
    Ok(())
}

/// Lets mails about a chain and its tasks, or one task of it, leave again.
pub(crate) fn unmute(settings: &Settings, whom: &str) -> Ended {
    let target = Target::find(settings, whom)?;
    let (mut ended, mut left) = (0, None);
    target.change(|mutes, _| {
        let of_chain = mutes.iter().find(|mute| mute.task.is_none());
        left = of_chain.filter(|_| target.task.is_some()).cloned();
        // No mail would leave, whatever is done to the mute of the task alone.
        if left.is_some() {
            return;
        }
        let before = mutes.len();
        mutes.retain(|mute| target.task.is_some() && mute.task != target.task);
        ended = before - mutes.len();
    })?;
    let whom = target.words();
    if ended > 0 {
        tell(&format!("Mails about {whom} leave again\n"));
        target.tell_runner()?;
    }
    match left {
        Some(mute) => {
            let (chain, until) = (&target.chain, short(mute.until));
            let message = format!("{whom} is muted with its whole chain until {until}");
            let end = Call::as_typed().line(format_args!("unmute {chain}"));
            let hint = format!("`{end}` ends that");
            Err(Refusal::new(exit::FAILED, message).hint(hint))
        }
        None if ended == 0 => {
            tell(&format!("{whom} was not muted\n"));
            Ok(())
        }
        None => Ok(()),
    }
}

fn parse_span(text: &str) -> Result<Duration, Refusal> {
    let most = in_words(LONGEST);
    match humantime::parse_duration(text) {
        Ok(span) if span.is_zero() => Err(Refusal::usage(
            "a mute of no time is none; write `2h`, for instance",
        )),
        Ok(span) if span > LONGEST => Err(Refusal::usage(format_args!(
            "`{text}` is too long: a mute lasts {most} at most, so that it is not forgotten"
        ))),
        Ok(span) => Ok(span),
        Err(error) => Err(Refusal::usage(format_args!(
            "`{text}` is no time: {error}; write `2h`, for instance, {most} at most"
        ))),
    }
}

/// Who types, as people name him.
fn who() -> String {
    let user = User::from_uid(getuid()).ok().flatten();
    let user = user.map_or_else(|| format!("uid {}", getuid()), |user| user.name);
    match std::env::var("SUDO_USER") {
        Ok(person) if person != user && !person.is_empty() => {
            format!("{} (as {user})", one_line(&person))
        }
        _ => user,
    }
}

/// Returns a text as a part of a line: it stands in the log, on screens and in mails.
fn one_line(text: &str) -> String {
    let shown = super::screen::plain(text);
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ").chars().take(MOST_REASON).collect()
}

/// Whose mails are meant.
struct Target {
    run_root: RunRoot,
    state_dir: RunRoot,
    chain: ChainName,
    /// The full name of the task; `None`: the whole chain.
    task: Option<String>,
}

impl Target {
    /// Finds a chain that was run here, and the task of it that is meant.
    fn find(settings: &Settings, whom: &str) -> Result<Self, Refusal> {
        let (name, task) = match whom.split_once('/') {
            Some((name, task)) => (name, Some(task)),
            None => (whom, None),
        };
        let chain = chain_name(name)?;
        let run_root = RunRoot::open_existing(&settings.run_root).map_err(|e| refused(&e))?;
        let Some(run_root) = run_root else {
            return Err(unknown_chain(settings, &chain, &[]));
        };
        let state_dir = RunRoot::open(&settings.state_dir).map_err(|e| refused(&e))?;
        let Some(tasks) = tasks_of(&run_root, &state_dir, &chain)? else {
            let known = run_root.stems(".pid").unwrap_or_default();
            return Err(unknown_chain(settings, &chain, &known));
        };
        let task = task.map(|typed| pick(typed, &tasks, &chain)).transpose()?;
        Ok(Target {
            run_root,
            state_dir,
            chain,
            task,
        })
    }

    /// Changes the mutes of the chain; those that are over go.
    fn change(&self, change: impl FnOnce(&mut Vec<Mute>, Moment)) -> Ended {
        let _lock = self.lock()?;
        // What another command wrote just before is not yet to come.
        let now = clock::now();
        let name = mutes::file_name(self.chain.as_str());
        let mut all = left::mutes(&self.state_dir, self.chain.as_str()).unwrap_or_else(|why| {
            tell(&format!("note: the former mutes cannot be read: {why}\n"));
            Vec::new()
        });
        let boot = boot::id();
        all.retain(|mute| mute.ends(now, &boot).is_some());
        change(&mut all, now);
        let written = self.state_dir.replace(&name, &mutes::encode(all));
        written.map_err(|error| refused(&self.state_dir.io_error(&name, error)))
    }

    /// Two commands at once must not lose what one of them wished.
    fn lock(&self) -> Result<impl Drop + use<>, Refusal> {
        let failed = |error| Refusal::of(reserve::exit_code(&error), &error);
        let end = clock::mono() + PATIENCE;
        let mut alarm = Alarm::new().map_err(failed)?;
        loop {
            match self.state_dir.try_lock().map_err(failed)? {
                Some(lock) => return Ok(lock),
                None if clock::mono() < end => {
                    alarm
                        .wait([None], clock::mono() + LOOK_AGAIN)
                        .map_err(failed)?;
                }
                None => {
                    let path = self.state_dir.path().display();
                    let message = format!("another command changes the mutes in `{path}`");
                    return Err(Refusal::new(exit::HELD, message).hint("try again"));
                }
            }
        }
    }

    fn tell_runner(&self) -> Ended {
        let chain = &self.chain;
        match incumbent::find(&self.run_root, chain).map_err(|error| refused(&error))? {
            Holder::Runner(runner) => runner.look().map_err(|error| {
                let pid = runner.pid();
                let message = format!("runner {pid} cannot be told: {error}");
                Refusal::new(exit::NO_PERMISSION, message)
                    .hint("it is somebody else's: ask as its user or as root")
            }),
            Holder::Nobody => {
                tell(&format!(
                    "No runner of {chain} lives now; the next one keeps to it\n"
                ));
                Ok(())
            }
            Holder::Unseen => {
                tell(&format!(
                    "The runner of {chain} is in another container: it sees that before its next mail\n"
                ));
                Ok(())
            }
        }
    }

    fn words(&self) -> String {
        match &self.task {
            Some(task) => format!("{task} of {}", self.chain),
            None => self.chain.to_string(),
        }
    }

    fn typed(&self) -> String {
        match &self.task {
            Some(task) => format!("{}/{task}", self.chain),
            None => self.chain.to_string(),
        }
    }
}

/// Returns the tasks of a chain, as its last runner knew them; `None` when there was none.
fn tasks_of(
    run_root: &RunRoot,
    state_dir: &RunRoot,
    chain: &ChainName,
) -> Result<Option<Vec<String>>, Refusal> {
    if let Some(said) = left::said(run_root, chain).map_err(|error| refused(&error))? {
        return Ok(Some(said.tasks));
    }
    let memory = left::remembered(state_dir, chain).map_err(|error| refused(&error))?;
    Ok(memory.map(|kept| kept.identity.tasks))
}

/// Returns the full name of the task that was typed: whole, with dots, or its function alone.
fn pick(typed: &str, tasks: &[String], chain: &ChainName) -> Result<String, Refusal> {
    let wanted = typed.replace('.', "::");
    let function = |task: &String| task.rsplit("::").next() == Some(wanted.as_str());
    let mut found: Vec<&String> = tasks.iter().filter(|task| **task == wanted).collect();
    if found.is_empty() {
        found = tasks.iter().filter(|task| function(task)).collect();
    }
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [task] => Ok((*task).clone()),
        [] => {
            let refusal = Refusal::usage(format_args!("`{typed}` is no task of the chain {chain}"));
            let known = tasks.iter().map(String::as_str);
            Err(match suggestions(typed, known).first() {
                Some(meant) => refusal.hint(format_args!("did you mean `{chain}/{meant}`?")),
                None => refusal.hint(format_args!("it has {}", tasks.join(", "))),
            })
        }
        several => {
            let names: Vec<&str> = several.iter().map(|task| task.as_str()).collect();
            let count = counted(names.len() as u64, "task", "tasks");
            let message = format!("`{typed}` may be {count} of {chain}");
            Err(Refusal::usage(message).hint(format_args!("write one of {}", names.join(", "))))
        }
    }
}

fn unknown_chain(settings: &Settings, chain: &ChainName, known: &[String]) -> Refusal {
    let root = settings.run_root.display();
    let message = format!("no chain `{chain}` was ever run in `{root}`");
    let refusal = Refusal::new(exit::NOT_RUNNING, message);
    match suggestions(chain.as_str(), known.iter().map(String::as_str)).first() {
        Some(meant) => refusal.hint(format_args!("did you mean `{meant}`?")),
        None => refusal.hint(format_args!(
            "`{}` shows those that there are; `--run-root` looks elsewhere",
            Call::as_typed().line("status")
        )),
    }
}

fn refused(error: &UnsafePath) -> Refusal {
    if error.is_foreign() {
        return Refusal::of(exit::NO_PERMISSION, error).hint(
            "a chain of another user is muted by that user alone: ask as that user, with `sudo -u` for instance",
        );
    }
    Refusal::of(error.exit_code(), error)
}
