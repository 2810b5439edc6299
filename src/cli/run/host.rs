//! The real host of a runner: this process, on this machine.

use std::io;
use std::sync::Arc;

use crate::chain::Next;
use crate::event::{Event, Observer, RunId, Step as ChainStep, StopReason};
use crate::failure::Outcome;
use crate::process::child::sweep;
use crate::process::clock;
use crate::process::footprint::Footprint;
use crate::process::pidfile::{Pidfile, Standing};
use crate::process::poll::Alarm;
use crate::runner::{Host, Request};
use crate::task::{self, Registration};
use crate::time::{Moment, Mono};

use super::children::Children;
use super::shared::{Place, Shared};

/// The task under which what befalls the runner itself is mailed.
const FIRST: ChainStep = 0;

/// How a task of the chain is run.
#[derive(Debug)]
pub(super) enum How {
    /// As a function in this process.
    Inside(&'static Registration),
    /// In a child process.
    Child,
}

/// This process.
pub(super) struct Process {
    shared: Arc<Shared>,
    alarm: Alarm,
    footprint: Footprint,
    tasks: Vec<How>,
    children: Children,
    /// `None` for `once`, which holds no chain.
    pidfile: Option<Pidfile>,
}

impl Process {
    /// Makes the host of these tasks.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(super) fn new(
        shared: Arc<Shared>,
        tasks: Vec<How>,
        children: Children,
        pidfile: Option<Pidfile>,
    ) -> io::Result<Self> {
        let alarm = Alarm::new()?;
        Ok(Process {
            shared,
            alarm,
            footprint: Footprint::default(),
            tasks,
            children,
            pidfile,
        })
    }

    /// Returns what signals asked for, as the runner wants to hear it.
    fn request(&mut self) -> Request {
        let asked = self.shared.take();
        if asked.quit {
            return Request::Stop(StopReason::Quit);
        }
        match asked.stop {
            Some(stop) if !self.shared.still_holds(&stop) => Request::None,
            Some(stop) if stop.heir => Request::Stop(StopReason::Replaced),
            Some(stop) => Request::Stop(StopReason::Asked {
                signal: stop.signal,
            }),
            None if asked.wake => Request::Wake,
            None => Request::None,
        }
    }

    fn verify(&mut self) -> Request {
        let Some(pidfile) = &mut self.pidfile else {
            return Request::None;
        };
        match pidfile.verify(clock::mono()) {
            Standing::Held => Request::None,
            Standing::PutBack => {
                log::warn!("The pidfile was deleted; it is put back");
                Request::None
            }
            Standing::Replaced => Request::Stop(StopReason::Replaced),
            Standing::Lost(why) => {
                self.shared.rim().gives_up(FIRST, &why, clock::now());
                Request::Stop(StopReason::Lost(why))
            }
        }
    }

    fn run_inside(&self, registration: &'static Registration) -> Outcome {
        self.shared.begin_run(Place::InFunction);
        let outcome = task::call(registration);
        self.shared.end_run();
        outcome
    }

    fn run_child(&mut self, step: ChainStep, run: RunId) -> Outcome {
        self.shared.begin_run(Place::WithChild);
        let ended = self.children.run(step, run, &mut self.alarm, &self.shared);
        self.shared.end_run();
        ended
    }
}

impl Observer for Process {
    fn observe(&mut self, event: &Event<'_>) {
        let otherwise = {
            let mut rim = self.shared.rim();
            rim.observe(event);
            rim.is_due_otherwise()
        };
        if otherwise {
            self.shared.watch_bell().ring();
        }
    }
}

impl Host for Process {
    fn now(&self) -> Moment {
        clock::now()
    }

    fn poll(&mut self, _next: Next) -> Request {
        if self.shared.wants_attention() {
            match self.request() {
                Request::None => {}
                request => return request,
            }
        }
        self.verify()
    }

    fn wait(&mut self, until: Mono) -> Request {
        self.footprint.rest(until.since(clock::mono()));
        loop {
            // As pid 1 we inherit whatever loses its parent.
            if std::process::id() == 1 {
                sweep::reap_orphans();
            }
            let bell = Arc::clone(&self.shared);
            if let Err(error) = self.alarm.wait([Some(bell.main_bell().fd())], until) {
                let why = format!("cannot wait: {error}");
                self.shared.rim().gives_up(FIRST, &why, clock::now());
                return Request::Stop(StopReason::Lost(why));
            }
            bell.main_bell().hear();
            match self.request() {
                Request::None if clock::mono() < until => {}
                request => return request,
            }
        }
    }

    fn run(&mut self, step: ChainStep, run: RunId) -> Outcome {
        match self.tasks[step] {
            How::Inside(registration) => self.run_inside(registration),
            How::Child => self.run_child(step, run),
        }
    }
}
