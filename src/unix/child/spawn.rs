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

use super::super::keeper::{Keeper, SpawnRequest};
use super::super::{own_children, self_exe};
use super::cgroup::Cgroup;
use super::environment::{self, RunIdentity};
use super::launch_request::{LaunchReply, LaunchRequest, LaunchTarget};
use super::report::{ReportFile, RunReport};
use super::run_parent::RunParent;
use super::{
    descriptors,
    spec::{Begun, RunTarget, Spec},
    sys,
};
use crate::core::settings::{IoNice, Leak, Program};

/// What a pipe may hold at most without privilege (fs.pipe-max-size): the larger, the fewer the
/// changes between writer and reader.
pub(super) const PIPE_BYTES: i32 = 1024 * 1024;

/// A process that was started, with our ends of all that leads to it.
#[derive(Debug)]
pub(super) struct StartedRun {
    pub(super) pid: i32,
    pub(super) pidfd: OwnedFd,
    pub(super) output: PipeReader,
    pub(super) socket: UnixStream,
    pub(super) report: io::Result<ReportFile>,
    pub(super) cgroup: Option<Cgroup>,
}

impl StartedRun {
    /// Reads what the launcher answered; `None`: it became the program, or its function did not
    /// return. Asked when it has ended.
    pub(super) fn answer(&mut self) -> Option<LaunchReply> {
        let mut text = Vec::new();
        // The socket refuses at its end, which is what is wanted.
        let _ = self.socket.read_to_end(&mut text);
        serde_json::from_slice(&text).ok()
    }

    /// Reads what the run reported about itself.
    pub(super) fn said(&self) -> RunReport {
        match &self.report {
            Ok(report) => report.read(),
            Err(error) => RunReport::nothing(error),
        }
    }
}

/// Starts a run. `deadline`: when it will be stopped.
pub(super) fn spawn(
    spec: &Spec<'_>,
    parent: &RunParent,
    deadline: Option<SystemTime>,
) -> io::Result<StartedRun> {
    let run = spec.run.to_string();
    let user = spec.settings.user.as_deref();
    // A run that cannot say more than its exit code is better than none.
    let report = ReportFile::create(spec.scratch, spec.chain.as_str(), &run, user);
    // Who may outlive its run is not held together with it.
    let cgroup = match spec.settings.leak {
        Leak::Kill => Cgroup::create(&run),
        Leak::Warn | Leak::Allow => None,
    };
    let mut variables = environment(spec, run.clone(), deadline, report.as_ref().ok());
    let mut orders = orders(spec, cgroup.as_ref(), parent.pid());
    if let RunTarget::Program(_) = spec.what {
        orders.late =
            environment::keep_from_the_launcher(&mut variables, environment::of_the_loader());
    }
    let (socket, theirs) = UnixStream::pair()?;
    let letter = letter(&orders)?;
    let (output, writer) = output_pipe()?;
    let launcher = Launcher {
        is_of_a_program: matches!(spec.what, RunTarget::Program(_)),
        variables,
        input: theirs.into(),
        output: writer.into(),
    };
    let pid = match parent.keeper() {
        Some(keeper) => launcher.start_by(keeper, spec, cgroup.as_ref())?,
        None => launcher.start()?,
    };
    own_children::register(pid);
    // Nobody else reaps it, so the number is still its own.
    let pidfd = sys::pin(pid).inspect_err(|_| abandon(pid, parent))?;
    register(spec, &run, pid, cgroup.as_ref());
    // The launcher waits for it, and ends without having begun when we are gone.
    let sent = descriptors::send(&socket, letter.as_fd(), in_flight(spec), spec.standard);
    sent.inspect_err(|_| abandon(pid, parent))?;
    socket.set_nonblocking(true)?;
    Ok(StartedRun {
        pid,
        pidfd,
        output,
        socket,
        report,
        cgroup,
    })
}

/// A launcher that is to be started.
struct Launcher {
    is_of_a_program: bool,
    variables: BTreeMap<OsString, OsString>,
    input: OwnedFd,
    output: OwnedFd,
}

