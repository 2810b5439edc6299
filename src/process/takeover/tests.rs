//! Claims about takeover, each with real processes (the starters of the race driver) or with this one as the newcomer.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal as Number;
use nix::unistd::mkfifo;

use super::race::{Ground, Manner, Starter};
use super::*;
use crate::exit;
use crate::process::clock;
use crate::process::in_flight::InFlight;
use crate::process::lock::{LockFile, try_flock};
use crate::process::pidfile::Standing;
use crate::process::run_root::UnsafePath;
use crate::process::signals::Signals;
use crate::state::holder::Holder;
use crate::time::Mono;

const SECOND: Duration = Duration::from_secs(1);
const NONE: Duration = Duration::ZERO;

/// This process as a newcomer.
struct Attempt {
    result: Result<Held, TakeoverError>,
    /// What was told on the way.
    told: Vec<String>,
}

impl Attempt {
    fn of(ground: &Ground, tasks: &[&str], policy: &Takeover) -> Self {
        let (_, signals) = Signals::install().unwrap();
        let mut told = Vec::new();
        let mut out = |progress: Progress| told.push(progress.to_string());
        let tasks: Vec<TaskName> = tasks.iter().map(|t| TaskName::parse(t).unwrap()).collect();
        let result = RunRoot::open(&ground.root())
            .map_err(TakeoverError::from)
            .and_then(|root| acquire(&root, &chain(), &tasks, policy, &signals, &mut out));
        Attempt { result, told }
    }

    fn plain(ground: &Ground) -> Self {
        Attempt::of(ground, &["tasks::x"], &patient())
    }

    fn exit_code(&self) -> u8 {
        match &self.result {
            Ok(held) => panic!("holds the chain: {held:?}"),
            Err(error) => error.exit_code(),
        }
    }

    fn error(&self) -> String {
        self.result
            .as_ref()
            .expect_err("holds the chain")
            .to_string()
    }

    fn replaced(&self) -> Option<i32> {
        self.result.as_ref().expect("holds the chain").replaced
    }
}

fn chain() -> ChainName {
    ChainName::parse("x").unwrap()
}

/// Waits long before it calls anything stuck: the machine may be slow.
fn patient() -> Takeover {
    let mut policy = Takeover::promising(60 * SECOND, NONE);
    policy.patience.margin = 60 * SECOND;
    policy.patience.after_kill = 60 * SECOND;
    policy
}

/// Takes a promise for spent as soon as it is.
fn strict() -> Takeover {
    let mut policy = patient();
    policy.patience.margin = Duration::from_millis(50);
    policy
}

fn stubborn(stop_timeout: Duration) -> Manner {
    Manner {
        stubborn: true,
        stop_timeout,
        ..Manner::default()
    }
}

fn slow() -> Manner {
    Manner {
        slow: true,
        ..Manner::default()
    }
}

fn on_ground(prepare: impl FnOnce(&Path)) -> Ground {
    let ground = Ground::new();
    RunRoot::open(&ground.root()).unwrap();
    prepare(&ground.path("x.pid"));
    ground
}

fn innocent() -> Child {
    Command::new("sleep").arg("1000").spawn().unwrap()
}

fn end(mut child: Child) {
    assert!(child.try_wait().unwrap().is_none(), "it was killed");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn dead_pid() -> i32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id() as i32
}

