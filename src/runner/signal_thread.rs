//! The watcher: a thread that reads signals, keeps the times of the alert policy, and ends a
//! function that does not end.
//!
//! It is asleep all the time but for those. The main thread could do the same while it sleeps or
//! waits for a child, but not while a function of a user runs in it; one way for all three is
//! simpler than two.

use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::chain_lock::lock_reporter::{AfterReport, LockReporter};
use super::control::{MainThreadState, RunnerControl};
use super::shutdown::{exit_guard, panic_guard};
use crate::core::exit;
use crate::core::time::{Moment, Mono};
use crate::logging::Log;
use crate::service::handlers;
use crate::service::stop_escalation::{StopAction, StopEscalation, StopRequest};
use crate::unix::child::descendants::{EndDescendants, end_descendants};
use crate::unix::notify::Notifier;
use crate::unix::procfs::has_threads_besides;
use crate::unix::signals::{Signal, SignalReader};
use crate::unix::waiter::Waiter;
use crate::unix::{clock, process_exit};

/// The alert policy writes mails here, which takes more than a few frames; memory that is not
/// touched costs nothing.
const STACK_BYTES: usize = 1 << 20;
/// How long a function can keep the runner from hearing signals.
const BETWEEN_PATROLS: Duration = Duration::from_secs(1);
/// The same for threads that a function has left behind.
const BETWEEN_LATER_PATROLS: Duration = Duration::from_secs(10);
/// The names of the threads of a runner.
const OURS: [&str; 4] = ["watcher", "mailer", "textfile", "lock"];
/// What is left of the time until the keeper kills the process when that ends by itself.
const LEAST_BEFORE_KILL: Duration = Duration::from_millis(100);
/// How often the thread begins anew after a defect of ours.
const MOST_DEFECTS: usize = 3;

/// What the watcher goes by.
pub(crate) struct SignalThread {
    shared: Arc<RunnerControl>,
    signals: SignalReader,
    log: Log,
    alarm: Waiter,
    patience: StopEscalation,
    /// What a function has started, on its way to the end.
    ending: Option<EndDescendants>,
    notifier: Arc<Notifier>,
    /// When it is looked again whether our handlers are still there.
    patrol: Mono,
    /// What the process ends with when a function has to be left behind.
    cut_off: u8,
    /// `None` where no other host contends for the chain.
    lock: Option<LockReporter>,
}

/// The thread of a watcher, which waits for it.
pub(crate) struct PrespawnedThread {
    thread: JoinHandle<()>,
    post: SyncSender<SignalThread>,
}

impl PrespawnedThread {
    /// Starts the thread: to be done before the former runner is asked to leave, who could not be
    /// put back.
    ///
    /// # Errors
    ///
    /// When the process may have no more threads.
    pub(crate) fn new() -> io::Result<Self> {
        let (post, order) = sync_channel::<SignalThread>(1);
        let builder = std::thread::Builder::new()
            .name("watcher".to_owned())
            .stack_size(STACK_BYTES);
        let thread = builder.spawn(move || {
            // Without an order the runner has ended before it began.
            if let Ok(watcher) = order.recv() {
                watcher.watch();
            }
        })?;
        Ok(PrespawnedThread { thread, post })
    }

    /// Lets it watch.
    pub(crate) fn watch(self, watcher: SignalThread) -> JoinHandle<()> {
        // It waits for this alone, so it is there.
        let _ = self.post.send(watcher);
        self.thread
    }
}

