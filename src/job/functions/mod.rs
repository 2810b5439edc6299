//! Jobs that are written in Rust: what the function of a job builds its flow with, and what the
//! functions of its steps are called with.
//!
//! | file | what it has |
//! |---|---|
//! | `flow.rs`, `flow_step.rs`, `flow_group.rs`, `flow_node.rs`, `drafted_node.rs` | what a program builds a flow with |
//! | `draft.rs` | the flow while it is built |
//! | `step_function.rs`, `step_inputs.rs`, `step_return.rs` | which functions a step can have |
//! | `step_context.rs` | what these functions can ask |
//! | `retry.rs`, `span.rs`, `secret.rs`, `replies.rs` | values |
//! | `clap_arguments.rs` | the arguments, from a derived command of clap |
//! | `entry.rs` | what the attribute calls |

mod clap_arguments;
mod draft;
mod drafted_node;
mod entry;
mod flow;
mod flow_group;
mod flow_node;
mod flow_step;
mod replies;
mod retry;
mod secret;
mod span;
mod step_context;
mod step_function;
mod step_inputs;
mod step_return;
#[cfg(test)]
mod tests;

pub use entry::{call_step, check_arguments, define_job};
pub use flow::Flow;
pub use flow_group::FlowGroup;
pub use flow_node::FlowNode;
pub use flow_step::{FlowStep, StepResult};
pub use retry::Retry;
pub use secret::Secret;
pub use step_context::StepContext;
pub use step_function::StepFunction;
pub use step_inputs::{FirstInputs, NextInput, RevertInput, StepInputs};
pub use step_return::{StepAnswer, StepFailure, StepReturn};
