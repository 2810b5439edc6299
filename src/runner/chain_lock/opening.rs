//! The lock of a chain, from its settings to the threads that go by it.

use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex};

use super::super::control::RunnerControl;
use super::super::request::RunRequest;
use super::lock_listener::LockListener;
use super::lock_reporter::LockReporter;
use super::lock_request::refused;
use super::next_holder::NextHolder;
use super::runner_lock::{LockPolicy, RunnerLock};
use crate::chain::Cooldowns;
use crate::core::command_error::CommandError;
use crate::lock::{self, Lock, LockOwner};
use crate::service::start_error::no_descriptor;
use crate::status::lock_view;
use crate::unix::keeper::Keeper;
use crate::unix::trusted_paths::PrivateDir;

/// A lock that nothing was asked of yet, and the keeper of what will run under it.
pub(crate) struct OpenedLock {
    lock: Box<dyn Lock>,
    keeper: Arc<Keeper>,
}

impl OpenedLock {
    /// Opens the lock of a chain, if there is one.
    ///
    /// # Errors
    ///
    /// When the settings name no lock that could be opened, or no keeper can be started.
    pub(crate) fn of(order: &RunRequest<'_>) -> Result<Option<Self>, CommandError> {
        if !order.is_locked() {
            return Ok(None);
        }
        let settings = &order.loaded.settings.lock;
        let lock = lock::open(settings, order.name.as_str()).map_err(refused)?;
        let keeper = Arc::new(Keeper::start().map_err(no_descriptor)?);
        Ok(Some(OpenedLock { lock, keeper }))
    }

    /// Returns the parent of all that will run under the lock.
    pub(crate) fn keeper(&self) -> Arc<Keeper> {
        Arc::clone(&self.keeper)
    }

    /// Starts the lock's thread. `view`: where `status` looks.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor or thread left.
    pub(crate) fn begin(
        self,
        order: &RunRequest<'_>,
        control: &Arc<RunnerControl>,
        view: Option<PrivateDir>,
    ) -> Result<(RunnerLock, LockReporter), CommandError> {
        let OpenedLock { lock, keeper } = self;
        let settings = &order.loaded.settings.lock;
        let (place, terms) = (lock.place(), lock.terms());
        let owner = LockOwner::of_this_process(order.name.as_str());
        let origin = origin_of(order, &owner);
        let (handle, state) = LockListener::start(lock, owner, &keeper, wake_both(control))?;
        let view = view.map(|dir| (dir, lock_view::file_name(order.name.as_str())));
        let reporter = LockReporter::new(
            Arc::clone(&state),
            Arc::clone(&keeper),
            place,
            terms.term_after,
            settings.keep,
            view,
        );
        let tasks = order.tasks.iter().map(|task| task.name.to_string());
        let cooldowns = order
            .tasks
            .iter()
            .map(|task| Cooldowns::from(&task.settings));
        let notes = NextHolder::new(origin, tasks.collect(), cooldowns.collect());
        let policy = LockPolicy {
            keep: settings.keep,
            release_on_error: settings.release_on_error,
        };
        let notes = Arc::new(Mutex::new(notes));
        let lock = RunnerLock::new(handle, state, keeper, policy, notes);
        Ok((lock, reporter))
    }
}

fn wake_both(control: &Arc<RunnerControl>) -> Box<dyn Fn() + Send> {
    let control = Arc::clone(control);
    Box::new(move || {
        control.watch_bell().ring();
        control.main_bell().ring();
    })
}

/// Returns what distinguishes this state directory from those of other runners, here and elsewhere.
fn origin_of(order: &RunRequest<'_>, owner: &LockOwner) -> String {
    let found = std::fs::metadata(&order.loaded.settings.state_dir);
    let (device, inode) = found.map_or((0, 0), |found| (found.dev(), found.ino()));
    format!("{}:{device}:{inode}", owner.host)
}
