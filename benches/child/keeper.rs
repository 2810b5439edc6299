//! What a keeper costs.

use std::sync::Arc;
use std::time::Duration;

use run_functions::__internal::child::RunTarget;
use run_functions::__internal::keeper::{Keeper, KeeperDeadline};
use run_functions::__internal::{Outcome, Program, now};

use super::{rest, shell, start_below, took};

/// The same runs as children of a keeper, and what that one takes. Pages that it shares with its runner are not its own.
pub(super) fn kept() {
    const TIMES: usize = 400;
    let begun = now().mono;
    let keeper = Arc::new(Keeper::start().expect("a keeper"));
    let started = now().mono.since(begun);
    keeper.set_deadline(None).expect("a keeper");
    println!(
        "keeper: started in {started:.1?}, private memory {} KiB",
        private(keeper.pid())
    );
    let program = Program::Command(vec!["/bin/true".to_owned()]);
    let (mut ours, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        for (keeper, times) in [(None, &mut ours), (Some(&keeper), &mut kept)] {
            times.push(took(|| {
                let run = start_below(keeper, RunTarget::Program(&program), |_| {});
                let ended = run.finish().expect("it can be waited for");
                assert!(matches!(ended.outcome, Outcome::Success));
            }));
        }
    }
    ours.sort();
    kept.sort();
    let (ours, kept) = (ours[TIMES / 2], kept[TIMES / 2]);
    let ratio = kept.as_secs_f64() / ours.as_secs_f64();
    println!(
        "spawn to reaped: without a keeper {} µs, with one {} µs, ratio {ratio:.2}",
        ours.as_micros(),
        kept.as_micros()
    );
    println!(
        "keeper after {TIMES} runs: private memory {} KiB",
        private(keeper.pid())
    );
    ending(&keeper);
    println!(
        "keeper after the end of 1,000 processes: private memory {} KiB",
        private(keeper.pid())
    );
}

/// From the deadline to the end of trees, by the keeper alone: the runner looks at nothing meanwhile.
fn ending(keeper: &Arc<Keeper>) {
    let far = || now().mono + Duration::from_secs(3600);
    for count in [2, 100, 1000] {
        let mark = std::env::temp_dir().join(format!("run_functions_bench_{}", std::process::id()));
        let _ = std::fs::remove_file(&mark);
        let line = format!(
            "trap '' TERM; i=1; while [ $i -lt {count} ]; do setsid sleep 1000 & i=$((i+1)); done; \
             sleep 0.5; echo > {}; while :; do sleep 1000; done",
            mark.display()
        );
        let (term_at, kill_at) = (far(), far());
        let deadline = |term_at, kill_at| Some(KeeperDeadline { term_at, kill_at });
        keeper
            .set_deadline(deadline(term_at, kill_at))
            .expect("a keeper");
        // Refused as long as the former ones are looked for.
        while keeper.guard_runner(true).is_err() {
            rest();
        }
        keeper.guard_runner(false).expect("a keeper");
        let run = start_below(Some(keeper), RunTarget::Program(&shell(&line)), |_| {});
        while !mark.exists() {
            rest();
        }
        let kill_at = now().mono + Duration::from_millis(50);
        keeper
            .set_deadline(deadline(kill_at, kill_at))
            .expect("a keeper");
        while has_living_children(keeper.pid()) {
            rest();
        }
        println!(
            "deadline to the end of {count} processes in sessions: {:.1?}",
            now().mono.since(kill_at)
        );
        let _ = run.finish();
        let _ = std::fs::remove_file(&mark);
    }
}

fn has_living_children(pid: i32) -> bool {
    let list = format!("/proc/{pid}/task/{pid}/children");
    let pids = std::fs::read_to_string(list).expect("/proc");
    let lives = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    pids.split_whitespace().any(lives)
}

/// Returns what a process alone has in memory, in KiB.
fn private(pid: i32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("/proc");
    let lines = rollup.lines().filter(|line| line.starts_with("Private_"));
    let sizes = lines.filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    sizes.sum()
}
