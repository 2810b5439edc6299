//! The end of a runner as those see it who were there before it or come after it.

use super::Order;
use super::shared::Shared;
use crate::event::StopReason;
use crate::process::own_program;
use crate::process::takeover::HandOver;

/// Leaves word for a former runner that is still about to end, if this one was asked to stop: the chain is to stop then, and not to
/// go on with the other one.
pub(super) fn leave_word(shared: &Shared, order: &Order<'_>, reason: &StopReason) {
    match reason {
        StopReason::Asked { signal } => shared.leave_word(signal),
        StopReason::Quit => shared.leave_word("SIGQUIT"),
        StopReason::Fatal { step } => shared.leave_word(order.tasks[*step].name.as_str()),
        // A newer newcomer has a word of its own, and who ends otherwise is as good as dead.
        StopReason::Replaced | StopReason::Done | StopReason::Lost(_) | StopReason::Defect(_) => {}
    }
}

/// Waits until the newcomer has the chain that was given up for it, and goes on if it is dead.
pub(super) fn see_through(shared: &Shared) {
    match shared.hand_over() {
        HandOver::Taken => {}
        HandOver::Stopped { pid, by } => log::info!(
            "Stopped for good: the newcomer ({pid}) had taken this chain over and was then stopped by {by}; nobody runs it now"
        ),
        HandOver::Abandoned => begin_anew(),
    }
}

/// What was closed for a newcomer who then died is not opened again piece by piece: this process starts again as the one that replaces him.
fn begin_anew() {
    log::warn!("The newcomer that took over this chain is gone; starting again");
    let error = own_program::start_again();
    log::error!("This chain is left without a runner; starting again failed: {error}");
}
