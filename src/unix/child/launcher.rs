//! The launcher: our own executable, started afresh for each run, which prepares its own process
//! and becomes the program or calls the function.
//!
//! It is a fresh process with one thread, so that it may do what must not be done between fork and
//! exec: allocate, read accounts, make sentences. And its start costs the same however large the
//! runner is.

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

use super::function::StepCaller;
use super::launch_request::{LaunchReply, LaunchRequest, LaunchStage, LaunchTarget, StartFailure};
use super::switch_user::{self, SwitchError};
use super::{descriptors, function, limits, program, sys};
use crate::core::failure::Outcome;

/// Does what the runner ordered through standard input. `main` calls it when its first argument is
/// [`LAUNCHER`](super::super::self_exe::LAUNCHER), before it does anything else.
///
/// `hooks` are what functions need of other parts.
pub(crate) fn launch(hooks: FunctionHooks) -> ExitCode {
    ExitCode::from(obey(hooks))
}

/// What functions need of other parts of this program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionHooks {
    /// Gets what the runner gave along for a function, before that is called.
    pub(crate) unpack: fn(&str),
    /// Calls a function of a step of a job.
    pub(crate) call_step: StepCaller,
}

impl FunctionHooks {
    /// The hooks where no function is called.
    pub(super) const NONE: FunctionHooks = FunctionHooks {
        unpack: |_| {},
        call_step: |_, _| Outcome::Interrupted {
            how: "this process calls no functions".to_owned(),
        },
    };
}

/// Returns the exit code, if this process did not become another program.
pub(super) fn obey(hooks: FunctionHooks) -> u8 {
    let Ok((orders, socket)) = receive() else {
        let text = "this verb is the runner's own: it takes its orders from a socket\n";
        let _ = io::stderr().write_all(text.as_bytes());
        return crate::core::exit::USAGE;
    };
    let answer = match prepare(&orders) {
        Err(refusal) => LaunchReply::NotStarted(refusal),
        Ok(()) => match &orders.what {
            LaunchTarget::Program(arguments) => {
                LaunchReply::NotStarted(program::become_program(arguments))
            }
            LaunchTarget::Pipefail(text) => LaunchReply::NotStarted(program::become_pipefail(text)),
            LaunchTarget::Script(script) => LaunchReply::NotStarted(program::become_script(script)),
            LaunchTarget::Function(name) => {
                unpack(&orders, hooks);
                function::call(name, orders.stop_signal)
            }
            LaunchTarget::StepFunction(call) => {
                unpack(&orders, hooks);
                function::call_step(call, orders.stop_signal, hooks.call_step)
            }
        },
    };
    tell(socket, &answer)
}

fn unpack(orders: &LaunchRequest, hooks: FunctionHooks) {
    let context = orders.function_context.as_deref();
    context.into_iter().for_each(hooks.unpack);
}

fn tell(mut socket: UnixStream, answer: &LaunchReply) -> u8 {
    let told = socket.write_all(&answer.to_bytes());
    let _ = socket.shutdown(Shutdown::Write);
    match (answer, told) {
        (LaunchReply::Returned(_), Ok(())) => crate::core::exit::OK,
        _ => 1,
    }
}

/// Takes the orders, and puts the descriptors where they are to be: nothing but 0 to 2, the
/// in-flight lock and the socket is left.
fn receive() -> io::Result<(LaunchRequest, UnixStream)> {
    let mut received = descriptors::receive(io::stdin().as_fd())?;
    let mut text = Vec::new();
    File::from(received.letter).read_to_end(&mut text)?;
    let orders: LaunchRequest = serde_json::from_slice(&text)?;
    let standard: Vec<_> = match orders.has_standard {
        true => received.others.by_ref().take(3).collect(),
        false => Vec::new(),
    };
    let socket = descriptors::arrange(received.others.next(), standard)?;
    Ok((orders, UnixStream::from(socket)))
}

