//! `mute` and `unmute`: what is not to be mailed for a while. It is a file, so that it outlives
//! every runner; the runner is asked to look at it.

mod on_board;

use std::time::{Duration, SystemTime};

use nix::unistd::{User, getuid};

use crate::chain::ChainName;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::core::time::{Moment, in_words};
use crate::mute::on_disk::change::{self, MuteChangeError};
use crate::mute::wish::{LONGEST, Mute};
use crate::status::state_files::ChainDirectories;
use crate::text::counts::counted_or_no;
use crate::text::suggest::suggestions;
use crate::unix::clock::short;
use crate::unix::runner_handle::ChainHolder;
use crate::unix::terminal::print_to_stderr;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};
use crate::unix::{boot, clock, resource_check};

use on_board::BoardMute;

const MOST_REASON: usize = 200;

/// Holds back the mails about a chain, or a task of it, for so long.
pub(crate) fn mute(settings: &Settings, whom: &str, span: &str, reason: &str) -> CommandResult {
    let span = parse_span(span)?;
    let target = match MuteTarget::find(settings, whom) {
        Ok(target) => target,
        Err(error) => {
            let found = BoardMute::find(settings, whom)?;
            return match found {
                Some(found) => mute_on_board(&found, whom, span, reason),
                None => Err(error),
            };
        }
    };
    let mut until = SystemTime::UNIX_EPOCH;
    target.change(|mutes, now| {
        until = now.wall.checked_add(span).unwrap_or(now.wall);
        mutes.retain(|mute| mute.task != target.task);
        mutes.push(Mute {
            task: target.task.clone(),
            from: now.wall,
            until,
            by: user_name(),
            reason: one_line(reason),
            boot: boot::id(),
            made: now.mono,
        });
    })?;
    let (whom, span) = (target.words(), in_words(span));
    print_to_stderr(&format!(
        "Mails about {whom} are muted until {} ({span})\n",
        short(until)
    ));
    target.tell_runner()?;
    let typed = target.typed();
    print_to_stderr(&format!(
        "What falls due meanwhile is told then; `{}` ends it now\n",
        Call::as_typed().line(format_args!("unmute {typed}"))
    ));
    Ok(())
}

/// Lets mails about a chain and its tasks, or one task of it, leave again.
pub(crate) fn unmute(settings: &Settings, whom: &str) -> CommandResult {
    let target = match MuteTarget::find(settings, whom) {
        Ok(target) => target,
        Err(error) => {
            let found = BoardMute::find(settings, whom)?;
            let is_ended = found.ok_or(error)?.unmute()?;
            print_to_stderr(&match is_ended {
                true => format!("Mails about {whom} leave again\n"),
                false => format!("{whom} was not muted\n"),
            });
            return Ok(());
        }
    };
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
        print_to_stderr(&format!("Mails about {whom} leave again\n"));
        target.tell_runner()?;
    }
    match left {
        Some(mute) => {
            let (chain, until) = (&target.chain, short(mute.until));
            let message = format!("{whom} is muted with its whole chain until {until}");
            let end = Call::as_typed().line(format_args!("unmute {chain}"));
            let hint = format!("`{end}` ends that");
            Err(CommandError::new(exit::FAILED, message).hint(hint))
        }
        None if ended == 0 => {
            print_to_stderr(&format!("{whom} was not muted\n"));
            Ok(())
        }
        None => Ok(()),
    }
}

fn mute_on_board(found: &BoardMute, whom: &str, span: Duration, reason: &str) -> CommandResult {
    found.mute(|now, task| Mute {
        task,
        from: now.wall,
        until: now.wall.checked_add(span).unwrap_or(now.wall),
        by: user_name(),
        reason: one_line(reason),
        boot: boot::id(),
        made: now.mono,
    })?;
    let until = short(clock::wall().checked_add(span).unwrap_or_else(clock::wall));
    print_to_stderr(&format!(
        "Mails about {whom} are muted until {until} ({})\nWhat falls due meanwhile is mailed then; `{}` ends it now\n",
        in_words(span),
        Call::as_typed().line(format_args!("unmute {whom}"))
    ));
    Ok(())
}

fn parse_span(text: &str) -> Result<Duration, CommandError> {
    let most = in_words(LONGEST);
    match humantime::parse_duration(text) {
        Ok(span) if span.is_zero() => Err(CommandError::usage(
            "a mute of no time is none; write `2h`, for instance",
        )),
        Ok(span) if span > LONGEST => Err(CommandError::usage(format_args!(
            "`{text}` is too long: a mute lasts {most} at most, so that it is not forgotten"
        ))),
        Ok(span) => Ok(span),
        Err(error) => Err(CommandError::usage(format_args!(
            "`{text}` is no time: {error}; write `2h`, for instance, {most} at most"
        ))),
    }
}

