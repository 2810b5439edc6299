//! Crashes at every point of a flow.
