//! Many commands in one runner: nothing grows.
#![cfg(test)]

mod child_support;

use child_support::{Child, children_of_other_sessions, is_success};

/// Returns a size of this process. `smaps_rollup` counts; the sizes in `status` are estimates that miss up to 32 pages for each processor.
fn kib(of: &str) -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find(|line| line.starts_with(of)).unwrap();
    let size = line.split_ascii_whitespace().nth(1).unwrap();
    size.parse().unwrap()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn soak(rounds: u32) {
    let child = Child::shell("echo hello; sleep 1000 & exit 0");
    let one = || assert!(is_success(&child.try_start().unwrap().finish().unwrap()));
    let _turn = child_support::turn();
    child_support::pin();
    (0..20).for_each(|_| one());
    let before = (descriptors(), kib("Rss"));
    for i in 0..rounds {
        if i % (rounds / 50).max(1) == 0 {
            eprintln!("{i} rss {} anon {}", kib("Rss"), kib("Anonymous"));
        }
        one();
    }
    eprintln!("{rounds} rss {} anon {}", kib("Rss"), kib("Anonymous"));
    assert_eq!(descriptors(), before.0);
    assert_eq!(children_of_other_sessions(), Vec::<i32>::new());
}

#[test]
fn descriptors_zombies_and_memory_are_constant() {
    soak(100);
}

#[test]
#[ignore = "needs minutes: 10^5 commands"]
fn descriptors_zombies_and_memory_are_constant_over_100000_commands() {
    soak(100_000);
}
