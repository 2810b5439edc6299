//! What the program has in memory besides itself. Each command is started by a fresh copy of it, and each library more is time of that start.

use std::collections::BTreeSet;
use std::fs;

use crate::support::Place;

#[test]
fn a_runner_maps_no_library_but_those_of_c() {
    let place = Place::with("[tasks.a]\ncommand = [\"true\"]\nsuccess_cooldown = \"1day\"\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    let maps = fs::read_to_string(format!("/proc/{}/maps", runner.pid())).unwrap();
    let files = maps
        .lines()
        .filter_map(|line| line.rsplit_once('/').map(|(_, name)| name));
    let libraries: BTreeSet<&str> = files.filter(|name| name.contains(".so")).collect();
    // SQLite calculates with that of mathematics.
    let of_c = ["libc.", "libm.", "ld-"];
    let known = |name: &&str| of_c.iter().any(|start| name.starts_with(start));
    let others: Vec<&str> = libraries.into_iter().filter(|name| !known(name)).collect();
    // The unwinder is a library where the C compiler has no archive of it (build.rs).
    assert!(
        others.iter().all(|name| name.starts_with("libgcc_s.")),
        "{others:?}"
    );
    assert_eq!(runner.stop(), Some(0));
}
