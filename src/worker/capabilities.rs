//! The commands of `can`, which are asked before a job is claimed.
//!
//! A command runs below a keeper of its own, as a step does: the worker goes on meanwhile, and a
//! command is killed at its limit even while the worker is stopped. Nothing is held for it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use super::capability_answers::{CapabilityAnswers, UnclaimedJob};
use crate::board::{CannotNow, JobId};
use crate::chain::ChainName;
use crate::core::event::RunId;
use crate::core::failure::{FailureClass, Outcome};
use crate::core::settings::{ChildSettings, Program};
use crate::core::time::{Moment, Mono};
use crate::redact::Redactor;
use crate::task::TaskName;
use crate::unix::child::{ChildRun, RunTarget, Spec};
use crate::unix::keeper::{Keeper, KeeperDeadline};

/// How long a command may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long the keeper waits beyond that limit: it acts only for a worker that cannot.
const KEEPER_GRACE: Duration = Duration::from_secs(2);
/// How long a slot is kept free for the job that is asked about.
const RESERVES: Duration = Duration::from_millis(500);
/// The exit code that answers no.
const NO: i32 = 1;

/// The commands of `can`.
#[derive(Debug)]
pub(crate) struct Capabilities {
    commands: BTreeMap<String, CapabilityCommand>,
    answers: CapabilityAnswers,
    child: ChildSettings,
    worker: ChainName,
    secrets: Vec<String>,
    redactor: Arc<Redactor>,
    poll: Epoll,
}

#[derive(Debug)]
struct CapabilityCommand {
    program: Program,
    keeper: Option<Arc<Keeper>>,
    question: Option<CapabilityQuestion>,
    /// Whether it was logged that there is no answer, since the last one.
    is_logged: bool,
}

#[derive(Debug)]
struct CapabilityQuestion {
    job: UnclaimedJob,
    run: ChildRun,
    asked: Mono,
}

impl Capabilities {
    /// Prepares the commands. `secrets` names variables of this process that no command gets.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(
        can: &BTreeMap<String, Vec<String>>,
        child: Option<&ChildSettings>,
        secrets: Vec<String>,
        redactor: Arc<Redactor>,
    ) -> io::Result<Self> {
        let commands = can.iter().map(|(tag, words)| {
            let command = CapabilityCommand {
                program: Program::Command(words.clone()),
                keeper: None,
                question: None,
                is_logged: false,
            };
            (tag.clone(), command)
        });
        Ok(Capabilities {
            commands: commands.collect(),
            answers: CapabilityAnswers::default(),
            child: child.cloned().unwrap_or_default(),
            worker: ChainName::parse("worker").expect("a plain word is a name"),
            secrets,
            redactor,
            poll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
        })
    }

    /// Returns whether there is no command.
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Returns whether a tag has a command.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.commands.contains_key(tag)
    }

    /// Returns what becomes readable when there is something to do in
    /// [`collect`](Capabilities::collect).
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.poll.0.as_fd()
    }

    /// Returns when there is something to do at the latest.
    pub(crate) fn due(&self, now: Mono) -> Mono {
        let runs = self.questions().map(|question| question.run.due());
        let reserved = self.questions().map(|question| question.asked + RESERVES);
        let again = self.answers.due().into_iter();
        let dues = reserved.chain(again).filter(|due| *due > now);
        runs.chain(dues).min().unwrap_or(Mono::NEVER)
    }

    /// Returns how many slots are kept free for a moment: a job whose command has just been asked
    /// would else never find one beside jobs that need no answer.
    pub(crate) fn reserved(&self, now: Mono) -> usize {
        let mut young = self.questions();
        usize::from(young.any(|question| question.asked + RESERVES > now))
    }

    /// Returns whether nothing is asked, and nothing is left to be asked now.
    pub(crate) fn are_settled(&self, now: Mono) -> bool {
        let mut tags = self.commands.keys();
        self.questions().next().is_none()
            && tags.all(|tag| self.answers.next_question(tag, now).is_none())
    }

    /// Replaces the jobs that wait.
    pub(crate) fn consider(&mut self, jobs: Vec<UnclaimedJob>) {
        self.answers.consider(jobs);
    }

    /// Returns the jobs of which all commands have answered yes, at most so many.
    pub(crate) fn able(&mut self, at_most: usize, now: Mono) -> Vec<JobId> {
        if at_most == 0 {
            self.answers.forget_yes();
        }
        self.answers.able(at_most, now)
    }

    /// Takes the outcome of the claim of jobs.
    pub(crate) fn settle(&mut self, wanted: &[JobId], claimed: &[JobId], now: Mono) {
        self.answers.settle(wanted, claimed, now);
    }

    /// Returns the jobs that cannot be done now.
    pub(crate) fn cannot_now(&self) -> Vec<CannotNow> {
        self.answers.cannot_now()
    }

    /// Asks what is to be asked, each command about one job at a time. Never waits.
    pub(crate) fn ask(&mut self, now: Moment) {
        for (tag, command) in &mut self.commands {
            if command.question.is_some() {
                continue;
            }
            let Some(job) = self.answers.next_question(tag, now.mono).cloned() else {
                continue;
            };
            let mut settings = self.child.clone();
            settings.env.extend(job.variables.clone());
            settings.env.insert("JOB_ID".to_owned(), job.id.to_string());
            let around = CapabilitySurroundings {
                settings: &settings,
                chain: &self.worker,
                secrets: &self.secrets,
            };
            match command.begin(tag, &around, now) {
                Ok(run) => {
                    let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
                    // What cannot be waited for is looked at when its time is over.
                    let _ = self.poll.add(run.source(), readable);
                    command.question = Some(CapabilityQuestion {
                        job,
                        run,
                        asked: now.mono,
                    });
                }
                Err(why) => {
                    command.log(tag, &job, &why);
                    self.answers.answered(tag, &job, false, now.mono);
                }
            }
        }
    }

    /// Takes the answers that have come; returns whether there was one. Never waits.
    pub(crate) fn collect(&mut self, now: Mono) -> bool {
        let mut has_news = false;
        for (tag, command) in &mut self.commands {
            let Some(question) = &mut command.question else {
                continue;
            };
            let Some(ended) = question.run.step(now) else {
                continue;
            };
            let _ = self.poll.delete(question.run.source());
            let Some(question) = command.question.take() else {
                continue;
            };
            command.rest();
            has_news = true;
            let can = match answer_of(&ended.outcome, &self.redactor) {
                Ok(can) => {
                    command.is_logged = false;
                    can
                }
                Err(why) => {
                    command.log(tag, &question.job, &why);
                    false
                }
            };
            self.answers.answered(tag, &question.job, can, now);
        }
        has_news
    }

    /// Kills what is asked: nothing is claimed any more.
    pub(crate) fn kill(&mut self, now: Mono) {
        self.answers.consider(Vec::new());
        let questions = self.commands.values_mut();
        for question in questions.filter_map(|command| command.question.as_mut()) {
            question.run.kill(now);
        }
    }

    fn questions(&self) -> impl Iterator<Item = &CapabilityQuestion> {
        self.commands
            .values()
            .filter_map(|command| command.question.as_ref())
    }
}

