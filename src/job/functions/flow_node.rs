//! What a step or a group can come after.

use std::cell::RefCell;
use std::rc::Rc;

use super::draft::FlowDraft;
use super::drafted_node::DraftedNode;

/// A step or a group, which others can come after.
pub trait FlowNode<A>: DraftedNode<A> {}

/// Lets a node begin after another one.
pub(super) fn add_after<A>(
    draft: &Rc<RefCell<FlowDraft<A>>>,
    at: usize,
    node: &impl DraftedNode<A>,
) {
    let after = node.draft().borrow().name(node.at());
    let mut own = draft.borrow_mut();
    if Rc::ptr_eq(draft, node.draft()) {
        own.add_after(at, after);
    } else {
        own.wrong(at, "after", "names a step of another flow");
    }
}
