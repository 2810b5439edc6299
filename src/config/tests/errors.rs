//! What is reported about a file with everything wrong.

use super::Setup;
use crate::config::{Colour, load};

#[test]
fn all_that_is_not_toml_is_told_and_nothing_else_is_judged() {
    let setup = Setup::with(
        "unknown = 1\n[mail\nto = ops@example.org\n[log]\nlevel = \"info\"; format = \"text\"\nfile = \"a\"\nfile = \"b\"\n",
    );
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: this is not TOML: unclosed table, expected `]`
     --> run_functions.toml:2:6
      |
    2 | [mail
      |      ^

    error: this is not TOML: unexpected key or value, expected newline, `#`
     --> run_functions.toml:5:15
      |
    5 | level = "info"; format = "text"
      |               ^

    error: this is not TOML: duplicate key
     --> run_functions.toml:7:1
      |
    7 | file = "b"
      | ^^^^
    "#);
}

#[test]
fn a_text_without_quotation_marks_is_told() {
    let setup = Setup::with("[mail]\nto = ops@example.org\n");
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: a text needs quotation marks
     --> run_functions.toml:2:6
      |
    2 | to = ops@example.org
      |      ^^^^^^^^^^^^^^^
    help: write `"ops@example.org"`
    "#);
    let setup = Setup::with("[log]\nlevel = debug\n");
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: a text needs quotation marks
     --> run_functions.toml:2:9
      |
    2 | level = debug
      |         ^^^^^
    help: write `"debug"`
    "#);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let setup = Setup::with(
        r#"stop_timout = "1m"
run_root = 5
kill_concurrent = "yes"

[log]
level = "inof"

[mail]
to = ["ops@example.org", "nobody"]
server = "mail.example.org"
username = "runner"
password = "hunter2"
timeout = 60

[defaults]
command = ["true"]
success_cooldown = "15"
fail_cooldown = "15M"
non_recoverable_downtime = "never"

[tasks.backup]
command = ["/usr/bin/backup"]
shell = "backup"
timeout = "0s"
env = { "A B" = "x", API_TOKEN = 12345, PORT = 80 }
rlimits = { nofiles = 10 }
nice = 40
ok_exit_codes = [0, 256]
	umask = "日本" # wide
stop_signal = "TREM"
working_dir = "/nowhere"
user = "www-data"
"#,
    );
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: unknown key `stop_timout`
     --> run_functions.toml:1:1
      |
    1 | stop_timout = "1m"
      | ^^^^^^^^^^^
    help: did you mean `stop_timeout`?

    error: `run_root` is a text, not a number
     --> run_functions.toml:2:12
      |
    2 | run_root = 5
      |            ^

    error: `kill_concurrent` is `true` or `false`
     --> run_functions.toml:3:19
      |
    3 | kill_concurrent = "yes"
      |                   ^^^^^

    error: `level` is `off`, `error`, `warn`, `info`, `debug` or `trace`, not `inof`
     --> run_functions.toml:6:9
      |
    6 | level = "inof"
      |         ^^^^^^
    help: did you mean `info`?

    error: `to` is not a mail address: `nobody`
     --> run_functions.toml:9:26
      |
    9 | to = ["ops@example.org", "nobody"]
      |                          ^^^^^^^^
    help: write `name@example.org` or `Name <name@example.org>`

    error: a password does not belong into this file
     --> run_functions.toml:12:1
       |
    12 | password = "…"
       | ^^^^^^^^
    help: put it into a file that only its owner can read: `password_file = "smtp_password"`
    help: or into an environment variable: `password_env = "SMTP_PASSWORD"`

    error: `timeout` is a duration and needs a unit: `60`
     --> run_functions.toml:13:11
       |
    13 | timeout = 60
       |           ^^
    help: write `"60s"` or `"60m"`

    error: `command` cannot be in `[defaults]`
     --> run_functions.toml:16:1
       |
    16 | command = ["true"]
       | ^^^^^^^
    help: what is executed belongs to `[tasks.NAME]`

    error: `success_cooldown` is a duration and needs a unit: `15`
     --> run_functions.toml:17:20
       |
    17 | success_cooldown = "15"
       |                    ^^^^
    help: write `"15s"` or `"15m"`

    warning: `fail_cooldown` is long: `15M` is 15 months
     --> run_functions.toml:18:17
       |
    18 | fail_cooldown = "15M"
       |                 ^^^^^
    help: write `"15m"` for minutes

    error: `non_recoverable_downtime` cannot be never
     --> run_functions.toml:19:28
       |
    19 | non_recoverable_downtime = "never"
       |                            ^^^^^^^
    help: write a long time, such as `"10years"`

    error: `command` and `shell` exclude each other
     --> run_functions.toml:23:9
       |
    23 | shell = "backup"
       |         ^^^^^^^^
    help: keep one of them

    error: `timeout` cannot be zero
     --> run_functions.toml:24:11
       |
    24 | timeout = "0s"
       |           ^^^^
    help: write `"never"`

    error: variable `A B` in `env` is not a possible name
     --> run_functions.toml:25:9
       |
    25 | env = { "A B" = "x", API_TOKEN = …, PORT = 80 }
       |         ^^^^^
    help: names have letters, digits and `_`, and begin with no digit

    error: variable `API_TOKEN` in `env` is a text
     --> run_functions.toml:25:34
       |
    25 | env = { "A B" = "x", API_TOKEN = …, PORT = 80 }
       |                                  ^
    help: put the value into quotation marks

    error: variable `PORT` in `env` is a text
     --> run_functions.toml:25:48
       |
    25 | env = { "A B" = "x", API_TOKEN = …, PORT = 80 }
       |                                            ^^
    help: put the value into quotation marks

    error: unknown resource limit `nofiles`
     --> run_functions.toml:26:13
       |
    26 | rlimits = { nofiles = 10 }
       |             ^^^^^^^
    help: did you mean `nofile`?

    error: `nice` is a number from -20 to 19
     --> run_functions.toml:27:8
       |
    27 | nice = 40
       |        ^^

    error: `ok_exit_codes` is a list of numbers from 0 to 255
     --> run_functions.toml:28:21
       |
    28 | ok_exit_codes = [0, 256]
       |                     ^^^

    error: `umask` is an octal text from 000 to 777
     --> run_functions.toml:29:10
       |
    29 |     umask = "日本" # wide
       |             ^^^^^^
    help: for example `"027"`

    error: `stop_signal` is not a signal: `TREM`
     --> run_functions.toml:30:15
       |
    30 | stop_signal = "TREM"
       |               ^^^^^^
    help: did you mean `TERM`?

    warning: `working_dir` does not exist: `/nowhere`
     --> run_functions.toml:31:15
       |
    31 | working_dir = "/nowhere"
       |               ^^^^^^^^^^

    warning: running as user `www-data` needs root
     --> run_functions.toml:32:8
       |
    32 | user = "www-data"
       |        ^^^^^^^^^^
    help: start this as root, or remove `user`
    "#);
    assert_eq!(setup.exit_code(), crate::core::exit::CONFIG);
}

