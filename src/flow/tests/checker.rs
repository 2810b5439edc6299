//! A checker of histories: what a definition allows, written down a second time, and in another
//! way than the interpreter has it. It knows nothing of plan, state and advice.

use std::collections::HashMap;

use crate::flow::definition::{
    FlowDefinition, Group, Interrupted, Node, OnFailure, RetryTerms, Step,
};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::flow::{AttemptStart, FlowEnd, FlowEvent, FlowHistory};

/// Checks a history. The text says what was not allowed.
pub(crate) fn check(
    definition: &FlowDefinition,
    slots: usize,
    history: &FlowHistory,
) -> Result<(), String> {
    let mut checker = Checker::of(definition, slots);
    for (at, event) in history.events.iter().enumerate() {
        let checked = checker.event(event);
        checked.map_err(|wrong| format!("event {at} ({event:?}): {wrong}"))?;
    }
    let rests = matches!(history.events.last(), Some(FlowEvent::Rested { .. }));
    require(history.end.is_some() && rests, "it does not end")
}

fn require(is_so: bool, wrong: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(wrong.to_owned()) }
}

/// Where the job goes: on, back, or out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    On,
    Back { cancelled: bool },
    Out { cancelled: bool },
}

/// A step in its place.
struct Place<'a> {
    step: &'a Step,
    /// From the list of top down: the list, and the place in it.
    lists: Vec<(&'a Group, usize)>,
}

/// What was seen of a step.
#[derive(Clone, Debug, Default)]
struct Seen {
    ended: bool,
    failed: bool,
    asked: bool,
    interrupted: bool,
    failures: [u32; 4],
    postponed: u32,
    executed: Option<u64>,
    executed_attempt: u32,
    not_before: Option<(Phase, i64)>,
    failed_at: Vec<String>,
    busy: Option<(Phase, u32)>,
}

#[derive(Clone, Debug)]
struct SeenGroup {
    round: u32,
    undoing: bool,
    not_before: i64,
}

struct Checker<'a> {
    definition: &'a FlowDefinition,
    slots: usize,
    places: HashMap<&'a str, Place<'a>>,
    steps: HashMap<&'a str, Seen>,
    groups: HashMap<&'a str, SeenGroup>,
    way: Way,
    paused: bool,
    /// Whether a revert ended since the job turned back, and whether one did its work.
    reverts: (bool, bool),
    /// Whether a request to kill cut off a revert, or came between two.
    held: bool,
    seq: u64,
    worker: String,
}

fn index(phase: Phase) -> usize {
    match phase {
        Phase::When => 0,
        Phase::Execute => 1,
        Phase::Check => 2,
        _ => 3,
    }
}

/// The shortest wait after so many tries.
fn least_wait(terms: &RetryTerms, tries: u32) -> i64 {
    let mut wait = terms.every.as_millis() as f64;
    for _ in 1..tries {
        wait = (wait * terms.factor).min(terms.max.as_millis() as f64);
    }
    (wait * 0.9) as i64 - 1
}

impl<'a> Checker<'a> {
    fn of(definition: &'a FlowDefinition, slots: usize) -> Self {
        let mut checker = Checker {
            definition,
            slots,
            places: HashMap::new(),
            steps: HashMap::new(),
            groups: HashMap::new(),
            way: Way::On,
            paused: false,
            reverts: (false, false),
            held: false,
            seq: 0,
            worker: String::new(),
        };
        checker.enter(&definition.root, &[]);
        checker
    }

