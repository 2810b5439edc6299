//! The worker: our own program, started again by the runner to talk to a mail server.
//!
//! Whatever the server does, it does it to this process: one deadline for each attempt that no
//! dripping byte extends, a limit on memory, no descriptors but its own, and its end when the
//! runner ends.

use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::delivery_error::{DeliveryStage, shortened};
use super::delivery_route::DeliveryRoute;
use super::wire::{DeliveryAnswer, DeliveryRequest, Header, MOST_MESSAGE, Route, hear, say};
use super::{sendmail, smtp_way};
use crate::unix::{fault_points, sandbox};

/// What a conversation may need: libraries, certificates, buffers, and the largest message a few
/// times over.
const MEMORY: u64 = 256 << 20;
/// How long after the deadline the worker ends itself, if the runner that should have killed it
/// does not.
const GRACE: Duration = Duration::from_millis(250);

/// How long the runner may take between two messages.
const IDLE: Duration = Duration::from_secs(600);

type RunnerStream = Arc<Mutex<UnixStream>>;

/// Serves one runner on standard input, then ends. Called first thing by `cli::main` for the hidden
/// verb.
pub(crate) fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // The runner is gone or talks nonsense: there is nobody to tell.
        Err(_) => ExitCode::from(crate::core::exit::FATAL_TASK),
    }
}

fn serve() -> io::Result<()> {
    sandbox::shed()?;
    let stream: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let stream = UnixStream::from(stream);
    let runner: RunnerStream = Arc::new(Mutex::new(stream.try_clone()?));
    tell_panics(&runner);
    let mut reader = BufReader::new(stream);
    let Some(job) = hear::<DeliveryRequest>(&mut reader)? else {
        return Ok(());
    };
    sandbox::bind_to_parent(job.parent)?;
    let timeout = Duration::from_millis(job.timeout_ms);
    match job.route {
        Route::Smtp(route) => {
            sandbox::limit_memory(MEMORY)?;
            talk(&mut reader, &runner, timeout, smtp_way::way(route, timeout))
        }
        // The program has limits of its own, and inherits ours.
        Route::Sendmail(program) => talk(&mut reader, &runner, timeout, program),
    }
}

fn talk(
    reader: &mut impl BufRead,
    runner: &RunnerStream,
    timeout: Duration,
    mut way: impl DeliveryRoute,
) -> io::Result<()> {
    while let Some(header) = hear::<Header>(reader)? {
        sandbox::die_after(timeout + GRACE)?;
        let message = message(reader, &header)?;
        fault_points::message_in_hands();
        let mut tell = |stage| {
            // A runner that does not listen has ended, and so shall we.
            let _ = answer(runner, &DeliveryAnswer::Stage(stage));
        };
        let result = way.deliver(&header, &message, &mut tell);
        answer(runner, &result)?;
        sandbox::die_after(IDLE)?;
    }
    sandbox::die_after(GRACE * 4)?;
    way.close();
    Ok(())
}

fn message(reader: &mut impl BufRead, header: &Header) -> io::Result<Vec<u8>> {
    if header.size > MOST_MESSAGE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = Vec::new();
    reader.take(header.size).read_to_end(&mut message)?;
    if message.len() as u64 == header.size {
        Ok(message)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn answer(runner: &RunnerStream, what: &DeliveryAnswer) -> io::Result<()> {
    let mut stream = runner.lock().unwrap_or_else(|broken| broken.into_inner());
    say(&mut *stream, what)
}

fn tell_panics(runner: &RunnerStream) {
    let runner = Arc::clone(runner);
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let payload = text.unwrap_or("no message");
        // In a panic there is nothing else to be done about a failing write.
        let _ = answer(&runner, &DeliveryAnswer::Panicked(shortened(payload)));
    }));
}

impl DeliveryRoute for std::path::PathBuf {
    fn deliver(
        &mut self,
        header: &Header,
        message: &[u8],
        tell: &mut dyn FnMut(DeliveryStage),
    ) -> DeliveryAnswer {
        tell(DeliveryStage::Program);
        if header.is_probe() {
            return match sendmail::find(self) {
                Ok(()) => DeliveryAnswer::reached(),
                Err(trouble) => DeliveryAnswer::NoWay(trouble),
            };
        }
        let fates = sendmail::deliver(self, header, message);
        DeliveryAnswer::Settled { fates, held: true }
    }

    fn close(self) {}
}

#[cfg(test)]
mod tests {
    /// Not a test by itself: the process that stands for the worker in tests of the runner's side.
    #[test]
    fn worker_of_other_tests() {
        if std::env::var_os("RUN_FUNCTIONS_TEST_WORKER").is_some() {
            super::main();
        }
    }
}
