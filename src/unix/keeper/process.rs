//! The process of the keeper: one thread, one wait.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::socket::{SockType, getsockopt, sockopt};

use super::super::child::process_table::ProcessEntry;
use super::super::child::{descriptors, sys};
use super::super::memory_trim::MemoryTrim;
use super::super::pidfd::Pidfd;
use super::super::waiter::Waiter;
use super::super::{clock, self_exe};
use super::messages::{self, KeeperDeadline, KeeperReply, KeeperRequest, SpawnRequest};
use super::trees::{self, Trees};
use crate::core::exit;
use crate::core::time::{Mono, in_words};

/// What `ps` and `top` show beside the arguments.
const NAME: &std::ffi::CStr = c"run_fns_keeper";
/// How many messages are read between two looks at the clock.
const MESSAGES_PER_TURN: usize = 64;
/// The niceness of a keeper that kills.
const MOST_URGENT: i32 = -20;
/// The pauses between two looks at dying processes.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How long a runner that is to be killed is kept stopped, so that it starts nothing while what it
/// has started is killed.
const LONGEST_STOP: Duration = Duration::from_millis(250);

/// Does the keeper's work until its runner is gone. `main` calls it when the first argument of this
/// process is [`KEEPER`](self_exe::KEEPER).
pub(crate) fn main() -> ExitCode {
    ExitCode::from(obey())
}

/// Does the keeper's work; returns the exit code.
pub(crate) fn obey() -> u8 {
    match KeeperProcess::begin() {
        Ok(keeper) => {
            keeper.serve();
            exit::OK
        }
        Err(_) => {
            let text = "this verb is the runner's own: its keeper is asked through a socket\n";
            let _ = io::stderr().write_all(text.as_bytes());
            exit::USAGE
        }
    }
}

/// What may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    /// Nothing: no deadline was ever set.
    None,
    /// Anything, without an end.
    Unlimited,
    Until(KeeperDeadline),
}

/// How far the end of all trees has come, under the present deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// All trees live.
    Calm,
    /// All trees were asked to end.
    Asked,
    /// All trees are being killed.
    Killing(Killing),
    /// None is left.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Killing {
    begun: Mono,
    next: Mono,
    pause: Duration,
    is_runner_dead: bool,
}

struct KeeperProcess {
    socket: OwnedFd,
    runner: Pidfd,
    is_runner_gone: bool,
    guards_runner: bool,
    waiter: Waiter,
    footprint: MemoryTrim,
    trees: Trees,
    /// The niceness that this process began with.
    niceness: i32,
    permission: Permission,
    stage: Stage,
}

