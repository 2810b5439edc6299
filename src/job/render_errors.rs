//! Why a command cannot be made of the data of a job.

use std::error::Error;
use std::fmt;

use super::data_source::DataSource;

/// Why a value cannot stand where it is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenderError {
    /// The reference, without braces.
    pub(crate) reference: String,
    /// Where the value is from.
    pub(crate) source: DataSource,
    /// Why.
    pub(crate) kind: RenderErrorKind,
}

/// Why a value cannot stand where it is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RenderErrorKind {
    /// There is no value, or it is `null`, and no default.
    Missing,
    /// The value would begin an argument with a `-`.
    BeginsWithDash,
    /// The value has a NUL character.
    Nul,
}

impl fmt::Display for RenderError {
    /// Prints no value: it may be long, or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RenderError {
            reference, source, ..
        } = self;
        match self.kind {
            RenderErrorKind::Missing => {
                write!(f, "`{{{reference}}}` has no value: ")?;
                match source {
                    DataSource::Result(step) => write!(
                        f,
                        "step `{step}` gave none; write it to $RESULT_FILE there, or `{{{reference}|default}}` here"
                    ),
                    DataSource::Variable(name) => write!(
                        f,
                        "this worker has no variable `{name}` in `vars` of `[worker]`"
                    ),
                    DataSource::Each => f.write_str("this step has no `try_each`"),
                    DataSource::Argument(_) | DataSource::JobId => {
                        write!(f, "the job has none; write `{{{reference}|default}}`")
                    }
                }
            }
            RenderErrorKind::BeginsWithDash => write!(
                f,
                "the value of `{{{reference}}}` begins with `-` and would be an option; put `\"--\"` before it, \
                 attach it (`\"--name={{{reference}}}\"`), or give the argument `type = \"option\"`"
            ),
            RenderErrorKind::Nul => {
                write!(f, "`{{{reference}}}` has a NUL character in it")
            }
        }
    }
}

/// Everything that keeps a command from being made; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenderErrors {
    /// In the order of the command.
    pub(crate) errors: Vec<RenderError>,
}

impl RenderErrors {
    /// Returns whether nothing is wrong but that a step gave no result, or not this one: a revert
    /// of a step that failed early has nothing to undo then.
    pub(crate) fn lack_only_result_of(&self, step: &str) -> bool {
        self.errors.iter().all(|error| {
            let is_its = matches!(&error.source, DataSource::Result(other) if other == step);
            is_its && error.kind == RenderErrorKind::Missing
        })
    }
}

impl fmt::Display for RenderErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("\n"))
    }
}

impl Error for RenderErrors {}
