//! Times of day. Pure: time is an argument.

pub(crate) mod summary_time;
