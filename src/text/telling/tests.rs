use super::telling_line;

fn told(output: &str) -> String {
    telling_line(output).unwrap_or_default()
}

#[test]
fn the_line_of_an_exception_is_told_and_not_what_follows_it() {
    for (output, line) in [
        (
            "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    raise Gone('x failed')\nshop.Gone: row 5\nwhile reading a.csv\n",
            "shop.Gone: row 5",
        ),
        (
            "/srv/a.js:1\nthrow new Error('boom failed')\n^\n\nError: boom\n    at f (a.js:1:7)\n\nNode.js v20.20.2\n",
            "Error: boom",
        ),
        (
            "thread 'main' panicked at src/main.rs:2:5:\nstock is negative\nnote: run with `RUST_BACKTRACE=1`\n",
            "thread 'main' panicked at src/main.rs:2:5: stock is negative",
        ),
        (
            "Error: import\n\nCaused by:\n    0: reading the price list\n    1: No such file\n",
            "Error: import: reading the price list: No such file",
        ),
        (
            "* What went wrong:\nExecution failed for task ':compileJava'.\n* Try:\n> Run with --stacktrace option\nBUILD FAILED in 1s\n",
            "* What went wrong: Execution failed for task ':compileJava'.",
        ),
        (
            "╷\n│ Error: Invalid reference\n│ \n│   on main.tf line 2\n╵\n",
            "Error: Invalid reference",
        ),
        (
            "PHP Fatal error:  Uncaught Exception: no in /a.php:3\nStack trace:\n#0 {main}\n  thrown in /a.php on line 3\n",
            "PHP Fatal error:  Uncaught Exception: no in /a.php:3",
        ),
    ] {
        assert_eq!(told(output), line, "{output}");
    }
}

#[test]
fn the_program_that_failed_is_told_and_not_the_one_that_called_it() {
    for (output, line) in [
        (
            "cat: /srv/x: No such file\nmake: *** [Makefile:2: all] Error 1\n",
            "cat: /srv/x: No such file",
        ),
        (
            "git@example.org: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
            "git@example.org: Permission denied (publickey).",
        ),
    ] {
        assert_eq!(told(output), line, "{output}");
    }
    assert_eq!(
        told("make: *** [Makefile:2: all] Error 1\n"),
        "make: *** [Makefile:2: all] Error 1"
    );
}

#[test]
fn a_record_of_a_log_is_told_by_its_message() {
    let output = "{\"level\":\"info\",\"msg\":\"cannot find the cache, starting empty\"}\n\
                  {\"level\":\"error\",\"msg\":\"disk full\",\"err\":\"write: no space\"}\n\
                  {\"level\":\"info\",\"msg\":\"exiting\"}\n";
    assert_eq!(told(output), "disk full: write: no space");
    assert_eq!(
        told("time=1 level=error msg=\"disk full\"\ntime=2 level=info msg=bye\n"),
        "disk full"
    );
}

#[test]
fn a_last_line_of_escape_codes_empties_nothing() {
    assert_eq!(told("disk full\n\u{1b}[0m\n"), "disk full");
    assert_eq!(told("disk failed\u{1b}(B\u{1b}[m\n"), "disk failed");
    assert_eq!(told("10%\r100%\rdisk full"), "disk full");
    assert_eq!(telling_line("\u{1b}[0m\n \n"), None);
}

#[test]
fn the_last_line_is_told_where_nothing_is_better() {
    assert_eq!(told("one\ntwo\n\n"), "two");
    assert_eq!(told("---\n^\n"), "^");
}

#[test]
fn time_stamps_are_left_out() {
    let line = "2026-11-30 06:00:00,123 ERROR shop: cannot reach the database\n";
    assert_eq!(told(line), "ERROR shop: cannot reach the database");
    assert_eq!(told("10.0.0.1 is unreachable\n"), "10.0.0.1 is unreachable");
}

#[test]
fn a_heading_between_rulers_is_told_only_where_there_is_nothing_else() {
    let stack = "RMAN-00571: ==========\nRMAN-00569: ===== ERROR MESSAGE STACK FOLLOWS =====\n\
                 RMAN-00571: ==========\nRMAN-03009: failure of backup command on channel d1\n";
    assert_eq!(
        told(stack),
        "RMAN-03009: failure of backup command on channel d1"
    );
    assert_eq!(told("done\n**** disk full ****\n"), "**** disk full ****");
}
