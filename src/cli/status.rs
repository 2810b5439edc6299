//! `status`: what runs, what sleeps, and what fails. Liveness is the lock, never the number in a file. Writes nothing.

mod json;
mod letter;
pub(in crate::cli) mod look;
mod mails;
mod now;
pub(in crate::cli) mod outage;
mod text;

use std::time::Duration;

use super::args::{ColorArg, StatusArgs};
use super::call::Call;
use super::screen::{Ended, Refusal, pipe_reader, print, screen, width};
use crate::config::{Inputs, Loaded};
use crate::exit;
use crate::process::clock;
use crate::process::poll::Alarm;
use look::{Standing, View};
pub(crate) use now::now;

/// How often `--watch` looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Moves to the first place of a terminal and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Prints what is known of one chain, or of all of RUN_ROOT. Exit code 3 when something does not run, else 1 when something fails.
pub(crate) fn show(inputs: &Inputs, loaded: &Loaded, args: &StatusArgs, color: ColorArg) -> Ended {
    if args.watch {
        return watch(loaded, args, color);
    }
    let view = look::at(loaded, args.name.as_slice())?;
    let written = print(&shown(&view, loaded, args, color));
    let Some(code) = verdict(&view) else {
        return written;
    };
    if args.mail_if_bad {
        letter::send(&view, inputs, loaded)?;
    }
    // Nobody reads, perhaps: the verdict is given all the same.
    Err(Refusal::said(code))
}

fn shown(view: &View, loaded: &Loaded, args: &StatusArgs, color: ColorArg) -> String {
    if args.json {
        return format!("{:#}\n", json::of(view, verdict(view)));
    }
    text::of(view, loaded, &Call::as_typed(), screen(color))
}

/// Looks again and again, until somebody interrupts or stops reading.
fn watch(loaded: &Loaded, args: &StatusArgs, color: ColorArg) -> Ended {
    let no_descriptor = |error| Refusal::of(exit::FAILED, &error);
    let mut alarm = Alarm::new().map_err(no_descriptor)?;
    let reader = pipe_reader();
    loop {
        let view = look::at(loaded, args.name.as_slice())?;
        let shown = shown(&view, loaded, args, color);
        match width() {
            Some(_) => print(&format!("{CLEAR}{shown}"))?,
            None => print(&format!("{shown}\n"))?,
        }
        let source = reader.as_ref().map(std::os::fd::AsFd::as_fd);
        let [is_gone] = alarm
            .wait([source], clock::mono() + LOOK_AGAIN)
            .map_err(no_descriptor)?;
        if is_gone {
            return Ok(());
        }
    }
}

/// Returns the exit code, unless all is well.
fn verdict(view: &View) -> Option<u8> {
    let is_bad = |task: &look::Task| task.down.is_some() || task.late.is_some();
    let fails = |chain: &look::Chain| chain.tasks.iter().any(is_bad);
    let is_missing = |chain: &look::Chain| matches!(chain.standing, Standing::Stopped);
    let is_hidden = |chain: &look::Chain| matches!(chain.standing, Standing::Hidden(_));
    // What fails in a chain that does not run is its last word: that nobody goes on with it comes first.
    if view.chains.is_empty() || view.chains.iter().any(is_missing) {
        Some(exit::NOT_RUNNING)
    } else if view.chains.iter().any(fails) || view.mail.broken.is_some() {
        Some(exit::FAILED)
    } else if view.mail_is_hidden || view.chains.iter().any(is_hidden) {
        Some(exit::NO_PERMISSION)
    } else {
        None
    }
}
