//! The keeper: a small child of the runner that is the parent of all its children, and ends them at
//! a deadline, whatever has become of the runner.
//!
//! A runner that holds a lock which others wait for must have nothing left running when another one
//! may get it: also when it is stopped, hangs, or was killed. It cannot see to that itself. So it
//! starts a [`Keeper`], has that one start what it runs, and sets its deadline anew each time that
//! the lock is confirmed:
//!
//! ```text
//! runner ──────────► keeper                             session of its own, one thread,
//!   │   deadline       │  subreaper of all below          survives all signals but KILL and STOP
//!   │   spawn, peek    ├── launcher ══► command            PR_SET_PDEATHSIG: dies with the keeper
//!   │   reap, guard    │                 └── its tree
//!   ├── mail worker    └── orphans, what `leak` allows to stay
//!   └── (what a function inside the runner has started)
//! ```
//!
//! | what happens | what the keeper does |
//! |---|---|
//! | `term_at` | sends each process the `stop_signal` of its run and CONT; starts no more |
//! | `kill_at` | `cgroup.kill`, then KILL to each, until none is left; a guarded runner, too |
//! | the runner is gone (end of file, or its pidfd shows that) | the same at once; then it ends |
//! | another deadline | forgets the former one; what is being killed dies all the same |
//!
//! The look at the deadline and the start of a process are one, for the keeper alone starts
//! any. When the keeper itself dies, its children die by `PR_SET_PDEATHSIG`, and what is below them
//! becomes the runner's, which is a subreaper as well: a run that goes on ends all of it, and the
//! runner must end.
//!
//! Everything else of a run (capture, grace, sweep, reports) stays in [`child`](super::child),
//! which asks through `RunParent` where the child is. A child that has ended stays a zombie until
//! the runner has seen it, so that its number is its own as long as it may be signalled.
//!
//! Limits. Runner and keeper killed in one moment (`kill -9` of both; the runner has a moment to
//! end what the keeper leaves) leave what is not a direct child, unless a delegated cgroup holds
//! it. A machine that is frozen, or a keeper that is stopped, acts late; a stopped one is woken
//! each time a deadline is set. What a function inside the runner has started is ended at the
//! deadline, but not found when the runner was killed. A runner that is the first process of a
//! container cannot be killed by its keeper, and is refused the guard. State D and programs that
//! became another user's are as in [`child`](super::child).

mod handle;
mod messages;
mod process;
mod trees;

pub use handle::Keeper;
pub(crate) use handle::KeeperRefusal;
pub use messages::KeeperDeadline;
pub(crate) use messages::{KeptChild, SpawnRequest};
pub(crate) use process::{main, obey};
