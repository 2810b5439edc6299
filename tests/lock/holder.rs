//! A holder that is a process of its own: the example `hold_lock`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Once};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::servers::eventually;

/// A process that holds a lock until it is asked to stop.
pub(crate) struct Holder {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Holder {
    /// Builds the example, and returns its path.
    pub(crate) fn program() -> PathBuf {
        static BUILT: Once = Once::new();
        BUILT.call_once(|| {
            let mut cargo = crate::support::cargo();
            cargo.args(["build", "--quiet", "--example", "hold_lock"]);
            assert!(cargo.status().unwrap().success());
        });
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
        profile.join("examples/hold_lock")
    }

    /// Starts a command that ends in the words of a holder.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("cargo has built the example");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (out, sink) = (child.stdout.take().unwrap(), Arc::clone(&lines));
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                sink.lock().unwrap().push(line);
            }
        });
        Holder { child, lines }
    }

    /// Starts a holder of a lock.
    pub(crate) fn of(url: &str, name: &str, ttl: &str) -> Self {
        let mut command = Command::new(Holder::program());
        command.args([url, name, ttl]);
        Holder::start(command)
    }

    /// Returns the lines that begin so.
    pub(crate) fn lines(&self, start: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|line| line.starts_with(start))
            .cloned()
            .collect()
    }

    /// Waits until so many lines begin so.
    #[track_caller]
    pub(crate) fn wait_for(&self, start: &str, count: usize) {
        eventually(start, || self.lines(start).len() >= count);
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Ends its input, and waits for its end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
