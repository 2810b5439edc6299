//! The options of the attribute.

use std::time::Duration;

/// The settings of the attribute; `None`: not set.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `success_cooldown = "…"`
    pub success_cooldown: Option<Duration>,
    /// `every = "…"`
    pub every: Option<Duration>,
    /// `fail_cooldown = "…"`
    pub fail_cooldown: Option<Duration>,
    /// `non_recoverable_downtime = "…"`
    pub non_recoverable_downtime: Option<Duration>,
    /// `forget_after = "…"`; `Some(None)` is "never".
    pub forget_after: Option<Option<Duration>>,
    /// `timeout = "…"`; `Some(None)` is "never".
    pub timeout: Option<Option<Duration>>,
    /// `warn_after = "…"`
    pub warn_after: Option<Duration>,
    /// `isolate = true`
    pub isolate: Option<bool>,
}
