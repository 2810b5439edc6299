//! What functions do to their runner.

use std::fs;
use std::path::Path;

use run_functions::TaskError;

/// Leaves a line in a file, by which a test sees that it runs.
fn note(name: &str) {
    let old = fs::read_to_string(name).unwrap_or_default();
    fs::write(name, format!("{old}x\n")).unwrap();
}

fn for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

#[run_functions::task(success_cooldown = "1day", non_recoverable_downtime = "100ms")]
fn hangs_at_second_run() -> Result<(), &'static str> {
    note("begun");
    if fs::exists("second").unwrap() {
        for_ever();
    }
    fs::write("second", "").unwrap();
    Err("broken")
}

#[run_functions::task]
fn hangs() {
    note("begun");
    for_ever();
}

#[run_functions::task(success_cooldown = "1day")]
fn waits_for_a_child() -> std::io::Result<()> {
    let mut child = std::process::Command::new("sleep").arg("1000").spawn()?;
    fs::write("child", child.id().to_string())?;
    note("begun");
    let status = child.wait()?;
    fs::write("ended", status.to_string())
}

#[run_functions::task(success_cooldown = "0s")]
fn waits_for_go() {
    note("begun");
    while !Path::new("go").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    note("finished");
}

#[run_functions::task(success_cooldown = "0s")]
fn asks(context: &run_functions::Context) {
    assert_eq!((context.fence(), context.deadline()), (None, None));
    note("begun");
    while !context.should_stop() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    note("asked");
}

#[run_functions::task(success_cooldown = "1day")]
fn other() {
    note("other");
}

/// As `ctrlc::set_handler` and its like do.
fn takes_all_signals() {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    extern "C" fn swallow(_: std::ffi::c_int) {}
    let handler = SigHandler::Handler(swallow);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGUSR1,
    ] {
        #[expect(unsafe_code, reason = "a handler concerns the whole process")]
        // SAFETY: the handler does nothing.
        unsafe { sigaction(signal, &action) }.unwrap();
    }
}

#[run_functions::task(success_cooldown = "1day")]
fn takes_signals() {
    takes_all_signals();
    note("begun");
}

#[run_functions::task(success_cooldown = "1day")]
fn takes_signals_and_hangs() {
    takes_all_signals();
    note("begun");
    for_ever();
}

#[run_functions::task(success_cooldown = "1day")]
fn leaves_a_thread_that_takes_signals() {
    std::thread::spawn(|| {
        while !Path::new("go").exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        takes_all_signals();
        for_ever();
    });
}

#[run_functions::task]
fn fatal() -> Result<(), TaskError> {
    Err(TaskError::fatal("the licence has expired"))
}

#[run_functions::task(success_cooldown = "10ms")]
fn later() -> Result<(), TaskError> {
    Err(TaskError::retry_later("somebody else imports"))
}

#[run_functions::task(fail_cooldown = "10ms")]
fn kills_its_runner() {
    note("begun");
    nix::sys::signal::kill(nix::unistd::getpid(), nix::sys::signal::SIGKILL).unwrap();
    for_ever();
}

#[run_functions::task(success_cooldown = "10ms")]
fn dies_when_told() {
    if Path::new("die").exists() {
        nix::sys::signal::kill(nix::unistd::getpid(), nix::sys::signal::SIGKILL).unwrap();
        for_ever();
    }
}

#[run_functions::task(fail_cooldown = "10ms")]
fn exits() {
    note("begun");
    super::leave(0);
}

#[run_functions::task(fail_cooldown = "10ms")]
fn panics_with_its_password() {
    panic!("cannot log in with password=hunter2hunter2");
}
