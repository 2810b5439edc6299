//! What systemd has to know of a chain, as text: its unit, and what makes its user and directories.

pub(crate) mod snippets;
pub(crate) mod unit;
pub(crate) mod words;
