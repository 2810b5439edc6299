//! Definitions of jobs: the arguments that a job takes, the commands of its steps as templates, and
//! the results that steps give.
//!
//! Pure, and one rule over all: values are data, never code. A value becomes one argument of a
//! command, one variable, or standard input; it is never read by a shell, names no program and no
//! variable, and begins no argument with a `-` unless the definition allows that.
//!
//! ```text
//! words of `post` ──► ArgumentSchema ──► arguments (JSON) ─┐
//! result files ─────► step_result ─────► results (JSON) ───┼─► CommandTemplate ──► RenderedCommand
//! [worker] vars ───────────────────────────────────────────┘
//! ```
//!
//! A job that is written in Rust ([`functions`]) comes to the same definition: the attribute leaves
//! a [`JobRegistration`] in the binary, whose function builds the flow. The flow is built once to
//! be known, and again in each process that runs a step of it:
//!
//! ```text
//! #[job] fn resize ──► JobRegistration ──► define() ──► DraftedJob ──► JobDefinition
//!                                     └──► call(StepCall) ──► StepReply
//! ```

mod argument_errors;
mod argument_kind;
mod argument_schema;
mod argument_spec;
mod argument_usage;
mod code_guard;
mod command_line;
mod command_template;
mod data_source;
mod drafted_job;
#[cfg(feature = "cli")]
pub(crate) mod functions;
mod job_data;
mod job_definition;
mod job_registry;
mod job_schema;
mod names;
mod program_template;
mod render_errors;
mod rendered_command;
mod repeated_name;
mod shell_text;
mod step_call;
pub(crate) mod step_result;
mod step_variables;
mod template;
mod template_reference;
mod template_scope;
#[cfg(test)]
mod value_tests;

pub(crate) use argument_errors::{ArgumentError, ArgumentErrors};
pub(crate) use argument_kind::ArgumentKind;
pub(crate) use argument_schema::ArgumentSchema;
pub(crate) use argument_spec::ArgumentSpec;
pub(crate) use code_guard::word_of_code;
pub(crate) use command_template::CommandTemplate;
pub(crate) use data_source::DataSource;
pub use drafted_job::DraftedJob;
pub(crate) use drafted_job::{STEP_TIMEOUT, StepTimeouts};
pub(crate) use job_data::JobData;
pub(crate) use job_definition::{FunctionSteps, JobDefinition, StepCommands};
pub use job_registry::{JobOption, JobRegistration, registered_jobs};
pub(crate) use job_schema::{JobSchema, OverlapMode, ResumeMode, ThenIf};
pub(crate) use names::{NAMES, RESERVED, is_name, is_reserved_variable, variable_form};
pub(crate) use program_template::ProgramTemplate;
pub(crate) use render_errors::{RenderError, RenderErrors};
pub(crate) use rendered_command::{RenderedCommand, StepFiles};
pub use step_call::{StepCall, StepReply, StepSurroundings};
pub(crate) use step_variables::{
    StepVariable, argument_variables, step_variables, template_in_text,
};
pub(crate) use template::ArgumentTemplate;
pub(crate) use template_reference::TemplateReference;
pub(crate) use template_scope::{SecretUse, TemplateProblem, TemplateScope};
