//! What may begin.

use super::{Checker, Way, index, require};
use crate::flow::AttemptStart;
use crate::flow::definition::Interrupted;
use crate::flow::journal::Phase;

impl Checker<'_> {
    pub(super) fn began(&mut self, at: i64, attempt: &AttemptStart) -> Result<(), String> {
        let name = attempt.step.as_str();
        let place = self.places.get(name).ok_or("no such step")?;
        let seen = &self.steps[name];
        require(!self.paused, "begun while paused")?;
        require(!self.is_stuck(), "begun while stuck")?;
        // It was written, with the others of its advice, before it began.
        require(
            self.busy().len() < self.slots,
            "more in progress than there are slots",
        )?;
        require(seen.busy.is_none(), "begun while it is in progress")?;
        let not_before = seen.not_before.filter(|(phase, _)| *phase == attempt.phase);
        let is_due = not_before.is_none_or(|(_, not_before)| at >= not_before);
        require(is_due, "begun before its wait was over")?;
        let expected = seen.failures[index(attempt.phase)] + 1;
        require(
            attempt.attempt == expected,
            &format!("this would be attempt {expected}"),
        )?;
        let tried = match attempt.phase {
            Phase::When | Phase::Execute => attempt.attempt,
            _ => seen.executed_attempt,
        };
        let values = place.step.try_each.len();
        let each = (tried as usize)
            .checked_sub(1)
            .filter(|each| *each < values);
        require(attempt.each == each, &format!("the value is {each:?}"))?;
        match attempt.phase {
            Phase::Revert => self.begins_revert(name)?,
            _ => self.begins_forward(at, name, attempt.phase)?,
        }
        let phase = (attempt.phase, attempt.attempt);
        self.steps.get_mut(name).ok_or("no such step")?.busy = Some(phase);
        Ok(())
    }

    fn begins_forward(&self, at: i64, name: &str, phase: Phase) -> Result<(), String> {
        let (place, seen) = (&self.places[name], &self.steps[name]);
        require(self.way == Way::On, "begun after the job had turned")?;
        require(!seen.ended, "begun after its end")?;
        require(!self.has_failed(name), "begun after it had failed for good")?;
        for (group, at_place) in &place.lists {
            let known = &self.groups[&*group.name];
            require(!known.undoing, "begun while its group is reverted")?;
            require(at >= known.not_before, "begun before its round")?;
            let before = Self::before(group, *at_place);
            let open = before.iter().find(|node| !self.ended(node));
            let open = open.map(|node| format!("`{}` has not ended", node.name()));
            open.map_or(Ok(()), Err)?;
        }
        let kind = place.step.interrupted;
        match phase {
            Phase::When => require(place.step.has_when && !seen.asked, "asked again")?,
            Phase::Check => {
                let is_asked = seen.interrupted && kind == Interrupted::Check;
                require(is_asked, "checked without need")?;
            }
            _ => {
                require(
                    seen.asked || !place.step.has_when,
                    "executed before it was asked",
                )?;
                let may = !seen.interrupted || kind == Interrupted::Again;
                require(may, "executed again though its step says otherwise")?;
                let last = seen.failed_at.iter().rev().take(3);
                let is_avoided = last.into_iter().any(|worker| *worker == self.worker);
                require(!place.step.elsewhere || !is_avoided, "tried here again")?;
            }
        }
        Ok(())
    }

    fn begins_revert(&self, name: &str) -> Result<(), String> {
        let end = self.left(name).ok_or("reverted without an execution")?;
        let busy = self.busy();
        let is_one = busy.iter().all(|(_, phase)| *phase != Phase::Revert);
        require(is_one, "two reverts at a time")?;
        let is_last_in = |group: Option<&str>| {
            let mut names = self.steps.keys();
            names.all(|other| {
                let counts = group.is_none_or(|group| self.is_in(other, group));
                !counts || self.left(other) <= Some(end)
            })
        };
        match self.way {
            Way::Out { .. } => Err("reverted though it was not to be".to_owned()),
            Way::Back { .. } => {
                require(busy.is_empty(), "reverted while something is in progress")?;
                require(is_last_in(None), "reverted before what ended later")
            }
            Way::On => {
                let lists = &self.places[name].lists;
                let undoing = lists
                    .iter()
                    .find(|(group, _)| self.groups[&*group.name].undoing);
                match undoing {
                    Some((group, _)) => {
                        let is_quiet = busy
                            .iter()
                            .all(|(other, _)| !self.is_in(other, &group.name));
                        require(is_quiet, "reverted while its group is in progress")?;
                        require(
                            is_last_in(Some(&group.name)),
                            "reverted before what ended later",
                        )
                    }
                    None => {
                        let kind = self.places[name].step.interrupted;
                        let is_interrupted = self.steps[name].interrupted;
                        let may = is_interrupted && kind == Interrupted::Revert;
                        require(may, "reverted without a reason")
                    }
                }
            }
        }
    }
}
