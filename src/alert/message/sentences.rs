//! The sentences of a mail: what happened, what comes next, and why the reader gets the mail.

use super::super::alert_facts::Alert;
use super::super::alert_kind::AlertKind;
use super::lines::{one_line, shortened_inside};
use super::mail_context::MailContext;
use super::mutes;
use super::subject::{asks, held_back, on_and_off};
use crate::core::settings::{Healed, TaskSettings};
use crate::core::time::in_words;
use crate::text::counts::counted;

/// TEXT in the first sentence: so much that the essentials stay within their lines.
pub(super) const MOST_OF_TEXT: usize = 120;

/// A name that fits on its line of the essentials.
pub(super) const MOST_OF_NAME: usize = 35;

/// Returns the one sentence that sums it up: what failed and why stand in its first words.
pub(super) fn what_happened(alert: &Alert, context: &MailContext<'_>) -> String {
    let who = short_name(alert, context);
    let text = text(alert);
    match alert.sort {
        AlertKind::First | AlertKind::New => format!("{who} failed: {text}"),
        AlertKind::Downtime { .. } if alert.only_asks() => asks_only(alert, &who),
        AlertKind::Downtime { .. } if alert.on_and_off.is_some() => {
            let often = on_and_off(alert).unwrap_or_default();
            format!("{who} {often}: {text}")
        }
        AlertKind::Downtime { .. } => format!("{who} is down{}: {text}", so_long(alert)),
        AlertKind::StillRunning => match context.run_duration {
            Some(long) => format!(
                "{who} has been running for {} and does not end.",
                in_words(long)
            ),
            None => format!("{who} has been running for longer than it should."),
        },
        AlertKind::Healed => healed(&who, alert),
        AlertKind::Summary => super::summary::sentence_of(alert, &who),
        AlertKind::HeldBack if mutes::held_back(alert) > 0 => {
            let by = one_line(mutes::who(alert).unwrap_or_default(), 40);
            let count = counted(mutes::held_back(alert), "mail", "mails");
            format!(
                "The mute of {who} by {by} is over: {count} held back, which this one stands for."
            )
        }
        AlertKind::HeldBack => {
            let count = counted(held_back(alert), "failure", "failures");
            format!("{who}: {count} held back, so as not to flood you.")
        }
    }
}

/// Returns the name of the task without its modules, or that of the chain.
fn short_name(alert: &Alert, context: &MailContext<'_>) -> String {
    let name = context.name(alert);
    let short = match alert.step {
        Some(_) => name.rsplit("::").next().unwrap_or(name),
        None => name,
    };
    one_line(short, MOST_OF_NAME)
}

/// A task that does nothing but ask for later: nothing has failed, and nothing is well.
fn asks_only(alert: &Alert, who: &str) -> String {
    let asks = asks(alert).unwrap_or_default();
    let reason = match shortened_line(&alert.text) {
        reason if reason.is_empty() => String::new(),
        reason => format!(" The last run said: {reason}"),
    };
    format!("{who} {asks}.{reason}")
}

/// TEXT, of which the beginning and the end are kept.
pub(super) fn shortened_line(text: &str) -> String {
    shortened_inside(&one_line(text, usize::from(u16::MAX)), MOST_OF_TEXT)
}

fn text(alert: &Alert) -> String {
    let text = shortened_line(&alert.text);
    if text.is_empty() {
        "an error without a message".to_owned()
    } else {
        text
    }
}

/// ` for 6h`: how long an outage has lasted.
fn so_long(alert: &Alert) -> String {
    let outage = alert.outage.as_ref();
    outage.map_or_else(String::new, |outage| {
        let lasted = alert.at.mono.since(outage.started.mono) + outage.lasted_before();
        format!(" for {}", in_words(lasted))
    })
}

/// The end of an outage: how long it lasted, and what the last failure was.
fn healed(who: &str, alert: &Alert) -> String {
    let Some((outage, ended)) = alert.outage.as_ref().and_then(|o| Some((o, o.ended?))) else {
        return format!("{who} works again.");
    };
    let long = in_words(ended.mono.since(outage.started.mono) + outage.lasted_before());
    let last = match shortened_line(&alert.text) {
        last if last.is_empty() || outage.only_asks() => String::new(),
        last => format!(" The last failure was: {last}"),
    };
    format!("{who} works again after {long}.{last}")
}

/// Returns what comes next, so that silence can be distinguished from health.
pub(super) fn what_comes_next(alert: &Alert, context: &MailContext<'_>) -> String {
    if alert.ends_runner {
        return "Nothing: the runner has ended. No task of this chain runs and no reminder comes until it is started again."
            .to_owned();
    }
    let reminder = reminder(alert, context);
    match alert.sort {
        AlertKind::First | AlertKind::New => {
            format!("The same failure is not mailed again; a failure of another kind is. {reminder}")
        }
        AlertKind::Downtime { .. } if alert.only_asks() => {
            format!(
                "A run that asks to be tried again later counts neither as success nor as failure: look at what this task waits for. {reminder}"
            )
        }
        AlertKind::Downtime { .. } => {
            format!("Failures that were mailed are not mailed again; a failure of a new kind is. {reminder}")
        }
        AlertKind::StillRunning => still_running(context),
        AlertKind::Healed => {
            "Nothing has to be done. A failure of a kind that was mailed before is not mailed again unless it lasts; \
             one of a new kind is."
                .to_owned()
        }
        AlertKind::Summary => {
            "The next summary comes at its time, whatever happens until then. When none comes, this runner does not run, or its mail does \
             not leave."
                .to_owned()
        }
        AlertKind::HeldBack if alert.held_back.is_empty() => {
            "Mails leave again as ever: first failures, new kinds of failure, and reminders.".to_owned()
        }
        AlertKind::HeldBack => {
            "Each of these kinds counts as mailed now. Further failures are mailed one by one again as long as they are few."
                .to_owned()
        }
    }
}

