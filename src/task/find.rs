//! Looking up a task by its name.

use std::error::Error;
use std::fmt;

use super::{Registration, TaskName, registered, suggestions};

/// Returns the function that is registered under this name.
///
/// # Errors
///
/// When there is none.
pub(crate) fn find(name: &TaskName) -> Result<&'static Registration, UnknownTask> {
    let all = registered();
    all.iter()
        .find(|task| task.name() == *name)
        .copied()
        .ok_or_else(|| UnknownTask::new(name.clone(), all.iter().map(|task| task.name())))
}

/// A name that no task has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownTask {
    name: TaskName,
    /// Those that may have been meant.
    near: Vec<TaskName>,
    /// All others.
    rest: Vec<TaskName>,
}

impl UnknownTask {
    /// Makes the error about `name`, given all that could have been named.
    pub(crate) fn new(name: TaskName, known: impl IntoIterator<Item = TaskName>) -> Self {
        let known: Vec<TaskName> = known.into_iter().collect();
        let near: Vec<&str> = suggestions(name.as_str(), known.iter().map(TaskName::as_str));
        let find = |text: &&str| known.iter().find(|name| name.as_str() == *text).cloned();
        let near: Vec<TaskName> = near.iter().filter_map(find).collect();
        let rest = known.iter().filter(|name| !near.contains(name));
        UnknownTask {
            rest: rest.cloned().collect(),
            name,
            near,
        }
    }

    /// Returns what to do about it, a sentence each.
    pub(crate) fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        match self.near.as_slice() {
            [] => {}
            [one] => hints.push(format!("did you mean `{one}`?")),
            several => hints.push(format!("did you mean one of {}?", listed(several))),
        }
        match (self.near.is_empty(), self.rest.is_empty()) {
            (true, true) => hints.push(
                "there are no tasks here: write `#[run_functions::task]` above a function, or a \
                 `[tasks.NAME]` into the configuration"
                    .to_owned(),
            ),
            (true, false) => hints.push(format!("the tasks are {}", listed(&self.rest))),
            (false, false) => hints.push(format!("the other tasks are {}", listed(&self.rest))),
            (false, true) => {}
        }
        hints.push(
            "a task of another crate is only there if the binary refers to that crate: \
             `use my_tasks as _;` in its `main.rs`"
                .to_owned(),
        );
        hints
    }
}

fn listed(names: &[TaskName]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

impl fmt::Display for UnknownTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no task `{}`", self.name)
    }
}

impl Error for UnknownTask {}

/// Several registrations under one name: nobody could say which one is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DuplicateTask {
    name: TaskName,
    /// `crate_a::sync (src/sync.rs:12)`
    places: Vec<String>,
    /// Whether it is one function with several attributes.
    of_one_function: bool,
}

impl fmt::Display for DuplicateTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, places) = (&self.name, self.places.join(" and "));
        let remedy = if self.of_one_function {
            "remove one of its attributes"
        } else {
            "rename one of the functions, or move it to a module of another name"
        };
        write!(f, "`{name}` is registered by {places}: {remedy}")
    }
}

impl Error for DuplicateTask {}

/// Returns every name that several functions of this binary have.
pub(crate) fn duplicates() -> Vec<DuplicateTask> {
    duplicates_among(&registered())
}

/// Expects them in order of name.
fn duplicates_among(sorted: &[&Registration]) -> Vec<DuplicateTask> {
    sorted
        .chunk_by(|one, next| one.name() == next.name())
        .filter(|same| same.len() > 1)
        .map(|same| DuplicateTask {
            name: same[0].name(),
            places: same.iter().map(|task| place(task)).collect(),
            of_one_function: same.windows(2).all(|two| path(two[0]) == path(two[1])),
        })
        .collect()
}

fn path(task: &Registration) -> (&str, &str) {
    (task.module_path, task.function)
}

fn place(task: &Registration) -> String {
    format!(
        "`{}::{}` ({}:{})",
        task.module_path, task.function, task.file, task.line
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Attributes, IntoReport};
    use super::*;

    fn name(text: &str) -> TaskName {
        TaskName::parse(text).unwrap()
    }

    fn registration(module_path: &'static str, function: &'static str) -> Registration {
        Registration {
            module_path,
            function,
            file: "src/lib.rs",
            line: 7,
            attributes: Attributes::default(),
            run: || ().into_report(),
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_one_meant_then_with_all_others() {
        let known = ["tasks::backup", "tasks::send_mail"].map(name);
        let error = UnknownTask::new(name("tasks.send_mial"), known);
        assert_eq!(error.to_string(), "there is no task `tasks::send_mial`");
        assert_eq!(
            error.hints()[..2],
            [
                "did you mean `tasks::send_mail`?",
                "the other tasks are `tasks::backup`"
            ]
        );
    }

    #[test]
    fn where_nothing_is_near_a_crate_that_nothing_refers_to_is_explained() {
        let error = UnknownTask::new(name("mine::sync"), [name("tasks::backup")]);
        let hints = error.hints().join("\n");
        assert!(hints.contains("the tasks are `tasks::backup`"), "{hints}");
        assert!(hints.contains("`use my_tasks as _;`"), "{hints}");
        let hints = UnknownTask::new(name("mine::sync"), []).hints().join("\n");
        assert!(hints.contains("there are no tasks here"), "{hints}");
    }

    #[test]
    fn one_name_in_two_crates_is_told_with_both_places() {
        let (one, other) = (
            registration("app::tasks", "sync"),
            registration("lib::tasks::sync", "sync"),
        );
        let alone = registration("app::tasks", "zip");
        let found = duplicates_among(&[&one, &other, &alone]);
        assert_eq!(found.len(), 1);
        let text = found[0].to_string();
        assert!(
            text.starts_with(
                "`tasks::sync` is registered by `app::tasks::sync` (src/lib.rs:7) and `lib::"
            ),
            "{text}"
        );
        assert!(text.contains("rename one of the functions"), "{text}");
        assert!(duplicates_among(&[&one, &alone]).is_empty());
        let twice = &duplicates_among(&[&one, &one])[0];
        assert!(twice.to_string().ends_with("remove one of its attributes"));
    }
}
