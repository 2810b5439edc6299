//! What of a backtrace is the task's own: neither the panic above it nor the runner below it.

/// The function below which all is ours, by the end of its name.
const BELOW_THE_TASK: &str = "task_begins";
/// The standard library's own mark: what is above it is the panic at work.
const PANIC_AT_WORK: &str = "__rust_end_short_backtrace";
/// What stands below that mark and still is the panic: pure names of the standard library.
const PANIC: [&str; 7] = [
    "__rustc::rust_begin_unwind",
    "rust_begin_unwind",
    "core::panicking::",
    "std::panicking::",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
];
/// What stands between the mark and the task.
const CALLS: [&str; 2] = ["core::ops::function::FnOnce::call_once", "__INVENTORY::"];

/// Where the code of the standard library and of this crate is from, by the beginning of a name.
const LIBRARIES: [&str; 13] = [
    "std::",
    "core::",
    "alloc::",
    "run_functions::",
    "inventory::",
    "test::",
    "__rust",
    "rust_",
    "__libc_",
    "__clone",
    "clone3",
    "start_thread",
    "_start",
];

/// Where the tasks of the stock binary are, and those of the tests.
const OWN_TASKS: [&str; 2] = ["run_functions::tasks::", "run_functions::task::tests::"];

/// Returns the backtrace without the frames of the panic and of the runner, and how many those
/// were; `None` where no frame of the task is left (a task that was inlined, a stripped program).
/// All of the backtrace where `RUST_BACKTRACE=full` asks for that.
pub(super) fn trimmed(backtrace: &str) -> Option<String> {
    if asks_for_all() {
        return Some(backtrace.to_owned());
    }
    own_frames(backtrace)
}

/// As the standard library does it: the first variable that is set decides.
fn asks_for_all() -> bool {
    let set = ["RUST_LIB_BACKTRACE", "RUST_BACKTRACE"].map(std::env::var_os);
    set.into_iter()
        .flatten()
        .next()
        .is_some_and(|value| value == "full")
}

fn own_frames(backtrace: &str) -> Option<String> {
    let frames = frames(backtrace);
    let (from, to) = (first_own(&frames), last_own(&frames));
    let own = frames.get(from..to)?;
    if !own.iter().any(Frame::is_of_the_user) {
        return None;
    }
    let mut kept: String = own.iter().map(|frame| frame.text).collect();
    let (above, below) = (from, frames.len() - to);
    if above + below > 0 {
        kept.push_str(&format!(
            "({above} frames of the panic and {below} of the runner are left out; RUST_BACKTRACE=full keeps them)\n"
        ));
    }
    Some(kept)
}

/// A frame: its line with the name, and the one with its place where there is one.
struct Frame<'a> {
    name: &'a str,
    text: &'a str,
}

impl Frame<'_> {
    /// Returns whether the frame is of code that a user wrote, or of a crate that the user chose.
    fn is_of_the_user(&self) -> bool {
        let name = self.name.trim_start_matches(['<', '&', '*', '[', '(']);
        let name = name.strip_prefix("dyn ").unwrap_or(name);
        let is_library = LIBRARIES.iter().any(|library| name.starts_with(library))
            && !OWN_TASKS.iter().any(|tasks| name.starts_with(tasks));
        let is_nameless = matches!(name, "main" | "unknown>" | "");
        let is_from_toolchain = self.text.contains(" /rustc/");
        let is_call = CALLS.iter().any(|call| name.contains(call));
        !(is_library || is_nameless || is_from_toolchain || is_call)
    }
}

/// Parts a backtrace before each line that begins with the number of a frame.
fn frames(backtrace: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut name = None;
    for line in backtrace.split_inclusive('\n') {
        if let Some(next) = name_in(line)
            && let Some(name) = name.replace(next)
        {
            let text = &backtrace[start..at];
            frames.push(Frame { name, text });
            start = at;
        }
        at += line.len();
    }
    if let Some(name) = name {
        let text = &backtrace[start..];
        frames.push(Frame { name, text });
    }
    frames
}

/// Returns the name in a line such as `  12: tasks::divide`.
fn name_in(line: &str) -> Option<&str> {
    let (number, name) = line.trim().split_once(": ")?;
    let is_number = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
    is_number.then_some(name)
}

