//! The worker process, seen from the runner: started when there is something to carry, given one deadline for each message, killed
//! when that has passed, and never waited for without end.

use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{AFTER_DEADLINE, Carrier, Parcel};
use crate::mail::route;
use crate::mail::trouble::{Cause, Class, Stage, Trouble, judge};
use crate::mail::wire::{Answer, Fate, Header, Job, MOST_MESSAGE, Route, hear, say};
use crate::process::{clock, own_children, own_program};
use crate::settings::MailSettings;
use crate::time::Mono;

/// After so many messages in a row during which the connection broke, the rest is not tried: else each would take its whole deadline.
const MOST_BREAKS: u32 = 2;

/// Delivers through a worker process.
pub(crate) struct Worker {
    settings: MailSettings,
    running: Option<Running>,
    /// Messages in a row whose connection broke, and how the last did.
    breaks: u32,
    last_break: Option<Trouble>,
    /// Is told of each stage.
    tell: Box<dyn FnMut(Stage)>,
}

struct Running {
    child: Child,
    reader: BufReader<Timed>,
    writer: Timed,
}

impl Worker {
    /// Makes a carrier that starts its process when it has something to carry.
    pub(crate) fn new(settings: MailSettings, tell: Box<dyn FnMut(Stage)>) -> Self {
        Worker {
            settings,
            running: None,
            breaks: 0,
            last_break: None,
            tell,
        }
    }

