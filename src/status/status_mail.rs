//! `status --mail-if-bad`: the watcher of the watcher, for a line of cron or a timer.

use std::time::Duration;

use super::look::{Standing, Task, View};
use super::text;
use crate::cli::call::Call;
use crate::cli::screen::{Refusal, tell};
use crate::config::{Inputs, Loaded};
use crate::exit;
use crate::letter::{Letter, Place};
use crate::mail::mailer::Mailer;
use crate::mail::outbox::{self, Kept};
use crate::process::clock;
use crate::report::{Screen, capitalised};

/// How much longer than one attempt we wait for it.
const MARGIN: Duration = Duration::from_secs(5);
const MOST_SUBJECT: usize = 100;
const MOST_MINIMAL: usize = 2048;

/// Mails what `status` prints.
pub(super) fn send(view: &View, inputs: &Inputs, loaded: &Loaded) -> Result<(), Refusal> {
    let settings = &loaded.settings;
    let no_descriptor = |error| Refusal::of(exit::SHORTAGE, &error);
    let mailer = Mailer::new(&settings.state_dir, settings.mail.clone()).map_err(no_descriptor)?;
    let letter = letter(view, inputs, loaded);
    let kept = mailer.post(&letter, view.now.wall);
    mailer.finish(clock::mono() + settings.mail.timeout + MARGIN);
    if let Kept::InMemory(why) = kept {
        let message = format!("the mail was perhaps not sent, and could not be kept: {why}");
        return Err(Refusal::new(exit::FAILED, message));
    }
    if let Some(broken) = outbox::report(&settings.state_dir).broken {
        tell(&format!(
            "The mail waits in the outbox: {}\n",
            broken.trouble.line()
        ));
    }
    Ok(())
}

fn letter(view: &View, inputs: &Inputs, loaded: &Loaded) -> Letter {
    let host = &inputs.hostname;
    let screen = Screen {
        width: Some(78),
        colours: false,
    };
    let call = Call::from_anywhere(inputs, loaded);
    let body = text::of(view, loaded, &call, screen);
    let subject: String = format!("[{host}] {}", headline(view))
        .chars()
        .take(MOST_SUBJECT)
        .collect();
    let minimal = body
        .char_indices()
        .take_while(|(at, c)| at + c.len_utf8() <= MOST_MINIMAL);
    let unique = format!("{:x}.{:x}", std::process::id(), view.now.mono.as_nanos());
    Letter {
        subject,
        date: view.now.wall,
        message_id: format!("status.{unique}@{host}"),
        thread: None,
        list_id: format!("status.{host}"),
        facts: "event=status".to_owned(),
        minimal_body: minimal.map(|(_, c)| c).collect(),
        body,
        place: Place {
            sort: "status".to_owned(),
            chain: String::new(),
            task: String::new(),
            outage: 0,
        },
    }
}

/// Says what is worst.
fn headline(view: &View) -> String {
    let chains = view.chains.iter();
    let stopped = chains.filter(|chain| matches!(chain.standing, Standing::Stopped));
    let tasks = |is_wanted: fn(&Task) -> bool| {
        let tasks = view.chains.iter().flat_map(|chain| &chain.tasks);
        tasks.filter(move |task| is_wanted(task))
    };
    let troubles = [
        (
            "not running",
            stopped.map(|chain| chain.name.as_str()).collect(),
        ),
        ("down", labels(tasks(|task| task.down.is_some()))),
        ("still running", labels(tasks(|task| task.late.is_some()))),
    ];
    let troubles = troubles.into_iter().filter(|(_, names)| !names.is_empty());
    let told =
        troubles.map(|(what, names): (_, Vec<&str>)| format!("{what}: {}", names.join(", ")));
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true if view.chains.is_empty() => "Nothing runs here".to_owned(),
        true if view.mail.broken.is_some() => "Mail did not leave".to_owned(),
        true => "Not everything can be looked at".to_owned(),
        false => capitalised(&told.join("; ")),
    }
}

fn labels<'a>(tasks: impl Iterator<Item = &'a Task>) -> Vec<&'a str> {
    tasks.map(|task| task.label.as_str()).collect()
}