fn first_own(frames: &[Frame<'_>]) -> usize {
    let Some(mark) = frames
        .iter()
        .position(|frame| frame.name.contains(PANIC_AT_WORK))
    else {
        return 0;
    };
    let is_panic = |frame: &&Frame<'_>| PANIC.iter().any(|name| frame.name.starts_with(name));
    mark + 1 + frames[mark + 1..].iter().take_while(is_panic).count()
}

/// A task may run another one: the outermost is the one that is reported.
fn last_own(frames: &[Frame<'_>]) -> usize {
    let Some(mark) = frames
        .iter()
        .rposition(|frame| frame.name.ends_with(BELOW_THE_TASK))
    else {
        return frames.len();
    };
    let is_call = |frame: &&Frame<'_>| CALLS.iter().any(|name| frame.name.contains(name));
    mark - frames[..mark].iter().rev().take_while(is_call).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "   0: run_functions::task::call::seen
             at ./src/task/call.rs:70:21
   1: std::panicking::panic_with_hook
   2: std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>
   3: __rustc::rust_begin_unwind
             at /rustc/59807616/library/std/src/panicking.rs:689:5
   4: core::panicking::panic_fmt
   5: core::option::unwrap_failed
   6: unwrap<u8>
             at /rustc/59807616/library/core/src/option.rs:1016:21
   7: inner
             at ./src/main.rs:4:29
   8: bt::broken
             at ./src/main.rs:2:19
   9: bt::_::_::__INVENTORY::{{closure}}
  10: core::ops::function::FnOnce::call_once
             at /rustc/59807616/library/core/src/ops/function.rs:250:5
  11: run_functions::task::call::task_begins
  12: std::panicking::catch_unwind
  13: main
";

    #[test]
    fn only_the_frames_of_the_task_are_kept_and_the_others_are_counted() {
        let expected = "   6: unwrap<u8>
             at /rustc/59807616/library/core/src/option.rs:1016:21
   7: inner
             at ./src/main.rs:4:29
   8: bt::broken
             at ./src/main.rs:2:19
(6 frames of the panic and 5 of the runner are left out; RUST_BACKTRACE=full keeps them)
";
        assert_eq!(own_frames(WHOLE).as_deref(), Some(expected));
    }

    #[test]
    fn where_marks_are_missing_all_is_kept_that_names_the_task() {
        let without = |marks: &[&str]| {
            let is_other = |line: &&str| !marks.iter().any(|mark| line.contains(mark));
            let lines = WHOLE.split_inclusive('\n').filter(is_other);
            lines.collect::<String>()
        };
        let stripped = without(&[BELOW_THE_TASK, PANIC_AT_WORK]);
        assert_eq!(own_frames(&stripped), Some(stripped));
        for text in [
            "",
            "disabled backtrace",
            "   0: <unknown>\n   1: <unknown>\n",
        ] {
            assert_eq!(own_frames(text), None, "{text}");
        }
        let no_mark_above = own_frames(&without(&[PANIC_AT_WORK])).unwrap();
        assert!(no_mark_above.starts_with("   0: run_functions::task::call::seen"));
        assert!(no_mark_above.contains("bt::broken") && !no_mark_above.contains("13: main"));
    }

    #[test]
    fn without_a_frame_of_the_task_nothing_is_said() {
        let users = |line: &&str| {
            !["7: inner", "8: bt::broken", "9: bt::_", "./src/main.rs"]
                .iter()
                .any(|part| line.contains(part))
        };
        let inlined: String = WHOLE.split_inclusive('\n').filter(users).collect();
        assert_eq!(own_frames(&inlined), None);
        for mark in [BELOW_THE_TASK, PANIC_AT_WORK] {
            let unmarked = inlined.replace(mark, "renamed");
            assert_eq!(own_frames(&unmarked), None, "{unmarked}");
        }
        let below_only = "   0: run_functions::task::call::task_begins\n   1: main\n";
        assert_eq!(own_frames(below_only), None);
    }

    #[test]
    fn of_a_task_within_a_task_both_are_kept() {
        let inner = WHOLE.replace(
            "  12: std",
            "  12: outer::task\n  13: run_functions::task::call::task_begins\n  14: std",
        );
        let kept = own_frames(&inner).unwrap();
        assert!(
            kept.contains("bt::broken") && kept.contains("outer::task"),
            "{kept}"
        );
        assert!(!kept.contains(": main\n"), "{kept}");
    }
}