#[test]
fn a_chain_that_nobody_holds_is_taken_and_the_pid_written() {
    let ground = Ground::new();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    assert_eq!(attempt.told, ["Wrote pidfile x"]);
    let text = fs::read_to_string(ground.path("x.pid")).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
    let mode = fs::metadata(ground.path("x.pid"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = fs::metadata(ground.root()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_pidfile_of_a_dead_process_is_wiped_in_the_words_of_the_origin() {
    let pid = dead_pid();
    let ground = on_ground(|path| fs::write(path, format!("{pid}\n")).unwrap());
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    let words = [
        format!("Found pidfile x containing: {pid}"),
        format!("Could not find /proc/{pid}, wiping pidfile x"),
        "Wrote pidfile x".to_owned(),
    ];
    assert_eq!(attempt.told, words);
}

#[test]
fn a_process_that_a_pidfile_merely_names_survives() {
    let child = innocent();
    let pid = child.id();
    let ground = on_ground(|path| fs::write(path, pid.to_string()).unwrap());
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    assert!(attempt.told[1].starts_with(&format!("Process {pid} does not hold")));
    end(child);
}

#[test]
fn whatever_is_written_in_a_pidfile_does_not_stop_a_start() {
    let huge = vec![b'7'; 1 << 20];
    let texts: [&[u8]; 8] = [
        b"",
        b"\n",
        b"-1",
        b"0",
        b"abc\n",
        b"\0\0\0\0\0",
        b"\xff\xfe\x00",
        &huge,
    ];
    for text in texts {
        let ground = on_ground(|path| fs::write(path, text).unwrap());
        assert_eq!(Attempt::plain(&ground).replaced(), None);
        let now = fs::read_to_string(ground.path("x.pid")).unwrap();
        assert_eq!(now, format!("{}\n", std::process::id()));
    }
}

#[test]
fn an_unreadable_pidfile_is_used_by_root_and_refused_to_others_untouched() {
    let ground = on_ground(|path| {
        fs::write(path, "1\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0)).unwrap();
    });
    let attempt = Attempt::plain(&ground);
    if nix::unistd::geteuid().is_root() {
        assert_eq!(attempt.replaced(), None);
    } else {
        assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
        assert_eq!(fs::metadata(ground.path("x.pid")).unwrap().len(), 2);
    }
}

/// Both locks are files of ours; what stands in the place of either is refused, named, and left as it is.
#[track_caller]
fn refused(words: &str, prepare: impl Fn(&Path)) {
    for file in ["x.pid", "x.next"] {
        let ground = on_ground(|_| {});
        prepare(&ground.path(file));
        let before = fs::symlink_metadata(ground.path(file)).unwrap();
        let attempt = Attempt::plain(&ground);
        assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
        assert!(attempt.error().contains(words), "{}", attempt.error());
        assert!(attempt.error().contains(file), "{}", attempt.error());
        let after = fs::symlink_metadata(ground.path(file)).unwrap();
        assert_eq!(
            (before.len(), before.modified().unwrap()),
            (after.len(), after.modified().unwrap())
        );
    }
}

#[test]
fn a_symlink_in_the_place_of_a_lock_is_never_followed() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), "precious").unwrap();
    refused("is a symbolic link", |path| {
        symlink(elsewhere.path(), path).unwrap();
    });
    refused("is a symbolic link", |path| {
        symlink(path.with_file_name("nowhere"), path).unwrap();
        assert!(!path.with_file_name("nowhere").exists());
    });
    assert_eq!(fs::read(elsewhere.path()).unwrap(), b"precious");
}

#[test]
fn a_fifo_in_the_place_of_a_lock_does_not_hang_a_start() {
    let mode = nix::sys::stat::Mode::S_IRWXU;
    refused("is a fifo", |path| mkfifo(path, mode).unwrap());
}

#[test]
fn a_hard_link_in_the_place_of_a_lock_is_refused() {
    refused("has 2 names", |path| {
        let precious = path.with_file_name("precious");
        fs::write(&precious, "precious").unwrap();
        fs::hard_link(precious, path).unwrap();
    });
}

#[test]
fn a_directory_and_a_socket_in_the_place_of_a_lock_are_refused() {
    refused("is a directory", |path| fs::create_dir(path).unwrap());
    refused("is a socket", |path| {
        drop(UnixListener::bind(path).unwrap())
    });
}

#[test]
#[ignore = "needs root"]
fn a_foreign_file_in_the_place_of_a_lock_is_refused() {
    refused("belongs to uid 12345", |path| {
        fs::write(path, "1\n").unwrap();
        std::os::unix::fs::chown(path, Some(12345), None).unwrap();
    });
}

#[test]
#[ignore = "needs root"]
fn a_foreign_directory_is_refused() {
    let ground = on_ground(|_| {});
    std::os::unix::fs::chown(ground.root(), Some(12345), None).unwrap();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
    assert!(!ground.path("x.pid").exists());
}

#[test]
fn a_directory_that_others_can_write_is_refused_unless_it_is_sticky() {
    for (mode, is_safe) in [
        (0o777, false),
        (0o770, false),
        (0o702, false),
        (0o1777, true),
        (0o755, true),
    ] {
        let ground = on_ground(|_| {});
        fs::set_permissions(ground.root(), fs::Permissions::from_mode(mode)).unwrap();
        let attempt = Attempt::plain(&ground);
        assert_eq!(attempt.result.is_ok(), is_safe, "{mode:o}");
        if !is_safe {
            assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
            assert!(
                attempt.error().contains("chmod go-w"),
                "{}",
                attempt.error()
            );
            assert!(!ground.path("x.pid").exists());
        }
    }
}

#[test]
fn a_path_that_cannot_be_a_directory_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), file.path().join("below")] {
        let error: UnsafePath = RunRoot::open(&path).unwrap_err();
        assert!(error.to_string().starts_with("cannot use"), "{error}");
    }
}

