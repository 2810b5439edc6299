//! The schedules of a project's file, as they are applied to a board.

use serde::{Deserialize, Serialize};

use crate::schedule::ScheduleSpec;

/// The schedules of a project's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ScheduleFile {
    /// The project.
    pub(crate) project: String,
    /// The hash of what the file has.
    pub(crate) content: String,
    /// All its schedules.
    pub(crate) entries: Vec<ScheduleEntry>,
    /// Whether an earlier content comes back, and schedules of other projects are taken over.
    pub(crate) mode: ApplyMode,
}

/// How a file is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApplyMode {
    /// When its content is new to the board.
    WhenNew,
    /// Because a person wants it.
    Anyhow,
}

/// A schedule of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ScheduleEntry {
    /// The name.
    pub(crate) name: String,
    /// What is written.
    pub(crate) spec: ScheduleSpec,
    /// The next slot from now on, in milliseconds since 1970.
    pub(crate) next: Option<i64>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleFileAnswer {
    /// The board has this content already.
    AsBefore,
    /// A later content has replaced this one; nothing was changed.
    Replaced {
        /// When the later one was applied, in milliseconds since 1970.
        at: i64,
    },
    /// The content is applied, with these differences.
    Applied(Vec<ScheduleChange>),
}

/// A difference that a file makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ScheduleChange {
    /// The schedule.
    pub(crate) name: String,
    /// What became of it.
    pub(crate) kind: ScheduleChangeKind,
}

/// What a file has done to a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleChangeKind {
    /// The schedule is new.
    Added,
    /// The schedule was written otherwise.
    Changed {
        /// What was written before.
        before: Box<ScheduleSpec>,
    },
    /// The file has it no longer.
    Removed,
    /// Another project has a schedule of that name; nothing was changed.
    OfAnother {
        /// The project.
        project: String,
    },
}
