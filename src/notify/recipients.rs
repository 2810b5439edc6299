//! Who is mailed about what: the recipients of a chain, and those of each of its tasks.

use std::borrow::Cow;

use crate::alert::{alert_facts::Alert, alert_kind::AlertKind};
use crate::core::event::TaskIndex;
use crate::core::settings::TaskSettings;

/// The recipients of the mails of a chain.
#[derive(Debug)]
pub(crate) struct Recipients {
    /// `to` of `[mail]`.
    chain: Vec<String>,
    tasks: Vec<OfTask>,
}

/// The recipients of the mails about one task.
#[derive(Debug)]
struct OfTask {
    label: String,
    /// `to` of the task, where that is set.
    to: Option<Vec<String>>,
    cc: Vec<String>,
}

/// A mail, or the part of a mail about several tasks that concerns the same recipients.
#[derive(Debug)]
pub(crate) struct Addressed<'a> {
    /// What the mail tells.
    pub(crate) alert: Cow<'a, Alert>,
    /// The recipients.
    pub(crate) to: Vec<String>,
    /// Why these addresses get the mail; `None`: they are those of `[mail]`, and no others.
    pub(crate) why: Option<String>,
}

impl Recipients {
    /// Makes those of a chain whose tasks have these labels and settings, in order; `chain` is `to`
    /// of `[mail]`.
    pub(crate) fn new<'a>(
        chain: &[String],
        tasks: impl Iterator<Item = (&'a String, &'a TaskSettings)>,
    ) -> Self {
        let of_task = |(label, settings): (&String, &TaskSettings)| OfTask {
            label: label.clone(),
            to: settings.to.clone(),
            cc: settings.cc.clone(),
        };
        Recipients {
            chain: distinct(chain),
            tasks: tasks.map(of_task).collect(),
        }
    }

    /// Returns who gets a mail. Of a mail about several tasks each address gets what concerns its
    /// own.
    pub(crate) fn of<'a>(&self, alert: &'a Alert) -> Vec<Addressed<'a>> {
        match (alert.sort, alert.step) {
            // Nothing of the chain runs any more.
            _ if alert.ends_runner => vec![Addressed {
                alert: Cow::Borrowed(alert),
                to: self.everybody(),
                why: self.why_everybody(),
            }],
            (_, Some(step)) => vec![Addressed {
                alert: Cow::Borrowed(alert),
                to: self.of_task(step),
                why: self.why(step),
            }],
            (AlertKind::Summary, None) => self.parts(alert, &self.all_steps(), true),
            (_, None) => self.parts(alert, &steps_in(alert), false),
        }
    }

    /// Returns why the recipients of mails about a task get them; `None`: they are those of
    /// `[mail]`.
    pub(crate) fn why(&self, step: TaskIndex) -> Option<String> {
        let OfTask { label, to, cc } = self.tasks.get(step)?;
        if to.is_none() && cc.is_empty() {
            return None;
        }
        let to = match to {
            Some(to) => format!("to {} (`to` of {label})", distinct(to).join(", ")),
            None => format!("to {} (`to` of [mail])", self.chain.join(", ")),
        };
        let cc = distinct(cc).join(", ");
        Some(match cc.is_empty() {
            true => to,
            false => format!("{to} and {cc} (`cc` of {label})"),
        })
    }

    fn of_task(&self, step: TaskIndex) -> Vec<String> {
        let Some(task) = self.tasks.get(step) else {
            return self.chain.clone();
        };
        let to = task.to.as_ref().unwrap_or(&self.chain);
        distinct(to.iter().chain(&task.cc))
    }

    fn all_steps(&self) -> Vec<TaskIndex> {
        (0..self.tasks.len()).collect()
    }

    fn everybody(&self) -> Vec<String> {
        let of_tasks = self.all_steps().into_iter().map(|step| self.of_task(step));
        let of_tasks: Vec<String> = of_tasks.flatten().collect();
        distinct(self.chain.iter().chain(&of_tasks))
    }

    fn why_everybody(&self) -> Option<String> {
        let everybody = self.everybody();
        (everybody != self.chain).then(|| {
            let everybody = everybody.join(", ");
            format!("to {everybody} (the recipients of all tasks of the chain)")
        })
    }

    /// Splits a mail about several tasks: addresses that are mailed about the same tasks share a
    /// part. With `whole` the recipients of the chain get it undivided.
    fn parts<'a>(&self, alert: &'a Alert, steps: &[TaskIndex], whole: bool) -> Vec<Addressed<'a>> {
        let mut parts: Vec<(Vec<TaskIndex>, Vec<String>)> = Vec::new();
        for address in self.everybody() {
            let is_told = |step: &TaskIndex| {
                let gets_all = whole && is_among(&address, &self.chain);
                gets_all || is_among(&address, &self.of_task(*step))
            };
            let of_address: Vec<TaskIndex> = steps.iter().copied().filter(is_told).collect();
            match parts.iter_mut().find(|(steps, _)| *steps == of_address) {
                _ if of_address.is_empty() => {}
                Some((_, addresses)) => addresses.push(address),
                None => parts.push((of_address, vec![address])),
            }
        }
        if parts.is_empty() {
            parts.push((steps.to_vec(), self.chain.clone()));
        }
        let part = |(of_part, to): (Vec<TaskIndex>, Vec<String>)| Addressed {
            why: self.why_part(&of_part, &to),
            alert: match of_part == steps {
                true => Cow::Borrowed(alert),
                false => Cow::Owned(about(alert, &of_part)),
            },
            to,
        };
        parts.into_iter().map(part).collect()
    }

    fn why_part(&self, steps: &[TaskIndex], to: &[String]) -> Option<String> {
        if to == self.chain {
            return None;
        }
        let labels = steps.iter().filter_map(|step| self.tasks.get(*step));
        let labels: Vec<&str> = labels.map(|task| task.label.as_str()).collect();
        let to = to.join(", ");
        Some(format!("to {to} (recipients of {})", labels.join(", ")))
    }
}

/// Returns the tasks that a digest is about, in order.
fn steps_in(alert: &Alert) -> Vec<TaskIndex> {
    let held = alert.held_back.iter().map(|held| held.step);
    let muted = alert.mutes.iter().map(|told| told.step);
    let mut steps: Vec<TaskIndex> = held.chain(muted).collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// Returns what a mail about several tasks tells of these.
fn about(alert: &Alert, steps: &[TaskIndex]) -> Alert {
    let mut part = alert.clone();
    part.held_back.retain(|held| steps.contains(&held.step));
    part.mutes.retain(|told| steps.contains(&told.step));
    if let Some(summary) = &mut part.summary {
        summary.tasks.retain(|(step, _)| steps.contains(step));
    }
    part
}

/// Returns addresses without those that were there before, however they are written.
fn distinct<'a>(addresses: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for address in addresses {
        if !is_among(address, &distinct) {
            distinct.push(address.clone());
        }
    }
    distinct
}

fn is_among(address: &str, addresses: &[String]) -> bool {
    addresses.iter().any(|other| bare(other) == bare(address))
}

/// Returns `a@b` of `Name <A@B>`: no server tells addresses apart by the case of their letters in
/// practice.
fn bare(address: &str) -> String {
    let inside = address.rsplit_once('<').map_or(address, |(_, rest)| rest);
    inside.trim().trim_end_matches('>').to_lowercase()
}
