//! A visit of a user: the request, the clock, and what the user may see.

use super::page_clock::PageClock;
use super::page_request::PageRequest;
use super::sight::Sight;
use crate::server::viewer::{Projects, Role};
use crate::unix::clock;

/// A visit of a user.
pub(super) struct Visit<'a> {
    /// What was asked for.
    pub(super) request: &'a PageRequest<'a>,
    /// The clock of the page.
    pub(super) clock: PageClock,
    /// What the user may see of the board.
    pub(super) sight: Sight<'a>,
}

impl<'a> Visit<'a> {
    /// Begins the visit of a request.
    pub(super) fn new(request: &'a PageRequest<'a>) -> Self {
        Visit {
            request,
            clock: PageClock::new(request.now, clock::local_zone()),
            sight: Sight::new(request.board, &request.viewer.projects),
        }
    }

    /// Returns a value of the query that is not empty.
    pub(super) fn query(&self, name: &str) -> Option<&'a str> {
        value(self.request.query, name)
    }

    /// Returns a field of the form that is not empty.
    pub(super) fn field(&self, name: &str) -> Option<&'a str> {
        value(self.request.form, name)
    }

    /// Returns whether the user may do what takes a role.
    pub(super) fn may(&self, needed: Role) -> bool {
        self.request.viewer.may(needed)
    }

    /// Returns whether the user may see what belongs to no project: workers are asked for
    /// something, chains, mails.
    pub(super) fn sees_all(&self) -> bool {
        self.request.viewer.projects == Projects::All
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}
