//! The definitions that a command knows: those of its own configuration, and those that workers
//! have entered on the board.

use std::collections::BTreeMap;

use crate::board::Board;
use crate::config::Loaded;
use crate::config::invocation::Call;
use crate::core::command_error::CommandError;
use crate::job::JobSchema;
use crate::text::suggest::suggestions;
use crate::worker::job_post::known_schemas;

use super::board_access::refused;

/// The schemas of jobs, by name.
#[derive(Debug, Default)]
pub(crate) struct JobCatalog {
    schemas: BTreeMap<String, JobSchema>,
}

impl JobCatalog {
    /// Collects all that are known; the own configuration comes first.
    ///
    /// # Errors
    ///
    /// When the board cannot be read.
    pub(crate) fn of(loaded: &Loaded, board: &dyn Board) -> Result<Self, CommandError> {
        let own = loaded.jobs.iter();
        let own = own.map(|(name, job)| (name, &job.definition.schema));
        let schemas = known_schemas(own, board).map_err(refused)?;
        Ok(JobCatalog { schemas })
    }

    /// Returns the schema of a job.
    ///
    /// # Errors
    ///
    /// When no configuration and no worker knows the job.
    pub(crate) fn schema(&self, name: &str) -> Result<&JobSchema, CommandError> {
        if let Some(schema) = self.schemas.get(name) {
            return Ok(schema);
        }
        let message = format!("no job is called `{name}`");
        let known = self.schemas.keys().map(String::as_str);
        Err(match suggestions(name, known.clone()).first() {
            Some(meant) => CommandError::usage(message).hint(format_args!("did you mean `{meant}`?")),
            None if self.schemas.is_empty() => CommandError::usage(message).hint(
                "this configuration has no `[jobs.NAME]`, and no worker has entered one on the board",
            ),
            None => {
                let known: Vec<&str> = known.collect();
                let post = Call::as_typed().line("post --help");
                CommandError::usage(message).hint(format_args!(
                    "there are {}; `{post}` explains them",
                    known.join(", ")
                ))
            }
        })
    }

    /// Returns the schemas by name.
    pub(crate) fn schemas(&self) -> &BTreeMap<String, JobSchema> {
        &self.schemas
    }

    /// Returns all, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &JobSchema)> {
        self.schemas
            .iter()
            .map(|(name, schema)| (name.as_str(), schema))
    }
}
