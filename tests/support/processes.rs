//! Looking at processes that are not children of a test.

use std::fs;

/// Tells whether a process is there and has not ended.
pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in brackets may contain anything.
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Returns the children of all threads of a process.
pub(crate) fn children(pid: u32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let texts = threads.map(|thread| fs::read_to_string(thread.path().join("children")));
    let texts: Vec<String> = texts.filter_map(Result::ok).collect();
    let words = texts.iter().flat_map(|text| text.split_whitespace());
    words.map(|word| word.parse().expect("a pid")).collect()
}

/// Tells whether a process is one that carries mail for a runner.
pub(crate) fn is_mail_worker(pid: i32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("__mail-worker")
}

/// Tells whether a process is there, if only as a zombie.
pub(crate) fn exists(pid: i32) -> bool {
    fs::exists(format!("/proc/{pid}")).is_ok_and(|exists| exists)
}
