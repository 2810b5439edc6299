//! What a call may see and change: everything, or what belongs to some projects.

use super::faults::{fault, fault_of};
use crate::board::board_error::BoardError;
use crate::board::board_trait::Board;
use crate::board::call_reply::CallFault;
use crate::board::job_id::JobId;
use crate::board::job_record::JobFilter;
use crate::board::post::Post;

/// What a call may see and change.
pub(crate) struct CallScope<'a> {
    /// The board.
    pub(crate) board: &'a dyn Board,
    /// The only projects; `None`: all of them, and what belongs to none.
    pub(crate) projects: Option<&'a [String]>,
    /// The name under which posts are recorded; `None`: as the request has it.
    pub(crate) posts_as: Option<&'a str>,
}

/// Which part of an answer may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// All of it.
    All,
    /// Of a list what belongs to the projects.
    OfProjects,
}

type Scoped = Result<Visibility, CallFault>;

impl CallScope<'_> {
    /// Allows a call of everyone.
    pub(super) fn free(&self) -> Scoped {
        Ok(Visibility::All)
    }

    /// Allows a call, and shows what belongs to the projects.
    pub(super) fn listed(&self) -> Scoped {
        Ok(Visibility::OfProjects)
    }

    /// Allows a call of a user of all projects alone.
    pub(super) fn all(&self) -> Scoped {
        match self.projects {
            None => Ok(Visibility::All),
            Some(_) => Err(forbidden("it takes a token of all projects")),
        }
    }

    /// Allows a call about a job of the projects; another one is not there.
    pub(super) fn job(&self, id: &mut JobId) -> Scoped {
        if self.projects.is_none() {
            return Ok(Visibility::All);
        }
        let found = self.board.job(*id).map_err(|error| fault_of(&error))?;
        match found.is_some_and(|job| self.sees(job.project.as_deref())) {
            true => Ok(Visibility::All),
            false => Err(fault_of(&BoardError::NoSuchJob(*id))),
        }
    }

    /// Narrows a query to the project.
    pub(super) fn filter(&self, filter: &mut JobFilter) -> Scoped {
        filter.project = self.project(filter.project.take())?;
        Ok(Visibility::All)
    }

    /// Has jobs posted for the project, under the name of the user.
    pub(super) fn posts(&self, posts: &mut [Post]) -> Scoped {
        for post in posts {
            post.project = self.project(post.project.take())?;
            if let Some(name) = self.posts_as {
                name.clone_into(&mut post.posted_by);
            }
        }
        Ok(Visibility::All)
    }

    fn sees(&self, project: Option<&str>) -> bool {
        match self.projects {
            None => true,
            Some(names) => project.is_some_and(|it| names.iter().any(|name| name == it)),
        }
    }

    /// Returns the project that a request is about; a token of one need not name it.
    fn project(&self, asked: Option<String>) -> Result<Option<String>, CallFault> {
        match (self.projects, asked) {
            (None, asked) => Ok(asked),
            (Some([only]), None) => Ok(Some(only.clone())),
            (Some(_), asked) if self.sees(asked.as_deref()) => Ok(asked),
            (Some(names), _) => {
                let names = names.join("`, `");
                Err(forbidden(&format!(
                    "name one of the projects of the token: `{names}`"
                )))
            }
        }
    }
}

fn forbidden(why: &str) -> CallFault {
    let remedy = "an administrator creates tokens: `run_functions serve token add`";
    fault("forbidden", why, Some(remedy))
}