impl SignalThread {
    /// Creates the thread. `cut_off` is the exit code of a process that ends under a function, as
    /// it was asked to.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(
        shared: Arc<RunnerControl>,
        signals: SignalReader,
        log: Log,
        patience: StopEscalation,
        notifier: Arc<Notifier>,
        cut_off: u8,
    ) -> io::Result<Self> {
        Ok(SignalThread {
            shared,
            signals,
            log,
            alarm: Waiter::new()?,
            patience,
            ending: None,
            notifier,
            patrol: Mono::NEVER,
            cut_off,
            lock: None,
        })
    }

    /// Has the thread report what becomes of the lock.
    pub(crate) fn reporting(self, lock: Option<LockReporter>) -> Self {
        SignalThread { lock, ..self }
    }

    /// Watches to the end. A runner without its watcher would hear no signal and mail no reminder,
    /// which looks like health: it ends instead.
    fn watch(mut self) {
        for _ in 0..MOST_DEFECTS {
            match catch_unwind(AssertUnwindSafe(|| self.watch_until_over())) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => log::error!("the watcher cannot wait: {error}"),
                Err(_) => log::error!("the watcher panicked, which is a defect of this program"),
            }
        }
        panic_guard::tell(&self.shared, "its watcher cannot go on; the log says why");
        process_exit::now(exit::DEFECT);
    }

    fn watch_until_over(&mut self) -> io::Result<()> {
        while !self.shared.is_over() {
            let until = self.until();
            let sources = [
                Some(self.signals.as_fd()),
                Some(self.shared.watch_bell().fd()),
            ];
            self.alarm.wait(sources, until)?;
            self.shared.watch_bell().hear();
            for signal in self.signals.drain() {
                self.obey(signal);
            }
            let now = clock::now();
            self.shared.observers().poll(now);
            self.report_lock(now);
            self.insist(now.mono);
            self.patrol(now.mono);
            self.pet_watchdog();
        }
        Ok(())
    }

    /// Returns when there is something to do without being asked.
    fn until(&self) -> Mono {
        let stop = self.shared.asked().stop;
        let patience = match (self.shared.place(), stop) {
            (MainThreadState::InFunction, Some(stop)) => self.patience.due(&stop),
            _ => Mono::NEVER,
        };
        let interval = self.notifier.watchdog_interval();
        let watchdog = interval.map_or(Mono::NEVER, |interval| clock::mono() + interval / 2);
        let lock = self.lock.as_ref().map_or(Mono::NEVER, LockReporter::due);
        let lock = match self.shared.place() {
            MainThreadState::InFunction => lock,
            _ => Mono::NEVER,
        };
        let ending = self
            .ending
            .as_ref()
            .map_or(Mono::NEVER, EndDescendants::due);
        self.shared
            .observers()
            .due()
            .min(patience)
            .min(watchdog)
            .min(ending)
            .min(lock)
            .min(self.patrol)
    }

    /// A function in this process may replace the handlers of signals, and then go on for hours; a
    /// thread that the function has left behind may do so later.
    fn patrol(&mut self, now: Mono) {
        if !self.shared.is_patrolled() {
            self.patrol = Mono::NEVER;
        } else if self.patrol == Mono::NEVER {
            self.patrol = now + BETWEEN_PATROLS;
        } else if now >= self.patrol {
            handlers::put_back();
            self.patrol = match self.shared.goes_on_patrol() {
                true => now + BETWEEN_PATROLS,
                false if has_threads_besides(&OURS) => {
                    self.shared.stay_on_patrol();
                    now + BETWEEN_LATER_PATROLS
                }
                false => Mono::NEVER,
            };
        }
    }

    fn obey(&self, signal: Signal) {
        let now = clock::now();
        match signal {
            Signal::Released => {}
            // The main thread takes it away, which knows whose children are whose; after a run it
            // looks in any case.
            Signal::ChildEnded => {
                if self.shared.place() == MainThreadState::Between {
                    self.shared.main_bell().ring();
                }
            }
            Signal::Look => self.shared.observers().hear_of_mutes(now),
            Signal::Hangup => self.log.reopen(),
            Signal::Status => self.shared.observers().log_status(now),
            Signal::Wake => {
                if self.shared.place() == MainThreadState::Between {
                    self.shared.ask(|asked| asked.wake = true);
                }
            }
            Signal::Quit => {
                self.shared.observers().stop_asked(signal.name(), now);
                self.shared.ask(|asked| asked.quit = true);
            }
            Signal::Term | Signal::Now | Signal::Int | Signal::Replace { .. } => {
                self.shared.observers().stop_asked(signal.name(), now);
                self.shared.ask(|asked| {
                    let first = StopRequest::new(signal.name(), now.mono);
                    let stop = asked.stop.get_or_insert(first);
                    stop.interrupts = match signal {
                        Signal::Int => stop.interrupts + 1,
                        // As good as two interrupts.
                        Signal::Now => stop.interrupts.max(2),
                        _ => stop.interrupts,
                    };
                    stop.heir = match signal {
                        Signal::Replace { .. } => stop.heir,
                        _ => false,
                    };
                });
            }
        }
    }

    /// Ends a function that runs in this process, and with it the process, when it has had its
    /// time.
    fn insist(&mut self, now: Mono) {
        let asked = self.shared.asked();
        if self.shared.place() != MainThreadState::InFunction {
            self.be_patient_again();
            return;
        }
        if asked.quit {
            self.leave(exit::QUIT, "SIGQUIT");
        }
        let Some(stop) = asked.stop else { return };
        if self.patience.is_over(&stop, now) && !self.shared.still_holds(&stop) {
            self.be_patient_again();
            return;
        }
        match self.patience.step(&stop, now) {
            StopAction::Wait => {}
            StopAction::Terminate => {
                let grace = self.patience.kill_grace();
                self.ending = Some(end_descendants(libc::SIGTERM, grace, now));
            }
            StopAction::Kill => self.leave(self.cut_off, stop.signal),
        }
        if self
            .ending
            .as_mut()
            .is_some_and(|ending| ending.step(now).is_some())
        {
            self.ending = None;
        }
    }

    /// The function has ended, or its runner goes on: the next one has all its time.
    fn be_patient_again(&mut self) {
        self.patience.restore();
        self.ending = None;
    }

    /// Kills what the function has started, writes down what must be kept, and ends the process
    /// under the function.
    fn leave(&mut self, code: u8, signal: &'static str) {
        let shared = Arc::clone(&self.shared);
        let Some(mut observers) = exit_guard::observers_of_function(&shared) else {
            return;
        };
        let asked = self.shared.asked();
        if asked.quit || asked.stop.is_some_and(|stop| !stop.heir) {
            self.shared.leave_word(signal);
        }
        self.end_what_functions_started();
        observers.cut_off(signal, clock::now());
        exit_guard::leave(&observers, code);
    }

    /// Reports what has become of the lock; ends the process under a function that would run on
    /// without it.
    fn report_lock(&mut self, now: Moment) {
        let Some(lock) = &mut self.lock else { return };
        let AfterReport::Leave { kill_at, why } = lock.report(&self.shared, now) else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let Some(mut observers) = exit_guard::observers_of_function(&shared) else {
            return;
        };
        observers.ends_under(why, clock::now());
        self.end_what_functions_started();
        observers.finish(kill_at - LEAST_BEFORE_KILL);
        process_exit::now(exit::SHORTAGE);
    }

    fn end_what_functions_started(&mut self) {
        let mut ending = end_descendants(libc::SIGKILL, Duration::ZERO, clock::mono());
        while ending.step(clock::mono()).is_none() {
            if self.alarm.wait([None], ending.due()).is_err() {
                break;
            }
        }
    }

    /// systemd takes silence for a hang; so we are silent when the running task is past its time.
    fn pet_watchdog(&self) {
        let wanted = self.notifier.watchdog_interval().is_some();
        if wanted && !self.shared.observers().is_overdue(clock::mono()) {
            self.notifier.watchdog();
        }
    }
}
