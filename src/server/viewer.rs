//! A user of the server: what a token allows.

use serde::{Deserialize, Serialize};

/// What a token allows; from `view` on each role may do what those before it may. `register` and
/// `worker` have calls of their own alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// To register workers: each gets a token of its own.
    Register,
    /// To join as a worker, claim jobs and report them.
    Worker,
    /// To look.
    View,
    /// To look, and to post jobs.
    Post,
    /// To stop, retry, pause and resume, too.
    Operate,
    /// To create tokens and to read what was done by others, too.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub(crate) const ALL: [Role; 6] = [
        Role::Register,
        Role::Worker,
        Role::View,
        Role::Post,
        Role::Operate,
        Role::Admin,
    ];

    /// Returns how the role is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Role::Register => "register",
            Role::Worker => "worker",
            Role::View => "view",
            Role::Post => "post",
            Role::Operate => "operate",
            Role::Admin => "admin",
        }
    }

    /// Returns the role of a word.
    pub(crate) fn of_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// The projects whose jobs and schedules a token may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Projects {
    /// All of them, and what belongs to none.
    All,
    /// Only these.
    Only(Vec<String>),
}

impl Projects {
    /// Returns whether what belongs to a project, or to none, may be seen.
    pub(crate) fn allow(&self, project: Option<&str>) -> bool {
        match self {
            Projects::All => true,
            Projects::Only(names) => project.is_some_and(|it| names.iter().any(|name| name == it)),
        }
    }
}

/// A user of the server.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    /// The name of the token, as actions are recorded under.
    pub(crate) name: String,
    /// What the token allows.
    pub(crate) role: Role,
    /// Whose jobs and schedules it shows.
    pub(crate) projects: Projects,
    /// The secret that each form of the page sends back; empty for a token in a header.
    pub(crate) csrf: String,
}

impl Viewer {
    /// Returns whether the role allows what takes another one.
    pub(crate) fn may(&self, needed: Role) -> bool {
        match needed {
            Role::Register | Role::Worker => self.role == needed || self.role == Role::Admin,
            needed => self.role >= needed,
        }
    }
}
