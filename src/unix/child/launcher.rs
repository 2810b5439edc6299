//! The launcher: our own executable, started afresh for each run, which prepares its own process and becomes the program or calls the
//! function.
//!
//! It is a fresh process with one thread, so that it may do what must not be done between fork and exec: allocate, read accounts, make
//! sentences. And its start costs the same however large the runner is.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};

use super::account::{self, Reason};
use super::orders::{Answer, Orders, Refusal, Stage, Work};
use super::{descriptors, function, limits, program, sys};

/// Does what the runner ordered through standard input. `main` calls it when its first argument is
/// [`LAUNCHER`](crate::process::own_program::LAUNCHER), before it does anything else.
///
/// `unpack` gets what the runner gave along for a function, before that is called.
pub(crate) fn launch(unpack: fn(&str)) -> ExitCode {
    ExitCode::from(obey(unpack))
}

/// Returns the exit code, if this process did not become another program.
pub(super) fn obey(unpack: fn(&str)) -> u8 {
    let Ok((orders, socket)) = receive() else {
        let text = "this verb is the runner's own: it takes its orders from a socket\n";
        let _ = io::stderr().write_all(text.as_bytes());
        return crate::exit::USAGE;
    };
    let answer = match prepare(&orders) {
        Err(refusal) => Answer::NotStarted(refusal),
        Ok(()) => match &orders.what {
            Work::Program(arguments) => Answer::NotStarted(program::become_program(arguments)),
            Work::Script(script) => Answer::NotStarted(program::become_script(script)),
            Work::Function(name) => {
                orders.luggage.as_deref().into_iter().for_each(unpack);
                function::call(name)
            }
        },
    };
    tell(socket, &answer)
}

fn tell(mut socket: UnixStream, answer: &Answer) -> u8 {
    let told = socket.write_all(&answer.to_bytes());
    let _ = socket.shutdown(Shutdown::Write);
    match (answer, told) {
        (Answer::Returned(_), Ok(())) => crate::exit::OK,
        _ => 1,
    }
}

/// Takes the orders, and puts the descriptors where they are to be: nothing but 0 to 2, the in-flight lock and the socket is left.
fn receive() -> io::Result<(Orders, UnixStream)> {
    let (letter, in_flight) = descriptors::receive(io::stdin().as_fd())?;
    let mut text = Vec::new();
    File::from(letter).read_to_end(&mut text)?;
    let orders = serde_json::from_slice(&text)?;
    let socket = descriptors::arrange(in_flight)?;
    Ok((orders, UnixStream::from(socket)))
}

/// Makes this process what the settings want, in the order in which each step still has the rights that it needs.
fn prepare(orders: &Orders) -> Result<(), Refusal> {
    let keep: &[i32] = match orders.what {
        // The runtime names a stack overflow in its handlers, and writes of functions fail as they would in the runner.
        Work::Function(_) => &[libc::SIGSEGV, libc::SIGBUS, libc::SIGPIPE, libc::SIGXFSZ],
        _ => &[],
    };
    sys::reset_signals(keep);
    nix::unistd::setsid().map_err(|errno| refused(Stage::Session, "", errno.into()))?;
    if let Some(cgroup) = &orders.cgroup {
        // Never fatal: the sweep finds what the cgroup would have held.
        let _ = std::fs::write(cgroup, "0");
    }
    priorities(orders)?;
    limits::raise(&orders.limits).map_err(|(limit, error)| refused(Stage::Limit, limit, error))?;
    identity(orders)?;
    die_with_the_runner(orders.parent)?;
    place(orders)?;
    for (name, value) in &orders.late {
        sys::change_variable(name, value.as_ref().map(OsStr::new));
    }
    limits::set(&orders.limits).map_err(|(limit, error)| refused(Stage::Limit, limit, error))
}

fn priorities(orders: &Orders) -> Result<(), Refusal> {
    if let Some(nice) = orders.nice {
        let done = sys::set_nice(nice);
        done.map_err(|error| refused(Stage::Nice, nice.to_string(), error))?;
    }
    if let Some((class, level)) = orders.ionice {
        let done = sys::set_ioprio(class, level);
        done.map_err(|error| refused(Stage::IoNice, format!("{class}, {level}"), error))?;
    }
    Ok(())
}

fn identity(orders: &Orders) -> Result<(), Refusal> {
    if let Some(mask) = orders.umask {
        umask(Mode::from_bits_truncate(mask));
    }
    let (user, group) = (orders.user.as_deref(), orders.group.as_deref());
    account::take(user, group, &orders.given).map_err(|(stage, subject, reason)| match reason {
        Reason::System(error) => refused(stage, subject, error),
        Reason::Unknown => because(stage, subject, "there is no such account on this machine"),
        Reason::NotLost => because(stage, subject, "the former user could be taken back"),
    })
}

/// Comes after the change of user, which would undo it (prctl(2)). It is the death of the *thread* that started us that kills us: the
/// runner starts children in its main thread.
fn die_with_the_runner(parent: i32) -> Result<(), Refusal> {
    let done = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    done.map_err(|errno| refused(Stage::Parent, "", errno.into()))?;
    // It may have died before.
    if nix::unistd::getppid().as_raw() != parent {
        return Err(because(Stage::Parent, "", "the runner is gone"));
    }
    Ok(())
}

fn place(orders: &Orders) -> Result<(), Refusal> {
    if let Some(dir) = &orders.working_dir {
        let done = std::env::set_current_dir(dir);
        done.map_err(|error| refused(Stage::WorkingDir, dir.display(), error))?;
    }
    let stdin = orders.stdin.as_deref().unwrap_or(Path::new("/dev/null"));
    let done = File::open(stdin).and_then(|file| sys::place(file.as_fd(), libc::STDIN_FILENO));
    done.map_err(|error| refused(Stage::Stdin, stdin.display(), error))
}

fn refused(stage: Stage, subject: impl ToString, error: io::Error) -> Refusal {
    Refusal {
        stage,
        subject: subject.to_string(),
        errno: error.raw_os_error(),
        reason: None,
    }
}

fn because(stage: Stage, subject: impl ToString, reason: &str) -> Refusal {
    Refusal {
        stage,
        subject: subject.to_string(),
        errno: None,
        reason: Some(reason.to_owned()),
    }
}
