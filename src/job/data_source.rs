//! Where the values of a job are from.

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataSource {
    /// `{args.NAME}`
    Argument(String),
    /// `{var.NAME}`, a variable of the worker.
    Variable(String),
    /// `{job.id}`
    JobId,
    /// `{each}`, the value of `try_each` of this execution.
    Each,
    /// `{STEP.KEY}`, the result of a step.
    Result(String),
}