impl KeeperProcess {
    /// Turns this process into a keeper: nothing of the runner's is left in it but the socket.
    fn begin() -> io::Result<Self> {
        if getsockopt(&io::stdin(), sockopt::SockType)? != SockType::SeqPacket {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        sys::survive_signals();
        let socket = descriptors::arrange(None, Vec::new())?;
        sys::place(File::open("/dev/null")?.as_fd(), libc::STDIN_FILENO)?;
        // The runner waits with a limit of its own; a keeper waits in one place only.
        fcntl(&socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let prepared = prepare();
        let reply = match &prepared {
            Ok(_) => KeeperReply::Ready,
            Err(error) => KeeperReply::Failed(error.raw_os_error(), error.to_string()),
        };
        messages::send(socket.as_fd(), &reply, &[])?;
        let (runner, waiter) = prepared?;
        Ok(KeeperProcess {
            socket,
            runner,
            is_runner_gone: false,
            guards_runner: false,
            waiter,
            footprint: MemoryTrim::default(),
            trees: Trees::default(),
            niceness: sys::nice(),
            permission: Permission::None,
            stage: Stage::Calm,
        })
    }

    fn serve(mut self) {
        while !(self.is_runner_gone && self.stage == Stage::Over) {
            self.wait();
            self.advance(clock::mono());
        }
        self.trees.remove_cgroups();
    }

    fn wait(&mut self) {
        let due = self.due();
        self.footprint.rest(due.since(clock::mono()));
        let lives = !self.is_runner_gone;
        let sources = [
            lives.then(|| self.socket.as_fd()),
            lives.then(|| self.runner.as_fd()),
        ];
        match self.waiter.wait(sources, due) {
            Ok([true, _]) => self.hear(),
            Ok([_, true]) | Err(_) => self.runner_is_gone(),
            Ok([false, false]) => {}
        }
    }

    fn due(&self) -> Mono {
        match (self.stage, self.permission) {
            (Stage::Killing(killing), _) => killing.next,
            (Stage::Calm, Permission::Until(deadline)) => deadline.term_at.min(deadline.kill_at),
            (Stage::Asked, Permission::Until(deadline)) => deadline.kill_at,
            _ => Mono::NEVER,
        }
    }

    /// Reads what the runner has sent, before any deadline is looked at: it may have set a later
    /// one.
    fn hear(&mut self) {
        for _ in 0..MESSAGES_PER_TURN {
            match messages::receive(self.socket.as_fd()) {
                Ok(Some((request, descriptors))) => self.answer(request, descriptors),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(None) | Err(_) => return self.runner_is_gone(),
            }
        }
    }

    fn answer(&mut self, request: KeeperRequest, descriptors: Vec<OwnedFd>) {
        let reply = match request {
            KeeperRequest::Deadline(deadline) => return self.set(deadline),
            KeeperRequest::Spawn(request) => self.spawn(request, descriptors),
            KeeperRequest::Peek(pid) => self.trees.peek(pid).map(KeeperReply::Child),
            KeeperRequest::Reap(pid) => self.trees.reap(pid).map(KeeperReply::Child),
            KeeperRequest::Signal { pid, signal } => {
                signal_child(pid, signal).map(|()| KeeperReply::Done)
            }
            KeeperRequest::GuardRunner(on) => Ok(self.guard(on)),
        };
        let reply = reply.unwrap_or_else(KeeperReply::from);
        // A runner that does not hear the answer is gone, or will be.
        let _ = messages::send(self.socket.as_fd(), &reply, &[]);
    }

    fn set(&mut self, deadline: Option<KeeperDeadline>) {
        self.permission = deadline.map_or(Permission::Unlimited, Permission::Until);
        // What is being killed cannot be saved by half.
        if !matches!(self.stage, Stage::Killing(_)) {
            self.stage = Stage::Calm;
        }
    }

    /// Returns why nothing may be started now.
    fn objection(&self) -> Option<String> {
        if let Stage::Killing(_) = self.stage {
            return Some("what was started before is being killed at its deadline".to_owned());
        }
        match self.permission {
            Permission::Unlimited => None,
            Permission::None => Some("there is no deadline for it yet".to_owned()),
            Permission::Until(KeeperDeadline { term_at, kill_at }) => {
                let now = clock::mono();
                let last = term_at.min(kill_at);
                let ago = in_words(now.since(last));
                (now >= last).then(|| format!("the deadline for its end was {ago} ago"))
            }
        }
    }

    fn guard(&mut self, on: bool) -> KeeperReply {
        let objection = match on {
            true if self.runner.pid() == 1 => Some(
                "the first process of a container cannot be killed by another one in it: give the \
                 function `isolate = true`, or the container an init (`--init`)"
                    .to_owned(),
            ),
            true => self.objection(),
            false => None,
        };
        if let Some(why) = objection {
            return KeeperReply::Refused(why);
        }
        self.guards_runner = on;
        KeeperReply::Done
    }

    fn spawn(&mut self, request: SpawnRequest, fds: Vec<OwnedFd>) -> io::Result<KeeperReply> {
        let Ok([input, output, environment]) = <[OwnedFd; 3]>::try_from(fds) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut variables = Vec::new();
        File::from(environment).read_to_end(&mut variables)?;
        let [verb, rest @ ..] = request.arguments.as_slice() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut command = self_exe::command(verb)?;
        command.args(rest).env_clear();
        let variables = variables.split(|byte| *byte == 0);
        for text in variables.filter(|text| !text.is_empty()) {
            // A name may begin with `=`; the first one ends none.
            let equals = text.iter().skip(1).position(|byte| *byte == b'=');
            let at = 1 + equals.ok_or(io::ErrorKind::InvalidInput)?;
            command.env(
                OsStr::from_bytes(&text[..at]),
                OsStr::from_bytes(&text[at + 1..]),
            );
        }
        command.stdin(Stdio::from(input));
        command.stdout(Stdio::from(output.try_clone()?));
        command.stderr(Stdio::from(output));
        // The look and the start are one: between them is nothing.
        if let Some(why) = self.objection() {
            return Ok(KeeperReply::Refused(why));
        }
        let pid = i32::try_from(command.spawn()?.id()).map_err(io::Error::other)?;
        self.trees.add(pid, request.stop_signal, request.cgroup);
        Ok(KeeperReply::Spawned(pid))
    }

    fn runner_is_gone(&mut self) {
        self.is_runner_gone = true;
        self.trees.forget_all();
        self.begin_killing(clock::mono());
    }

    fn begin_killing(&mut self, now: Mono) {
        // Among hundreds of processes that fork, this one has to have its turn. Only root may.
        let _ = sys::set_nice(MOST_URGENT);
        self.trees.begin_killing();
        if self.guards_runner && !self.is_runner_gone {
            let _ = self.runner.send(Signal::SIGSTOP);
        }
        self.stage = Stage::Killing(Killing {
            begun: now,
            next: now,
            pause: FIRST_PAUSE,
            is_runner_dead: false,
        });
    }

    /// Does what is due.
    fn advance(&mut self, now: Mono) {
        if let Permission::Until(deadline) = self.permission {
            if now >= deadline.kill_at && matches!(self.stage, Stage::Calm | Stage::Asked) {
                self.begin_killing(now);
            } else if now >= deadline.term_at && self.stage == Stage::Calm {
                self.trees.ask();
                self.stage = Stage::Asked;
            }
        }
        if let Stage::Killing(killing) = self.stage
            && now >= killing.next
        {
            self.kill(killing, now);
        }
    }

    fn kill(&mut self, mut killing: Killing, now: Mono) {
        let is_settled = self.trees.kill();
        if self.guards_runner && !self.is_runner_gone && !killing.is_runner_dead {
            killing.is_runner_dead = self.kill_runner(killing.begun, now);
        } else if is_settled {
            // What is started later inherits it.
            let _ = sys::set_nice(self.niceness);
            self.stage = self.stage_after_killing(now);
            return;
        }
        killing.next = now + killing.pause;
        killing.pause = (killing.pause * 2).min(LONGEST_PAUSE);
        self.stage = Stage::Killing(killing);
    }

    /// Another deadline may have been set meanwhile, for others.
    fn stage_after_killing(&self, now: Mono) -> Stage {
        match self.permission {
            _ if self.is_runner_gone => Stage::Over,
            Permission::Until(deadline) if now >= deadline.kill_at => Stage::Over,
            _ => Stage::Calm,
        }
    }

    /// Kills the stopped runner when what it has started is dead. Returns whether it was killed.
    fn kill_runner(&self, begun: Mono, now: Mono) -> bool {
        let pid = self.runner.pid();
        let is_stopped = ProcessEntry::read(pid).is_some_and(|runner| runner.state == 'T');
        let is_alone = trees::kill_children_of_runner(pid) && is_stopped;
        let is_time = is_alone || now >= begun + LONGEST_STOP;
        is_time && self.runner.send(Signal::SIGKILL).is_ok()
    }
}

/// Prepares this process to keep children; returns the runner, pinned.
fn prepare() -> io::Result<(Pidfd, Waiter)> {
    prctl::set_name(NAME)?;
    sys::mind_children();
    prctl::set_child_subreaper(true)?;
    nix::unistd::setsid()?;
    let gone = || io::Error::other("the runner is gone");
    let parent = nix::unistd::getppid().as_raw();
    let runner = Pidfd::open(parent)?.ok_or_else(gone)?;
    if nix::unistd::getppid().as_raw() != parent {
        return Err(gone());
    }
    // Later its path may be another program.
    self_exe::pin()?;
    Ok((runner, Waiter::new()?))
}

/// Sends a signal to a child of ours that was not reaped, so that its number is its own.
fn signal_child(pid: i32, signal: i32) -> io::Result<()> {
    match sys::peek(sys::Whom::Pid(pid))? {
        sys::ChildState::NoChild => Err(nix::errno::Errno::ESRCH.into()),
        _ => sys::signal_child(pid, signal),
    }
}
