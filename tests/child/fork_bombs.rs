//! Fork bombs in a bounded cgroup. Alone in its process, which moves.
#![cfg(test)]

mod child_support;

use std::fs;
use std::time::Duration;

use child_support::cgroup::Inside;
use child_support::{Child, text};

#[test]
#[ignore = "needs root and a pids cgroup (v1)"]
fn fork_bombs_are_ended() {
    let inside = Inside::new("cgroup", "pids");
    fs::write(inside.path.join("pids.max"), "200").unwrap();
    let in_group = "bomb() { bomb | bomb & }; bomb; exec sleep 1000";
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("bomb");
    fs::write(
        &script,
        "#!/bin/sh\nwhile :; do setsid \"$0\" & sleep 0.01; done\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let in_sessions = format!("{} 2>/dev/null & exec sleep 1000", script.display());
    for bomb in [in_group, &in_sessions] {
        let child = Child::shell(bomb).timeout(Duration::from_secs(1));
        let child = child.with(|settings| settings.kill_grace = Duration::ZERO);
        let ended = child.run();
        assert!(
            text(&ended).starts_with("timed out after 1s"),
            "{bomb}: {}",
            text(&ended)
        );
        assert_eq!(ended.unkillable, Vec::<i32>::new(), "{bomb}");
        let left = fs::read_to_string(inside.path.join("cgroup.procs")).unwrap();
        assert_eq!(left.trim(), std::process::id().to_string(), "{bomb}");
    }
}
