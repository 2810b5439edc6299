//! What children cost, each as a ratio to the same work without us, measured in one run: `cargo bench --bench child`, or a part of it:
//! `cargo bench --bench child -- spawn functions capture kill cgroup orphan keeper soak large`.
//!
//! | line | goal |
//! |---|---|
//! | spawn to reaped | ≤ 2.2 × posix_spawn, whatever the size of the runner |
//! | capture | ≥ 1 GB/s, memory ≤ `max_log_bytes` + 1 MB |
//! | kill a tree of 100 | ≤ 20 ms |
//! | private memory of a keeper | ≤ 1 MB |
//!
//! What a start costs: the C library asks the processor what it can (`CPUID`) each time a program begins, and a virtual machine answers
//! that in the host. There it is half of the start of `/bin/true`, and the launcher pays it once more. A C program of one `execve` between
//! takes 1.8 there already. Beside other work a ratio of times says little, for a new session is a new group to the scheduler, which has it
//! wait; `chrt -f 10` in front, as root, measures as if the machine were quiet. `benches/peers.sh` has the same work under other supervisors.

#![expect(clippy::print_stdout, reason = "the answer of a measure")]

use std::ffi::CString;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use run_functions::__internal::child::{ChildRun, EndedRun, RunTarget, Spec};
use run_functions::__internal::keeper::Keeper;
use run_functions::__internal::{ChainName, ChildSettings, Mono, Outcome, Program, RunId, now};
use run_functions::TaskName;

#[path = "child/keeper.rs"]
mod keeper;

mod tasks {
    //! What is run without a program.

    #[run_functions::task]
    pub(crate) fn nothing() {}
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("__launch" | "__keeper") => return run_functions::main(),
        Some("hold") => {
            run(
                RunTarget::Program(&shell("echo $$ >&2; exec sleep 1000")),
                |to| {
                    to.output_file = Some(arguments[2].clone().into());
                },
            );
            return ExitCode::SUCCESS;
        }
        Some("kept") => {
            keeper::kept();
            return ExitCode::SUCCESS;
        }
        Some("trees") => {
            trees(" in a cgroup of its own");
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    tasks::nothing();
    // What cargo passes itself begins with dashes.
    let chosen: Vec<&str> = arguments[1..]
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_wanted = |name: &str| chosen.is_empty() || chosen.contains(&name);
    let measures: [(&str, fn()); 9] = [
        ("spawn", || spawning("a small runner")),
        ("functions", isolated_functions),
        ("capture", capture),
        ("kill", || trees("")),
        ("cgroup", cgroups),
        ("orphan", orphaned),
        ("keeper", || {
            let own = std::env::current_exe().expect("/proc");
            let status = Command::new(own).arg("kept").status();
            assert!(status.is_ok_and(|status| status.success()));
        }),
        ("soak", || soak(2_000)),
        ("large", large),
    ];
    for (_, measure) in measures.iter().filter(|(name, _)| is_wanted(name)) {
        measure();
    }
    ExitCode::SUCCESS
}

fn trees(place: &str) {
    for count in [2, 100, 1000] {
        killing(&format!("one group{place}"), count, "sleep 1000");
        let how = format!("each its own session{place}");
        killing(&how, count, "setsid sleep 1000");
    }
}

/// The same below a cgroup that is ours, as under systemd with `Delegate=yes`: there `cgroup.kill` does the work of the sweep.
fn cgroups() {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("/proc");
    let root = mounts.lines().find_map(|line| {
        let (mount, rest) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?;
        rest.starts_with("cgroup2 ").then(|| PathBuf::from(point))
    });
    let path = root
        .unwrap_or_default()
        .join(format!("run_functions_bench_{}", std::process::id()));
    if std::fs::create_dir(&path).is_err() || !delegate(&path) {
        println!("kill a tree in a cgroup: needs root and a writable cgroup2");
        let _ = std::fs::remove_dir(&path);
        return;
    }
    let enter = "echo $$ > \"$1\"/cgroup.procs; exec \"$0\" trees";
    let own = std::env::current_exe().expect("/proc");
    let mut shell = Command::new("/bin/sh");
    let status = shell.args(["-c", enter]).arg(own).arg(&path).status();
    assert!(status.is_ok_and(|status| status.success()));
    while std::fs::remove_dir(&path).is_err_and(|error| error.kind() == ErrorKind::ResourceBusy) {
        rest();
    }
}

/// Marks a cgroup as systemd does it for `Delegate=yes`.
#[expect(unsafe_code, reason = "no safe form in std or nix")]
fn delegate(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    let name = c"trusted.delegate";
    // SAFETY: both texts end with NUL, and one byte is given as one byte.
    let done = unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), c"1".as_ptr().cast(), 1, 0) };
    done == 0
}

