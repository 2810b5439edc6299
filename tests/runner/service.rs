//! What a service manager hears from a runner, by the protocol of sd_notify(3).

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::support::limits::{with_time_enough, words};
use crate::support::{Place, Runner, eventually};

/// A service manager, as far as a runner can tell.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    fn at(place: &Place) -> Self {
        let socket = UnixDatagram::bind(place.path("notify")).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        Manager {
            socket,
            heard: Vec::new(),
        }
    }

    fn hears(&mut self, text: &str) -> bool {
        eventually(|| {
            let mut bytes = [0; 4096];
            if let Ok(count) = self.socket.recv(&mut bytes) {
                self.heard
                    .push(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
            self.heard.iter().any(|heard| heard.contains(text))
        })
    }
}

#[test]
fn it_hears_ready_what_is_done_and_stopping() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let mut manager = Manager::at(&place);
    let mut command = place.command(&["tasks::a"]);
    command.env("NOTIFY_SOCKET", place.path("notify"));
    let runner = Runner::start(command);
    assert!(manager.hears("READY=1"), "{:?}", manager.heard);
    assert!(
        manager.hears("STATUS=sleeping 1day, then tasks::a"),
        "{:?}",
        manager.heard
    );
    assert_eq!(runner.stop(), Some(0));
    assert!(manager.hears("STOPPING=1"), "{:?}", manager.heard);
    assert!(manager.hears("EXTEND_TIMEOUT_USEC="), "{:?}", manager.heard);
}

#[test]
fn the_watchdog_is_fed_while_a_task_is_within_its_time_and_not_beyond() {
    with_time_enough(|limit| {
        let limit = words(limit);
        let place = Place::with(&format!(
            "kill_grace = \"1h\"\n[tasks.a]\nshell = \"trap '' TERM; echo x > begun; while :; do sleep 0.05; done\"\n\
             timeout = \"{limit}\"\n"
        ));
        let mut manager = Manager::at(&place);
        let mut command = place.command(&["tasks::a"]);
        command
            .env("NOTIFY_SOCKET", place.path("notify"))
            .env("WATCHDOG_USEC", "100000");
        let mut runner = Runner::start(command);
        assert!(manager.hears("WATCHDOG=1"), "{:?}", manager.heard);
        let has_begun = || !place.read("begun").is_empty();
        assert!(eventually(|| has_begun() || runner.count("timed out") > 0));
        if !has_begun() {
            return false;
        }
        // Past its timeout it is silent: as many intervals pass without a word as would have brought many.
        let silent = eventually(|| {
            manager.heard.clear();
            manager
                .socket
                .set_read_timeout(Some(Duration::from_secs(1)))
                .unwrap();
            manager.socket.recv(&mut [0; 4096]).is_err()
        });
        assert!(silent);
        runner.signal(nix::sys::signal::Signal::SIGQUIT);
        assert_eq!(runner.wait_for_end(), Some(131));
        true
    });
}

#[test]
fn no_child_gets_the_line_to_the_service_manager() {
    let place = Place::with("[tasks.a]\nshell = \"env > seen\"\nsuccess_cooldown = \"1day\"\n");
    let _manager = Manager::at(&place);
    let mut command = place.command(&["tasks::a"]);
    command
        .env("NOTIFY_SOCKET", place.path("notify"))
        .env("WATCHDOG_USEC", "10000000");
    let runner = Runner::start(command);
    runner.wait_for("Sleeping 1day");
    assert_eq!(runner.stop(), Some(0));
    let seen = place.read("seen");
    assert!(seen.contains("RUN_FUNCTIONS_TASK=tasks::a"), "{seen}");
    assert!(
        !seen.contains("NOTIFY_SOCKET") && !seen.contains("WATCHDOG"),
        "{seen}"
    );
}

#[test]
fn the_watchdog_is_fed_while_the_chain_sleeps() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let mut manager = Manager::at(&place);
    let mut command = place.command(&["tasks::a"]);
    command
        .env("NOTIFY_SOCKET", place.path("notify"))
        .env("WATCHDOG_USEC", "100000");
    let runner = Runner::start(command);
    runner.wait_for("Sleeping 1day");
    // What was said until now is heard; then it goes on.
    for _ in 0..3 {
        assert!(manager.hears("STATUS=sleeping"), "{:?}", manager.heard);
        manager
            .heard
            .retain(|heard| heard.contains("STATUS=sleeping"));
        assert!(manager.hears("WATCHDOG=1"), "{:?}", manager.heard);
    }
    assert_eq!(runner.stop(), Some(0));
}
