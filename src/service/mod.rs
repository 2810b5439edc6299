//! What any supervised process needs: when to end a run after a stop, whether its handlers of
//! signals are in place, and what of it is secret.

pub(crate) mod handlers;
pub(crate) mod secrets;
pub(crate) mod start_error;
pub(crate) mod stop_escalation;
