//! The sentences of a mail: what happened, what comes next, and why the reader was told.

use super::lines::{counted, one_line};
use super::subject::{asks, held_back};
use super::{Context, mutes};
use crate::alert::notice::{Notice, Outage, Sort};
use crate::settings::TaskSettings;
use crate::time::in_words;

/// TEXT in the first sentence: what a phone shows.
const MOST_OF_TEXT: usize = 300;

/// Returns the one sentence that says it all.
pub(super) fn what_happened(notice: &Notice, context: &Context<'_>) -> String {
    let who = who(notice, context);
    let text = text(notice);
    let outage = notice.outage.as_ref();
    match notice.sort {
        Sort::First | Sort::New if notice.ends_runner => {
            format!("{who} has failed and has stopped its runner: {text}")
        }
        Sort::First => format!("{who} has failed: {text}"),
        Sort::New => format!("{who} has failed in a way that is new: {text}"),
        Sort::Downtime { .. } if notice.only_asks() => asks_only(notice, &who, context),
        Sort::Downtime { count: 0 | 1 } => {
            format!("{who} has been down{}: {text}", so_long(notice, context))
        }
        Sort::Downtime { .. } => format!("{who} is still down{}: {text}", so_long(notice, context)),
        Sort::StillRunning => match context.run_duration {
            Some(long) => format!(
                "{who} has been running for {} and does not end.",
                in_words(long)
            ),
            None => format!("{who} has been running for longer than it should."),
        },
        Sort::Healed => format!(
            "{who} works again{}.",
            outage.map_or_else(String::new, |o| was_down(o, context))
        ),
        Sort::Summary => super::summary::sentence_of(notice, &who),
        Sort::HeldBack if mutes::held_back(notice) > 0 => {
            let by = one_line(mutes::who(notice).unwrap_or_default(), 100);
            let count = counted(mutes::held_back(notice), "mail", "mails");
            format!(
                "The mute of {who} by {by} is over; it held back {count}, which this one stands for."
            )
        }
        Sort::HeldBack => {
            let count = counted(held_back(notice), "failure", "failures");
            format!(
                "{count} of {who} had no mail of their own, so as not to flood you; here they are."
            )
        }
    }
}

/// A task that does nothing but ask for later: nothing has failed, and nothing is well.
fn asks_only(notice: &Notice, who: &str, context: &Context<'_>) -> String {
    let asks = asks(notice).unwrap_or_default();
    let since = notice.outage.as_ref();
    let since = since.map_or_else(String::new, |outage| {
        format!(" since {}", context.time(outage.started.wall))
    });
    let reason = match one_line(&notice.text, MOST_OF_TEXT) {
        reason if reason.is_empty() => String::new(),
        reason => format!(" The last run said: {reason}"),
    };
    format!("{who} {asks}{since}.{reason}")
}

fn who(notice: &Notice, context: &Context<'_>) -> String {
    let name = one_line(context.name(notice), 100);
    format!("{name} on {}", one_line(context.host, 100))
}

fn text(notice: &Notice) -> String {
    let text = one_line(&notice.text, MOST_OF_TEXT);
    if text.is_empty() {
        "an error without a message".to_owned()
    } else {
        text
    }
}

/// ` for 6h, since …`: how long an outage has lasted.
fn so_long(notice: &Notice, context: &Context<'_>) -> String {
    let Some(outage) = &notice.outage else {
        return String::new();
    };
    let lasted = notice.at.mono.since(outage.started.mono);
    let since = context.time(outage.started.wall);
    format!(" for {}, since {since}", in_words(lasted))
}

fn was_down(outage: &Outage, context: &Context<'_>) -> String {
    let Some(ended) = outage.ended else {
        return String::new();
    };
    let (from, to) = (context.time(outage.started.wall), context.time(ended.wall));
    let long = in_words(ended.mono.since(outage.started.mono));
    format!(" after {long}: it was down from {from} to {to}")
}

