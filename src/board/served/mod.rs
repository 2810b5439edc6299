//! The board as a server answers for it.

mod arguments;
mod call_scope;
mod faults;
pub(super) mod own_calls;
mod served_calls;
#[cfg(test)]
#[cfg(feature = "board-http")]
mod tests;

pub(crate) use super::beat::LookAnswer;
pub(crate) use super::board_settings::BoardClock;
pub(crate) use super::call_reply::{CallFault, CallReply};
pub(crate) use super::definition_entry::DefinitionRecord;
pub(crate) use call_scope::CallScope;
pub(crate) use faults::{fault, fault_of};
pub(crate) use served_calls::{CallRole, ServedCall, served_calls};