fn large() {
    let ballast = vec![1_u8; 1 << 30];
    spawning("a runner of 1 GiB");
    println!(
        "({} bytes of ballast)",
        std::hint::black_box(&ballast).len()
    );
}

fn shell(line: &str) -> Program {
    Program::Shell(line.to_owned())
}

fn start(what: RunTarget<'_>, change: impl FnOnce(&mut ChildSettings)) -> ChildRun {
    start_below(None, what, change)
}

fn start_below(
    keeper: Option<&Arc<Keeper>>,
    what: RunTarget<'_>,
    change: impl FnOnce(&mut ChildSettings),
) -> ChildRun {
    let name = TaskName::parse("tasks::nothing").expect("a name");
    let mut settings = ChildSettings::default();
    change(&mut settings);
    let spec = Spec {
        what,
        settings: &settings,
        timeout: None,
        chain: &ChainName::parse("bench").expect("a name"),
        task: &name,
        run: RunId(1),
        secrets: &[],
        in_flight: None,
        register: None,
        function_context: None,
        fence: None,
        keeper,
        standard: None,
        scratch: Some(&std::env::temp_dir()),
    };
    ChildRun::start(&spec, now()).expect("it starts")
}

fn run(what: RunTarget<'_>, change: impl FnOnce(&mut ChildSettings)) -> EndedRun {
    start(what, change).finish().expect("it can be waited for")
}

/// Returns how long something takes, at the median of many times.
fn median(times: usize, mut something: impl FnMut()) -> Duration {
    let mut all: Vec<Duration> = (0..times).map(|_| took(&mut something)).collect();
    all.sort();
    all[times / 2]
}

fn took(something: impl FnOnce()) -> Duration {
    let begun = now().mono;
    something();
    now().mono.since(begun)
}

fn spawning(of: &str) {
    const TIMES: usize = 400;
    let program = Program::Command(vec!["/bin/true".to_owned()]);
    // In turn, one and one: a busy moment hits both, and neither finds only its own in the caches, as between the runs of a chain.
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        bare.push(took(|| {
            let status = Command::new("/bin/true").stdin(Stdio::null()).status();
            assert!(status.is_ok_and(|status| status.success()));
        }));
        ours.push(took(|| {
            let ended = run(RunTarget::Program(&program), |_| {});
            assert!(matches!(ended.outcome, Outcome::Success));
        }));
    }
    bare.sort();
    ours.sort();
    let (bare, ours) = (bare[TIMES / 2], ours[TIMES / 2]);
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    println!(
        "spawn to reaped, {of}: posix_spawn {} µs, ours {} µs, ratio {ratio:.2}",
        bare.as_micros(),
        ours.as_micros()
    );
}

fn isolated_functions() {
    let name = TaskName::parse("tasks::nothing").expect("a name");
    let each = median(400, || {
        let ended = run(RunTarget::Function(&name), |_| {});
        assert!(matches!(ended.outcome, Outcome::Success), "{ended:?}");
    });
    println!(
        "isolated functions: {:.0} per second ({each:.1?} each)",
        1.0 / each.as_secs_f64()
    );
}

