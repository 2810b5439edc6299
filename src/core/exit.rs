//! The exit codes, all in one place. Numbers from 64 on follow sysexits(3).

/// Done; stopped by SIGTERM or SIGINT after a clean finish; replaced by a newcomer.
pub(crate) const OK: u8 = 0;
/// A task failed (`once`); something is failing or hangs (`status`), or could not be taken over
/// (`import`).
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// Not running (`status`, `stop`, `wake`).
pub(crate) const NOT_RUNNING: u8 = 3;
/// The pidfile belongs to a chain of other tasks with the same name.
pub(crate) const OTHER_CHAIN: u8 = 65;
/// The mail server refused (`mail test`).
pub(crate) const UNAVAILABLE: u8 = 69;
/// A task asked to stop the runner.
pub(crate) const FATAL_TASK: u8 = 70;
/// What the system has to give has run short, or was taken away from a runner: descriptors,
/// threads, memory, room on the disk, its pidfile. A restart may find it again.
pub(crate) const SHORTAGE: u8 = 71;
/// `run_root` or `state_dir` cannot be used safely.
pub(crate) const UNSAFE_DIRECTORY: u8 = 73;
/// Another runner holds this chain and was not replaced, or something of a former one does not end.
pub(crate) const HELD: u8 = 75;
/// No permission: the other runner is another user's, or a file with a password is readable by
/// others.
pub(crate) const NO_PERMISSION: u8 = 77;
/// The configuration is wrong.
pub(crate) const CONFIG: u8 = 78;
/// A defect of this program: what a panic of the main thread ends with, too.
pub(crate) const DEFECT: u8 = 101;
/// SIGQUIT: 128 + 3, as shells have it.
pub(crate) const QUIT: u8 = 131;
