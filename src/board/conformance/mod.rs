//! The conformance suite of boards: one for every engine, made from the table of states and calls,
//! from the rules of the protocol, and from a small model that random calls are compared with.

pub(crate) mod alert_rules;
pub(crate) mod arena;
pub(crate) mod batch_rules;
pub(crate) mod claim_rules;
pub(crate) mod crash_rules;
pub(crate) mod end_rules;
pub(crate) mod limit_rules;
mod model;
mod model_job;
pub(crate) mod pause_rules;
pub(crate) mod protocol_rules;
mod random_call;
pub(crate) mod random_calls;
pub(crate) mod schedule_rules;
pub(crate) mod slot_rules;
pub(crate) mod state_table;
pub(crate) mod store_rules;
pub(crate) mod table_cases;
mod table_document;
