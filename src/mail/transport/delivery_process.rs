//! The worker process, seen from the runner: started when there is something to carry, given one
//! deadline for each message, killed when that has passed, and never waited for without end.

use std::io::{self, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use super::super::delivery_error::{
    DeliveryCause, DeliveryError, DeliveryStage, ErrorClass, judge,
};
use super::{AFTER_DEADLINE, MailTransport, OutgoingMessage};
use crate::core::settings::MailSettings;
use crate::core::time::Mono;
use crate::mail::route;
use crate::mail::wire::{
    DeliveryAnswer, DeliveryRequest, DeliveryResult, Header, MOST_MESSAGE, Route, hear, say,
};
use crate::unix::helper::Helper;
use crate::unix::timed::Timed;
use crate::unix::{clock, self_exe};

/// After so many messages in a row during which the connection broke, the rest is not tried: else
/// each would take its whole deadline.
const MOST_BREAKS: u32 = 2;

/// Delivers through a worker process.
pub(crate) struct DeliveryProcess {
    settings: MailSettings,
    running: Option<RunningProcess>,
    /// Messages in a row whose connection broke, and how the last did.
    breaks: u32,
    last_break: Option<DeliveryError>,
    /// Receives each stage.
    tell: Box<dyn FnMut(DeliveryStage)>,
}

struct RunningProcess {
    helper: Helper,
    reader: BufReader<Timed>,
    writer: Timed,
}

impl DeliveryProcess {
    /// Makes a transport that starts its process when it has something to carry.
    pub(crate) fn new(settings: MailSettings, tell: Box<dyn FnMut(DeliveryStage)>) -> Self {
        DeliveryProcess {
            settings,
            running: None,
            breaks: 0,
            last_break: None,
            tell,
        }
    }

    fn attempt(
        &mut self,
        outgoing: &OutgoingMessage,
    ) -> Result<Vec<DeliveryResult>, DeliveryError> {
        let until = clock::mono() + self.settings.timeout;
        let mut running = match self.running.take() {
            Some(running) => running,
            None => RunningProcess::start(&self.settings)?,
        };
        let mut stage = DeliveryStage::Start;
        let tell = &mut self.tell;
        let mut reached = |now| {
            stage = now;
            tell(now);
        };
        match running.converse(outgoing, until, &mut reached) {
            Ok(Heard::Settled { fates, held }) if fates.len() == outgoing.to.len() => {
                self.running = Some(running);
                self.count_breaks(held, &fates);
                Ok(fates)
            }
            Ok(Heard::NoWay(trouble)) => {
                self.running = Some(running);
                Err(trouble)
            }
            Ok(Heard::Panicked(words)) => {
                running.end();
                self.broken(
                    outgoing,
                    stage,
                    &DeliveryCause::Died(format!("panicked ({words})")),
                )
            }
            Ok(_) | Err(_) => {
                let late = clock::mono() >= until;
                let cause = running.end_and_say(late, self.settings.timeout);
                self.broken(outgoing, stage, &cause)
            }
        }
    }

    fn broken(
        &mut self,
        outgoing: &OutgoingMessage,
        stage: DeliveryStage,
        cause: &DeliveryCause,
    ) -> Result<Vec<DeliveryResult>, DeliveryError> {
        let trouble = judge(&route::name(&self.settings), stage, cause);
        if !stage.is_of_the_message() {
            return Err(trouble);
        }
        let fates = vec![DeliveryResult::Refused(trouble); outgoing.to.len()];
        self.count_breaks(false, &fates);
        Ok(fates)
    }

    /// Counts messages in a row whose connection broke: that is what a server in trouble looks
    /// like.
    fn count_breaks(&mut self, held: bool, fates: &[DeliveryResult]) {
        let refusal = fates.iter().find_map(|fate| match fate {
            DeliveryResult::Refused(trouble) => Some(trouble),
            DeliveryResult::Accepted(_) => None,
        });
        match refusal {
            Some(trouble) if !held => {
                self.breaks += 1;
                self.last_break = Some(trouble.clone());
            }
            _ => self.breaks = 0,
        }
    }
}

impl MailTransport for DeliveryProcess {
    fn carry(&mut self, outgoing: &OutgoingMessage) -> Result<Vec<DeliveryResult>, DeliveryError> {
        if outgoing.bytes.len() as u64 > MOST_MESSAGE {
            let words = format!("the message is larger than {} MiB", MOST_MESSAGE >> 20);
            let fate = DeliveryResult::Refused(DeliveryError::new(ErrorClass::Content, words));
            return Ok(vec![fate; outgoing.to.len()]);
        }
        if self.breaks >= MOST_BREAKS
            && let Some(trouble) = &self.last_break
        {
            return Err(DeliveryError {
                class: ErrorClass::Path,
                ..trouble.clone()
            });
        }
        self.attempt(outgoing)
    }
}

impl Drop for DeliveryProcess {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

/// What the worker says last about a message.
enum Heard {
    Settled {
        fates: Vec<DeliveryResult>,
        held: bool,
    },
    NoWay(DeliveryError),
    Panicked(String),
}

impl RunningProcess {
    fn start(settings: &MailSettings) -> Result<Self, DeliveryError> {
        let route = route::with_password(settings)?;
        let failed = |error: io::Error| {
            let words = format!("the mail worker could not be started: {error}");
            DeliveryError::new(ErrorClass::Path, words).because_of(&error)
        };
        let mut running = RunningProcess::spawn().map_err(failed)?;
        match running.brief(route, settings.timeout) {
            Ok(()) => Ok(running),
            Err(error) => {
                running.end();
                Err(failed(error))
            }
        }
    }

    fn spawn() -> io::Result<Self> {
        let (helper, ours) = Helper::start(worker_command()?)?;
        let writer = Timed::new(ours.try_clone()?);
        Ok(RunningProcess {
            helper,
            reader: BufReader::new(Timed::new(ours)),
            writer,
        })
    }

    fn brief(&mut self, route: Route, timeout: Duration) -> io::Result<()> {
        let job = DeliveryRequest {
            parent: i32::try_from(std::process::id()).unwrap_or(0),
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            route,
        };
        self.writer.until = clock::mono() + timeout;
        say(&mut self.writer, &job)
    }

    fn converse(
        &mut self,
        outgoing: &OutgoingMessage,
        until: Mono,
        reached: &mut dyn FnMut(DeliveryStage),
    ) -> io::Result<Heard> {
        self.writer.until = until;
        self.reader.get_mut().until = until;
        let header = Header {
            from: outgoing.from.clone(),
            to: outgoing.to.clone(),
            size: outgoing.bytes.len() as u64,
        };
        say(&mut self.writer, &header)?;
        self.writer.write_all(&outgoing.bytes)?;
        loop {
            match hear::<DeliveryAnswer>(&mut self.reader)? {
                Some(DeliveryAnswer::Stage(stage)) => reached(stage),
                Some(DeliveryAnswer::Settled { fates, held }) => {
                    return Ok(Heard::Settled { fates, held });
                }
                Some(DeliveryAnswer::NoWay(trouble)) => return Ok(Heard::NoWay(trouble)),
                Some(DeliveryAnswer::Panicked(words)) => return Ok(Heard::Panicked(words)),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// Lets it say good-bye to its server, for a moment, then ends it whatever it does.
    fn end(mut self) {
        let _ = self.writer.stream.shutdown(Shutdown::Write);
        self.reader.get_mut().until = clock::mono() + AFTER_DEADLINE * 2;
        let _ = io::copy(&mut self.reader, &mut io::sink());
        // Alone: a mail program may have left a process that delivers what it took.
        let _ = self.helper.child().kill();
        let _ = self.helper.child().wait();
    }

    /// Ends the process; returns how it ended if it did so by itself.
    fn end_and_say(mut self, late: bool, timeout: Duration) -> DeliveryCause {
        if late {
            self.helper.kill_with_group();
            return DeliveryCause::Silence(timeout);
        }
        // Its end of the socket is closed: it is dying, which takes no time that could be told.
        match self.helper.child().wait() {
            Ok(status) => DeliveryCause::Died(how_it_ended(status)),
            Err(error) => DeliveryCause::Died(format!("was lost ({error})")),
        }
    }
}

fn worker_command() -> io::Result<Command> {
    let mut command = self_exe::command(self_exe::MAIL_WORKER)?;
    // The program of the unit tests knows no verbs; it has a test that is the worker.
    if cfg!(test) {
        command.args([
            "--exact",
            "mail::delivery_main::tests::worker_of_other_tests",
        ]);
        command
            .arg("--nocapture")
            .env("RUN_FUNCTIONS_TEST_WORKER", "1");
    }
    Ok(command)
}

fn how_it_ended(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(libc::SIGABRT), _) => "ran out of memory".to_owned(),
        (Some(number), _) => format!(
            "was killed by {}",
            crate::core::failure::signal_name(number)
        ),
        (None, code) => format!("ended with exit {}", code.unwrap_or(-1)),
    }
}

#[cfg(test)]
#[cfg(feature = "smtp")]
#[path = "delivery_process_tests.rs"]
mod tests;
