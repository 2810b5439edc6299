//! Registration without a list: what `#[run_functions::task]` leaves in the binary, and what is found there.

use super::{Attributes, Report, TaskName};

/// A function that the attribute has registered. Made by the macro only.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registration {
    /// `module_path!()` where the function is.
    pub module_path: &'static str,
    /// The function's own name, without `r#`.
    pub function: &'static str,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// What the attribute says.
    pub attributes: Attributes,
    /// Runs it once.
    pub run: fn() -> Report,
}

inventory::collect!(Registration);

impl Registration {
    /// Returns the name under which it is known.
    pub fn name(&self) -> TaskName {
        TaskName::of_function(self.module_path, self.function)
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
