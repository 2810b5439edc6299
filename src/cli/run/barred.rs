//! The end of a runner before its chain begins: something of a former one does not end after SIGKILL, and nothing may start beside it.
//!
//! Nobody asked for that, and whoever keeps runners alive starts one again and again until the way is free. So the admin hears of it as of
//! a crash: once, and then each time the task has been down for its `non_recoverable_downtime`.

use std::sync::Arc;
use std::time::Duration;

use super::rim::Rim;
use super::service::Service;
use super::{Order, start};
use crate::chain::ChainName;
use crate::cli::screen::Refusal;
use crate::exit;
use crate::logging::Log;
use crate::process::child::end_leftovers;
use crate::process::clock;
use crate::process::in_flight::InFlight;
use crate::process::run_root::RunRoot;
use crate::process::takeover::{Held, TakeoverError};

/// How long the mail may take to leave: the next runner is barred as well, and has no more time for it than this one.
const LAST_MAIL: Duration = Duration::from_secs(10);

/// A newcomer that may be barred, with what it needs to tell of it.
pub(super) struct Barred<'a> {
    order: &'a Order<'a>,
    run_root: &'a RunRoot,
    state_dir: &'a RunRoot,
    log: &'a Log,
}

impl<'a> Barred<'a> {
    pub(super) fn new(
        order: &'a Order<'a>,
        run_root: &'a RunRoot,
        state_dir: &'a RunRoot,
        log: &'a Log,
    ) -> Self {
        Barred {
            order,
            run_root,
            state_dir,
            log,
        }
    }

    /// Returns how a newcomer ends that did not become the runner. Whoever holds the chain even after SIGKILL runs it no more, and writes
    /// nothing any more: of the others each is one that does its work.
    pub(super) fn refused(&self, error: &TakeoverError) -> Refusal {
        match error {
            TakeoverError::Evicted { .. } | TakeoverError::Asked { .. } => {
                log::info!("Stopped: {error}");
                Refusal::said(error.exit_code())
            }
            TakeoverError::Unkillable { .. } => {
                self.tell(Refusal::of(error.exit_code(), error), None)
            }
            _ => Refusal::of(error.exit_code(), error),
        }
    }

    /// Takes the in-flight lock; ends what a former runner left running.
    pub(super) fn claim_in_flight(&self, held: &Held) -> Result<InFlight, Refusal> {
        claim_in_flight(self.run_root, &self.order.name).map_err(|refusal| match refusal.code {
            exit::HELD => self.tell(refusal, held.replaced),
            _ => refusal,
        })
    }

    /// Tells the admin why the chain does not begin. `replaced` is the runner that left for this one, if one did.
    fn tell(&self, refusal: Refusal, replaced: Option<i32>) -> Refusal {
        let order = self.order;
        let state_dir = self.state_dir.clone();
        match start::barred(order, self.run_root, state_dir, replaced) {
            Ok((desk, step)) => {
                desk.adopt();
                let labels = order.labels();
                let service = Service::new(Arc::default(), labels.clone(), Duration::ZERO);
                let rim = Rim::new(&labels, order.redactor());
                let mut rim = rim.with(desk.with_log(self.log.clone()), service, None);
                rim.gives_up(step, &refusal.line().unwrap_or_default(), clock::now());
                rim.finish(clock::mono() + LAST_MAIL);
            }
            Err(error) => log::error!(
                "nobody was mailed that this chain does not begin: {}",
                error.line().unwrap_or_default()
            ),
        }
        refusal
    }
}

fn claim_in_flight(root: &RunRoot, name: &ChainName) -> Result<InFlight, Refusal> {
    let in_flight =
        InFlight::open(root, name).map_err(|error| Refusal::of(error.exit_code(), &error))?;
    let mut ended = in_flight.claim().map_err(|error| {
        Refusal::of(error.exit_code(), &error)
            .hint("a second copy of a task must not start beside the first")
    })?;
    ended.extend(end_leftovers());
    if !ended.is_empty() {
        let pids: Vec<String> = ended.iter().map(ToString::to_string).collect();
        log::warn!(
            "Killed what the former runner had left running: {}",
            pids.join(", ")
        );
    }
    Ok(in_flight)
}
