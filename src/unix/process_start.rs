//! Which process a number means: when it began, and in which namespaces it is.

use std::fs;
use std::io;

/// Returns when a process began, in ticks since boot (field 22 of `/proc/PID/stat`); `None` when
/// it is gone, or dead and only waits for its parent.
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The threads of a process that was killed may outlive the first one for a moment.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    start_in_stat(&stat, threads)
}

/// The name of a program may hold anything, so that only what follows its last parenthesis can be
/// relied on (proc(5)).
fn start_in_stat(stat: &str, threads: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X" | "x") && threads <= 1;
    let ticks = fields.nth(18)?.parse().ok()?;
    (!is_dead).then_some(ticks)
}

/// Returns the namespace of this process of a kind: `pid`, `time`. Empty where the kernel has none
/// of that kind.
///
/// # Errors
///
/// When `/proc` cannot be read.
pub(crate) fn namespace(kind: &str) -> io::Result<String> {
    match fs::read_link(format!("/proc/self/ns/{kind}")) {
        Ok(name) => Ok(name.to_string_lossy().into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_waits_for_its_parent_is_dead() {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        assert!(start_ticks(child.id()) >= start_ticks(std::process::id()));
        child.kill().unwrap();
        while start_ticks(child.id()).is_some() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(start_ticks(child.id()), None);
    }

    #[test]
    fn the_start_is_the_field_of_the_manual_whatever_the_name() {
        let stat = "7 (a) S (b) S 1 7 7 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 4711 8 9";
        assert_eq!(start_in_stat(stat, 1), Some(4711));
        let dead = stat.replace("(b) S", "(b) Z");
        assert_eq!(
            (start_in_stat(&dead, 1), start_in_stat(&dead, 2)),
            (None, Some(4711))
        );
    }

    #[test]
    fn this_process_is_in_a_pid_namespace() {
        assert!(namespace("pid").unwrap().starts_with("pid:["));
        assert_eq!(namespace("no_such_kind").unwrap(), "");
    }
}
