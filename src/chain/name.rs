//! The name of a chain: what its files are called.

use std::fmt;
use std::sync::Arc;

use crate::core::command_error::CommandError;
use crate::core::hash::fnv1a;
use crate::task::TaskName;

/// What fits into a file name with every suffix of ours (255 bytes, less some for `.task`, `.next`
/// and temporary endings).
const MOST_BYTES: usize = 200;
const HASH_DIGITS: usize = 16;

/// The name of a chain: characters `[A-Za-z0-9._-]`, at most 200 bytes, not beginning with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainName(Arc<str>);

impl ChainName {
    /// Returns the name of a chain of these tasks: their function names joined with `_`. Longer
    /// ones are cut and end with a hash of the whole.
    pub fn of(tasks: &[TaskName]) -> Self {
        let functions: Vec<&str> = tasks.iter().map(TaskName::function).collect();
        let whole = functions.join("_");
        if whole.len() <= MOST_BYTES {
            return ChainName(whole.into());
        }
        let paths: Vec<&str> = tasks.iter().map(TaskName::as_str).collect();
        let hash = fnv1a(paths.join(" ").as_bytes());
        let kept = &whole[..MOST_BYTES - HASH_DIGITS - 1];
        ChainName(format!("{kept}-{hash:016x}").into())
    }

    /// Reads a name as a user typed it.
    ///
    /// # Errors
    ///
    /// When the text has characters that no name of a chain has.
    pub(crate) fn typed(text: &str) -> Result<Self, CommandError> {
        ChainName::parse(text).ok_or_else(|| {
            CommandError::usage(format_args!(
                "`{text}` is not the name of a chain, such as `send_mail_retry_deferred`"
            ))
        })
    }

    /// Reads a name as given with `--name`, or the stem of a file in RUN_ROOT; `None` when it has
    /// characters that no chain's name has.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= MOST_BYTES && !text.starts_with(['.', '-']);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        (fits && text.chars().all(plain)).then(|| ChainName(text.into()))
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(paths: &[&str]) -> ChainName {
        let tasks: Vec<TaskName> = paths
            .iter()
            .map(|path| TaskName::parse(path).unwrap())
            .collect();
        ChainName::of(&tasks)
    }

    #[test]
    fn a_chain_is_named_by_its_functions() {
        let name = named(&["tasks::send_mail", "tasks::retry_deferred"]);
        assert_eq!(name.as_str(), "send_mail_retry_deferred");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let paths: Vec<String> = (0..60).map(|n| format!("tasks::task_number_{n}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let (long, longer) = (named(&paths[..59]), named(&paths));
        assert_eq!(long.as_str().len(), MOST_BYTES);
        assert_ne!(long, longer);
        assert!(ChainName::parse(long.as_str()).is_some());
    }

    #[test]
    fn names_that_would_leave_the_directory_are_refused() {
        for text in [
            "",
            "..",
            ".hidden",
            "a/b",
            "a b",
            "-x",
            "a\n",
            &"x".repeat(201),
        ] {
            assert!(ChainName::parse(text).is_none(), "{text:?}");
        }
        assert!(ChainName::parse("mail-2.0_x").is_some());
    }
}