fn capture() {
    const BYTES: u64 = 8 << 30;
    // So that what is needed once is there.
    run(RunTarget::Program(&shell("true")), |_| {});
    let words = "dd if=/dev/zero bs=1M count=8192 status=none".split(' ');
    let words: Vec<String> = words.map(str::to_owned).collect();
    let begun = now().mono;
    let mut bare = Command::new(&words[0]);
    let mut child = bare
        .args(&words[1..])
        .stdout(Stdio::piped())
        .spawn()
        .expect("dd");
    let mut buffer = vec![0; 256 * 1024];
    let mut pipe = child.stdout.take().expect("a pipe");
    while pipe.read(&mut buffer).expect("it can be read") > 0 {}
    child.wait().expect("dd ends");
    let bare = per_second(BYTES, begun);
    let before = memory("VmRSS");
    let begun = now().mono;
    let ended = run(RunTarget::Program(&Program::Command(words)), |_| {});
    let ours = per_second(BYTES, begun);
    let grown = memory("VmHWM").saturating_sub(before);
    assert!(ended.output().cut > BYTES - 1_000_000);
    println!(
        "capture: a bare pipe {bare:.2} GB/s, ours {ours:.2} GB/s; memory grew by {grown} KiB at most"
    );
}

fn per_second(bytes: u64, begun: Mono) -> f64 {
    bytes as f64 / now().mono.since(begun).as_secs_f64() / 1e9
}

/// Returns a size of this process, in KiB.
fn memory(of: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status
        .lines()
        .find(|line| line.starts_with(of))
        .expect("the line");
    let size = line
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|size| size.parse().ok());
    size.expect("a number")
}

/// Lets others have the processor, which one that only looks would keep from them.
fn rest() {
    nix::poll::poll(&mut [], 1_u8).expect("a moment");
}

fn killing(how: &str, count: usize, each: &str) {
    let mark = std::env::temp_dir().join(format!("run_functions_bench_{}", std::process::id()));
    let most: Vec<Duration> = (0..5)
        .map(|_| {
            let _ = std::fs::remove_file(&mark);
            let line = format!(
                "i=1; while [ $i -lt {count} ]; do {each} & i=$((i+1)); done; sleep 0.5; \
                 echo > {}; exec sleep 1000",
                mark.display()
            );
            let mut run = start(RunTarget::Program(&shell(&line)), |_| {});
            while !mark.exists() {
                rest();
            }
            let begun = now().mono;
            run.kill(begun);
            let ended = run.finish().expect("it can be waited for");
            assert!(ended.unkillable.is_empty());
            now().mono.since(begun)
        })
        .collect();
    let _ = std::fs::remove_file(&mark);
    let (best, worst) = (most.iter().min(), most.iter().max());
    if let (Some(best), Some(worst)) = (best, worst) {
        println!("kill a tree of {count}, {how}: {best:.1?} to {worst:.1?}");
    }
}

/// From `kill -9` of a runner to the end of its command, which becomes our child, for we are the runner's.
fn orphaned() {
    let file = std::env::temp_dir().join(format!("run_functions_bench_{}", std::process::id()));
    let mut all: Vec<Duration> = (0..20)
        .map(|_| {
            let _ = std::fs::remove_file(&file);
            let own = std::env::current_exe().expect("/proc");
            let mut runner = Command::new(own);
            let mut runner = runner.arg("hold").arg(&file).spawn().expect("it starts");
            let pid = loop {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                if let Some(Ok(pid)) = text.strip_suffix('\n').map(str::parse) {
                    break pid;
                }
                std::thread::yield_now();
            };
            let begun = now().mono;
            runner.kill().expect("it is ours");
            runner.wait().expect("it is ours");
            let ended = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None);
            ended.expect("its orphan is ours");
            now().mono.since(begun)
        })
        .collect();
    let _ = std::fs::remove_file(&file);
    all.sort();
    println!(
        "runner killed -9 to command gone: {:.1?}",
        all[all.len() / 2]
    );
}

/// Memory by `smaps_rollup`, which counts; the sizes in `status` are estimates that miss up to 32 pages for each processor.
fn counted(of: &str) -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").expect("/proc");
    let line = rollup.lines().find(|line| line.starts_with(of));
    let size = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
    size.expect("a number")
}

fn soak(times: usize) {
    let program = Program::Command(vec!["/bin/true".to_owned()]);
    let open = || std::fs::read_dir("/proc/self/fd").expect("/proc").count();
    let before = (open(), counted("Rss"), counted("Anonymous"));
    for _ in 0..times {
        run(RunTarget::Program(&program), |_| {});
    }
    let after = (open(), counted("Rss"), counted("Anonymous"));
    println!(
        "{times} commands: descriptors {} to {}, RSS {} to {} KiB, of that anonymous {} to {}",
        before.0, after.0, before.1, after.1, before.2, after.2
    );
}
