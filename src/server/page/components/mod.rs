//! The parts that pages are made of; each is named as in the design.

pub(in crate::server) mod action;
pub(in crate::server) mod attempts;
pub(in crate::server) mod figures;
pub(in crate::server) mod flow;
pub(in crate::server) mod journal;
pub(in crate::server) mod lists;
pub(in crate::server) mod marks;
pub(in crate::server) mod notice;
pub(in crate::server) mod output;
pub(in crate::server) mod pictures;
pub(in crate::server) mod problem;
pub(in crate::server) mod runs_by_steps;
pub(in crate::server) mod shell;
pub(in crate::server) mod slots;