#[test]
fn the_runner_leaves_for_a_newcomer() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
    assert_eq!(
        attempt.told[0],
        format!("Found pidfile x containing: {}", runner.pid())
    );
    assert_eq!(attempt.told.last().unwrap(), "Wrote pidfile x");
    let state = Holder::parse(&fs::read(ground.path("x.state")).unwrap()).unwrap();
    assert_eq!(state.pid, std::process::id() as i32);
    assert_eq!(state.takeovers.len(), 1);
}

#[test]
fn a_garbled_or_foreign_pid_in_the_file_does_not_hide_the_runner() {
    let child = innocent();
    for text in [String::new(), "garbage".to_owned(), child.id().to_string()] {
        let ground = Ground::new();
        let mut runner = ground.runner(&Manner::default());
        fs::write(ground.path("x.pid"), text).unwrap();
        assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
        assert_eq!(runner.end(), Some(0));
    }
    end(child);
}

#[test]
fn a_stopped_runner_goes_too() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    runner.signal(Number::SIGSTOP);
    assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
}

static TREE_ENDED: AtomicI32 = AtomicI32::new(0);

#[test]
fn a_stuck_runner_is_killed_after_what_it_promised_and_not_before() {
    let ground = Ground::new();
    let promise = Duration::from_millis(400);
    let mut runner = ground.runner(&stubborn(promise));
    let mut policy = strict();
    policy.stop_timeout = 1_000 * SECOND;
    policy.patience.between_words = Duration::from_millis(100);
    policy.end_tree = |pid| TREE_ENDED.store(pid, Ordering::Release);
    let begun = clock::mono();
    let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
    assert!(clock::mono().since(begun) >= promise);
    assert_eq!(attempt.replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), None);
    assert_eq!(TREE_ENDED.load(Ordering::Acquire), runner.pid());
    let told = |words: &str| attempt.told.iter().any(|line| line.starts_with(words));
    assert!(
        told("Waiting for runner") && told("Runner "),
        "{:?}",
        attempt.told
    );
}

#[test]
fn of_a_runner_that_promised_nothing_legible_our_own_promise_is_supposed() {
    for state in [&b""[..], b"{", b"\0\0\0", b"{\"version\":1}"] {
        let ground = Ground::new();
        let runner = ground.runner(&stubborn(1_000 * SECOND));
        fs::write(ground.path("x.state"), state).unwrap();
        let mut policy = strict();
        policy.stop_timeout = NONE;
        let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
        assert_eq!(attempt.replaced(), Some(runner.pid()));
    }
}

#[test]
fn a_newcomer_that_is_not_to_kill_leaves_the_runner_and_names_it() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    let mut policy = patient();
    policy.incumbent = Incumbent::Stays;
    let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
    assert_eq!(attempt.exit_code(), exit::HELD);
    assert!(attempt.error().contains(&runner.pid().to_string()));
    assert_untouched(&ground, &mut runner);
}

/// It was not even asked.
#[track_caller]
fn assert_untouched(ground: &Ground, runner: &mut Starter) {
    runner.signal(Number::SIGUSR2);
    ground.await_line("standing Held");
    assert!(!runner.has_ended());
    let asked = format!("asked {}", runner.pid());
    assert!(!ground.lines().contains(&asked), "{:#?}", ground.lines());
}

