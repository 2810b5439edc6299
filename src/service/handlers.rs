//! The handlers of signals, which a function that runs in this process may have replaced.

use crate::unix::signals;

/// Puts the handlers back if they were replaced, and reports it.
pub(crate) fn put_back() {
    let replaced = signals::put_back();
    if replaced.is_empty() {
        return;
    }
    log::warn!(
        "A task has replaced the handlers of this runner (as `ctrlc::set_handler` does): {}. They are put back, or nothing could stop it. \
         A task that needs handlers of its own must run in a process of its own: `isolate = true`",
        replaced.join(", ")
    );
}
