//! What a mail reports of mutes: which user wanted silence, for how long, and what would have come
//! meanwhile.

use super::super::alert_facts::Alert;
use super::lines::{item, one_line, sentence};
use super::mail_context::MailContext;
use crate::mute::account::{MuteAccount, ReportedMute};
use crate::text::counts::counted;

/// How many tasks are named of a mute.
const MOST_TASKS: usize = 20;

/// Returns how many mails were held back by the mutes that the mail reports.
pub(super) fn held_back(alert: &Alert) -> u64 {
    let totals = alert.mutes.iter().map(|told| told.muted.total());
    totals.fold(0, u64::saturating_add)
}

/// Returns the user that wanted the silence that is over, if it held anything back.
pub(super) fn who(alert: &Alert) -> Option<&str> {
    let mut over = alert.mutes.iter().map(|told| &told.muted);
    over.find(|muted| muted.total() > 0)
        .map(|muted| muted.by.as_str())
}

/// Adds a sentence for each mute, and what it held back of each task.
pub(super) fn section(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    let mut left: Vec<&ReportedMute> = alert.mutes.iter().collect();
    while let Some(first) = left.first().copied() {
        let (same, others) = left
            .into_iter()
            .partition::<Vec<_>, _>(|told| is_same(&told.muted, &first.muted));
        left = others;
        body.push('\n');
        sentence(body, &one_mute(&same, alert, context));
        if alert.step.is_none() {
            tasks(body, &same, context);
        }
    }
}

fn is_same(one: &MuteAccount, other: &MuteAccount) -> bool {
    let key = |muted: &MuteAccount| (muted.from, muted.until, muted.over);
    key(one) == key(other) && one.by == other.by && one.reason == other.reason
}

fn one_mute(told: &[&ReportedMute], alert: &Alert, context: &MailContext<'_>) -> String {
    let muted = &told[0].muted;
    let whom = match (alert.step, told) {
        (None, told) if told.len() == context.tasks.len() => one_line(context.chain, 100),
        (_, [one]) => name(one, context),
        (_, told) => counted(told.len() as u64, "task", "tasks"),
    };
    let by = one_line(&muted.by, 100);
    let (from, until) = (context.time(muted.from), context.time(muted.until));
    let reason = match one_line(&muted.reason, 300) {
        reason if reason.is_empty() => String::new(),
        reason => format!(" ({reason})"),
    };
    let total = told.iter().map(|told| told.muted.total()).sum();
    let held = match (total, alert.step) {
        (0, _) => "no mail was held back".to_owned(),
        (_, Some(_)) => format!("{}: {}", mails(total), sorts(muted)),
        (_, None) => mails(total),
    };
    if muted.over {
        format!("{whom}: muted by {by} from {from} to {until}{reason}; {held}.")
    } else {
        format!("{whom}: muted by {by} since {from}, until {until}{reason}; {held} so far.")
    }
}

fn mails(count: u64) -> String {
    let verb = if count == 1 { "was" } else { "were" };
    format!("{} {verb} held back", counted(count, "mail", "mails"))
}

/// What would have been mailed, in the words of subjects.
fn sorts(muted: &MuteAccount) -> String {
    let counts = muted.counts().into_iter().filter(|(_, count)| *count > 0);
    let words = counts.map(|(words, count)| match count {
        1 => words.to_owned(),
        count => format!("{words} ({})", counted(count, "time", "times")),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn tasks(body: &mut String, told: &[&ReportedMute], context: &MailContext<'_>) {
    let mut loud = told.iter().filter(|told| told.muted.total() > 0);
    for told in loud.by_ref().take(MOST_TASKS) {
        let now = match told.down_since {
            Some(since) => format!("down since {}", context.time(since)),
            None => "not down any more".to_owned(),
        };
        let line = format!("{}: {}; {now}", name(told, context), sorts(&told.muted));
        item(body, &line);
    }
    let more = loud.count() as u64;
    if more > 0 {
        item(
            body,
            &format!("and {}", counted(more, "more task", "more tasks")),
        );
    }
}

fn name(told: &ReportedMute, context: &MailContext<'_>) -> String {
    let name = context.tasks.get(told.step);
    one_line(name.map_or(context.chain, String::as_str), 100)
}