#[test]
fn keys_in_the_wrong_section_are_sent_to_the_right_one() {
    let setup = Setup::with(
        r#"timeout = "5m"
to = ["a@b.example"]
[mail]
run_root = "x"
[task.x]
command = ["true"]
[tasks.a.sync]
command = ["true"]
[tasks."not a name"]
command = ["true"]
"#,
    );
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: unknown key `timeout`
     --> run_functions.toml:1:1
      |
    1 | timeout = "5m"
      | ^^^^^^^
    help: `timeout` belongs to `[mail]`, or to `[tasks.NAME]` or `[defaults]`

    error: unknown key `to`
     --> run_functions.toml:2:1
      |
    2 | to = ["a@b.example"]
      | ^^
    help: `to` belongs to `[mail]`, or to `[tasks.NAME]` or `[defaults]`

    error: unknown key `run_root` in `[mail]`
     --> run_functions.toml:4:1
      |
    4 | run_root = "x"
      | ^^^^^^^^
    help: `run_root` belongs before the first `[section]`

    error: unknown key `task`
     --> run_functions.toml:5:2
      |
    5 | [task.x]
      |  ^^^^
    help: did you mean `tasks`?

    error: unknown key `sync` in `[tasks.a]`
     --> run_functions.toml:7:10
      |
    7 | [tasks.a.sync]
      |          ^^^^
    help: the task `a::sync` is written `[tasks."a::sync"]`

    error: `not a name` cannot be the name of a task
     --> run_functions.toml:9:8
      |
    9 | [tasks."not a name"]
      |        ^^^^^^^^^^^^
    help: letters, digits, `_` and `-`, beginning with a letter; or a path such as `"a::sync"`
    "#);
}

#[test]
fn a_file_with_a_mistake_in_each_line_is_read_to_its_end_and_told_in_part() {
    let lines = (0..20_000).map(|number| format!("key{number} = 1\n"));
    let setup = Setup::with(&lines.collect::<String>());
    let report = load(&setup.inputs).unwrap_err();
    assert_eq!(report.problems().len(), 20_000);
    let text = report.to_string();
    assert!(text.len() < 300 << 10, "{}", text.len());
    let last = text.lines().last().unwrap();
    assert!(last.ends_with(" more: put these right first"), "{last}");
    assert!(report.first_line().contains("; and 19999 more"));
}

#[test]
fn secrets_are_not_quoted() {
    let setup = Setup::with(
        "[mail]\npassword = \"hunter2\"\n[tasks.a]\ncommand = [\"true\"]\nenv = { API_TOKEN = 12345 }\n",
    );
    let text = setup.refusal();
    assert!(
        !text.contains("hunter2") && !text.contains("12345"),
        "{text}"
    );
    assert!(text.contains("password_file"), "{text}");
}

#[test]
fn colour_is_only_added_when_asked_for() {
    let report = load(&Setup::with("x = 1").inputs).unwrap_err();
    assert!(!report.render(Colour::Plain).contains('\x1b'));
    let coloured = report.render(Colour::Ansi);
    assert!(
        coloured.starts_with("\x1b[1;31merror\x1b[0m: unknown key `x`"),
        "{coloured}"
    );
}
