//! What must survive a runner: written whole or not at all, readable from the first release on.

pub(crate) mod holder;
