//! Registration without a list: what `#[run_functions::task]` leaves in the binary, and what is
//! found there.

use std::collections::BTreeMap;

use super::attributes::Attributes;
use super::context::Context;
use super::name::TaskName;
use super::report::Report;
use super::settings_check::SettingsCheck;

/// A function that the attribute has registered. Made by the macro only.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registration {
    /// `module_path!()` where the function is.
    pub module_path: &'static str,
    /// The function's own name, without `r#`.
    pub function: &'static str,
    /// The name that the attribute chooses, checked by the macro.
    pub chosen: Option<&'static str>,
    /// The version of the package that the function is in, where cargo has built it.
    pub package_version: Option<&'static str>,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// The settings of the attribute.
    pub attributes: Attributes,
    /// Checks the settings that the configuration has for it.
    pub settings: Option<SettingsCheck>,
    /// Runs it once.
    pub run: TaskFunction,
}

/// The function of a task, by what it takes. Made by the macro only.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum TaskFunction {
    /// The function takes nothing.
    Plain(fn() -> Report),
    /// The function takes the context of its run.
    WithContext(fn(&'static Context) -> Report),
}

inventory::collect!(Registration);

impl Registration {
    /// Returns the name under which it is known, unless another function has the same.
    pub fn name(&self) -> TaskName {
        let chosen = self.chosen.and_then(|name| TaskName::of_key(name).ok());
        chosen.unwrap_or_else(|| TaskName::of_function(self.module_path, self.function))
    }

    /// Returns the name with the crate in front, which distinguishes functions of one name.
    fn qualified(&self) -> TaskName {
        TaskName::qualified(self.module_path, self.function)
    }

    /// Returns the crate that it is in.
    pub fn crate_name(&self) -> &'static str {
        self.module_path
            .split("::")
            .next()
            .unwrap_or(self.module_path)
    }
}

/// Returns every function that is registered in this binary, in order of name, crate and place.
#[doc(hidden)]
pub fn registered() -> Vec<&'static Registration> {
    let mut all: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
    all.sort_by_key(|task| (task.name(), task.module_path, task.file, task.line));
    all
}

/// The functions of a binary, by the names that distinguish them.
#[derive(Debug, Default)]
pub(crate) struct FunctionNames {
    known: BTreeMap<TaskName, &'static Registration>,
    /// Names with the crate in front, and what the function is known as.
    qualified: BTreeMap<TaskName, TaskName>,
    /// Names that several functions have, and what these are known as.
    shared: BTreeMap<TaskName, Vec<TaskName>>,
    clashes: Vec<(&'static Registration, &'static Registration)>,
}

impl FunctionNames {
    /// Names the functions: by their path without the crate where that is unique, else with it. A
    /// chosen name is kept.
    pub(crate) fn of(registered: &[&'static Registration]) -> Self {
        let mut groups: BTreeMap<TaskName, Vec<&'static Registration>> = BTreeMap::new();
        for function in registered {
            groups.entry(function.name()).or_default().push(function);
        }
        let mut names = FunctionNames::default();
        for (name, group) in groups {
            let is_shared = group.len() > 1;
            for function in group {
                let own = match function.chosen {
                    None if is_shared => function.qualified(),
                    _ => name.clone(),
                };
                if is_shared {
                    names
                        .shared
                        .entry(name.clone())
                        .or_default()
                        .push(own.clone());
                }
                names.add(own, function);
            }
        }
        let known = &names.known;
        names.shared.retain(|name, _| !known.contains_key(name));
        names
    }

    fn add(&mut self, name: TaskName, function: &'static Registration) {
        if let Some(other) = self.known.get(&name) {
            self.clashes.push((other, function));
            return;
        }
        self.qualified.insert(function.qualified(), name.clone());
        self.known.insert(name, function);
    }

    /// Returns the functions by name.
    pub(crate) fn known(&self) -> &BTreeMap<TaskName, &'static Registration> {
        &self.known
    }

    /// Returns what a function is known as whose name was written, perhaps with its crate.
    pub(crate) fn resolved(&self, name: &TaskName) -> TaskName {
        let known = self.qualified.get(name);
        let known = known.filter(|_| !self.known.contains_key(name));
        known.unwrap_or(name).clone()
    }

    /// Returns the function of a name.
    pub(crate) fn find(&self, name: &TaskName) -> Option<&'static Registration> {
        self.known.get(&self.resolved(name)).copied()
    }

    /// Returns what the functions are known as that share a name; none if no function has it, or
    /// one alone.
    pub(crate) fn sharing(&self, name: &TaskName) -> &[TaskName] {
        self.shared.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the functions that cannot be distinguished, in pairs.
    pub(crate) fn clashes(&self) -> &[(&'static Registration, &'static Registration)] {
        &self.clashes
    }
}