/// What surrounds the process of a command.
struct CapabilitySurroundings<'a> {
    settings: &'a ChildSettings,
    chain: &'a ChainName,
    secrets: &'a [String],
}

impl CapabilityCommand {
    fn begin(
        &mut self,
        tag: &str,
        around: &CapabilitySurroundings<'_>,
        now: Moment,
    ) -> Result<ChildRun, String> {
        let failed = |error: io::Error| error.to_string();
        let living = self.keeper.take().filter(|keeper| !keeper.is_gone());
        let keeper = match living {
            Some(keeper) => keeper,
            None => Arc::new(Keeper::start().map_err(failed)?),
        };
        let end = now.mono + TIME_LIMIT + KEEPER_GRACE;
        let deadline = KeeperDeadline {
            term_at: end,
            kill_at: end,
        };
        keeper.set_deadline(Some(deadline)).map_err(failed)?;
        let name = format!("can::{}", tag.replace('-', "_"));
        let task = TaskName::parse(&name)
            .unwrap_or_else(|_| TaskName::parse("can::tag").expect("the name is a name"));
        let spec = Spec {
            what: RunTarget::Program(&self.program),
            settings: around.settings,
            timeout: Some(TIME_LIMIT),
            chain: around.chain,
            task: &task,
            run: RunId::at(now),
            secrets: around.secrets,
            in_flight: None,
            register: None,
            function_context: None,
            fence: None,
            keeper: Some(&keeper),
            standard: None,
            scratch: None,
        };
        let run = ChildRun::start(&spec, now);
        self.keeper = Some(keeper);
        run.map_err(|outcome| match *outcome {
            Outcome::Interrupted { how } => how,
            outcome => outcome
                .failure()
                .map_or_else(String::new, |failure| failure.message.clone()),
        })
    }

    /// Lets the keeper wait for nothing until the next question.
    fn rest(&self) {
        if let Some(keeper) = &self.keeper {
            let _ = keeper.set_deadline(None);
        }
    }

    /// Logs that there is no answer, once until there is one.
    fn log(&mut self, tag: &str, job: &UnclaimedJob, why: &str) {
        if !std::mem::replace(&mut self.is_logged, true) {
            log::warn!(
                "[can {tag}] No answer about job {}, which counts as no: {why}",
                job.id
            );
        }
    }
}

/// Returns the answer of a command, or why there is no answer.
fn answer_of(outcome: &Outcome, redactor: &Redactor) -> Result<bool, String> {
    match outcome {
        Outcome::Success => Ok(true),
        Outcome::Failure(failure) if failure.class == FailureClass::Exit(NO) => Ok(false),
        Outcome::Failure(failure) | Outcome::Fatal(failure) => {
            Err(redactor.failure(failure).text())
        }
        Outcome::RetryLater { reason } => Err(redactor.text(reason).into_owned()),
        Outcome::Interrupted { how } => Err(how.clone()),
    }
}