impl Launcher {
    /// Starts it as a child of this process. Returns its number.
    fn start(self) -> io::Result<i32> {
        let mut command = self_exe::command(self_exe::LAUNCHER)?;
        if self.is_of_a_program {
            command.arg(self_exe::OF_A_PROGRAM);
        }
        command.env_clear();
        command.envs(self.variables);
        command.stdout(Stdio::from(self.output.try_clone()?));
        command.stderr(Stdio::from(self.output));
        command.stdin(Stdio::from(self.input));
        let child = command.spawn()?;
        i32::try_from(child.id()).map_err(io::Error::other)
    }

    /// Has a keeper start it as a child of its own. Returns its number.
    fn start_by(
        self,
        keeper: &Keeper,
        spec: &Spec<'_>,
        cgroup: Option<&Cgroup>,
    ) -> io::Result<i32> {
        let mut arguments = vec![self_exe::LAUNCHER.to_owned()];
        if self.is_of_a_program {
            arguments.push(self_exe::OF_A_PROGRAM.to_owned());
        }
        let request = SpawnRequest {
            arguments,
            cgroup: cgroup.map(|cgroup| cgroup.path().to_owned()),
            stop_signal: spec.settings.stop_signal,
        };
        let (input, output) = (self.input.as_fd(), self.output.as_fd());
        keeper.spawn(request, input, output, self.variables)
    }
}

/// Writes the run down, unless what it leaves may live on.
fn register(spec: &Spec<'_>, run: &str, pid: i32, cgroup: Option<&Cgroup>) {
    let register = spec.register;
    if let Some(register) = register.filter(|_| spec.settings.leak == Leak::Kill) {
        register.begins(&Begun {
            run,
            pid,
            user: spec.settings.user.as_deref(),
            cgroup: cgroup.map(Cgroup::path),
        });
    }
}

/// What may outlive its run may outlive the runner too. With the lock it would be ended by the next
/// runner, as something that got away.
fn in_flight<'a>(spec: &Spec<'a>) -> Option<BorrowedFd<'a>> {
    spec.in_flight.filter(|_| spec.settings.leak == Leak::Kill)
}

/// Ends a child that could not be pinned.
fn abandon(pid: i32, parent: &RunParent) {
    parent.end(pid);
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
fn letter(orders: &LaunchRequest) -> io::Result<OwnedFd> {
    let letter = memfd_create(c"run_functions orders", MFdFlags::MFD_CLOEXEC)?;
    let mut file = File::from(letter);
    file.write_all(&serde_json::to_vec(orders)?)?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into())
}

fn orders(spec: &Spec<'_>, cgroup: Option<&Cgroup>, parent: i32) -> LaunchRequest {
    let settings = spec.settings;
    let limits = settings.rlimits.iter();
    LaunchRequest {
        what: work(spec.what, settings.pipefail == Some(true)),
        parent,
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
        passed: match settings.env_clear {
            true => settings.env_pass.clone(),
            false => Vec::new(),
        },
        late: Vec::new(),
        working_dir: settings.working_dir.clone(),
        stdin: settings.stdin.clone(),
        has_standard: spec.standard.is_some(),
        function_context: spec.function_context.map(str::to_owned),
        stop_signal: settings.stop_signal,
    }
}

fn work(what: RunTarget<'_>, pipefail: bool) -> LaunchTarget {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match what {
        RunTarget::Function(name) => LaunchTarget::Function(name.to_string()),
        RunTarget::StepFunction(call) => LaunchTarget::StepFunction(call.to_owned()),
        RunTarget::Program(Program::Command(arguments)) => LaunchTarget::Program(arguments.clone()),
        RunTarget::Program(Program::Shell(line)) if pipefail => {
            LaunchTarget::Pipefail(line.clone())
        }
        RunTarget::Program(Program::Shell(line)) => {
            LaunchTarget::Program(words(&["/bin/sh", "-e", "-c", line]))
        }
        RunTarget::Program(Program::Script(file)) => LaunchTarget::Script(file.clone()),
    }
}

fn environment(
    spec: &Spec<'_>,
    run: String,
    deadline: Option<SystemTime>,
    report: Option<&ReportFile>,
) -> BTreeMap<OsString, OsString> {
    let identity = RunIdentity {
        chain: spec.chain.as_str(),
        task: spec.task.as_str(),
        run,
        deadline,
        fence: spec.fence,
        report: report.map_or(Path::new("/dev/null"), ReportFile::path),
    };
    environment::of_run(std::env::vars_os(), spec.settings, spec.secrets, &identity)
}
