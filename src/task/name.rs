//! The name of a task: its path without the crate.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The name of a task, such as `tasks::send_mail`: at least two identifiers, joined with `::`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskName(Arc<str>);

/// A text that is not the name of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    text: String,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not the name of a task, such as `tasks::send_mail`",
            self.text
        )
    }
}

impl Error for InvalidName {}

impl TaskName {
    /// Reads a name as it is written on a command line: `tasks::send_mail` or `tasks.send_mail`.
    ///
    /// # Errors
    ///
    /// When the text is not at least two identifiers (letters, digits, `_`, `-`) joined with `::`
    /// or `.`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let path = text.replace("::", ".");
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() < 2 || !parts.iter().all(|part| is_identifier(part)) {
            return Err(InvalidName {
                text: text.to_owned(),
            });
        }
        Ok(TaskName(parts.join("::").into()))
    }

    /// Returns the name of a registered function: its module path without the crate, then the
    /// function, unless the module is named as the function. A function at the root of its crate is
    /// named by the crate.
    pub(crate) fn of_function(module_path: &str, function: &str) -> Self {
        let inside = match module_path.split_once("::") {
            Some((_crate, inside)) => inside,
            None => module_path,
        };
        // A module that is named as a keyword.
        let inside = &*inside.replace("r#", "");
        let last = inside.rsplit("::").next().unwrap_or(inside);
        if last == function && inside.contains("::") {
            TaskName(inside.into())
        } else {
            TaskName(format!("{inside}::{function}").into())
        }
    }

    /// Returns the name of a registered function with its crate in front.
    pub(crate) fn qualified(module_path: &str, function: &str) -> Self {
        let name = TaskName::of_function(module_path, function);
        match module_path.split_once("::") {
            Some((its_crate, _)) => TaskName(format!("{its_crate}::{name}").into()),
            None => name,
        }
    }

    /// Returns the name of the task `[tasks.KEY]` of a configuration file: `tasks::KEY`, or KEY
    /// itself where that is a path.
    ///
    /// # Errors
    ///
    /// When the key is neither an identifier nor a path of them.
    pub(crate) fn of_key(key: &str) -> Result<Self, InvalidName> {
        TaskName::parse(key).or_else(|_| {
            TaskName::parse(&format!("tasks::{key}")).map_err(|_| InvalidName {
                text: key.to_owned(),
            })
        })
    }

    /// Returns the whole name, with `::`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last part: what a chain is named after.
    pub fn function(&self) -> &str {
        self.0.rsplit("::").next().unwrap_or(&self.0)
    }
}

fn is_identifier(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_command_line_are_one_name() {
        let name = TaskName::parse("tasks.send_mail").unwrap();
        assert_eq!(name, TaskName::parse("tasks::send_mail").unwrap());
        assert_eq!(name.to_string(), "tasks::send_mail");
        assert_eq!(name.function(), "send_mail");
    }

    #[test]
    fn a_word_alone_is_no_name() {
        for text in [
            "send_mail",
            "",
            "::",
            "a::",
            "::a",
            "a::b::",
            "a:b",
            "a..b",
            "a::b/c",
            "a b::c",
        ] {
            assert!(TaskName::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_function_named_as_its_module_is_named_by_the_module() {
        let of = |module, function| TaskName::of_function(module, function).to_string();
        assert_eq!(of("app::tasks::send_mail", "send_mail"), "tasks::send_mail");
        assert_eq!(of("app::tasks", "send_mail"), "tasks::send_mail");
        assert_eq!(of("app::tasks", "tasks"), "tasks::tasks");
        assert_eq!(of("app", "sync"), "app::sync");
        assert_eq!(of("app::tasks::r#match", "match"), "tasks::match");
    }

    #[test]
    fn a_key_of_the_file_is_a_task_in_tasks() {
        assert_eq!(
            TaskName::of_key("backup").unwrap().as_str(),
            "tasks::backup"
        );
        assert_eq!(TaskName::of_key("a::sync").unwrap().as_str(), "a::sync");
        assert!(TaskName::of_key("a b").is_err());
    }
}