fn reminder(alert: &Alert, context: &MailContext<'_>) -> String {
    let every = alert
        .reminder_interval
        .map(|interval| format!(", then every {}", in_words(interval)));
    match &alert.next_reminder {
        Some(next) if alert.only_asks() => format!(
            "If it still does nothing else then, a reminder comes at {}{}. A failure is mailed as ever. {}",
            context.time(next.wall),
            every.unwrap_or_default(),
            end_of_outage(alert, context)
        ),
        Some(next) => format!(
            "If it still fails then, a reminder comes at {}{}. {}",
            context.time(next.wall),
            every.unwrap_or_default(),
            end_of_outage(alert, context)
        ),
        None => "No reminder is due.".to_owned(),
    }
}

/// Returns whether a success is mailed, as a sentence.
fn end_of_outage(alert: &Alert, context: &MailContext<'_>) -> &'static str {
    let is_reminder = matches!(alert.sort, AlertKind::Downtime { .. });
    match context.healed {
        Healed::AfterMail => "The end of this outage is mailed.",
        Healed::AfterDowntime if is_reminder => "The end of this outage is mailed.",
        Healed::AfterDowntime => "A success before that ends this outage without a mail.",
        Healed::Never => "A success ends this outage without a mail.",
    }
}

fn still_running(context: &MailContext<'_>) -> String {
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
pub(super) fn setting(alert: &Alert, context: &MailContext<'_>) -> String {
    let name = context.name(alert);
    let reasons = Reasons {
        settings: context.settings,
        max_per_hour: context.max_per_hour,
        to_whom: context.to_whom,
    };
    because(alert, name, &reasons)
}

/// What decides that there is a mail, and its recipients.
pub(crate) struct Reasons<'a> {
    /// The settings of the task that the mail is about.
    pub(crate) settings: Option<&'a TaskSettings>,
    /// How many FIRST and NEW mails may leave in an hour.
    pub(crate) max_per_hour: u32,
    /// Why the recipients get the mail; `None`: they are those of `[mail]`.
    pub(crate) to_whom: Option<&'a str>,
}

/// Returns the setting by which a mail about `task` came to be.
pub(crate) fn because(alert: &Alert, task: &str, reasons: &Reasons<'_>) -> String {
    // Of news the sentence itself names the recipients.
    let is_news = matches!(alert.sort, AlertKind::First | AlertKind::New);
    let to_whom = reasons.to_whom.filter(|_| !is_news);
    let to_whom = to_whom.map_or_else(String::new, |to_whom| format!("; sent {to_whom}"));
    format!("{}{to_whom}", why(alert, task, reasons))
}

fn why(alert: &Alert, task: &str, reasons: &Reasons<'_>) -> String {
    let Reasons {
        settings,
        max_per_hour,
        to_whom,
    } = *reasons;
    let to_whom = to_whom.unwrap_or("to those in [mail] to");
    let task = one_line(task, 100);
    let downtime = settings.map(|settings| settings.non_recoverable_downtime);
    match (alert.sort, downtime) {
        (AlertKind::First, _) => format!(
            "the first failure of a task is always mailed, {to_whom}; at most {max_per_hour} such mails leave in an hour (max_per_hour)"
        ),
        (AlertKind::New, _) => format!(
            "each new kind of failure is mailed once, {to_whom}; at most {max_per_hour} such mails leave in an hour (max_per_hour)"
        ),
        (AlertKind::Downtime { .. }, Some(downtime)) => {
            format!(
                "non_recoverable_downtime = \"{}\" of {task}",
                in_words(downtime)
            )
        }
        (AlertKind::Downtime { .. }, None) => format!("non_recoverable_downtime of {task}"),
        (AlertKind::StillRunning, _) => match settings.and_then(|settings| settings.warn_after) {
            Some(after) => format!("warn_after = \"{}\" of {task}", in_words(after)),
            None => format!(
                "warn_after of {task}, which is not set: timeout + kill_grace + 5s, else ten times its usual duration"
            ),
        },
        (AlertKind::Healed, _) => "`healed` in [mail]: the end of an outage is mailed".to_owned(),
        (AlertKind::Summary, _) => "digest in [mail]".to_owned(),
        (AlertKind::HeldBack, _) if mutes::held_back(alert) > 0 => {
            "the end of a mute that held mails back (`mute`, `unmute`)".to_owned()
        }
        (AlertKind::HeldBack, _) => format!("max_per_hour = {} in [mail]", max_per_hour),
    }
}
