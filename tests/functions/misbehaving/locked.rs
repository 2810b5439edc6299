//! Functions whose lock server goes away while they run: each makes it do so itself.

use std::fs;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, raise};
use run_functions::Context;
use run_functions::lock::{Lock, LockError, LockSettings, MemoryLocks};

static SERVER: LazyLock<MemoryLocks> =
    LazyLock::new(|| MemoryLocks::with_ttl(Duration::from_secs(3)));

fn open(_: &LockSettings, name: &str) -> Result<Box<dyn Lock>, LockError> {
    Ok(Box::new(SERVER.open(name)))
}
run_functions::lock_backend!("memory", open);

fn for_ever() -> ! {
    loop {
        thread::park();
    }
}

/// Ends, by an error, as soon as it is asked to; at its second run it writes down its fence.
#[run_functions::task(success_cooldown = "1day", fail_cooldown = "10ms")]
fn watches(context: &Context) -> Result<(), &'static str> {
    let fence = context.fence().expect("it runs under a lock");
    if let Ok(first) = fs::read_to_string("first") {
        return fs::write("fences", format!("{first} {fence}")).map_err(|_| "cannot write");
    }
    fs::write("first", fence.to_string()).unwrap();
    SERVER.set_reachable(false);
    while !context.should_stop() {
        thread::park_timeout(Duration::from_millis(1));
    }
    SERVER.set_reachable(true);
    Err("asked to stop")
}

/// Its server is away in the cooldown until the file `back` is there.
#[run_functions::task(success_cooldown = "1day")]
fn is_cut_off_later() {
    SERVER.set_reachable(false);
    thread::spawn(|| {
        while !fs::exists("back").unwrap() {
            thread::park_timeout(Duration::from_millis(1));
        }
        SERVER.set_reachable(true);
    });
}

#[run_functions::task]
fn never_returns() {
    SERVER.set_reachable(false);
    for_ever();
}

#[run_functions::task]
fn stops_its_runner() {
    let child = std::process::Command::new("sleep").arg("1000").spawn();
    fs::write("child", child.unwrap().id().to_string()).unwrap();
    raise(Signal::SIGSTOP).unwrap();
    for_ever();
}

/// Nothing can be logged any more, so that no thread of the runner comes further than that.
#[run_functions::task]
fn talks_for_ever() {
    SERVER.set_reachable(false);
    loop {
        eprintln!("and another word");
    }
}
