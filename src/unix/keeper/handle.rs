//! The runner's end of its keeper.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::socket::sockopt::{ReceiveTimeout, SendTimeout};
use nix::sys::socket::{
    AddressFamily, Shutdown, SockFlag, SockType, setsockopt, shutdown, socketpair,
};
use nix::sys::time::{TimeVal, TimeValLike};

use super::super::child::environment::of_the_loader;
use super::super::child::sys::{self, ChildState, Whom};
use super::super::pidfd::Pidfd;
use super::super::waiter::Waiter;
use super::super::{clock, own_children, self_exe};
use super::messages::{self, KeeperDeadline, KeeperReply, KeeperRequest, KeptChild, SpawnRequest};

/// A keeper that has not answered for so long does its work no more, and is ended.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// How long a keeper is waited for that is to end. What is longer hangs in the kernel, or is a tree
/// that does.
const LONGEST_END: Duration = Duration::from_secs(5);

/// A process that is the parent of all children of this one, and ends them at a deadline.
///
/// Ended when dropped, with all that descends from it. What a thread asks of it may be asked by
/// another one at the same time.
#[derive(Debug)]
pub struct Keeper {
    socket: OwnedFd,
    process: Pidfd,
    /// Held from a request to its reply.
    turn: Mutex<()>,
    is_gone: AtomicBool,
}

impl Keeper {
    /// Starts a keeper. Before [`set_deadline`](Keeper::set_deadline) was called it refuses to
    /// start anything.
    ///
    /// # Errors
    ///
    /// When the system has no process or descriptor to give, or `/proc` is not mounted.
    pub fn start() -> io::Result<Self> {
        // When the keeper dies, what descends from it comes to us.
        prctl::set_child_subreaper(true)?;
        sys::mind_children();
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        let silence = i64::try_from(LONGEST_SILENCE.as_secs()).unwrap_or(i64::MAX);
        setsockopt(&ours, ReceiveTimeout, &TimeVal::seconds(silence))?;
        setsockopt(&ours, SendTimeout, &TimeVal::seconds(silence))?;
        let mut command = self_exe::command(self_exe::KEEPER)?;
        command.arg(format!("of={}", std::process::id()));
        // Secrets of ours are nothing that it needs.
        command.env_clear().envs(of_the_loader().iter().cloned());
        command.stdin(Stdio::from(theirs));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let pid = i32::try_from(command.spawn()?.id()).map_err(io::Error::other)?;
        drop(command);
        let process = pin(pid)?;
        own_children::register(pid);
        let keeper = Keeper {
            socket: ours,
            process,
            turn: Mutex::new(()),
            is_gone: AtomicBool::new(false),
        };
        match keeper.reply()? {
            KeeperReply::Ready => Ok(keeper),
            reply => Err(error_of(reply)),
        }
    }

    /// Sets when all trees are ended, in the place of what was set before; `None`: never.
    ///
    /// From the moment at which trees are asked to end, nothing is started until
    /// another deadline is set. A deadline that has passed ends what there is at once.
    ///
    /// # Errors
    ///
    /// When the keeper is gone.
    pub fn set_deadline(&self, deadline: Option<KeeperDeadline>) -> io::Result<()> {
        // A keeper that was stopped would miss the deadline.
        let _ = self.process.send(Signal::SIGCONT);
        self.send(&KeeperRequest::Deadline(deadline), &[])
    }

    /// Has this process killed, too, when trees are killed: while a function runs in it, which
    /// nothing else can end. `true` is an error at the moment from which nothing is started.
    ///
    /// # Errors
    ///
    /// When the deadline forbids it, when this process is the first one of a container (which no
    /// process in it can kill), or when the keeper is gone.
    pub fn guard_runner(&self, on: bool) -> io::Result<()> {
        match self.ask(&KeeperRequest::GuardRunner(on), &[])? {
            KeeperReply::Done => Ok(()),
            reply => Err(error_of(reply)),
        }
    }

    /// Returns what becomes readable when the keeper is gone. Then this process must end, with all
    /// that it has started: nothing else ends them at the deadline.
    pub fn source(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }

    /// Returns the number of the process.
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Returns whether the keeper has ended: then its children are ours.
    pub(crate) fn is_gone(&self) -> bool {
        if !self.is_gone.load(Ordering::Relaxed) && self.process.has_ended().unwrap_or(true) {
            self.is_gone.store(true, Ordering::Relaxed);
        }
        self.is_gone.load(Ordering::Relaxed)
    }

