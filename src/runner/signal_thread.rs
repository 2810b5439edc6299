//! The watcher: a thread that reads signals, keeps the times of the alert policy, and ends a function that does not end.
//!
//! It is asleep all the time but for those. The main thread could do the same while it sleeps or waits for a child, but not while a
//! function of a user runs in it; one way for all three is simpler than two.

use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::cut;
use super::defect;
use super::patience::{Patience, Step};
use super::shared::{Place, Shared, Stop};
use crate::exit;
use crate::logging::Log;
use crate::process::child::descendants::{EndDescendants, end_descendants};
use crate::process::clock;
use crate::process::leave;
use crate::process::notify::Notifier;
use crate::process::poll::Alarm;
use crate::process::signals::{Reader, Signal};
use crate::time::Mono;

/// The alert policy writes mails here, which takes more than a few frames; memory that is not touched costs nothing.
const STACK_BYTES: usize = 1 << 20;
/// How often the thread begins anew after a defect of ours.
const MOST_DEFECTS: usize = 3;

/// What the watcher goes by.
pub(super) struct Watcher {
    shared: Arc<Shared>,
    signals: Reader,
    log: Log,
    alarm: Alarm,
    patience: Patience,
    /// What a function has started, on its way to the end.
    ending: Option<EndDescendants>,
    notifier: Arc<Notifier>,
    /// What the process ends with when a function has to be left behind.
    cut_off: u8,
}

/// The thread of a watcher, which waits for it.
pub(super) struct Recruit {
    thread: JoinHandle<()>,
    post: SyncSender<Watcher>,
}

impl Recruit {
    /// Starts the thread: to be done before the former runner is asked to leave, who could not be put back.
    ///
    /// # Errors
    ///
    /// When the process may have no more threads.
    pub(super) fn new() -> io::Result<Self> {
        let (post, order) = sync_channel::<Watcher>(1);
        let builder = std::thread::Builder::new()
            .name("watcher".to_owned())
            .stack_size(STACK_BYTES);
        let thread = builder.spawn(move || {
            // Without an order the runner has ended before it began.
            if let Ok(watcher) = order.recv() {
                watcher.watch();
            }
        })?;
        Ok(Recruit { thread, post })
    }

    /// Lets it watch.
    pub(super) fn watch(self, watcher: Watcher) -> JoinHandle<()> {
        // It waits for this alone, so it is there.
        let _ = self.post.send(watcher);
        self.thread
    }
}

impl Watcher {
    /// Makes one. `cut_off` is the exit code of a process that ends under a function, as it was asked to.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(super) fn new(
        shared: Arc<Shared>,
        signals: Reader,
        log: Log,
        patience: Patience,
        notifier: Arc<Notifier>,
        cut_off: u8,
    ) -> io::Result<Self> {
        Ok(Watcher {
            shared,
            signals,
            log,
            alarm: Alarm::new()?,
            patience,
            ending: None,
            notifier,
            cut_off,
        })
    }

    /// Watches to the end. A runner without its watcher would hear no signal and mail no reminder, which looks like health: it ends instead.
    fn watch(mut self) {
        for _ in 0..MOST_DEFECTS {
            match catch_unwind(AssertUnwindSafe(|| self.watch_until_over())) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => log::error!("the watcher cannot wait: {error}"),
                Err(_) => log::error!("the watcher panicked, which is a defect of this program"),
            }
        }
        defect::tell(&self.shared, "its watcher cannot go on; the log says why");
        leave::now(exit::DEFECT);
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
            self.shared.rim().poll(now);
            self.insist(now.mono);
            self.pet_watchdog();
        }
        Ok(())
    }

    /// Returns when there is something to do without being asked.
    fn until(&self) -> Mono {
        let stop = self.shared.asked().stop;
        let patience = match (self.shared.place(), stop) {
            (Place::InFunction, Some(stop)) => self.patience.due(&stop),
            _ => Mono::NEVER,
        };
        let interval = self.notifier.watchdog_interval();
        let watchdog = interval.map_or(Mono::NEVER, |interval| clock::mono() + interval / 2);
        let ending = self
            .ending
            .as_ref()
            .map_or(Mono::NEVER, EndDescendants::due);
        self.shared
            .rim()
            .due()
            .min(patience)
            .min(watchdog)
            .min(ending)
    }

    fn obey(&self, signal: Signal) {
        let now = clock::now();
        match signal {
            Signal::Released => {}
            // The main thread takes it away, which knows whose children are whose; after a run it looks in any case.
            Signal::ChildEnded => {
                if self.shared.place() == Place::Between {
                    self.shared.main_bell().ring();
                }
            }
            Signal::Look => self.shared.rim().hear_of_mutes(now),
            Signal::Hangup => self.log.reopen(),
            Signal::Status => self.shared.rim().log_status(now),
            Signal::Wake => {
                if self.shared.place() == Place::Between {
                    self.shared.ask(|asked| asked.wake = true);
                }
            }
            Signal::Quit => {
                self.shared.rim().stop_asked(signal.name(), now);
                self.shared.ask(|asked| asked.quit = true);
            }
            Signal::Term | Signal::Now | Signal::Int | Signal::Replace { .. } => {
                self.shared.rim().stop_asked(signal.name(), now);
                self.shared.ask(|asked| {
                    let first = Stop::new(signal.name(), now.mono);
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

    /// Ends a function that runs in this process, and with it the process, when it has had its time.
    fn insist(&mut self, now: Mono) {
        let asked = self.shared.asked();
        if self.shared.place() != Place::InFunction {
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
            Step::Wait => {}
            Step::Terminate => {
                let grace = self.patience.kill_grace();
                self.ending = Some(end_descendants(libc::SIGTERM, grace, now));
            }
            Step::Kill => self.leave(self.cut_off, stop.signal),
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

    /// Kills what the function has started, writes down what must be kept, and ends the process under the function.
    fn leave(&mut self, code: u8, signal: &'static str) {
        let Some(mut rim) = cut::rim_of_function(&self.shared) else {
            return;
        };
        let asked = self.shared.asked();
        if asked.quit || asked.stop.is_some_and(|stop| !stop.heir) {
            self.shared.leave_word(signal);
        }
        let mut ending = end_descendants(libc::SIGKILL, Duration::ZERO, clock::mono());
        while ending.step(clock::mono()).is_none() {
            if self.alarm.wait([None], ending.due()).is_err() {
                break;
            }
        }
        rim.cut_off(signal, clock::now());
        cut::leave(&rim, code);
    }

    /// systemd takes silence for a hang; so we are silent when the running task is past its time.
    fn pet_watchdog(&self) {
        let wanted = self.notifier.watchdog_interval().is_some();
        if wanted && !self.shared.rim().is_overdue(clock::mono()) {
            self.notifier.watchdog();
        }
    }
}