#[test]
fn a_runner_of_other_tasks_with_the_same_name_is_not_signalled() {
    for (theirs, ours) in [
        ("a::x", &["b::x"][..]),
        ("a::x_y a::z", &["a::x", "a::y_z"]),
        ("a::x a::y", &["a::y", "a::x"]),
    ] {
        let ground = Ground::new();
        let manner = Manner {
            tasks: theirs,
            ..Manner::default()
        };
        let mut runner = ground.runner(&manner);
        let attempt = Attempt::of(&ground, ours, &patient());
        assert_eq!(attempt.exit_code(), exit::OTHER_CHAIN);
        assert!(attempt.error().contains(theirs), "{}", attempt.error());
        assert_untouched(&ground, &mut runner);
    }
}

#[test]
fn an_heir_of_other_tasks_is_not_signalled_either() {
    let ground = Ground::new();
    let manner = Manner {
        tasks: "a::x",
        ..slow()
    };
    let mut runner = ground.runner(&manner);
    let mut heir = ground.start(&manner);
    ground.await_line(&format!("asked {}", runner.pid()));
    // Nothing but the heir tells of the tasks now.
    fs::remove_file(ground.path("x.state")).unwrap();
    let attempt = Attempt::of(&ground, &["b::x"], &patient());
    assert_eq!(attempt.exit_code(), exit::OTHER_CHAIN);
    assert!(
        attempt.error().contains(&heir.pid().to_string()),
        "{}",
        attempt.error()
    );
    ground.go();
    assert_eq!(runner.end(), Some(0));
    ground.await_line(&format!("start {}", heir.pid()));
    assert!(!heir.has_ended());
}

#[test]
fn a_runner_is_not_waited_for_by_what_it_has_started_itself() {
    let ground = Ground::new();
    let manner = Manner {
        deploys: true,
        ..Manner::default()
    };
    let mut runner = ground.runner(&manner);
    ground.await_line(&format!("deployed Some({})", exit::HELD));
    assert_untouched(&ground, &mut runner);
}

#[test]
fn a_war_of_restarts_ends() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    let state = fs::read(ground.path("x.state")).unwrap();
    let mut holder = Holder::parse(&state).unwrap();
    holder.takeovers = vec![clock::mono(); 10];
    fs::write(ground.path("x.state"), holder.to_bytes()).unwrap();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.exit_code(), exit::HELD);
    assert!(
        attempt.error().contains("10 times within 1m"),
        "{}",
        attempt.error()
    );
    assert_untouched(&ground, &mut runner);
}

#[test]
fn a_holder_that_cannot_be_seen_is_waited_for_and_told_of() {
    let ground = on_ground(|path| fs::write(path, "").unwrap());
    // A lock without a process that could be asked: what another pid namespace looks like from here.
    let unseen = fs::File::open(ground.path("x.pid")).unwrap();
    assert!(try_flock(&unseen).unwrap());
    let mut policy = patient();
    policy.patience.unseen = Duration::from_millis(60);
    let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
    assert_eq!(attempt.exit_code(), exit::HELD);
    assert!(
        attempt.error().contains("cannot be seen"),
        "{}",
        attempt.error()
    );
}

#[test]
fn the_latest_started_wins_and_the_heir_before_it_leaves_cleanly() {
    let ground = Ground::new();
    let mut runner = ground.runner(&slow());
    let mut heir = ground.start(&Manner::default());
    ground.await_line(&format!("asked {}", runner.pid()));
    let latest = ground.start(&Manner::default());
    assert_eq!(heir.end(), Some(0));
    ground.go();
    assert_eq!(runner.end(), Some(0));
    ground.await_line(&format!("start {}", latest.pid()));
    assert!(!ground.lines().contains(&format!("start {}", heir.pid())));
}

#[test]
fn a_runner_goes_on_when_the_heir_that_asked_it_was_killed() {
    let ground = Ground::new();
    let mut runner = ground.runner(&slow());
    let mut heir = ground.start(&Manner::default());
    ground.await_line(&format!("asked {}", runner.pid()));
    heir.signal(Number::SIGKILL);
    heir.end();
    ground.go();
    ground.await_line(&format!("on {}", runner.pid()));
    assert!(!runner.has_ended());
    // It is as good a runner as before.
    assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
}

