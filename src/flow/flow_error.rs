//! What can be wrong with a definition.

use std::error::Error;
use std::fmt;

/// A fault of a definition, found when it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlowError {
    /// A job or a group has no step.
    Empty {
        /// The group; empty: the job.
        group: String,
    },
    /// A name has other characters than names may have, or none.
    Name {
        /// The name as it is written.
        node: String,
    },
    /// A name has a meaning of its own where values are put in.
    Reserved {
        /// The name.
        node: String,
    },
    /// Two steps or groups have the same name.
    Duplicate {
        /// The name.
        node: String,
    },
    /// `after` names a node that the list does not have.
    UnknownAfter {
        /// The node whose `after` it is.
        node: String,
        /// The name in it.
        after: String,
        /// Whether another list has a node of that name.
        is_elsewhere: bool,
        /// A name that may have been meant.
        meant: Option<String>,
    },
    /// Nodes wait for each other.
    Cycle {
        /// The nodes in the order in which they wait.
        nodes: Vec<String>,
    },
    /// Terms of a retry that mean nothing.
    Terms {
        /// The node.
        node: String,
        /// The setting: `retry` or `revert.retry`.
        setting: &'static str,
        /// What is wrong with them.
        fault: TermsFault,
    },
    /// A step has `try_each` and `retry`.
    TryEachAndRetry {
        /// The step.
        node: String,
    },
    /// A step is to be tried elsewhere though others may be in progress beside it.
    Elsewhere {
        /// The step.
        node: String,
        /// The group whose nodes are in progress at the same time; empty: the job.
        group: String,
    },
    /// A step is to be reverted when interrupted, and has no revert.
    NothingToRevert {
        /// The step.
        node: String,
    },
    /// A step reads the result of a step that is not there.
    UnknownResult {
        /// The step that reads.
        node: String,
        /// The name that it reads.
        read: String,
        /// A name that may have been meant.
        meant: Option<String>,
    },
    /// A step reads the result of a group.
    ResultOfGroup {
        /// The step that reads.
        node: String,
        /// The group.
        read: String,
    },
    /// A step reads the result of a step that need not have ended before.
    NotEarlier {
        /// The step that reads.
        node: String,
        /// The step that is read.
        read: String,
    },
    /// A step reads, without a default, the result of a step that may give none.
    MayBeMissing {
        /// The step that reads.
        node: String,
        /// The step that is read.
        read: String,
        /// Why there may be no result.
        cause: MissingCause,
    },
}

/// What is wrong with the terms of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TermsFault {
    /// Not even one try.
    Times,
    /// A factor below 1, or no number.
    Factor,
}

/// Why a step may give no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MissingCause {
    /// `when` may skip it.
    When,
    /// The job goes on after its failure.
    Continue,
}

impl FlowError {
    /// Returns the name of the node at fault; empty: the job itself.
    pub(crate) fn node(&self) -> &str {
        match self {
            FlowError::Empty { group } => group,
            FlowError::Cycle { nodes } => nodes.first().map_or("", String::as_str),
            FlowError::Name { node }
            | FlowError::Reserved { node }
            | FlowError::Duplicate { node }
            | FlowError::UnknownAfter { node, .. }
            | FlowError::Terms { node, .. }
            | FlowError::TryEachAndRetry { node }
            | FlowError::Elsewhere { node, .. }
            | FlowError::NothingToRevert { node }
            | FlowError::UnknownResult { node, .. }
            | FlowError::ResultOfGroup { node, .. }
            | FlowError::NotEarlier { node, .. }
            | FlowError::MayBeMissing { node, .. } => node,
        }
    }

    fn of_structure(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlowError::Empty { group } if group.is_empty() => f.write_str("the job has no step"),
            FlowError::Empty { group } => write!(f, "the group `{group}` has no step"),
            FlowError::Name { node } => write!(
                f,
                "`{node}` cannot be a name: use letters, digits, `_` and `-`"
            ),
            FlowError::Reserved { node } => write!(
                f,
                "`{node}` cannot be a name: `{{{node}}}` stands for something else; choose another"
            ),
            FlowError::Duplicate { node } => write!(
                f,
                "two steps or groups are named `{node}`; rename one of them"
            ),
            FlowError::UnknownAfter { .. } => self.of_after(f),
            FlowError::Cycle { nodes } => {
                let nodes: Vec<String> = nodes.iter().map(|name| format!("`{name}`")).collect();
                let around = nodes.join(" waits for ");
                write!(f, "{around} waits for {}: change `after`", nodes[0])
            }
            _ => self.of_step(f),
        }
    }

    fn of_after(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FlowError::UnknownAfter {
            node,
            after,
            is_elsewhere,
            meant,
        } = self
        else {
            return Ok(());
        };
        write!(f, "`{node}` is to begin after `{after}`, ")?;
        match (is_elsewhere, meant) {
            (true, _) => f.write_str("which is in another list; name the group in this one"),
            (false, Some(meant)) => write!(f, "which is unknown; did you mean `{meant}`?"),
            (false, None) => f.write_str("which is unknown; name a step or group of this list"),
        }
    }

    fn of_step(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlowError::Terms {
                node,
                setting,
                fault,
            } => {
                let whose = match node.as_str() {
                    "" => "the job".to_owned(),
                    name => format!("`{name}`"),
                };
                match fault {
                    TermsFault::Times => {
                        write!(f, "`{setting}.times` of {whose} is 0; 1 is a single try")
                    }
                    TermsFault::Factor => {
                        write!(f, "`{setting}.factor` of {whose} is less than 1")
                    }
                }
            }
            FlowError::TryEachAndRetry { node } => write!(
                f,
                "`{node}` has both `try_each` and `retry`; repeat values in `try_each` instead"
            ),
            FlowError::Elsewhere { node, group } => {
                let beside = match group.as_str() {
                    "" => "the job".to_owned(),
                    name => format!("`{name}`"),
                };
                write!(
                    f,
                    "`{node}` has `elsewhere`, but steps of {beside} may be in progress beside it; \
                     put them in sequence"
                )
            }
            FlowError::NothingToRevert { node } => write!(
                f,
                "`{node}` is to be reverted when interrupted, and has no `revert`; add one"
            ),
            _ => self.of_result(f),
        }
    }

    fn of_result(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlowError::UnknownResult { node, read, meant } => {
                write!(f, "`{node}` reads the result of `{read}`, which is unknown")?;
                match meant {
                    Some(meant) => write!(f, "; did you mean `{meant}`?"),
                    None => f.write_str("; name an earlier step"),
                }
            }
            FlowError::ResultOfGroup { node, read } => write!(
                f,
                "`{node}` reads the result of `{read}`, which is a group; name one of its steps"
            ),
            FlowError::NotEarlier { node, read } => write!(
                f,
                "`{node}` reads the result of `{read}`, which need not have ended by then; \
                 add `after`"
            ),
            FlowError::MayBeMissing { node, read, cause } => {
                let why = match cause {
                    MissingCause::When => "may be skipped",
                    MissingCause::Continue => "may fail without ending the job",
                };
                write!(
                    f,
                    "`{node}` reads the result of `{read}`, which {why}; \
                     write a default: `{{{read}.KEY|default}}`"
                )
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of_structure(f)
    }
}

impl Error for FlowError {}
