//! The runs that are kept in the histories of chains: found by chain, by task or by name, and as
//! lines of a screen.

pub(crate) mod headline;
pub(crate) mod run_query;
