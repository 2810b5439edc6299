//! A token, without its secret.

use crate::server::viewer::{Projects, Role, Viewer};

/// A use is noted once in so many milliseconds.
pub(super) const NOTED_EACH: i64 = 3600 * 1000;

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRecord {
    /// The number of the token.
    pub(crate) id: i64,
    /// The name, under which actions are recorded.
    pub(crate) name: String,
    /// What the token allows.
    pub(crate) role: Role,
    /// Whose jobs and schedules it shows.
    pub(crate) projects: Projects,
    /// When it was created, in milliseconds since 1970.
    pub(crate) created: i64,
    /// When it ends, in milliseconds since 1970.
    pub(crate) expires: Option<i64>,
    /// The creator: a user of the machine, or the name of another token.
    pub(crate) made_by: String,
    /// When it was used last, in milliseconds since 1970, to the hour.
    pub(crate) last_used: Option<i64>,
}

impl TokenRecord {
    /// Returns whether the token is over.
    pub(crate) fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Returns whether a use is to be noted.
    pub(crate) fn is_use_news(&self, now: i64) -> bool {
        self.last_used.is_none_or(|last| last <= now - NOTED_EACH)
    }

    /// Returns the user of the token; `csrf` is the secret of the forms.
    pub(crate) fn viewer(&self, csrf: String) -> Viewer {
        Viewer {
            name: self.name.clone(),
            role: self.role,
            projects: self.projects.clone(),
            csrf,
        }
    }
}

/// A token that is to be created.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    /// The name.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) role: Role,
    /// Whose jobs and schedules it shows.
    pub(crate) projects: Projects,
    /// When it ends, in milliseconds since 1970.
    pub(crate) expires: Option<i64>,
    /// The creator.
    pub(crate) made_by: String,
    /// Whether a worker gets it by a registration.
    pub(crate) is_registered: bool,
}
