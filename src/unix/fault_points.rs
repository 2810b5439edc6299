//! Every step of writing a file durably passes here, so that a test can have this process die at
//! the n-th step, or the disk refuse; and the mail worker with a message in its hands.
//!
//! In a release build there is nothing: no variable is read, and the call is gone.

use std::io;
use std::path::Path;

/// A step of a write to `path` is about to be done.
///
/// # Errors
///
/// When a test asked for this step to fail.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn step(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A step of a write to `path` is about to be done.
///
/// # Errors
///
/// When a test asked for this step to fail.
#[cfg(debug_assertions)]
pub(crate) fn step(path: &Path) -> io::Result<()> {
    wanted::plan().obey(path)
}

/// The mail worker has a message in its hands: a test may have it panic here.
#[inline]
pub(crate) fn message_in_hands() {
    #[cfg(debug_assertions)]
    wanted::plan().panic_if_wanted();
}

#[cfg(debug_assertions)]
mod wanted {
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use nix::sys::signal::{Signal, raise};

    /// `kill 7`: SIGKILL at the seventh step. `errno 28 outbox /tmp/full`: while `/tmp/full` is
    /// there, each step on a path with `outbox` in it fails so. `refuse 28 7`: the seventh step
    /// fails so. `panic`: the mail worker panics with a message in its hands.
    const VARIABLE: &str = "TEST_RUN_FUNCTIONS_WRITES";

    /// What a test wants.
    #[derive(Debug, PartialEq)]
    pub(super) enum FaultPlan {
        Nothing,
        Panic,
        DieAt(u64),
        RefuseAt {
            errno: i32,
            number: u64,
        },
        Refuse {
            errno: i32,
            part: String,
            marker: PathBuf,
        },
    }

    static STEPS: AtomicU64 = AtomicU64::new(0);

    pub(super) fn plan() -> &'static FaultPlan {
        static PLAN: OnceLock<FaultPlan> = OnceLock::new();
        PLAN.get_or_init(|| {
            let text = std::env::var(VARIABLE).unwrap_or_default();
            parse(&text).unwrap_or(FaultPlan::Nothing)
        })
    }

    pub(super) fn parse(text: &str) -> Option<FaultPlan> {
        let mut words = text.splitn(4, ' ');
        match words.next()? {
            "panic" => Some(FaultPlan::Panic),
            "kill" => words.next()?.parse().ok().map(FaultPlan::DieAt),
            "refuse" => Some(FaultPlan::RefuseAt {
                errno: words.next()?.parse().ok()?,
                number: words.next()?.parse().ok()?,
            }),
            "errno" => Some(FaultPlan::Refuse {
                errno: words.next()?.parse().ok()?,
                part: words.next()?.to_owned(),
                marker: words.next()?.into(),
            }),
            _ => None,
        }
    }

    /// Counts a step. Returns whether it is this one.
    fn is_now(number: u64) -> bool {
        STEPS.fetch_add(1, Ordering::SeqCst) + 1 == number
    }

    impl FaultPlan {
        pub(super) fn panic_if_wanted(&self) {
            assert!(*self != FaultPlan::Panic, "a test wanted this");
        }

        pub(super) fn obey(&self, path: &Path) -> io::Result<()> {
            match self {
                FaultPlan::Nothing | FaultPlan::Panic => Ok(()),
                FaultPlan::DieAt(number) => {
                    if is_now(*number) {
                        let _ = raise(Signal::SIGKILL);
                    }
                    Ok(())
                }
                FaultPlan::RefuseAt { errno, number } if is_now(*number) => {
                    Err(io::Error::from_raw_os_error(*errno))
                }
                FaultPlan::RefuseAt { .. } => Ok(()),
                FaultPlan::Refuse {
                    errno,
                    part,
                    marker,
                } => {
                    if path.to_string_lossy().contains(part.as_str()) && marker.exists() {
                        return Err(io::Error::from_raw_os_error(*errno));
                    }
                    Ok(())
                }
            }
        }
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::wanted::{FaultPlan, parse};
    use super::*;

    #[test]
    fn without_the_variable_nothing_happens() {
        assert_eq!(parse(""), None);
        step(Path::new("anything")).unwrap();
    }

    #[test]
    fn a_refusal_holds_for_its_paths_while_its_marker_is_there() {
        let marker = tempfile::NamedTempFile::new().unwrap();
        let plan = parse(&format!("errno 28 outbox {}", marker.path().display())).unwrap();
        let error = plan.obey(Path::new("/run/outbox/alerts")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
        plan.obey(Path::new("/run/mail")).unwrap();
        drop(marker);
        plan.obey(Path::new("/run/outbox/alerts")).unwrap();
        assert_eq!(parse("kill 7"), Some(FaultPlan::DieAt(7)));
    }
}
