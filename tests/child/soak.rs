//! Many commands in one runner: nothing grows.

use crate::child_support::{self, Child, children_of_other_sessions, is_alone, is_success};

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
    let (open, resident) = (descriptors(), kib("Rss"));
    (0..rounds / 10).for_each(|_| one());
    let warm = kib("Anonymous");
    (rounds / 10..rounds).for_each(|_| one());
    assert_eq!(descriptors(), open);
    let after = kib("Rss");
    assert!(after <= resident + 256, "{resident} to {after} KiB");
    let after = kib("Anonymous");
    assert!(after <= warm + 64, "{warm} to {after} KiB of its own");
    assert_eq!(children_of_other_sessions(), Vec::<i32>::new());
}

#[test]
fn descriptors_zombies_and_memory_are_constant() {
    if !is_alone(descriptors_zombies_and_memory_are_constant) {
        return;
    }
    soak(100);
}

/// 20,000 commands; 100,000 with `RUN_FUNCTIONS_LONG_TESTS=1`.
#[test]
#[ignore = "needs minutes: tens of thousands of commands"]
fn descriptors_zombies_and_memory_are_constant_over_tens_of_thousands_of_commands() {
    if !is_alone(descriptors_zombies_and_memory_are_constant_over_tens_of_thousands_of_commands) {
        return;
    }
    match std::env::var_os("RUN_FUNCTIONS_LONG_TESTS") {
        Some(_) => soak(100_000),
        None => soak(20_000),
    }
}
