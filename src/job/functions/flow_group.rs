//! A group of steps.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::draft::FlowDraft;
use super::drafted_node::DraftedNode;
use super::flow::Flow;
use super::flow_node::{FlowNode, add_after};
use super::retry::Retry;
use crate::flow::definition::{OnFailure, RetryTerms};

/// A group: a list of steps within a list.
///
/// ```
/// # use run_functions::jobs::{Flow, Retry, StepContext};
/// # #[derive(clap::Args, serde::Serialize, serde::Deserialize)]
/// # struct Page {}
/// # fn copy(_: &StepContext<Page>) {}
/// # fn link(_: &StepContext<Page>) {}
/// #[run_functions::job]
/// fn publish(flow: &mut Flow<Page>) {
///     let places = flow.group("places").retry(Retry::times(2).every("1m"));
///     places.parallel(|places| {
///         places.step("mirror", copy);
///         places.step("site", link);
///     });
/// }
/// # fn main() {}
/// ```
pub struct FlowGroup<A> {
    draft: Rc<RefCell<FlowDraft<A>>>,
    at: usize,
}

impl<A: 'static> FlowGroup<A> {
    /// Adds the steps of the group, of which each begins when the one before has ended. Returns
    /// what `fill` returns, such as a step whose result is read outside.
    pub fn sequence<R>(&self, fill: impl FnOnce(&mut Flow<A>) -> R) -> R {
        fill(&mut Flow::of_group(&self.draft, self.at))
    }

    /// Adds the steps of the group, which all begin at once, but for those that come
    /// [`after`](super::FlowStep::after) others. Returns what `fill` returns.
    pub fn parallel<R>(&self, fill: impl FnOnce(&mut Flow<A>) -> R) -> R {
        self.draft.borrow_mut().group(self.at).group.parallel = true;
        fill(&mut Flow::of_group(&self.draft, self.at))
    }

    /// Sets how often all of the group is tried. What was done of it is reverted before.
    #[must_use = "the group is returned to have its steps added"]
    pub fn retry(self, retry: Retry) -> Self {
        let terms = retry.terms(RetryTerms::OF_STEPS);
        let mut draft = self.draft.borrow_mut();
        match terms {
            Ok(terms) => draft.group(self.at).group.retry = terms,
            Err(error) => draft.wrong(self.at, "retry", &error),
        }
        drop(draft);
        self
    }

    /// Sets what follows when a step of the group has failed for good, unless the step has an
    /// answer of its own.
    #[must_use = "the group is returned to have its steps added"]
    pub fn on_failure(self, answer: OnFailure) -> Self {
        self.draft.borrow_mut().group(self.at).group.on_failure = Some(answer);
        self
    }

    /// Lets the group begin after a step or a group of the same list. May be called several times.
    #[must_use = "the group is returned to have its steps added"]
    pub fn after(self, node: &impl FlowNode<A>) -> Self {
        add_after(&self.draft, self.at, node);
        self
    }
}

impl<A> FlowNode<A> for FlowGroup<A> {}

impl<A> DraftedNode<A> for FlowGroup<A> {
    #[expect(private_interfaces, reason = "no other crate can call this")]
    fn draft(&self) -> &Rc<RefCell<FlowDraft<A>>> {
        &self.draft
    }

    fn at(&self) -> usize {
        self.at
    }
}

impl<A: 'static> Flow<A> {
    /// Adds a group: a list within this list.
    pub fn group(&mut self, name: &str) -> FlowGroup<A> {
        let at = self.draft.borrow_mut().add_group(self.list, name);
        FlowGroup {
            draft: Rc::clone(&self.draft),
            at,
        }
    }
}

impl<A> fmt::Debug for FlowGroup<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowGroup").finish_non_exhaustive()
    }
}
