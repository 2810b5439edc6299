//! A start that something of a former runner bars: no task runs, and the admin hears of it once, however often somebody starts it again.

use std::fs::File;
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;

use crate::support::{Place, eventually};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

/// The in-flight lock of a chain, held by nobody who could be seen or killed: its descriptor is under way between two sockets.
struct Unseen {
    _sockets: (UnixDatagram, UnixDatagram),
}

impl Unseen {
    fn hold(place: &Place, name: &str) -> Self {
        place.write(name, "");
        place.set_mode(name, 0o600);
        let path = place.path(name);
        let file = File::options().write(true).open(path).unwrap();
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).unwrap();
        let sockets = UnixDatagram::pair().unwrap();
        let descriptors = [lock.as_raw_fd()];
        let message = [ControlMessage::ScmRights(&descriptors)];
        let (to, text) = (sockets.0.as_raw_fd(), [IoSlice::new(b"!")]);
        sendmsg::<()>(to, &text, &message, MsgFlags::empty(), None).unwrap();
        // Unlocking it would unlock the one under way: only this descriptor is closed.
        nix::unistd::close(descriptors[0]).unwrap();
        std::mem::forget(lock);
        Unseen { _sockets: sockets }
    }
}

fn place(downtime: &str) -> Place {
    Place::with(&format!(
        "[tasks.a]\nshell = \"echo x >> runs\"\nnon_recoverable_downtime = \"{downtime}\"\n"
    ))
}

/// Starts the chain as often as systemd would in a while.
fn refused(place: &Place, times: usize) {
    for _ in 0..times {
        let mut runner = place.start(&["tasks::a"]);
        assert_eq!(runner.wait_for_end(), Some(75), "{}", runner.log());
        runner.wait_for("holds the in-flight lock, and cannot be seen from here");
    }
}

const FIRST: &str = "[tasks::a] First exception caught: the runner gives up: a process";

#[test]
fn a_start_that_is_barred_is_mailed_once_and_succeeds_when_the_way_is_free() {
    let place = place("12h");
    let unseen = Unseen::hold(&place, "run/a.task");
    refused(&place, 2);
    assert_eq!(place.read("runs"), "");
    let subjects = place.all_subjects();
    assert!(
        matches!(&subjects[..], [only] if only.starts_with(FIRST)),
        "{subjects:?}"
    );
    drop(unseen);
    let runner = place.start(&["tasks::a"]);
    assert!(eventually(|| place.read("runs") == "x\n"));
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.all_subjects().len(), 1);
}

#[test]
fn a_chain_that_stays_barred_is_down_and_its_admin_is_reminded() {
    let place = place("1s");
    let _unseen = Unseen::hold(&place, "run/a.task");
    refused(&place, 2);
    let subjects = place.all_subjects();
    assert!(
        matches!(&subjects[..], [first, again]
            if first.starts_with(FIRST) && again.contains("Non recoverable downtime reached")),
        "{subjects:?}"
    );
}
