//! The end of a runner as those see it who were there before it or come after it.

use super::super::control::RunnerControl;
use super::super::request::RunRequest;
use crate::core::event::StopReason;
use crate::unix::self_exe;
use crate::unix::signals::{self, Signal, SignalReader};
use crate::unix::takeover::HandOver;

/// Leaves word for a former runner that is still about to end, if this one was asked to stop: the
/// chain is to stop then, and not to go on with the other one.
pub(crate) fn leave_word(shared: &RunnerControl, order: &RunRequest<'_>, reason: &StopReason) {
    match reason {
        StopReason::Asked { signal } => shared.leave_word(signal),
        StopReason::Quit => shared.leave_word("SIGQUIT"),
        StopReason::Fatal { step } => shared.leave_word(order.tasks[*step].name.as_str()),
        // A newer newcomer has a word of its own, and who ends otherwise is as good as dead.
        StopReason::Replaced | StopReason::Done | StopReason::Lost(_) | StopReason::Defect(_) => {}
    }
}

/// Waits until the newcomer has the chain that was given up for it, and goes on if it is dead.
/// Returns why this runner does not go on although it is: `signals` was asked to stop meanwhile, by
/// which no newcomer was meant.
pub(crate) fn see_through(shared: &RunnerControl, signals: &SignalReader) -> Option<StopReason> {
    match shared.hand_over() {
        HandOver::Taken => {}
        HandOver::Stopped { pid, by } => log::info!(
            "Stopped for good: the newcomer ({pid}) had taken this chain over and was then stopped by {by}; nobody runs it now"
        ),
        HandOver::Abandoned => return begin_anew(signals),
    }
    None
}

/// What was closed for a newcomer that then died is not opened again piece by piece: this process
/// starts again as the one that replaces it.
fn begin_anew(signals: &SignalReader) -> Option<StopReason> {
    // What comes after the last look ends this process by itself, before or after it has become the
    // other one.
    signals::end_by_default();
    if let Some(signal) = signals.drain().find(|signal| is_of_a_person(*signal)) {
        let signal = signal.name();
        log::info!(
            "Stopped after {signal}: the newcomer that took over this chain is gone; nobody runs it now"
        );
        return Some(match signal {
            "SIGQUIT" => StopReason::Quit,
            signal => StopReason::Asked { signal },
        });
    }
    log::warn!("The newcomer that took over this chain is gone; starting again");
    let error = self_exe::start_again();
    log::error!("This chain is left without a runner; starting again failed: {error}");
    None
}

fn is_of_a_person(signal: Signal) -> bool {
    signal.ends() && !matches!(signal, Signal::Replace { .. })
}