    fn enter(&mut self, group: &'a Group, lists: &[(&'a Group, usize)]) {
        let first = SeenGroup {
            round: 1,
            undoing: false,
            not_before: i64::MIN,
        };
        self.groups.insert(&group.name, first);
        for (at, node) in group.nodes.iter().enumerate() {
            let mut lists = lists.to_vec();
            lists.push((group, at));
            match node {
                Node::Group(group) => self.enter(group, &lists),
                Node::Step(step) => {
                    self.places.insert(&step.name, Place { step, lists });
                    self.steps.insert(&step.name, Seen::default());
                }
            }
        }
    }

    fn event(&mut self, event: &FlowEvent) -> Result<(), String> {
        match event {
            FlowEvent::Claimed { worker, .. } => {
                self.worker.clone_from(worker);
                require(
                    self.busy().is_empty(),
                    "claimed while something is in progress",
                )
            }
            FlowEvent::Began { at, attempt } => self.began(*at, attempt),
            FlowEvent::Wrote(entry) => self.wrote(entry),
            FlowEvent::Crashed { .. } => Ok(()),
            FlowEvent::GaveBack { at, run_at, avoid } => {
                require(
                    self.busy().is_empty(),
                    "given back while something is in progress",
                )?;
                require(avoid.len() <= 3, "more than three names to avoid")?;
                let is_long = run_at - at > 5_000;
                require(is_long || !avoid.is_empty(), "given back for a short wait")
            }
            FlowEvent::Rested { end, .. } => self.rested(end),
        }
    }

    // ---- the order ----

    fn ended(&self, node: &Node) -> bool {
        match node {
            Node::Step(step) => self.steps[&*step.name].ended,
            Node::Group(group) => {
                !self.groups[&*group.name].undoing
                    && group.nodes.iter().all(|node| self.ended(node))
            }
        }
    }

    /// Returns the nodes of a list that must have ended before the one at a place.
    fn before(group: &Group, at: usize) -> Vec<&Node> {
        let after = group.nodes[at].after();
        let nodes = group.nodes.iter().enumerate();
        let is_before = |(other, node): &(usize, &Node)| {
            if after.is_empty() {
                !group.parallel && *other < at
            } else {
                after.iter().any(|name| name == node.name())
            }
        };
        nodes.filter(is_before).map(|(_, node)| node).collect()
    }

    /// Returns whether a step is at or below a node, or must wait for it.
    fn follows(&self, step: &str, node: &str) -> bool {
        let lists = &self.places[step].lists;
        lists.iter().any(|(group, at)| {
            let mut found = vec![&group.nodes[*at]];
            let mut next = 0;
            while next < found.len() {
                let place = group.nodes.iter().position(|node| node == found[next]);
                for node in Self::before(group, place.expect("a node of the list")) {
                    if !found.contains(&node) {
                        found.push(node);
                    }
                }
                next += 1;
            }
            found
                .iter()
                .any(|found| found.name() == node || Self::contains(found, node, *at, group))
        })
    }

    /// A node that must end before, and in which the other is, must end with all that is in it; a
    /// node around the step itself says nothing of what else is in it.
    fn contains(found: &Node, node: &str, at: usize, group: &Group) -> bool {
        let Node::Group(inner) = found else {
            return false;
        };
        let is_own = group.nodes[at].name() == found.name();
        !is_own
            && inner
                .nodes
                .iter()
                .any(|child| child.name() == node || Self::has(child, node))
    }

    fn has(node: &Node, name: &str) -> bool {
        match node {
            Node::Step(_) => false,
            Node::Group(group) => {
                let mut nodes = group.nodes.iter();
                nodes.any(|node| node.name() == name || Self::has(node, name))
            }
        }
    }

    fn is_undoing(&self, step: &str) -> bool {
        let mut lists = self.places[step].lists.iter();
        lists.any(|(group, _)| self.groups[&*group.name].undoing)
    }

    fn is_in(&self, step: &str, group: &str) -> bool {
        let mut lists = self.places[step].lists.iter();
        lists.any(|(around, _)| around.name == group)
    }

    fn busy(&self) -> Vec<(&'a str, Phase)> {
        let busy = self.steps.iter();
        busy.filter_map(|(name, seen)| Some((*name, seen.busy?.0)))
            .collect()
    }

    fn times(&self, step: &str) -> u32 {
        let step = self.places[step].step;
        match step.try_each.len() {
            0 => step.retry.times,
            values => values as u32,
        }
    }

    fn has_failed(&self, step: &str) -> bool {
        let seen = &self.steps[step];
        let of_when = seen.failures[0] >= self.places[step].step.retry.times;
        seen.failed || of_when || seen.failures[1] >= self.times(step)
    }

    /// Returns the last end of what is to be reverted of a step.
    fn left(&self, step: &str) -> Option<u64> {
        self.places[step].step.revert?;
        self.steps[step].executed
    }

    fn held(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|(name, seen)| {
            seen.interrupted && self.places[name].step.interrupted == Interrupted::Hold
        })
    }

    fn is_back(&self) -> bool {
        let mut names = self.steps.keys();
        let is_left = names.any(|name| self.left(name).is_some());
        matches!(self.way, Way::Back { .. }) && !is_left && !self.held()
    }

    fn exhausted(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|(name, seen)| {
            let terms = self.places[name].step.revert;
            terms.is_some_and(|terms| seen.failures[3] >= terms.times)
        })
    }

    fn is_stuck(&self) -> bool {
        let unchecked = self.steps.iter().any(|(name, seen)| {
            let step = self.places[name].step;
            let is_asked = self.way == Way::On && !self.is_undoing(name);
            is_asked
                && seen.interrupted
                && step.interrupted == Interrupted::Check
                && seen.failures[2] >= step.retry.times
        });
        let is_out = matches!(self.way, Way::Out { .. });
        !is_out && (self.held || self.held() || self.exhausted() || unchecked)
    }

    // ---- what begins ----

    fn began(&mut self, at: i64, attempt: &AttemptStart) -> Result<(), String> {
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

    // ---- what is written ----

    fn wrote(&mut self, entry: &JournalEntry) -> Result<(), String> {
        self.seq += 1;
        require(entry.seq == self.seq, "the journal has a gap")?;
        match entry.phase {
            Phase::Round => self.round(entry),
            Phase::Decision => self.decided(entry),
            Phase::Request => {
                self.requested(entry);
                Ok(())
            }
            _ => self.attempt_ended(entry),
        }
    }

    fn attempt_ended(&mut self, entry: &JournalEntry) -> Result<(), String> {
        let step = self.places.get(&*entry.step).ok_or("no such step")?.step;
        let seen = self.steps.get_mut(&*entry.step).ok_or("no such step")?;
        let busy = seen.busy.take();
        let is_interrupted = entry.outcome == EntryOutcome::Interrupted;
        // What was written and not begun is interrupted too.
        let is_known = busy == Some((entry.phase, entry.attempt));
        require(
            is_known || busy.is_none() && is_interrupted,
            "ended without a beginning",
        )?;
        seen.not_before = None;
        let terms = match entry.phase {
            Phase::Revert => step.revert.ok_or("it has no revert")?,
            _ => step.retry,
        };
        match entry.outcome {
            EntryOutcome::Failed => {
                let failures = &mut seen.failures[index(entry.phase)];
                *failures += 1;
                let due = entry.ended + least_wait(&terms, *failures);
                seen.not_before = Some((entry.phase, due));
            }
            EntryOutcome::RetryLater => {
                seen.postponed += 1;
                let later = RetryTerms {
                    every: std::time::Duration::from_secs(10),
                    factor: 2.0,
                    max: std::time::Duration::from_secs(300),
                    ..terms
                };
                let terms = if terms.every.is_zero() { later } else { terms };
                let due = entry.ended + least_wait(&terms, seen.postponed);
                seen.not_before = Some((entry.phase, due));
            }
            _ => {}
        }
        if !matches!(
            entry.outcome,
            EntryOutcome::RetryLater | EntryOutcome::Interrupted
        ) {
            seen.postponed = 0;
        }
        match entry.phase {
            Phase::When => Self::when_ended(seen, entry.outcome),
            Phase::Execute => Self::execution_ended(seen, entry),
            Phase::Check => Self::check_ended(seen, entry.outcome),
            _ => self.revert_ended(entry),
        }
        Ok(())
    }

    fn when_ended(seen: &mut Seen, outcome: EntryOutcome) {
        seen.asked |= outcome == EntryOutcome::Succeeded;
        seen.ended |= outcome == EntryOutcome::Skipped;
        seen.failed |= outcome == EntryOutcome::Killed;
    }

    fn execution_ended(seen: &mut Seen, entry: &JournalEntry) {
        seen.executed = Some(entry.seq);
        seen.executed_attempt = entry.attempt;
        seen.failures[2] = 0;
        seen.failures[3] = 0;
        seen.ended = entry.outcome == EntryOutcome::Succeeded;
        seen.failed = entry.outcome == EntryOutcome::Killed;
        seen.interrupted = entry.outcome == EntryOutcome::Interrupted;
        if entry.outcome == EntryOutcome::Failed {
            seen.failed_at.retain(|worker| *worker != entry.worker);
            seen.failed_at.push(entry.worker.clone());
        }
    }

    fn check_ended(seen: &mut Seen, outcome: EntryOutcome) {
        let is_answer = matches!(outcome, EntryOutcome::Succeeded | EntryOutcome::Skipped);
        seen.ended = outcome == EntryOutcome::Succeeded;
        seen.interrupted = !is_answer;
    }

    fn revert_ended(&mut self, entry: &JournalEntry) {
        let is_done = entry.outcome == EntryOutcome::Succeeded;
        if matches!(self.way, Way::Back { .. }) {
            self.reverts = (true, self.reverts.1 || is_done);
        }
        self.held |= entry.outcome == EntryOutcome::Killed;
        if is_done {
            self.undone(&entry.step);
        }
    }

    fn undone(&mut self, step: &str) {
        if let Some(seen) = self.steps.get_mut(step) {
            seen.executed = None;
            seen.failures[3] = 0;
            seen.interrupted = false;
            seen.ended = false;
            // A step that was reverted because it was interrupted has not failed.
            seen.not_before = None;
        }
    }

    fn round(&mut self, entry: &JournalEntry) -> Result<(), String> {
        require(self.way == Way::On, "a round of a job that has turned")?;
        let group = self.groups.get(&*entry.step).ok_or("no such group")?;
        let terms = self.terms_of(&entry.step).ok_or("no such group")?;
        if entry.outcome == EntryOutcome::Revert {
            require(!group.undoing, "a round within a round")?;
            require(entry.attempt == group.round + 1, "rounds have gaps")?;
            require(
                entry.attempt <= terms.times,
                "more rounds than there may be",
            )?;
            let names: Vec<&str> = self.steps.keys().copied().collect();
            let failed = names.iter().any(|name| {
                let is_one = self.is_in(name, &entry.step) && self.has_failed(name);
                is_one && self.answer(name) == Answer::Round(entry.step.clone())
            });
            require(failed, "a round without a failure")?;
            let known = SeenGroup {
                round: entry.attempt,
                undoing: true,
                not_before: entry.ended + least_wait(&terms, entry.attempt - 1),
            };
            self.put(&entry.step, known);
            return Ok(());
        }
        require(
            group.undoing && entry.attempt == group.round,
            "no round is to begin",
        )?;
        let names: Vec<&str> = self.steps.keys().copied().collect();
        for name in names {
            if !self.is_in(name, &entry.step) {
                continue;
            }
            require(
                self.left(name).is_none(),
                "a round begins before the last was reverted",
            )?;
            require(
                self.steps[name].busy.is_none(),
                "a round begins in the midst of the last",
            )?;
            *self.steps.get_mut(name).ok_or("no such step")? = Seen::default();
        }
        let known = SeenGroup {
            undoing: false,
            ..self.groups[&*entry.step].clone()
        };
        self.settle(&entry.step);
        self.put(&entry.step, known);
        Ok(())
    }

    fn put(&mut self, group: &str, known: SeenGroup) {
        if let Some(group) = self.groups.get_mut(group) {
            *group = known;
        }
    }

    /// All groups in a group are in their first round.
    fn settle(&mut self, group: &str) {
        let found = find(&self.definition.root, group);
        for inner in found.into_iter().flat_map(groups) {
            let first = SeenGroup {
                round: 1,
                undoing: false,
                not_before: i64::MIN,
            };
            self.put(&inner.name, first);
        }
    }

    fn terms_of(&self, group: &str) -> Option<RetryTerms> {
        find(&self.definition.root, group).map(|group| group.retry)
    }

    fn answer(&self, step: &str) -> Answer {
        let place = &self.places[step];
        let mut answer = {
            let mut steps = self.places.values();
            let is_any = steps.any(|place| place.step.revert.is_some());
            Answer::Of(if is_any {
                OnFailure::Revert
            } else {
                OnFailure::Stop
            })
        };
        // From the outside in: what stands further in goes before.
        for (group, _) in &place.lists {
            if let Some(on_failure) = group.on_failure {
                answer = Answer::Of(on_failure);
            }
            if self.groups[&*group.name].round < group.retry.times {
                answer = Answer::Round(group.name.clone());
            }
        }
        place.step.on_failure.map_or(answer, Answer::Of)
    }

    fn decided(&mut self, entry: &JournalEntry) -> Result<(), String> {
        require(self.way == Way::On, "decided after the job had turned")?;
        let name = entry.step.as_str();
        if entry.outcome == EntryOutcome::Failed {
            self.steps.get_mut(name).ok_or("no such step")?.failed = true;
            return Ok(());
        }
        require(self.has_failed(name), "decided without a failure")?;
        require(
            !self.is_undoing(name),
            "decided in a group that is reverted",
        )?;
        let on_failure = match entry.outcome {
            EntryOutcome::Revert => OnFailure::Revert,
            EntryOutcome::StopNoRevert => OnFailure::Stop,
            _ => OnFailure::Continue,
        };
        let answer = self.answer(name);
        require(
            answer == Answer::Of(on_failure),
            &format!("the answer is {answer:?}"),
        )?;
        let seen = self.steps.get_mut(name).ok_or("no such step")?;
        seen.failed = true;
        match on_failure {
            OnFailure::Continue => seen.ended = true,
            OnFailure::Stop => self.turn(Way::Out { cancelled: false }),
            OnFailure::Revert => self.turn(Way::Back { cancelled: false }),
        }
        Ok(())
    }

    // ---- requests ----

    fn turn(&mut self, way: Way) {
        if self.way == Way::On {
            self.way = way;
            self.reverts = (false, false);
        }
    }

    fn requested(&mut self, entry: &JournalEntry) {
        use EntryOutcome::{
            Cancel, Kill, Pause, Resume, Retry, Revert, Skipped, Stop, StopNoRevert,
        };
        let is_at_rest = matches!(entry.outcome, Cancel | Retry | Revert | Skipped);
        if is_at_rest {
            self.held = false;
        }
        self.paused = entry.outcome == Pause;
        match entry.outcome {
            Pause | Resume => {}
            Stop => self.turn(Way::Back { cancelled: true }),
            StopNoRevert => self.turn(Way::Out { cancelled: true }),
            Kill => {
                let is_back = matches!(self.way, Way::Back { .. });
                self.held |= is_back && self.reverts.0;
                self.turn(Way::Back { cancelled: true });
            }
            Cancel => self.way = Way::Out { cancelled: true },
            Retry => self.retried(&entry.step),
            Revert => {
                self.tries_anew();
                self.looked_at();
                if !matches!(self.way, Way::Back { .. }) || self.is_back() {
                    self.way = Way::On;
                    self.turn(Way::Back { cancelled: false });
                }
            }
            _ => self.skipped(&entry.step),
        }
    }

    fn tries_anew(&mut self) {
        for seen in self.steps.values_mut() {
            seen.failures[2] = 0;
            seen.failures[3] = 0;
            seen.not_before = None;
        }
    }

    fn looked_at(&mut self) {
        for seen in self.steps.values_mut().filter(|seen| seen.interrupted) {
            seen.interrupted = false;
            seen.failed = true;
        }
    }

    fn retried(&mut self, step: &str) {
        if step.is_empty() && self.way == Way::On {
            let held: Vec<&str> = self.steps.keys().copied().collect();
            for name in held {
                let is_held = self.places[name].step.interrupted == Interrupted::Hold;
                if let Some(seen) = self.steps.get_mut(name).filter(|_| is_held) {
                    seen.interrupted = false;
                }
            }
            return self.tries_anew();
        }
        let is_back = matches!(self.way, Way::Back { .. });
        if step.is_empty() && is_back && !self.is_back() {
            self.tries_anew();
            return self.looked_at();
        }
        self.forward((!step.is_empty()).then_some(step));
    }

    fn forward(&mut self, from: Option<&str>) {
        self.way = Way::On;
        let names: Vec<&str> = self.steps.keys().copied().collect();
        for name in names {
            let is_later = from.is_some_and(|from| self.follows(name, from));
            let Some(seen) = self.steps.get_mut(name) else {
                continue;
            };
            seen.failures[2] = 0;
            seen.failures[3] = 0;
            if is_later || !seen.ended {
                *seen = Seen {
                    executed: seen.executed,
                    executed_attempt: seen.executed_attempt,
                    ..Seen::default()
                };
            }
        }
        for group in self.groups.values_mut() {
            if from.is_some() || !group.undoing {
                group.round = 1;
                group.undoing = false;
                group.not_before = i64::MIN;
            }
        }
    }

    fn skipped(&mut self, step: &str) {
        let is_over = matches!(self.way, Way::Out { .. }) || self.is_back();
        let is_stuck = match self.way {
            Way::Back { .. } => true,
            Way::Out { .. } => false,
            Way::On => self.steps[step].failures[3] > 0 || self.is_undoing(step),
        };
        if is_stuck && self.left(step).is_some() {
            self.reverts.1 = true;
            return self.undone(step);
        }
        if let Some(seen) = self.steps.get_mut(step) {
            seen.ended = true;
            seen.interrupted = false;
        }
        if is_over {
            self.forward(None);
        }
    }

    // ---- ends ----

    fn rested(&self, end: &FlowEnd) -> Result<(), String> {
        require(
            self.busy().is_empty(),
            "ended while something is in progress",
        )?;
        let is_left = self.steps.keys().any(|name| self.left(name).is_some());
        let is_right = match end {
            FlowEnd::Succeeded => {
                self.way == Way::On
                    && self
                        .definition
                        .root
                        .nodes
                        .iter()
                        .all(|node| self.ended(node))
            }
            FlowEnd::Failed => match self.way {
                Way::Out { cancelled } => !cancelled,
                Way::Back { cancelled } => !cancelled && !is_left && !self.reverts.1,
                Way::On => false,
            },
            FlowEnd::Reverted => {
                self.way == Way::Back { cancelled: false } && !is_left && self.reverts.1
            }
            FlowEnd::Cancelled => match self.way {
                Way::Out { cancelled } => cancelled,
                Way::Back { cancelled } => cancelled && !is_left,
                Way::On => false,
            },
            FlowEnd::Stuck { .. } => self.is_stuck(),
            FlowEnd::Paused => self.paused,
        };
        require(is_right, &format!("no such end: {:?}", self.way))
    }
}

/// What follows a failure.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Round(String),
    Of(OnFailure),
}

fn find<'a>(group: &'a Group, name: &str) -> Option<&'a Group> {
    groups(group).into_iter().find(|group| group.name == name)
}

/// Returns a group and all groups in it.
fn groups(group: &Group) -> Vec<&Group> {
    let inner = group.nodes.iter().filter_map(|node| match node {
        Node::Group(group) => Some(groups(group)),
        Node::Step(_) => None,
    });
    let mut all = vec![group];
    all.extend(inner.flatten());
    all
}
