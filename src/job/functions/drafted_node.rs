//! A node of a flow that is built. No other crate can name the trait.

use std::cell::RefCell;
use std::rc::Rc;

use super::draft::FlowDraft;

/// A step or a group of a flow that is built.
#[expect(private_interfaces, reason = "no other crate can name or call these")]
pub trait DraftedNode<A> {
    /// Returns the flow that the node is of.
    fn draft(&self) -> &Rc<RefCell<FlowDraft<A>>>;

    /// Returns the number of the node.
    fn at(&self) -> usize;
}