    /// Starts a process of our executable. Returns its number, which is its own until it is reaped.
    pub(crate) fn spawn(
        &self,
        request: SpawnRequest,
        input: BorrowedFd<'_>,
        output: BorrowedFd<'_>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> io::Result<i32> {
        let environment = environment(variables)?;
        let descriptors = [input, output, environment.as_fd()];
        match self.ask(&KeeperRequest::Spawn(request), &descriptors)? {
            KeeperReply::Spawned(pid) => Ok(pid),
            reply => Err(error_of(reply)),
        }
    }

    /// Returns whether nothing is left below the keeper.
    pub(crate) fn has_no_children(&self) -> bool {
        let found = self.peek(None);
        found.is_ok_and(|child| child.state == ChildState::NoChild)
    }

    /// Looks how a child (`None`: any) has ended, and leaves it as it is.
    pub(crate) fn peek(&self, pid: Option<i32>) -> io::Result<KeptChild> {
        self.child(&KeeperRequest::Peek(pid))
    }

    /// Looks how a child has ended; if it has, takes it away.
    pub(crate) fn reap(&self, pid: i32) -> io::Result<KeptChild> {
        self.child(&KeeperRequest::Reap(pid))
    }

    /// Sends a signal to a child that was not reaped.
    pub(crate) fn signal(&self, pid: i32, signal: i32) -> io::Result<()> {
        match self.ask(&KeeperRequest::Signal { pid, signal }, &[])? {
            KeeperReply::Done => Ok(()),
            reply => Err(error_of(reply)),
        }
    }

    fn child(&self, request: &KeeperRequest) -> io::Result<KeptChild> {
        match self.ask(request, &[])? {
            KeeperReply::Child(child) => Ok(child),
            reply => Err(error_of(reply)),
        }
    }

    fn ask(&self, request: &KeeperRequest, fds: &[BorrowedFd<'_>]) -> io::Result<KeeperReply> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.send(request, fds)?;
        self.reply()
    }

    fn send(&self, request: &KeeperRequest, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        messages::send(self.socket.as_fd(), request, fds).inspect_err(|_| self.end())
    }

    fn reply(&self) -> io::Result<KeeperReply> {
        loop {
            match messages::receive(self.socket.as_fd()) {
                Ok(Some((reply, _))) => return Ok(reply),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(None) => {
                    self.end();
                    return Err(io::Error::other("the keeper is gone"));
                }
                Err(_) => {
                    self.end();
                    return Err(io::Error::other(
                        "the keeper did not answer, and was killed",
                    ));
                }
            }
        }
    }

    /// Ends a keeper that does not do its work: then its children die with it or become ours.
    fn end(&self) {
        let _ = self.process.send(Signal::SIGKILL);
        self.wait_for_its_end();
        self.is_gone.store(true, Ordering::Relaxed);
    }

    fn wait_for_its_end(&self) {
        if let Ok(mut waiter) = Waiter::new() {
            let _ = waiter.wait([Some(self.source())], clock::mono() + LONGEST_END);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It sees the end of file, ends all trees, and goes.
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
        self.wait_for_its_end();
        let _ = sys::reap(Whom::Pid(self.pid()));
        own_children::unregister(self.pid());
    }
}

fn pin(pid: i32) -> io::Result<Pidfd> {
    let gone = || io::Error::from(Errno::ESRCH);
    // It has ended when its socket is closed.
    Pidfd::open(pid).and_then(|process| process.ok_or_else(gone))
}

fn environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> io::Result<OwnedFd> {
    let mut text = Vec::new();
    for (name, value) in variables {
        text.extend([name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat());
    }
    let file = memfd_create(c"run_functions environment", MFdFlags::MFD_CLOEXEC)?;
    let mut file = File::from(file);
    file.write_all(&text)?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into())
}

/// A start that the deadline forbids: no failure of what was to be started.
#[derive(Debug)]
pub(crate) struct KeeperRefusal(String);

impl std::fmt::Display for KeeperRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeeperRefusal {}

impl KeeperRefusal {
    /// Returns the refusal that an error is, if it is one.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

fn error_of(reply: KeeperReply) -> io::Error {
    match reply {
        KeeperReply::Failed(Some(number), _) => io::Error::from_raw_os_error(number),
        KeeperReply::Failed(None, text) => io::Error::other(text),
        KeeperReply::Refused(why) => io::Error::other(KeeperRefusal(why)),
        _ => io::Error::other("the keeper gave an answer to another question"),
    }
}
