//! How long mails wait for something else.

use std::time::Duration;

/// How long a reminder waits for a run that is about to decide whether there is still something to
/// be reminded of.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// When an alert comes again that could not be stored.
pub(crate) const AGAIN: Duration = Duration::from_secs(60);
