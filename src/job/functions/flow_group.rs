//! A group of steps.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::draft::FlowDraft;
use super::flow::Flow;
use super::flow_step::FlowStep;
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
    pub(super) fn new(draft: &Rc<RefCell<FlowDraft<A>>>, at: usize) -> Self {
        FlowGroup {
            draft: Rc::clone(draft),
            at,
        }
    }

    /// Adds the steps of the group, of which each begins when the one before has ended. Returns what
    /// `fill` returns, such as a step whose result is read outside.
    pub fn sequence<R>(&self, fill: impl FnOnce(&mut Flow<A>) -> R) -> R {
        fill(&mut Flow::of_group(&self.draft, self.at))
    }

    /// Adds the steps of the group, which all begin at once, but for those that come
    /// [`after`](FlowStep::after) others. Returns what `fill` returns.
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

    /// Sets what follows when a step of the group has failed for good, unless the step has an answer
    /// of its own.
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

/// A step or a group, which others can come after.
pub trait FlowNode<A>: sealed::Placed<A> {}

impl<A, T, I, R> FlowNode<A> for FlowStep<A, T, I, R> {}
impl<A> FlowNode<A> for FlowGroup<A> {}

impl<A> sealed::Placed<A> for FlowGroup<A> {
    #[expect(private_interfaces, reason = "no other crate can call this")]
    fn draft(&self) -> &Rc<RefCell<FlowDraft<A>>> {
        &self.draft
    }

    fn at(&self) -> usize {
        self.at
    }
}

pub(super) mod sealed {
    use super::{FlowDraft, Rc, RefCell};

    /// A node of a draft.
    #[expect(private_interfaces, reason = "no other crate can name or call these")]
    pub trait Placed<A> {
        /// Returns the flow that the node is of.
        fn draft(&self) -> &Rc<RefCell<FlowDraft<A>>>;

        /// Returns the number of the node.
        fn at(&self) -> usize;
    }
}

/// Lets a node begin after another one.
pub(super) fn add_after<A>(
    draft: &Rc<RefCell<FlowDraft<A>>>,
    at: usize,
    node: &impl sealed::Placed<A>,
) {
    let after = node.draft().borrow().name(node.at());
    let mut own = draft.borrow_mut();
    if Rc::ptr_eq(draft, node.draft()) {
        own.add_after(at, after);
    } else {
        own.wrong(at, "after", "names a step of another flow");
    }
}

impl<A> fmt::Debug for FlowGroup<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowGroup").finish_non_exhaustive()
    }
}
