//! Many commands in one runner: nothing grows.
#![cfg(test)]

mod child_support;

use child_support::{Child, children_of_other_sessions, is_success};

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
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
    let before = (descriptors(), resident_kib());
    (0..rounds).for_each(|_| one());
    assert_eq!(descriptors(), before.0);
    assert!(
        resident_kib() <= before.1 + 256,
        "{} to {} KiB",
        before.1,
        resident_kib()
    );
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
