//! What functions do to their processes.

mod locked;

use std::error::Error;

use run_functions::{Context, TaskError};

#[run_functions::task]
pub(crate) fn fine() {
    println!("all is well");
}

#[run_functions::task]
pub(crate) fn fails() -> Result<(), Box<dyn Error + Send + Sync>> {
    let cause = std::io::Error::other("the disk is full");
    Err(Box::new(std::io::Error::other(Chain(cause))))
}

#[derive(Debug)]
struct Chain(std::io::Error);

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot save")
    }
}

impl Error for Chain {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[run_functions::task]
pub(crate) fn panics() {
    panic!("out of {}", "cheese");
}

#[run_functions::task]
pub(crate) fn later() -> Result<(), TaskError> {
    Err(TaskError::retry_later("not yet"))
}

#[run_functions::task]
pub(crate) fn fatal() -> Result<(), TaskError> {
    Err(TaskError::fatal("no licence").kind("licence"))
}

#[run_functions::task]
pub(crate) fn aborts() {
    eprintln!("last words");
    std::process::abort();
}

#[run_functions::task]
pub(crate) fn exits() {
    leave(0);
}

#[run_functions::task]
pub(crate) fn overflows() {
    fn deeper(depth: u64) -> u64 {
        let block = std::hint::black_box([depth; 512]);
        if depth == u64::MAX {
            0
        } else {
            deeper(depth + 1) + block[7]
        }
    }
    println!("{}", deeper(0));
}

#[run_functions::task]
pub(crate) fn segfaults() {
    // The first one is taken by the handler that looks for stack overflows.
    signal_own_process(nix::sys::signal::SIGSEGV);
    signal_own_process(nix::sys::signal::SIGSEGV);
}

#[run_functions::task]
pub(crate) fn is_killed() {
    signal_own_process(nix::sys::signal::SIGKILL);
}

#[run_functions::task]
pub(crate) fn takes_all_memory() {
    let all = vec![1_u8; 1 << 40];
    println!("{}", all[all.len() / 2]);
}

#[run_functions::task]
pub(crate) fn asks(context: &Context) -> Result<(), Box<dyn Error + Send + Sync>> {
    let left = context.deadline().ok_or("no deadline")?;
    println!(
        "fence {:?}, is over: {}",
        context.fence(),
        left.elapsed().is_ok()
    );
    while !context.should_stop() {
        std::thread::yield_now();
    }
    println!("was asked");
    Ok(())
}

#[run_functions::task]
pub(crate) fn never_ends() {
    loop {
        std::hint::spin_loop();
    }
}

#[run_functions::task]
pub(crate) fn leaks() {
    std::thread::spawn(|| {
        loop {
            std::thread::park();
        }
    });
    std::mem::forget(std::fs::File::open("/dev/null"));
    let _ = std::process::Command::new("sleep").arg("1000").spawn();
}

#[run_functions::task]
pub(crate) fn says_what_it_finds() {
    let names = std::fs::read_dir("/proc/self/fd").unwrap();
    let numbers = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut numbers: Vec<u32> = numbers.map(|name| name.parse().unwrap()).collect();
    numbers.sort_unstable();
    let task = std::env::var("RUN_FUNCTIONS_TASK").unwrap();
    println!("{numbers:?} {task}");
}

/// As a library of somebody else would, in the middle of a task.
#[expect(clippy::disallowed_methods, reason = "that is what is tested")]
fn leave(code: i32) {
    std::process::exit(code);
}

fn signal_own_process(signal: nix::sys::signal::Signal) {
    nix::sys::signal::raise(signal).unwrap();
}
