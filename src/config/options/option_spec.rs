//! What is known of a key.

use super::config_section::ConfigSection;

/// Whether zero is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zero {
    /// Zero means "at once".
    Allowed,
    /// Zero would make no sense.
    Refused,
}

/// Whether "never" is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Never {
    /// `never` means that there is no limit.
    Allowed,
    /// `never` would make no sense.
    Refused,
}

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// A text with a unit.
    Duration(Zero, Never),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The least.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// A word out of a list.
    Choice(&'static [&'static str]),
    /// A text that is not empty.
    Text,
    /// A list of texts, not empty.
    Texts,
    /// A text that is not empty, or a list of such.
    TextOrTexts,
    /// A path, relative to the file it is written in.
    Path,
    /// A mail address.
    Address,
    /// A list of mail addresses, not empty.
    Addresses,
    /// The name of an environment variable.
    VariableName,
    /// A list of such names.
    VariableNames,
    /// A table of variables and their values.
    Variables,
    /// A table of settings of the task's own.
    Settings,
    /// A list of numbers from 0 to 255.
    ExitCodes,
    /// A table of resource limits.
    Limits,
    /// Octal permissions to take away.
    Mask,
    /// A signal by name or number.
    Signal,
    /// An I/O class with its level.
    IoNice,
    /// A table of URLs that are asked.
    Ping,
    /// A table of commands.
    Commands,
    /// A list or a table that `[jobs.NAME]` has a reader for; the words are an example.
    Structure(&'static str),
}

/// To which tasks a setting can apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    /// To all.
    Every,
    /// To what runs in a child process: commands, and functions with `isolate` or a timeout.
    Child,
    /// To commands.
    Command,
    /// To functions.
    Function,
    /// The key makes a task a command.
    Program,
}

/// What holds when a key is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// A fixed value, as it would be written.
    Written(&'static str),
    /// Nothing, or what these words say.
    InWords(&'static str),
}

/// A key that can be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionSpec {
    /// Where it is written.
    pub(crate) section: ConfigSection,
    /// Its name.
    pub(crate) key: &'static str,
    /// What it takes.
    pub(crate) kind: ValueKind,
    /// What holds without it.
    pub(crate) default: Fallback,
    /// To which tasks it can apply; `Every` outside of tasks.
    pub(crate) applies: Applies,
    /// A line that explains the key.
    pub(crate) doc: &'static str,
}

/// Returns an option outside of tasks.
pub(super) const fn general(
    section: ConfigSection,
    key: &'static str,
    kind: ValueKind,
    default: Fallback,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec {
        section,
        key,
        kind,
        default,
        applies: Applies::Every,
        doc,
    }
}

/// Returns an option of tasks.
pub(super) const fn of_task(
    applies: Applies,
    key: &'static str,
    kind: ValueKind,
    default: Fallback,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec {
        section: ConfigSection::Task,
        key,
        kind,
        default,
        applies,
        doc,
    }
}

/// A duration that may be zero.
pub(super) const PAUSE: ValueKind = ValueKind::Duration(Zero::Allowed, Never::Refused);
/// A duration that may not.
pub(super) const LIMIT: ValueKind = ValueKind::Duration(Zero::Refused, Never::Refused);
/// A duration that may not be zero, or `never`.
pub(super) const LIMIT_OR_NEVER: ValueKind = ValueKind::Duration(Zero::Refused, Never::Allowed);
