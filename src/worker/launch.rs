//! The start and the end of a worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::alerts::{AlertSurroundings, AlertThread, BoardMailer};
use super::applied_schedules::PendingSchedules;
use super::beat_thread::BeatThread;
use super::board_place::{self, BoardFile, BoardPlace, refused};
use super::capabilities::Capabilities;
use super::job_directory::JobDirectories;
use super::rescue::Rescue;
use super::step_slots::{StepSlots, slot_files};
use super::unsent::{self, SpoolPlace};
use super::work_loop::{WorkEnd, WorkLoop};
use super::work_request::WorkRequest;
use super::worker_definition::WorkerDefinition;
use super::worker_parts::WorkerParts;
use crate::board::{
    Board, DefinitionEntry, HostIdentity, MissingBoard, NameRule, SessionId, SessionRequest,
    SessionTicket,
};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::logging::Log;
use crate::mail::claimed_delivery::takes_away;
use crate::redact::Redactor;
use crate::service::secrets::{own_values, redactor, secret_variables};
use crate::service::start_error::{no_descriptor, unsafe_directory};
use crate::task;
use crate::text::counts::counted;
use crate::unix::notify::Notifier;
use crate::unix::signals::{SignalReader, Signals};
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::{clock, self_exe};

/// Where the workers of a host keep the files of their slots, below STATE_DIR.
const FILES: &str = "workers";
/// Where they keep what a board behind a server has not taken.
const SPOOL: &str = "spool";
/// How long the last mails have to leave.
const LAST_MAIL: Duration = Duration::from_secs(5);

/// Works until the worker is asked to end.
pub(crate) fn work(request: &WorkRequest<'_>) -> CommandResult {
    let settings = &request.loaded.settings;
    let (_handlers, signals) = Signals::install().map_err(no_descriptor)?;
    task::install_hook();
    let log = Log::start(&settings.log, "worker");
    self_exe::pin().map_err(no_descriptor)?;
    crate::mail::install(settings.mail.clone(), &settings.state_dir);
    let state_dir = PrivateDir::open(&settings.state_dir).map_err(unsafe_directory)?;
    refuse_tags_of_can(request)?;
    let definitions = definitions(request);
    let notifier = Notifier::from_env();
    loop {
        let board = board_place::open(settings, MissingBoard::Create).map_err(refused)?;
        let board_file = BoardFile::of(settings);
        let worker = WorkerStart {
            request,
            state_dir: &state_dir,
            definitions: &definitions,
            board: &board,
            board_file: &board_file,
        };
        worker.send_left_behind()?;
        let joined = worker.join()?;
        notifier.ready();
        let end = worker.run(&joined, &log, &signals)?;
        if let WorkEnd::Done { all_well } = end {
            notifier.stopping();
            return match request.is_once && !all_well {
                true => Err(CommandError::said(exit::FAILED)),
                false => Ok(()),
            };
        }
    }
}

/// What a session of a worker begins with.
struct WorkerStart<'a> {
    request: &'a WorkRequest<'a>,
    state_dir: &'a PrivateDir,
    definitions: &'a BTreeMap<String, Arc<WorkerDefinition>>,
    board: &'a Arc<dyn Board>,
    board_file: &'a BoardFile,
}