#[test]
fn what_a_person_has_asked_for_is_not_taken_back_with_an_heir() {
    let ground = Ground::new();
    let mut runner = ground.runner(&slow());
    let mut heir = ground.start(&Manner::default());
    ground.await_line(&format!("asked {}", runner.pid()));
    heir.signal(Number::SIGKILL);
    heir.end();
    runner.signal(Number::SIGTERM);
    ground.go();
    assert_eq!(runner.end(), Some(0));
}

#[test]
fn a_newcomer_that_is_told_to_stop_while_it_waits_stops() {
    let ground = Ground::new();
    let mut runner = ground.runner(&slow());
    let mut heir = ground.start(&Manner::default());
    ground.await_line(&format!("asked {}", runner.pid()));
    heir.signal(Number::SIGTERM);
    assert_eq!(heir.end(), Some(0));
    ground.go();
    ground.await_line(&format!("on {}", runner.pid()));
    assert!(!runner.has_ended());
}

#[test]
fn a_deleted_pidfile_is_put_back() {
    let ground = Ground::new();
    let mut held = Attempt::plain(&ground).result.unwrap();
    let later = |seconds: u32| clock::mono() + seconds * 10 * SECOND;
    assert_eq!(held.pidfile.verify(later(1)), Standing::Held);
    fs::remove_file(ground.path("x.pid")).unwrap();
    assert_eq!(held.pidfile.verify(later(2)), Standing::PutBack);
    assert_eq!(held.pidfile.verify(later(3)), Standing::Held);
    let text = fs::read_to_string(ground.path("x.pid")).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
    fs::remove_dir_all(ground.root()).unwrap();
    assert!(matches!(held.pidfile.verify(later(4)), Standing::Lost(_)));
}

#[test]
fn a_runner_whose_pidfile_was_deleted_is_still_found_and_replaced() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    fs::remove_file(ground.path("x.pid")).unwrap();
    assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
}

#[test]
fn a_runner_learns_that_a_newcomer_has_the_new_pidfile() {
    let ground = Ground::new();
    let runner = ground.runner(&Manner::default());
    fs::remove_file(ground.path("x.pid")).unwrap();
    let root = RunRoot::open(&ground.root()).unwrap();
    let newer = LockFile::open(&root, "x.pid").unwrap();
    assert!(newer.try_lock().unwrap());
    runner.signal(Number::SIGUSR2);
    ground.await_line("standing Replaced");
}

#[test]
fn a_pidfile_that_was_moved_away_and_back_is_held_and_attested() {
    let ground = Ground::new();
    let runner = ground.runner(&Manner::default());
    let aside = ground.root().join("aside");
    fs::rename(ground.path("x.pid"), &aside).unwrap();
    fs::rename(&aside, ground.path("x.pid")).unwrap();
    runner.signal(Number::SIGUSR2);
    ground.await_line("standing Held");
    let root = RunRoot::open(&ground.root()).unwrap();
    let seen = LockFile::open(&root, "x.pid").unwrap();
    assert_eq!(seen.holder().unwrap(), Some(runner.pid()));
}

#[test]
fn looking_at_the_pidfile_costs_nothing_within_a_second() {
    let ground = Ground::new();
    let mut held = Attempt::plain(&ground).result.unwrap();
    let now = Mono::BOOT + 1_000 * SECOND;
    assert_eq!(held.pidfile.verify(now), Standing::Held);
    fs::remove_file(ground.path("x.pid")).unwrap();
    assert_eq!(held.pidfile.verify(now + SECOND / 2), Standing::Held);
    assert_eq!(held.pidfile.verify(now + SECOND), Standing::PutBack);
}

#[test]
fn a_chain_that_was_given_up_can_be_taken_again() {
    let ground = Ground::new();
    for _ in 0..3 {
        let held = Attempt::plain(&ground).result.unwrap();
        assert!(!held.pidfile.has_heir().unwrap());
        let root = RunRoot::open(&ground.root()).unwrap();
        let in_flight = InFlight::open(&root, &chain()).unwrap();
        assert!(in_flight.claim().unwrap().is_empty());
    }
}
