//! What is wrong with the steps of a job and their commands is reported with its place.

use super::Setup;

#[test]
fn everything_that_is_wrong_with_the_commands_of_steps_is_told() {
    let setup = Setup::with(
        r#"[jobs.resize]
args.size = {}
args.token = { secret = true }
steps = [
  { name = "fetch", commnd = ["x"] },
  { name = "shrink", command = ["convert", "{fetch.file", "{args.sice}", "{args.token}"] },
  { name = "code", command = ["sh", "-c", "echo {args.size}"] },
  { name = "data", command = ["{args.size}", "a"] },
  { name = "index", shell = "index {args.size} $ARG_SIZ", env = { ARG_X = "1", Y = "{args.size}" } },
  { name = "put", command = ["a"], shell = "b", revert = "undo" },
  { name = "cd", command = ["ls"], working_dir = "{var.storage}/x", color = 1 },
]
"#,
    );
    insta::assert_snapshot!(setup.refusal(), @r##"
    warning: no step reads the secret argument `token`
     --> run_functions.toml:3:6
      |
    3 | args.token = …
      |      ^^^^^
    help: write `reads = ["args.token"]` at the step that needs it as `$ARG_TOKEN`

    error: unknown key `commnd` in step `fetch`
     --> run_functions.toml:5:21
      |
    5 |   { name = "fetch", commnd = ["x"] },
      |                     ^^^^^^
    help: did you mean `command`?

    error: `command` of step `shrink` has a `{` without a `}`
     --> run_functions.toml:6:44
      |
    6 |   { name = "shrink", command = ["convert", "{fetch.file", "{args.sice}", "{args.token}"] },
      |                                            ^^^^^^^^^^^^^
    help: write `{{` for a brace

    error: `command` of step `shrink` has `{args.sice}`, and there is no argument `sice`
     --> run_functions.toml:6:59
      |
    6 |   { name = "shrink", command = ["convert", "{fetch.file", "{args.sice}", "{args.token}"] },
      |                                                           ^^^^^^^^^^^^^
    help: did you mean `size`?

    error: `command` of step `shrink` has `{args.token}`, which is secret, and others can read a command line
     --> run_functions.toml:6:74
      |
    6 |   { name = "shrink", command = ["convert", "{fetch.file", "{args.sice}", "{args.token}"] },
      |                                                                          ^^^^^^^^^^^^^^
    help: write `reads = ["args.token"]` for the variable `$ARG_TOKEN`, or `input = "{args.token}"`

    error: `command` of step `code` would make code of a value
     --> run_functions.toml:7:43
      |
    7 |   { name = "code", command = ["sh", "-c", "echo {args.size}"] },
      |                                           ^^^^^^^^^^^^^^^^^^
    help: write `shell = "…"`, which sees values as "$ARG_NAME" and "$RESULT_STEP_KEY"

    error: `command` of step `data` would make code of a value
     --> run_functions.toml:8:31
      |
    8 |   { name = "data", command = ["{args.size}", "a"] },
      |                               ^^^^^^^^^^^^^
    help: a program is written in this file, or is `{var.NAME}` of the worker

    error: `shell` of step `index` has `{args.size}`, which nothing replaces there
     --> run_functions.toml:9:29
      |
    9 |   { name = "index", shell = "index {args.size} $ARG_SIZ", env = { ARG_X = "1", Y = "{args.size}" } },
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: write `"$ARG_SIZE"`

    error: `shell` of step `index` has `$ARG_SIZ`, and the job has no such argument
     --> run_functions.toml:9:29
      |
    9 |   { name = "index", shell = "index {args.size} $ARG_SIZ", env = { ARG_X = "1", Y = "{args.size}" } },
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: did you mean `ARG_SIZE`?

    error: variable `ARG_X` in `env` is set by the worker
     --> run_functions.toml:9:67
      |
    9 |   { name = "index", shell = "index {args.size} $ARG_SIZ", env = { ARG_X = "1", Y = "{args.size}" } },
      |                                                                   ^^^^^
    help: choose another name

    error: variable `Y` in `env` has `{args.size}`, which nothing replaces there
     --> run_functions.toml:9:84
      |
    9 |   { name = "index", shell = "index {args.size} $ARG_SIZ", env = { ARG_X = "1", Y = "{args.size}" } },
      |                                                                                    ^^^^^^^^^^^^^
    help: the step sees the value as `$ARG_SIZE`

    error: `command` and `shell` exclude each other
     --> run_functions.toml:10:44
       |
    10 |   { name = "put", command = ["a"], shell = "b", revert = "undo" },
       |                                            ^^^
    help: keep one of them

    error: `revert` of step `put` is a list or a table, not a text
     --> run_functions.toml:10:58
       |
    10 |   { name = "put", command = ["a"], shell = "b", revert = "undo" },
       |                                                          ^^^^^^
    help: for example `["rm", "-f", "{fetch.file}"]`

    warning: `working_dir` does not exist: `ROOT/cwd/{var.storage}/x`
     --> run_functions.toml:11:50
       |
    11 |   { name = "cd", command = ["ls"], working_dir = "{var.storage}/x", color = 1 },
       |                                                  ^^^^^^^^^^^^^^^^^

    error: `working_dir` of step `cd` has `{var.storage}`, which nothing replaces there
     --> run_functions.toml:11:50
       |
    11 |   { name = "cd", command = ["ls"], working_dir = "{var.storage}/x", color = 1 },
       |                                                  ^^^^^^^^^^^^^^^^^
    help: a `shell` sees the value as "$VAR_STORAGE"

    error: unknown key `color` in step `cd`
     --> run_functions.toml:11:69
       |
    11 |   { name = "cd", command = ["ls"], working_dir = "{var.storage}/x", color = 1 },
       |                                                                     ^^^^^
    help: known are `command`, `shell`, `script`, `name`, `input`, `reads`, `revert`, `when`, `check`, `interrupted`, `retry`, `try_each`, `after`, `on_failure` or `elsewhere`, and what surrounds a command in `[tasks.NAME]`
    "##);
}

#[test]
fn everything_that_is_wrong_with_steps_is_told() {
    let setup = Setup::with(
        r#"[jobs.resize]
steps = [
  { name = "args", command = ["true"] },
  { name = "a-b", command = ["true"], retry = { every = "5s", factor = 0.5 } },
  { name = "a_b", command = ["true"], interrupted = "check" },
  { name = "a-b", command = ["true"], check = ["true"] },
  { name = "self", command = ["rm", "{self.x}"], revert = ["rm", "{self.x}"] },
  { command = ["true"], retry = 3, try_each = [] },
  "more",
]
"#,
    );
    insta::assert_snapshot!(setup.refusal(), @r##"
    error: `args` cannot be the name of a step or a group
     --> run_functions.toml:3:12
      |
    3 |   { name = "args", command = ["true"] },
      |            ^^^^^^
    help: `{args…}` in a command is something else; choose another

    error: `retry` of step `a-b` has no `times`
     --> run_functions.toml:4:47
      |
    4 |   { name = "a-b", command = ["true"], retry = { every = "5s", factor = 0.5 } },
      |                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: for example `retry = { times = 3, every = "10s" }`

    error: `factor` is a number from 1 to 100
     --> run_functions.toml:4:72
      |
    4 |   { name = "a-b", command = ["true"], retry = { every = "5s", factor = 0.5 } },
      |                                                                        ^^^

    error: `a-b` and `a_b` are the same as variables: `$RESULT_A_B_KEY`
     --> run_functions.toml:5:12
      |
    5 |   { name = "a_b", command = ["true"], interrupted = "check" },
      |            ^^^^^
    help: choose another name: what a step did is kept under it

    error: step `a_b` has `interrupted = "check"` and no `check`
     --> run_functions.toml:5:53
      |
    5 |   { name = "a_b", command = ["true"], interrupted = "check" },
      |                                                     ^^^^^^^
    help: add `check = ["program", "argument"]`

    error: `a-b` is there twice
     --> run_functions.toml:6:12
      |
    6 |   { name = "a-b", command = ["true"], check = ["true"] },
      |            ^^^^^
    help: choose another name: what a step did is kept under it

    warning: `check` of step `a-b` has no effect
     --> run_functions.toml:6:47
      |
    6 |   { name = "a-b", command = ["true"], check = ["true"] },
      |                                               ^^^^^^^^
    help: write `interrupted = "check"` beside it

    error: step `self` reads its own result
     --> run_functions.toml:7:3
      |
    7 |   { name = "self", command = ["rm", "{self.x}"], revert = ["rm", "{self.x}"] },
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: only its `revert` can: the result is there once the step has ended

    error: a step has no `name`
     --> run_functions.toml:8:3
      |
    8 |   { command = ["true"], retry = 3, try_each = [] },
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: add `name = "…"`

    error: `retry` of a step is a table, not a number
     --> run_functions.toml:8:33
      |
    8 |   { command = ["true"], retry = 3, try_each = [] },
      |                                 ^
    help: for example `retry = { times = 3, every = "10s" }`

    error: `try_each` of a step is empty
     --> run_functions.toml:8:47
      |
    8 |   { command = ["true"], retry = 3, try_each = [] },
      |                                               ^^
    help: for example `try_each = ["mirror1", "mirror2"]`

    error: `retry` and `try_each` of a step exclude each other
     --> run_functions.toml:8:47
      |
    8 |   { command = ["true"], retry = 3, try_each = [] },
      |                                               ^^
    help: keep one of them

    error: a step is a table, not a text
     --> run_functions.toml:9:3
      |
    9 |   "more",
      |   ^^^^^^
    help: for example `{ name = "hello", command = ["echo", "hello"] }`
    "##);
}