    fn attempt(&mut self, parcel: &Parcel) -> Result<Vec<Fate>, Trouble> {
        let until = clock::mono() + self.settings.timeout;
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&self.settings)?,
        };
        let mut stage = Stage::Start;
        let tell = &mut self.tell;
        let mut reached = |now| {
            stage = now;
            tell(now);
        };
        match running.converse(parcel, until, &mut reached) {
            Ok(Heard::Settled { fates, held }) if fates.len() == parcel.to.len() => {
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
                self.broken(parcel, stage, &Cause::Died(format!("panicked ({words})")))
            }
            Ok(_) | Err(_) => {
                let late = clock::mono() >= until;
                let cause = running.end_and_say(late, self.settings.timeout);
                self.broken(parcel, stage, &cause)
            }
        }
    }

    fn broken(
        &mut self,
        parcel: &Parcel,
        stage: Stage,
        cause: &Cause,
    ) -> Result<Vec<Fate>, Trouble> {
        let trouble = judge(&route::name(&self.settings), stage, cause);
        if !stage.is_of_the_message() {
            return Err(trouble);
        }
        let fates = vec![Fate::Refused(trouble); parcel.to.len()];
        self.count_breaks(false, &fates);
        Ok(fates)
    }

    /// Counts messages in a row whose connection broke: that is what a server in trouble looks like.
    fn count_breaks(&mut self, held: bool, fates: &[Fate]) {
        let refusal = fates.iter().find_map(|fate| match fate {
            Fate::Refused(trouble) => Some(trouble),
            Fate::Accepted(_) => None,
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

impl Carrier for Worker {
    fn carry(&mut self, parcel: &Parcel) -> Result<Vec<Fate>, Trouble> {
        if parcel.bytes.len() as u64 > MOST_MESSAGE {
            let words = format!("the message is larger than {} MiB", MOST_MESSAGE >> 20);
            let fate = Fate::Refused(Trouble::new(Class::Content, words));
            return Ok(vec![fate; parcel.to.len()]);
        }
        if self.breaks >= MOST_BREAKS
            && let Some(trouble) = &self.last_break
        {
            return Err(Trouble {
                class: Class::Path,
                ..trouble.clone()
            });
        }
        self.attempt(parcel)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

/// What the worker says last about a message.
enum Heard {
    Settled { fates: Vec<Fate>, held: bool },
    NoWay(Trouble),
    Panicked(String),
}

impl Drop for Running {
    /// Called when it has been reaped.
    fn drop(&mut self) {
        own_children::unregister(number(&self.child));
    }
}

fn number(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap_or(i32::MAX)
}

impl Running {
    fn start(settings: &MailSettings) -> Result<Self, Trouble> {
        let route = route::with_password(settings)?;
        let failed = |error: io::Error| {
            let words = format!("the mail worker could not be started: {error}");
            Trouble::new(Class::Path, words)
        };
        let mut running = Running::spawn().map_err(failed)?;
        match running.brief(route, settings.timeout) {
            Ok(()) => Ok(running),
            Err(error) => {
                running.end();
                Err(failed(error))
            }
        }
    }

    fn spawn() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = worker_command()?;
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C in a terminal is for the runner; and a mail program that the worker runs is killed with its group.
        command.process_group(0);
        let child = command.spawn()?;
        own_children::register(number(&child));
        let writer = Timed::new(ours.try_clone()?);
        Ok(Running {
            child,
            reader: BufReader::new(Timed::new(ours)),
            writer,
        })
    }

    fn brief(&mut self, route: Route, timeout: Duration) -> io::Result<()> {
        let job = Job {
            parent: i32::try_from(std::process::id()).unwrap_or(0),
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            route,
        };
        self.writer.until = clock::mono() + timeout;
        say(&mut self.writer, &job)
    }

    fn converse(
        &mut self,
        parcel: &Parcel,
        until: Mono,
        reached: &mut dyn FnMut(Stage),
    ) -> io::Result<Heard> {
        self.writer.until = until;
        self.reader.get_mut().until = until;
        let header = Header {
            from: parcel.from.clone(),
            to: parcel.to.clone(),
            size: parcel.bytes.len() as u64,
        };
        say(&mut self.writer, &header)?;
        self.writer.write_all(&parcel.bytes)?;
        loop {
            match hear::<Answer>(&mut self.reader)? {
                Some(Answer::Stage(stage)) => reached(stage),
                Some(Answer::Settled { fates, held }) => return Ok(Heard::Settled { fates, held }),
                Some(Answer::NoWay(trouble)) => return Ok(Heard::NoWay(trouble)),
                Some(Answer::Panicked(words)) => return Ok(Heard::Panicked(words)),
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
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it, and says how it ended if it did so by itself.
    fn end_and_say(mut self, late: bool, timeout: Duration) -> Cause {
        if late {
            self.kill_with_children();
            return Cause::Silence(timeout);
        }
        // Its end of the socket is closed: it is dying, which takes no time that could be told.
        match self.child.wait() {
            Ok(status) => Cause::Died(how_it_ended(status)),
            Err(error) => Cause::Died(format!("was lost ({error})")),
        }
    }

    fn kill_with_children(&mut self) {
        // It has not been waited for, so its number, and that of its group, are still its own.
        let _ = killpg(Pid::from_raw(number(&self.child)), Signal::SIGKILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn worker_command() -> io::Result<Command> {
    let mut command = own_program::command(own_program::MAIL_WORKER)?;
    // The program of the unit tests knows no verbs; it has a test that is the worker.
    if cfg!(test) {
        command.args(["--exact", "mail::worker::tests::worker_of_other_tests"]);
        command
            .arg("--nocapture")
            .env("RUN_FUNCTIONS_TEST_WORKER", "1");
    }
    Ok(command)
}

fn how_it_ended(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(libc::SIGABRT), _) => "ran out of memory".to_owned(),
        (Some(number), _) => format!("was killed by {}", crate::failure::signal_name(number)),
        (None, code) => format!("ended with exit {}", code.unwrap_or(-1)),
    }
}

/// A socket with an absolute deadline over all its reads or writes.
struct Timed {
    stream: UnixStream,
    until: Mono,
}

impl Timed {
    fn new(stream: UnixStream) -> Self {
        Timed {
            stream,
            until: Mono::NEVER,
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.until.since(clock::mono());
        if left.is_zero() {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            Ok(left)
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
