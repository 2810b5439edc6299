//! The label of a task: its name, with its place where a chain names it more than once.

/// The label of a task on screens and in records: its name, with `#2` and so on behind it from the
/// second place in the chain on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskLabel<'a>(&'a str);

impl<'a> TaskLabel<'a> {
    const MARK: char = '#';

    /// Reads a label. Any text is one.
    pub(crate) fn of(label: &'a str) -> Self {
        TaskLabel(label)
    }

    /// Returns the labels of the tasks of a chain with these names, in order.
    pub(crate) fn all<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        let mut seen: Vec<&str> = Vec::new();
        let mut label = |name: &'n str| {
            seen.push(name);
            match seen.iter().filter(|other| **other == name).count() {
                1 => name.to_owned(),
                place => format!("{name}{}{place}", TaskLabel::MARK),
            }
        };
        names.into_iter().map(&mut label).collect()
    }

    /// Returns the name of the task.
    pub(crate) fn name(self) -> &'a str {
        self.parts().0
    }

    /// Returns the last part of the name, which is the name of a function.
    pub(crate) fn function(self) -> &'a str {
        let name = self.name();
        name.rsplit("::").next().unwrap_or(name)
    }

    /// Returns the name, and the place as it is written, such as `#2`: empty for the first place.
    pub(crate) fn parts(self) -> (&'a str, &'a str) {
        self.0
            .split_at(self.0.find(TaskLabel::MARK).unwrap_or(self.0.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_named_twice_has_two_labels() {
        let labels = TaskLabel::all(["a::b", "c::d", "a::b"]);
        assert_eq!(labels, ["a::b", "c::d", "a::b#2"]);
    }

    #[test]
    fn a_label_has_a_name_and_a_place() {
        assert_eq!(TaskLabel::of("a::b#2").parts(), ("a::b", "#2"));
        assert_eq!(TaskLabel::of("a::b").parts(), ("a::b", ""));
        assert_eq!(TaskLabel::of("a::b#2").function(), "b");
        assert_eq!(TaskLabel::of("b#2#3").parts(), ("b", "#2#3"));
    }
}