/// Returns the user who types, as people know the user.
pub(super) fn user_name() -> String {
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
    let shown = super::super::output::plain(text);
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ").chars().take(MOST_REASON).collect()
}

/// Whose mails are meant.
struct MuteTarget {
    directories: ChainDirectories,
    state_dir: PrivateDir,
    chain: ChainName,
    /// The full name of the task; `None`: the whole chain.
    task: Option<String>,
}

impl MuteTarget {
    /// Finds a chain that was run here, and the task of it that is meant.
    fn find(settings: &Settings, whom: &str) -> Result<Self, CommandError> {
        let (name, task) = match whom.split_once('/') {
            Some((name, task)) => (name, Some(task)),
            None => (whom, None),
        };
        let chain = ChainName::typed(name)?;
        let directories = ChainDirectories::open(settings).map_err(|error| refused(&error))?;
        let tasks = directories.tasks_of(&chain);
        let Some(tasks) = tasks.map_err(|error| refused(&error))? else {
            let known = directories.chains().unwrap_or_default();
            return Err(unknown_chain(settings, &chain, &known));
        };
        let state_dir = PrivateDir::open(&settings.state_dir).map_err(|error| refused(&error))?;
        let task = task.map(|typed| pick(typed, &tasks, &chain)).transpose()?;
        Ok(MuteTarget {
            directories,
            state_dir,
            chain,
            task,
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Mute>, Moment)) -> CommandResult {
        let changed = change::apply(&self.state_dir, self.chain.as_str(), change);
        let unread = changed.map_err(|error| not_changed(&self.state_dir, &error))?;
        if let Some(why) = unread {
            print_to_stderr(&format!("note: the former mutes cannot be read: {why}\n"));
        }
        Ok(())
    }

    fn tell_runner(&self) -> CommandResult {
        let chain = &self.chain;
        let runner = self.directories.runner_of(chain);
        match runner.map_err(|error| refused(&error))? {
            ChainHolder::Runner(runner) => runner.look().map_err(|error| {
                let pid = runner.pid();
                let message = format!("runner {pid} cannot be told: {error}");
                CommandError::new(exit::NO_PERMISSION, message)
                    .hint("it is somebody else's: ask as its user or as root")
            }),
            ChainHolder::Nobody => {
                print_to_stderr(&format!(
                    "No runner of {chain} lives now; the next one keeps to it\n"
                ));
                Ok(())
            }
            ChainHolder::Unseen => {
                print_to_stderr(&format!(
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

/// Returns the full name of the task that was typed: whole, with dots, or its function alone.
fn pick(typed: &str, tasks: &[String], chain: &ChainName) -> Result<String, CommandError> {
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
            let refusal =
                CommandError::usage(format_args!("`{typed}` is no task of the chain {chain}"));
            let known = tasks.iter().map(String::as_str);
            Err(match suggestions(typed, known).first() {
                Some(meant) => refusal.hint(format_args!("did you mean `{chain}/{meant}`?")),
                None => refusal.hint(format_args!("it has {}", tasks.join(", "))),
            })
        }
        several => {
            let names: Vec<&str> = several.iter().map(|task| task.as_str()).collect();
            let count = counted_or_no(names.len() as u64, "task", "tasks");
            let message = format!("`{typed}` may be {count} of {chain}");
            Err(CommandError::usage(message)
                .hint(format_args!("write one of {}", names.join(", "))))
        }
    }
}

fn unknown_chain(settings: &Settings, chain: &ChainName, known: &[ChainName]) -> CommandError {
    let root = settings.run_root.display();
    let message = format!("no chain `{chain}` was ever run in `{root}`");
    let refusal = CommandError::new(exit::NOT_RUNNING, message);
    match suggestions(chain.as_str(), known.iter().map(ChainName::as_str)).first() {
        Some(meant) => refusal.hint(format_args!("did you mean `{meant}`?")),
        None => refusal.hint(format_args!(
            "`{}` shows those that there are; `--run-root` looks elsewhere",
            Call::as_typed().line("status")
        )),
    }
}

fn not_changed(state_dir: &PrivateDir, error: &MuteChangeError) -> CommandError {
    match error {
        MuteChangeError::Path(error) => refused(error),
        MuteChangeError::Machine(error) => {
            CommandError::of(resource_check::exit_code(error), error)
        }
        MuteChangeError::Busy => {
            let path = state_dir.path().display();
            let message = format!("another command changes the mutes in `{path}`");
            CommandError::new(exit::HELD, message).hint("try again")
        }
    }
}

fn refused(error: &UntrustedPath) -> CommandError {
    if error.is_foreign() {
        return CommandError::of(exit::NO_PERMISSION, error).hint(
            "a chain of another user is muted by that user alone: ask as that user, with `sudo -u` for instance",
        );
    }
    CommandError::of(error.exit_code(), error)
}