/// Returns what comes next, so that silence can be told from health.
pub(super) fn what_comes_next(notice: &Notice, context: &Context<'_>) -> String {
    if notice.ends_runner {
        return "Nothing: the runner has ended. No task of this chain runs and no reminder comes until it is started again."
            .to_owned();
    }
    let reminder = reminder(notice, context);
    match notice.sort {
        Sort::First | Sort::New => {
            format!("The same failure is not mailed again; a failure of another kind is. {reminder}")
        }
        Sort::Downtime { .. } if notice.only_asks() => {
            format!(
                "A run that asks to be tried again later counts neither as success nor as failure: look at what this task waits for. {reminder}"
            )
        }
        Sort::Downtime { .. } => {
            format!("Failures that were mailed are not mailed again; a failure of a new kind is. {reminder}")
        }
        Sort::StillRunning => still_running(context),
        Sort::Healed => {
            "Nothing has to be done. A failure of a kind that was mailed before is not mailed again unless it lasts; \
             one of a new kind is."
                .to_owned()
        }
        Sort::Summary => {
            "The next summary comes at its time, whatever happens until then. When none comes, this runner does not run, or its mail does \
             not leave."
                .to_owned()
        }
        Sort::HeldBack if notice.held_back.is_empty() => {
            "Mails leave again as ever: first failures, new kinds of failure, and reminders.".to_owned()
        }
        Sort::HeldBack => {
            "Each of these kinds counts as mailed now. Further failures are mailed one by one again as long as they are few."
                .to_owned()
        }
    }
}

fn reminder(notice: &Notice, context: &Context<'_>) -> String {
    let every = notice
        .reminder_interval
        .map(|interval| format!(", then every {}", in_words(interval)));
    match &notice.next_reminder {
        Some(next) if notice.only_asks() => format!(
            "If it still does nothing else then, a reminder comes at {}{}. A success ends this without a mail; a failure is mailed as ever.",
            context.time(next.wall),
            every.unwrap_or_default()
        ),
        Some(next) => format!(
            "If it still fails then, a reminder comes at {}{}. A success ends this outage without a mail.",
            context.time(next.wall),
            every.unwrap_or_default()
        ),
        None => "No reminder is due.".to_owned(),
    }
}

fn still_running(context: &Context<'_>) -> String {
    let once = "This run is not mailed again.";
    let Some(settings) = context.settings else {
        return once.to_owned();
    };
    match settings.timeout {
        Some(timeout) => format!(
            "{once} It is ended when it has taken {}, which counts as a failure. The chain waits for it until then.",
            in_words(timeout)
        ),
        None => format!(
            "{once} It has no timeout: the chain waits for it, however long it takes. `timeout` in its settings would end it."
        ),
    }
}

/// Returns the setting by which this mail came to be.
pub(super) fn setting(notice: &Notice, context: &Context<'_>) -> String {
    let name = context.name(notice);
    because(notice, name, context.settings, context.max_per_hour)
}

/// Returns the setting by which a mail about `task` came to be.
pub(crate) fn because(
    notice: &Notice,
    task: &str,
    settings: Option<&TaskSettings>,
    max_per_hour: u32,
) -> String {
    let task = one_line(task, 100);
    let downtime = settings.map(|settings| settings.non_recoverable_downtime);
    match (notice.sort, downtime) {
        (Sort::First, _) => format!(
            "the first failure of a task is always mailed, to those in [mail] to; at most {} such mails leave in an hour (max_per_hour)",
            max_per_hour
        ),
        (Sort::New, _) => format!(
            "each new kind of failure is mailed once, to those in [mail] to; at most {} such mails leave in an hour (max_per_hour)",
            max_per_hour
        ),
        (Sort::Downtime { .. }, Some(downtime)) => {
            format!(
                "non_recoverable_downtime = \"{}\" of {task}",
                in_words(downtime)
            )
        }
        (Sort::Downtime { .. }, None) => format!("non_recoverable_downtime of {task}"),
        (Sort::StillRunning, _) => match settings.and_then(|settings| settings.warn_after) {
            Some(after) => format!("warn_after = \"{}\" of {task}", in_words(after)),
            None => format!(
                "warn_after of {task}, which is not set: timeout + kill_grace + 5s, else ten times its usual duration"
            ),
        },
        (Sort::Healed, _) => "healed = \"after-downtime\" in [mail]".to_owned(),
        (Sort::Summary, _) => "digest in [mail]".to_owned(),
        (Sort::HeldBack, _) if mutes::held_back(notice) > 0 => {
            "the end of a mute that held mails back (`mute`, `unmute`)".to_owned()
        }
        (Sort::HeldBack, _) => format!("max_per_hour = {} in [mail]", max_per_hour),
    }
}
