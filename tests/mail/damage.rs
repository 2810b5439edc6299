//! State that a power cut, a bad disk or a person has damaged: the runner goes on, says it once, and tells it in the next mail.

use std::fs;

use nix::sys::signal::Signal;

use crate::support::{Place, Runner, eventually};

const TASK: &[&str] = &["tasks::broken"];
const MEMORY: &str = "run/broken.memory";

/// A place where a runner was killed after its first mail had left.
fn crashed() -> Place {
    let place = Place::with(
        "[mail]\nmax_per_hour = 10000\n[tasks.broken]\ncommand = [\"false\"]\nfail_cooldown = \"5ms\"\n",
    );
    let runner = place.start(TASK);
    runner.wait_for("Mail to root@");
    crash(runner);
    place
}

fn crash(mut runner: Runner) {
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
}

/// Cuts at some places, and bits that are not what they were at some others.
fn damaged(whole: &[u8]) -> Vec<Vec<u8>> {
    let every = whole.len().div_ceil(16);
    let cuts = (0..whole.len())
        .step_by(every)
        .map(|end| whole[..end].to_vec());
    let flips = (0..whole.len()).step_by(every).map(|at| {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let others = [vec![0; whole.len()], b"{}".to_vec(), vec![b'['; 100_000]];
    cuts.chain(flips).chain(others).collect()
}

#[test]
fn a_damaged_memory_is_told_once_and_in_the_next_mail() {
    let place = crashed();
    let whole = fs::read(place.path(MEMORY)).unwrap();
    let mut told = 0;
    for bytes in damaged(&whole) {
        fs::remove_dir_all(place.path("run/mail")).unwrap();
        fs::create_dir(place.path("run/mail")).unwrap();
        place.write(MEMORY, &bytes);
        let runner = place.start(TASK);
        runner.wait_for_count("Execution failed", 2);
        let count = runner.count("The memory of alerts is damaged");
        if count > 0 {
            told += 1;
            runner.wait_for("Mail to root@");
            let mail = place.mails().join("").replace("=\r\n", "");
            assert!(mail.contains("The memory of alerts was damaged"), "{mail}");
        }
        runner.wait_for_count("Execution failed", 5);
        assert_eq!(runner.count("The memory of alerts is damaged"), count);
        assert!(count <= 1);
        crash(runner);
    }
    assert!(told > 15, "{told}");
}

#[test]
fn a_damaged_mail_is_set_aside_told_once_and_counted_in_the_next_mail() {
    let place = crashed();
    place.write(
        "run/outbox/alerts/1700000000000-0000000000000000.json",
        "{\"version\":1,",
    );
    place.write("run/outbox/path.json", "nonsense");
    fs::remove_file(place.path(MEMORY)).unwrap();
    let runner = place.start(TASK);
    runner.wait_for("is damaged and was moved to `failed`");
    let counted = eventually(|| {
        let mails = place.mails().join("").replace("=\r\n", "");
        mails.contains("Mails that were lost while mail was down: 1 damaged")
    });
    assert!(counted, "{:#?}\n{}", place.mails(), runner.log());
    runner.wait_for_count("Execution failed", 5);
    assert_eq!(runner.count("is damaged and was moved"), 1);
    assert_eq!(runner.stop(), Some(0));
}