/// Makes this process what the settings want, in the order in which each step still has the rights
/// that it needs.
fn prepare(orders: &LaunchRequest) -> Result<(), StartFailure> {
    let keep: &[i32] = match orders.what {
        // The runtime names a stack overflow in its handlers, and writes of functions fail as they
        // would in the runner.
        LaunchTarget::Function(_) | LaunchTarget::StepFunction(_) => {
            &[libc::SIGSEGV, libc::SIGBUS, libc::SIGPIPE, libc::SIGXFSZ]
        }
        _ => &[],
    };
    sys::reset_signals(keep);
    nix::unistd::setsid().map_err(|errno| refused(LaunchStage::Session, "", errno.into()))?;
    if let Some(cgroup) = &orders.cgroup {
        // Never fatal: the sweep finds what the cgroup would have held.
        let _ = std::fs::write(cgroup, "0");
    }
    priorities(orders)?;
    limits::raise(&orders.limits)
        .map_err(|(limit, error)| refused(LaunchStage::Limit, limit, error))?;
    identity(orders)?;
    die_with_the_runner(orders.parent)?;
    place(orders)?;
    for (name, value) in &orders.late {
        sys::change_variable(name, value.as_ref().map(OsStr::new));
    }
    limits::set(&orders.limits).map_err(|(limit, error)| refused(LaunchStage::Limit, limit, error))
}

fn priorities(orders: &LaunchRequest) -> Result<(), StartFailure> {
    if let Some(nice) = orders.nice {
        let done = sys::set_nice(nice);
        done.map_err(|error| refused(LaunchStage::Nice, nice.to_string(), error))?;
    }
    if let Some((class, level)) = orders.ionice {
        let done = sys::set_ioprio(class, level);
        done.map_err(|error| refused(LaunchStage::IoNice, format!("{class}, {level}"), error))?;
    }
    Ok(())
}

fn identity(orders: &LaunchRequest) -> Result<(), StartFailure> {
    if let Some(mask) = orders.umask {
        umask(Mode::from_bits_truncate(mask));
    }
    let (user, group) = (orders.user.as_deref(), orders.group.as_deref());
    switch_user::take(user, group, &orders.given, &orders.passed).map_err(
        |(stage, subject, reason)| match reason {
            SwitchError::System(error) => refused(stage, subject, error),
            SwitchError::Unknown => {
                because(stage, subject, "there is no such account on this machine")
            }
            SwitchError::NotLost => because(stage, subject, "the former user could be taken back"),
        },
    )
}

/// Comes after the change of user, which would undo it (prctl(2)). It is the death of the *thread*
/// that started us that kills us: the runner starts children in its main thread.
fn die_with_the_runner(parent: i32) -> Result<(), StartFailure> {
    let done = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    done.map_err(|errno| refused(LaunchStage::Parent, "", errno.into()))?;
    // It may have died before.
    if nix::unistd::getppid().as_raw() != parent {
        return Err(because(LaunchStage::Parent, "", "the runner is gone"));
    }
    Ok(())
}

fn place(orders: &LaunchRequest) -> Result<(), StartFailure> {
    if let Some(dir) = &orders.working_dir {
        let done = std::env::set_current_dir(dir);
        done.map_err(|error| refused(LaunchStage::WorkingDir, dir.display(), error))?;
    }
    if orders.has_standard {
        return Ok(());
    }
    let stdin = orders.stdin.as_deref().unwrap_or(Path::new("/dev/null"));
    let done = File::open(stdin).and_then(|file| sys::place(file.as_fd(), libc::STDIN_FILENO));
    done.map_err(|error| refused(LaunchStage::Stdin, stdin.display(), error))
}

fn refused(stage: LaunchStage, subject: impl ToString, error: io::Error) -> StartFailure {
    StartFailure {
        stage,
        subject: subject.to_string(),
        errno: error.raw_os_error(),
        reason: None,
    }
}

fn because(stage: LaunchStage, subject: impl ToString, reason: &str) -> StartFailure {
    StartFailure {
        stage,
        subject: subject.to_string(),
        errno: None,
        reason: Some(reason.to_owned()),
    }
}
