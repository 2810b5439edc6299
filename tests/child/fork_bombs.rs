//! Fork bombs in a bounded cgroup. Alone in its process, which moves.

use std::fs;
use std::time::Duration;

use crate::child_support::cgroup::Inside;
use crate::child_support::{Child, is_alone, own_processes, text};

#[test]
#[ignore = "needs root and a pids cgroup (v1)"]
fn fork_bombs_are_ended() {
    if !is_alone(fork_bombs_are_ended) {
        return;
    }
    let inside = Inside::new("cgroup", "pids");
    fs::write(inside.path.join("pids.max"), "200").unwrap();
    for bomb in bombs() {
        let child = Child::shell(&bomb).timeout(Duration::from_secs(1));
        let child = child.with(|settings| settings.kill_grace = Duration::ZERO);
        let ended = child.run();
        assert!(
            text(&ended).starts_with("timed out after 1s"),
            "{bomb}: {}",
            text(&ended)
        );
        assert_eq!(ended.unkillable, Vec::<i32>::new(), "{bomb}");
        let left = fs::read_to_string(inside.path.join("cgroup.procs")).unwrap();
        let left: Vec<i32> = left.lines().map(|pid| pid.parse().unwrap()).collect();
        assert_eq!(left, own_processes(), "{bomb}");
    }
}

/// Returns shell lines that make processes without end, in one group and in a session each. A fork that fails ends none of them.
pub(crate) fn bombs() -> [String; 2] {
    let bomb = |in_child: &str| {
        format!(
            "perl -MPOSIX=setsid -e '$SIG{{CHLD}} = \"IGNORE\"; while (1) {{ $pid = fork; \
             if (defined $pid && $pid == 0) {{ {in_child} }} select undef, undef, undef, 0.01 }}' & exec sleep 1000"
        )
    };
    [bomb(""), bomb("setsid")]
}
