//! What is kept of the output, whatever it is and however much.

use std::time::Duration;

use crate::child_support::{Child, is_alone, is_success, text};
use run_functions::__internal::now;

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

#[test]
fn a_gigabyte_takes_no_more_memory_than_the_limit_and_one_megabyte() {
    const LIMIT: usize = 800 * 1024;
    if !is_alone(a_gigabyte_takes_no_more_memory_than_the_limit_and_one_megabyte) {
        return;
    }
    let child = Child::shell("head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo end >&2");
    let child = child.with(|settings| settings.max_log_bytes = LIMIT);
    Child::shell("true").run();
    let before = resident();
    let mut running = child.start();
    let mut most = 0;
    let ended = loop {
        if let Some(ended) = running.run.step(now().mono) {
            break ended;
        }
        most = most.max(resident());
        std::thread::yield_now();
    };
    assert!(is_success(&ended), "{:?}", ended.outcome);
    let output = ended.output();
    assert_eq!(output.head.len() + output.tail.len(), LIMIT);
    assert_eq!(output.cut, 1_000_000_005 - LIMIT as u64);
    assert!(output.tail.ends_with("x\nend\n"));
    let used = most.saturating_sub(before);
    assert!(used <= LIMIT as u64 + 1024 * 1024, "{used} bytes");
}

#[test]
#[ignore = "needs a minute: ten gibibytes"]
fn ten_gibibytes_pass_through() {
    let child = Child::shell("head -c 10737418240 /dev/zero").timeout(Duration::from_secs(600));
    let ended = child.run();
    assert!(is_success(&ended), "{:?}", ended.outcome);
    assert!(ended.output().cut > 10_700_000_000);
}

#[test]
fn what_is_no_text_is_shown_as_such_and_stays_below_the_limit() {
    let child = Child::shell("head -c 3000000 /dev/zero | tr '\\0' '\\377'; exit 1");
    let child = child.with(|settings| settings.max_log_bytes = 10_000);
    let ended = child.run();
    let output = ended.output();
    assert!(output.head.starts_with('\u{fffd}'));
    assert!(output.head.len() + output.tail.len() <= 10_000);
    assert!(text(&ended).starts_with("exit 1: \u{fffd}"));
}

#[test]
fn a_cut_inside_a_character_ends_the_run_as_any_other() {
    for limit in 20..32 {
        let child =
            Child::shell("i=0; while [ $i -lt 50 ]; do printf '\u{20ac}'; i=$((i+1)); done");
        let ended = child.with(|settings| settings.max_log_bytes = limit).run();
        assert!(is_success(&ended), "{:?}", ended.outcome);
        let output = ended.output();
        let kept = output.head.len() + output.tail.len();
        assert!(kept <= limit && kept.is_multiple_of(3), "{output:?}");
        assert_eq!(output.cut, 150 - kept as u64);
    }
}

#[test]
fn one_byte_each_millisecond_is_kept_in_order() {
    let line = "i=0; while [ $i -lt 300 ]; do printf $((i % 10)); sleep 0.001; i=$((i+1)); done";
    let expected: String = (0..300)
        .map(|i| char::from(b'0' + (i % 10) as u8))
        .collect();
    assert_eq!(Child::shell(line).run().output().head, expected);
}

#[test]
fn the_last_line_is_the_text_of_a_failure_without_its_colours() {
    let child = Child::shell("echo first; printf '\\033[31mred\\033[0m alert\\n\\n  \\n'; exit 4");
    let ended = child.run();
    assert_eq!(text(&ended), "exit 4: red alert");
    assert!(
        ended.output().head.contains("\u{1b}[31mred"),
        "the log has them"
    );
}

#[test]
fn a_last_line_without_an_end_is_not_all_of_the_text() {
    let child = Child::shell("head -c 2000000 /dev/zero | tr '\\0' y; exit 1");
    assert!(child.fails().len() < 5_000);
}

#[test]
fn who_closes_its_output_is_waited_for() {
    let child = Child::shell("echo begin; exec >&- 2>&-; sleep 0.3; exit 7");
    assert_eq!(child.fails(), "exit 7: begin");
}