impl WorkerStart<'_> {
    /// Sends what former workers could not, before anything of theirs is taken for crashed.
    fn send_left_behind(&self) -> CommandResult {
        match self
            .state_dir
            .below_existing(SPOOL)
            .map_err(unsafe_directory)?
        {
            Some(dir) => unsent::send_left_behind(&dir, &**self.board).map_err(refused),
            None => Ok(()),
        }
    }

    fn join(&self) -> Result<SessionTicket, CommandError> {
        let request = self.request;
        let can: Vec<String> = request.loaded.worker.can.keys().cloned().collect();
        let ticket = self.board.join(&SessionRequest {
            name: request.name.clone(),
            if_taken: NameRule::TakeOver,
            identity: here()?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tags: [request.tags.as_slice(), &can].concat(),
            slots: u32::try_from(request.slots).unwrap_or(u32::MAX),
        });
        let ticket = ticket.map_err(refused)?;
        let entries = self.definitions.values().map(|known| known.entry());
        let entries: Vec<DefinitionEntry> = entries.collect();
        self.board
            .enter_definitions(ticket.session, &entries)
            .map_err(refused)?;
        let slots = counted(request.slots as u64, "slot", "slots");
        let jobs = counted(entries.len() as u64, "job", "jobs");
        let place = self.board.place();
        log::info!(
            "Worker {} is on {place}: {slots}, knows {jobs}",
            ticket.name
        );
        if let Some(former) = ticket.takes_over {
            log::info!(
                "The former {} (session {former}) finishes its steps",
                ticket.name
            );
        }
        self.log_mail_way();
        if entries.is_empty() {
            log::warn!(
                "This configuration has no `[jobs.NAME]`, and this program no job of its own: there is \
                 nothing this worker can do"
            );
        }
        Ok(ticket)
    }

    /// Logs when no mail about jobs would leave a machine.
    fn log_mail_way(&self) {
        let settings = &self.request.loaded.settings;
        let others = self.board.deliverers().unwrap_or(1);
        if others == 0 && !takes_away(&settings.mail) {
            log::info!(
                "No worker of this board has a way in `[mail]`: mails about jobs stay on the machine of a worker"
            );
        }
    }

    fn run(
        &self,
        ticket: &SessionTicket,
        log: &Log,
        signals: &SignalReader,
    ) -> Result<WorkEnd, CommandError> {
        let request = self.request;
        let session = ticket.session;
        let files = self.state_dir.below(FILES).map_err(unsafe_directory)?;
        let secrets = secret_variables(&request.loaded.settings);
        let settings = &request.loaded.settings;
        let context = crate::mail::pack(&settings.mail, &settings.state_dir);
        let redactor = Arc::new(self.redactor());
        let can = &request.loaded.worker.can;
        let child = request.loaded.can_child.as_ref();
        let capabilities = Capabilities::new(can, child, secrets.clone(), Arc::clone(&redactor));
        let slots = StepSlots::new(request.slots, &files, session, secrets, context);
        let slots = slots.map_err(|error| CommandError::of(error.exit_code(), &error))?;
        let spool = self.spool(session)?;
        let spools = spool.as_ref().map(|place| place.dir.clone());
        let rescue = Rescue::new(session, here()?, files.clone(), spools);
        let (alerts, mut mailer) = self.start_mails(session)?;
        let parts = WorkerParts {
            board: Arc::clone(self.board),
            board_file: self.board_file.clone(),
            session,
            name: ticket.name.clone(),
            definitions: self.definitions.clone(),
            host: here()?.host,
            tags: request.tags.clone(),
            vars: request.vars.clone(),
            directories: JobDirectories::open(self.state_dir).map_err(unsafe_directory)?,
            slots,
            capabilities: capabilities.map_err(no_descriptor)?,
            rescue: rescue.map_err(no_descriptor)?,
            beats: BeatThread::start(Arc::clone(self.board), session).map_err(no_descriptor)?,
            bell: self.board.bell().map_err(refused)?,
            log: log.clone(),
            redactor,
            own_values: own_values(request.inputs, request.loaded).collect(),
            schedules: (!request.is_once).then(|| PendingSchedules::of(request.loaded)),
            spool,
            is_once: request.is_once,
            drain_timeout: request.drain_timeout,
        };
        let mut worker = WorkLoop::new(parts).map_err(no_descriptor)?;
        let end = match worker.work(signals) {
            // What asked it to end was heard by the session that is over.
            WorkEnd::SessionOver if worker.is_leaving() => WorkEnd::Done { all_well: false },
            end => end,
        };
        let until = clock::mono() + LAST_MAIL;
        if end != WorkEnd::SessionOver {
            worker.report_ends();
            alerts.finish(until);
            mailer.finish(until);
        }
        drop(worker);
        drop((alerts, mailer));
        if end != WorkEnd::SessionOver {
            self.leave(ticket);
        }
        for file in slot_files(&files, session) {
            let _ = files.remove(file);
        }
        Ok(end)
    }

    /// Takes the session off the board. One that could not leave is reaped.
    fn leave(&self, ticket: &SessionTicket) {
        let left = self.board.leave(ticket.session);
        log::info!("Worker {} has left", ticket.name);
        if let Err(error) = left {
            log::warn!("{error}: the next worker takes this one off the board");
        }
    }

    /// Returns where what the board does not take is kept: for a board behind a server on disk.
    fn spool(&self, session: SessionId) -> Result<Option<SpoolPlace>, CommandError> {
        if !BoardPlace::of(&self.request.loaded.settings).is_behind_server() {
            return Ok(None);
        }
        Ok(Some(SpoolPlace {
            dir: self.state_dir.below(SPOOL).map_err(unsafe_directory)?,
            session,
            board: self.board.identity().map_err(refused)?,
        }))
    }

    /// Starts what decides about mails, and what delivers them.
    fn start_mails(&self, session: SessionId) -> Result<(AlertThread, BoardMailer), CommandError> {
        let state_dir = self.state_dir.clone();
        let now = clock::now();
        let around = AlertSurroundings::of(self.request, self.board, session, state_dir, now);
        let mailer = BoardMailer::start(around.clone()).map_err(no_descriptor)?;
        let alerts = AlertThread::start(around, mailer.nudge()).map_err(no_descriptor)?;
        Ok((alerts, mailer))
    }

    fn redactor(&self) -> Redactor {
        redactor(self.request.inputs, self.request.loaded, &[])
    }
}

/// Refuses a tag that `--tag` gives for good though a command is to be asked.
fn refuse_tags_of_can(request: &WorkRequest<'_>) -> CommandResult {
    let can = &request.loaded.worker.can;
    let Some(tag) = request.tags.iter().find(|tag| can.contains_key(*tag)) else {
        return Ok(());
    };
    let message = format!("`--tag {tag}`, and `{tag}` is in `can` of `[worker]`");
    Err(CommandError::new(exit::CONFIG, message)
        .hint("leave `--tag` out: the command in `can` says when the worker has it"))
}

fn definitions(request: &WorkRequest<'_>) -> BTreeMap<String, Arc<WorkerDefinition>> {
    let usual_lease = BoardPlace::of(&request.loaded.settings).usual_lease();
    let jobs = request
        .loaded
        .jobs
        .values()
        .map(|loaded| &loaded.definition);
    let known = jobs.filter_map(|job| {
        let lacks: Vec<&str> = job
            .vars()
            .into_iter()
            .filter(|name| !request.vars.contains_key(*name))
            .collect();
        if !lacks.is_empty() {
            log::warn!(
                "This worker cannot do `{}`: `[worker]` has no vars {}",
                job.name(),
                lacks.join(", ")
            );
            return None;
        }
        let mut job = job.clone();
        // Whichever worker mails, the recipients are those of the file that has the job.
        let of_file = &request.loaded.settings.mail.to;
        job.to = job
            .to
            .or_else(|| (!of_file.is_empty()).then(|| of_file.clone()));
        let known = WorkerDefinition::of(job.clone(), usual_lease)?;
        Some((job.name().to_owned(), Arc::new(known)))
    });
    known.collect()
}

fn here() -> Result<HostIdentity, CommandError> {
    HostIdentity::of_this_process().map_err(no_descriptor)
}
