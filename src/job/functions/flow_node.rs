//! What a step or a group can come after.

use std::cell::RefCell;
use std::rc::Rc;

use super::draft::FlowDraft;

/// A step or a group, which others can come after.
pub trait FlowNode<A>: sealed::Placed<A> {}

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
