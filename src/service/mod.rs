//! What any supervised process needs: when to end a run after a stop, and whether its handlers of
//! signals are in place.

pub(crate) mod handlers;
pub(crate) mod stop_escalation;
