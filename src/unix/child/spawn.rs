//! Starting the launcher.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::cgroup::Cgroup;
use super::environment::{self, Identity};
use super::orders::{Answer, Orders, Work};
use super::report::{ReportFile, Said};
use super::{Spec, What, descriptors, sys};
use crate::process::{own_children, own_program};
use crate::settings::{IoNice, Leak, Program};

/// What a pipe may hold at most without privilege (fs.pipe-max-size): the larger, the fewer the changes between writer and reader.
pub(super) const PIPE_BYTES: i32 = 1024 * 1024;

/// A process that was started, with our ends of all that leads to it.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) pid: i32,
    pub(super) pidfd: OwnedFd,
    pub(super) output: PipeReader,
    pub(super) socket: UnixStream,
    pub(super) report: io::Result<ReportFile>,
    pub(super) cgroup: Option<Cgroup>,
}

impl Started {
    /// Reads what the launcher answered; `None`: it became the program, or its function did not return. Asked when it has ended.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let mut text = Vec::new();
        // The socket refuses at its end, which is what is wanted.
        let _ = self.socket.read_to_end(&mut text);
        serde_json::from_slice(&text).ok()
    }

    /// Reads what the run said of itself.
    pub(super) fn said(&self) -> Said {
        match &self.report {
            Ok(report) => report.read(),
            Err(error) => Said::nothing(error),
        }
    }
}

/// Starts a run. `deadline`: when it will be stopped.
pub(super) fn spawn(spec: &Spec<'_>, deadline: Option<SystemTime>) -> io::Result<Started> {
    let run = spec.run.to_string();
    let user = spec.settings.user.as_deref();
    // A run that cannot say more than its exit code is better than none.
    let report = ReportFile::create(spec.scratch, spec.chain.as_str(), &run, user);
    // Who may outlive its run is not held together with it.
    let cgroup = match spec.settings.leak {
        Leak::Kill => Cgroup::create(&run),
        Leak::Warn | Leak::Allow => None,
    };
    let mut variables = environment(spec, run, deadline, report.as_ref().ok());
    let mut orders = orders(spec, cgroup.as_ref());
    if let What::Program(_) = spec.what {
        orders.late =
            environment::keep_from_the_launcher(&mut variables, environment::of_the_loader());
    }
    let (socket, theirs) = UnixStream::pair()?;
    let letter = letter(&orders)?;
    descriptors::send(&socket, letter.as_fd(), in_flight(spec))?;
    socket.set_nonblocking(true)?;
    let (output, writer) = output_pipe()?;
    let mut command = own_program::command(own_program::LAUNCHER)?;
    if let What::Program(_) = spec.what {
        command.arg(own_program::OF_A_PROGRAM);
    }
    command.env_clear();
    command.envs(variables);
    command.stdout(Stdio::from(OwnedFd::from(writer.try_clone()?)));
    command.stderr(Stdio::from(OwnedFd::from(writer)));
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    own_children::register(pid);
    // Nobody else reaps it, so the number is still its own.
    let pidfd = sys::pin(pid).inspect_err(|_| abandon(pid))?;
    Ok(Started {
        pid,
        pidfd,
        output,
        socket,
        report,
        cgroup,
    })
}

/// What may outlive its run may outlive the runner too. With the lock it would be ended by the next runner, as something that got away.
fn in_flight<'a>(spec: &Spec<'a>) -> Option<BorrowedFd<'a>> {
    spec.in_flight.filter(|_| spec.settings.leak == Leak::Kill)
}

/// Ends a child that could not be pinned.
fn abandon(pid: i32) {
    let _ = sys::signal_child(pid, libc::SIGKILL);
    let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None);
    own_children::unregister(pid);
}

fn output_pipe() -> io::Result<(PipeReader, io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    let flags = OFlag::O_NONBLOCK;
    // Ours alone: each end has its own flags, and a child does not expect a pipe that refuses.
    fcntl(&reader, FcntlArg::F_SETFL(flags))?;
    Ok((reader, writer))
}

/// Makes room for a run that prints much: most print little, and the room costs time.
pub(super) fn widen(pipe: &PipeReader) {
    // Refused when a user has many pipes: then it is slower.
    let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
}

/// Writes the orders where they block nobody, whatever their size.
fn letter(orders: &Orders) -> io::Result<OwnedFd> {
    let letter = memfd_create(c"run_functions orders", MFdFlags::MFD_CLOEXEC)?;
    let mut file = File::from(letter);
    file.write_all(&serde_json::to_vec(orders)?)?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into())
}

fn orders(spec: &Spec<'_>, cgroup: Option<&Cgroup>) -> Orders {
    let settings = spec.settings;
    let limits = settings.rlimits.iter();
    Orders {
        what: work(spec.what),
        parent: nix::unistd::getpid().as_raw(),
        cgroup: cgroup.map(Cgroup::procs),
        limits: limits.map(|(name, value)| (name.clone(), *value)).collect(),
        nice: settings.nice,
        ionice: settings.ionice.map(|ionice| match ionice {
            IoNice::RealTime(level) => (1, level),
            IoNice::BestEffort(level) => (2, level),
            IoNice::Idle => (3, 0),
        }),
        umask: settings.umask,
        user: settings.user.clone(),
        group: settings.group.clone(),
        given: settings.env.keys().cloned().collect(),
        late: Vec::new(),
        working_dir: settings.working_dir.clone(),
        stdin: settings.stdin.clone(),
        luggage: spec.luggage.map(str::to_owned),
    }
}

fn work(what: What<'_>) -> Work {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match what {
        What::Function(name) => Work::Function(name.to_string()),
        What::Program(Program::Command(arguments)) => Work::Program(arguments.clone()),
        What::Program(Program::Shell(line)) => Work::Program(words(&["/bin/sh", "-e", "-c", line])),
        What::Program(Program::Script(file)) => Work::Script(file.clone()),
    }
}

fn environment(
    spec: &Spec<'_>,
    run: String,
    deadline: Option<SystemTime>,
    report: Option<&ReportFile>,
) -> BTreeMap<OsString, OsString> {
    let identity = Identity {
        chain: spec.chain.as_str(),
        task: spec.task.as_str(),
        run,
        deadline,
        report: report.map_or(Path::new("/dev/null"), ReportFile::path),
    };
    environment::of_run(std::env::vars_os(), spec.settings, spec.secrets, &identity)
}

/// Opens a file to append to, if it is a regular one (or a device such as `/dev/null`): a pipe could block the runner.
pub(super) fn open_output_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.append(true).create(true).mode(0o640);
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() || path == Path::new("/dev/null") {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}
