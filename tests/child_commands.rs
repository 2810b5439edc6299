//! Commands, scripts and shells as child processes.

mod child_support;

#[test]
fn a_command_that_exits_with_0_is_a_success() {
    let ended = child_support::Child::shell("echo hello; echo you >&2").run();
    assert!(
        matches!(ended.outcome, run_functions::__internal::Outcome::Success),
        "{ended:?}"
    );
    assert_eq!(ended.output().head, "hello\nyou\n");
}
