//! The user of a request: tokens, cookies, and how often a login may fail.

mod cookie;
mod gate;
mod login_throttle;

pub(crate) use cookie::CookieForm;
pub(crate) use gate::AccessGate;
pub(crate) use login_throttle::{LoginThrottle, ThrottleVerdict};
