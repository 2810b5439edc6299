//! What the worker needs of a way by which messages leave this machine.

use super::delivery_error::DeliveryStage;
use super::wire::{DeliveryAnswer, Header};

/// A way by which the worker delivers.
pub(super) trait DeliveryRoute {
    /// Delivers a message, or tries the way where the header asks for that. Calls `tell` at each
    /// stage that is reached.
    fn deliver(
        &mut self,
        header: &Header,
        message: &[u8],
        tell: &mut dyn FnMut(DeliveryStage),
    ) -> DeliveryAnswer;
    /// Ends the way when no further message comes.
    fn close(self);
}
