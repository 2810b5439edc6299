//! `[jobs.NAME]` and `[worker]` as people write them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Setup, titles};
use crate::config::Loaded;
use crate::config::options::{self, ConfigSection};
use crate::core::settings::{Program, WorkerSettings};
use crate::flow::definition::{Group, Interrupted, Node, OnFailure, ResultUse, RetryTerms, Step};
use crate::job::{JobData, JobDefinition, OverlapMode, RenderedCommand, ResumeMode};

/// The example of the design.
const DESIGN: &str = r#"
[jobs.resize]
help = "Resizes a picture and publishes it."
args.path  = { type = "path", help = "the picture" }
args.width = { type = "integer", default = 800 }
resume = "restart"
needs = ["imagemagick"]
limit = 2
overlap = "wait"
expires = "1h"
steps = [
  { name = "fetch",  command = ["fetch", "--", "{args.path}"], revert = { command = ["rm", "-f", "{fetch.file}"] }, retry = { times = 3, every = "10s" } },
  { name = "shrink", command = ["convert", "{fetch.file}", "-resize", "{args.width}", "small.png"], elsewhere = true },
]
[worker]
slots = 4
tags  = ["x86_64"]
can = { port_is_free = ["test", "!", "-e", "/run/port"] }
vars  = { storage = "/mnt/a" }
"#;

fn resize(loaded: &Loaded) -> &JobDefinition {
    &loaded.jobs["resize"].definition
}

fn step<'a>(group: &'a Group, name: &str) -> &'a Step {
    let mut steps = group.nodes.iter().filter_map(|node| match node {
        Node::Step(step) if step.name == name => Some(step),
        Node::Group(inner) => Some(step(inner, name)).filter(|step| step.name == name),
        Node::Step(_) => None,
    });
    steps.next().unwrap_or_else(|| panic!("{name}"))
}

fn rendered(job: &JobDefinition, name: &str, args: Value, results: Value) -> RenderedCommand {
    let args = job.schema.args.check(&args).unwrap();
    let results = serde_json::from_value(results).unwrap();
    let command = &job.steps[name].execute;
    let data = JobData {
        job_id: "7",
        args: &args,
        results: &results,
        each: None,
        vars: &BTreeMap::from([("storage".to_owned(), "/mnt/a".to_owned())]),
    };
    command
        .render(&data)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_job_of_the_design_is_understood() {
    let loaded = Setup::with(DESIGN).load();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let job = resize(&loaded);
    assert_eq!(job.name(), "resize");
    assert_eq!(job.schema.help, "Resizes a picture and publishes it.");
    assert_eq!(job.schema.resume, ResumeMode::Restart);
    assert_eq!(job.schema.overlap, OverlapMode::Wait);
    assert_eq!(job.schema.needs, ["imagemagick"]);
    assert_eq!((job.schema.limit, job.schema.max_crashes), (Some(2), 3));
    assert_eq!(job.schema.expires, Some(Duration::from_secs(3600)));
    let fetch = step(&job.flow.root, "fetch");
    let ten = Duration::from_secs(10);
    let retry = RetryTerms {
        times: 3,
        every: ten,
        ..RetryTerms::ONCE
    };
    assert_eq!(
        (fetch.retry, fetch.revert),
        (retry, Some(RetryTerms::OF_REVERTS))
    );
    assert!(fetch.reads.is_empty());
    let reads = ResultUse {
        step: "fetch".to_owned(),
        has_default: false,
    };
    let shrink = step(&job.flow.root, "shrink");
    assert!(
        shrink.elsewhere && shrink.reads == [reads].into(),
        "{shrink:?}"
    );
    let made = rendered(
        job,
        "shrink",
        json!({"path": "-a.png"}),
        json!({"fetch": {"file": "/t/a"}}),
    );
    let argv = ["convert", "/t/a", "-resize", "800", "small.png"].map(str::to_owned);
    assert_eq!(made.program, Program::Command(argv.into()));
    let made = rendered(job, "fetch", json!({"path": "-a.png"}), json!({}));
    let argv = ["fetch", "--", "-a.png"].map(str::to_owned);
    assert_eq!(made.program, Program::Command(argv.into()));
    assert_eq!(made.variables["ARG_WIDTH"], "800");
}

#[test]
fn a_job_that_could_not_go_on_elsewhere_is_doubted_unless_that_is_decided() {
    let doubt = |first: &str, later: &str, resume: &str| {
        let text = format!(
            "[jobs.x]\n{resume}\nsteps = [{{ name = \"a\", {first} }}, {{ name = \"b\", {later} }}]"
        );
        let loaded = Setup::with(&text).load();
        assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
        let doubt = loaded.jobs["x"].resume_doubt.clone();
        doubt.map(|problem| problem.message)
    };
    let plain = "command = [\"true\"]";
    for (later, used) in [
        ("shell = \"ls \\\"$JOB_DIR\\\"\"", "$JOB_DIR"),
        ("command = [\"cat\", \"{a.file}\"]", "{a.file}"),
        ("command = [\"cat\", \"small.png\"]", "small.png"),
        ("command = [\"cat\", \"out/small\"]", "out/small"),
    ] {
        let told = doubt(plain, later, "").unwrap();
        assert!(
            told.starts_with(&format!("step `b` of `x` uses `{used}`")),
            "{told}"
        );
        assert_eq!(doubt(plain, later, "resume = \"anywhere\""), None);
    }
    let first = "command = [\"cat\", \"small.png\"]";
    let later =
        "command = [\"curl\", \"-s\", \"https://a.example/b.png\", \"{a.count}\", \"/x/y.png\"]";
    assert_eq!(doubt(first, later, ""), None);
}

#[test]
fn the_worker_has_what_is_written() {
    let worker = Setup::with(DESIGN).load().worker;
    let command = ["test", "!", "-e", "/run/port"].map(str::to_owned).into();
    let expected = WorkerSettings {
        name: None,
        slots: Some(4),
        tags: vec!["x86_64".to_owned()],
        can: BTreeMap::from([("port_is_free".to_owned(), command)]),
        vars: BTreeMap::from([("storage".to_owned(), "/mnt/a".to_owned())]),
        drain_timeout: Duration::from_secs(3600),
    };
    assert_eq!(worker, expected);
    let overruled = Setup::with(DESIGN).set("RUN_FUNCTIONS_WORKER_SLOTS", "9");
    assert_eq!(overruled.load().worker.slots, Some(9));
}

#[test]
fn a_worker_of_which_nothing_is_written_has_the_defaults_of_the_table() {
    assert_eq!(Setup::bare().load().worker, WorkerSettings::default());
    let written = Setup::with("[worker]\ndrain_timeout = \"1h\"\n")
        .load()
        .worker;
    assert_eq!(written, WorkerSettings::default());
}

#[test]
fn groups_retries_and_surroundings_are_read() {
    let loaded = Setup::with(
        r#"
[defaults]
nice = 5
working_dir = "elsewhere"
[jobs.resize]
parallel = true
env = { LANG = "C" }
timeout = "5m"
on_failure = "stop"
steps = [
  { name = "publish", parallel = true, retry = { times = 2 }, on_failure = "continue", steps = [
    { name = "cdn", shell = "put", env = { X = "1" }, timeout = "1m",
      when = ["test", "-e", "x"], check = { shell = "is_done", timeout = "2s" }, interrupted = "check",
      revert = { script = "undo.sh", retry = { times = 9, factor = 1.5, max = "1h" }, env = { X = "2" } } },
    { name = "index", command = ["./index", "{each}"], try_each = ["a", { b = 1 }], after = ["cdn"], interrupted = "hold" },
  ] },
]
"#,
    )
    .load();
    let job = resize(&loaded);
    assert!(job.flow.root.parallel && job.flow.root.on_failure == Some(OnFailure::Stop));
    let Node::Group(publish) = &job.flow.root.nodes[0] else {
        panic!("{:?}", job.flow.root)
    };
    assert!(publish.parallel && publish.on_failure == Some(OnFailure::Continue));
    assert_eq!(
        (publish.retry.times, publish.retry.every),
        (2, Duration::from_secs(10))
    );
    let cdn = step(publish, "cdn");
    let revert = RetryTerms {
        times: 9,
        factor: 1.5,
        max: Duration::from_secs(3600),
        ..RetryTerms::OF_REVERTS
    };
    assert_eq!(cdn.revert, Some(revert));
    assert!(cdn.has_when && cdn.interrupted == Interrupted::Check);
    let index = step(publish, "index");
    assert_eq!(index.try_each, [json!("a"), json!({"b": 1})]);
    assert_eq!(
        (index.after.as_slice(), index.interrupted),
        (&["cdn".to_owned()][..], Interrupted::Hold)
    );
    let commands = &job.steps["cdn"];
    let timeouts: Vec<u64> = commands
        .all()
        .map(|c| c.timeout.unwrap().as_secs())
        .collect();
    assert_eq!(timeouts, [60, 60, 60, 2]);
    let env = |command: &crate::job::CommandTemplate| command.child.env.clone();
    assert_eq!(env(&commands.execute)["X"], "1");
    assert_eq!(env(commands.revert.as_ref().unwrap())["X"], "2");
    assert!(commands.all().all(|command| env(command)["LANG"] == "C"));
    assert!(
        commands
            .all()
            .all(|c| c.child.nice == Some(5) && c.child.working_dir.is_none())
    );
}

#[test]
fn everything_that_is_wrong_with_a_job_is_told_at_once_with_its_place() {
    let setup = Setup::with(
        r#"[jobs.resize]
resumee = "restart"
limit_by = "args.wdth"
needs = ["image magick"]
args.path = "path"
args.width = { type = "integer", default = "wide", one_off = [1] }
args.size = { one_of = ["s", 5] }
args.token = { secret = true, default = "hunter2" }
args.Width = { type = "json" }
args."9" = {}
steps = [{ name = "a", command = ["true"] }]
"#,
    );
    insta::assert_snapshot!(setup.refusal(), @r##"
    error: unknown key `resumee` in `[jobs.resize]`
     --> run_functions.toml:2:1
      |
    2 | resumee = "restart"
      | ^^^^^^^
    help: did you mean `resume`?

    error: `limit_by` has no effect without `limit`
     --> run_functions.toml:3:12
      |
    3 | limit_by = "args.wdth"
      |            ^^^^^^^^^^^
    help: write `limit = 1` beside it, or another number

    error: `limit_by` is no argument of the job: `args.wdth`
     --> run_functions.toml:3:12
      |
    3 | limit_by = "args.wdth"
      |            ^^^^^^^^^^^
    help: did you mean `args.width`?

    error: `image magick` in `needs` cannot be a tag
     --> run_functions.toml:4:9
      |
    4 | needs = ["image magick"]
      |         ^^^^^^^^^^^^^^^^
    help: letters, digits, `_` and `-`, beginning with a letter

    error: `args.path` is a table, not a text
     --> run_functions.toml:5:13
      |
    5 | args.path = "path"
      |             ^^^^^^
    help: for example `args.path = { type = "string" }`

    error: `default` of `args.width`: "wide" is no integer
     --> run_functions.toml:6:44
      |
    6 | args.width = { type = "integer", default = "wide", one_off = [1] }
      |                                            ^^^^^^

    error: unknown key `one_off` in `args.width`
     --> run_functions.toml:6:52
      |
    6 | args.width = { type = "integer", default = "wide", one_off = [1] }
      |                                                    ^^^^^^^
    help: did you mean `one_of`?

    error: `one_of` of `args.size`: 5 is no text
     --> run_functions.toml:7:30
      |
    7 | args.size = { one_of = ["s", 5] }
      |                              ^

    warning: no step reads the secret argument `token`
     --> run_functions.toml:8:6
      |
    8 | args.token = …
      |      ^^^^^
    help: write `reads = ["args.token"]` at the step that needs it as `$ARG_TOKEN`

    error: `default` of `args.token` would be a secret in this file
     --> run_functions.toml:8:41
      |
    8 | args.token = …
      |               ^
    help: an empty text may be the default of a secret, or none

    error: the arguments `width` and `Width` are the same as variables: `$ARG_WIDTH`
     --> run_functions.toml:9:6
      |
    9 | args.Width = { type = "json" }
      |      ^^^^^
    help: choose another name

    error: `9` cannot be the name of an argument
     --> run_functions.toml:10:6
       |
    10 | args."9" = {}
       |      ^^^
    help: letters, digits, `_` and `-`, beginning with a letter
    "##);
}

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

#[test]
fn what_no_flow_can_be_is_told_at_its_step() {
    let setup = Setup::with(
        r#"[jobs.x]
steps = [
  { name = "a", command = ["true"], after = ["bb"] },
  { name = "b", command = ["echo", "{c.x}"], revert = ["rm", "{b.y}"] },
  { name = "c", command = ["true"], when = ["true"] },
  { name = "d", shell = "echo $RESULT_C_X ${RESULT_A_X:-0}" },
  { name = "e", command = ["echo", "{c.x|none}"] },
]
"#,
    );
    insta::assert_snapshot!(setup.refusal(), @r##"
    error: `a` is to begin after `bb`, which is unknown
     --> run_functions.toml:3:12
      |
    3 |   { name = "a", command = ["true"], after = ["bb"] },
      |            ^^^
    help: did you mean `b`?

    error: `b` reads the result of `c`, which need not have ended by then
     --> run_functions.toml:4:12
      |
    4 |   { name = "b", command = ["echo", "{c.x}"], revert = ["rm", "{b.y}"] },
      |            ^^^
    help: add `after`

    error: `d` reads the result of `c`, which may be skipped
     --> run_functions.toml:6:12
      |
    6 |   { name = "d", shell = "echo $RESULT_C_X ${RESULT_A_X:-0}" },
      |            ^^^
    help: write a default: `{c.KEY|default}`
    "##);
}

#[test]
fn other_mistakes_are_told_with_the_remedy() {
    for (text, told) in [
        (
            "[jobs.\"a b\"]\nsteps = []",
            "error: `a b` cannot be the name of a job",
        ),
        ("[jobs]\nx = 5", "error: `x` is a table, not a number"),
        ("[jobs.x]\nhelp = \"x\"", "error: `[jobs.x]` has no `steps`"),
        ("[jobs.x]\nsteps = []", "error: `steps` is empty"),
        (
            "[jobs.x]\nsteps = [{ name = \"g\", steps = [] }]",
            "error: `steps` is empty",
        ),
        (
            "[jobs.x]\nsteps = [{ name = \"g\", command = [\"a\"], steps = [{ name = \"a\", command = [\"a\"] }] }]",
            "error: unknown key `command` in group `g`",
        ),
        (
            "[worker]\nslots = 0",
            "error: `slots` is a number from 1 to 10000",
        ),
        (
            "[worker]\nname = \"a/b\"",
            "error: `a/b` cannot be the name of a worker",
        ),
        (
            "[worker]\ntags = [\"a b\"]",
            "error: `a b` in `tags` cannot be a tag",
        ),
        (
            "[worker]\ncan = { gpu = \"nvidia-smi\" }",
            "error: `gpu` in `can` is a list, not a text",
        ),
        (
            "[worker]\ntags = [\"gpu\"]\ncan = { gpu = [\"nvidia-smi\"] }",
            "error: `gpu` is in `tags` and in `can`",
        ),
        (
            "[worker]\nvars = { a = \"1\", A = \"2\" }",
            "error: `A` and `a` in `vars` are both `$VAR_A`",
        ),
        (
            "[[jobs.x.steps]]\ncommand = [\"a\"]\n[jobs.x.steps.retry]\nevery = \"5s\"",
            "error: a step has no `name`\nerror: `retry` of a step has no `times`",
        ),
        (
            "[jobs.x]\nlimit_by = 5\nlimit = 1\nsteps = [{ name = \"a\", command = [\"a\"], stdin = \"/dev/null\", input = \"x\" }]",
            "error: `limit_by` is a text, not a number\nerror: `stdin` and `input` exclude each other",
        ),
        (
            "[worker]\nlots = 5",
            "error: unknown key `lots` in `[worker]`",
        ),
        ("slots = 5", "error: unknown key `slots`"),
    ] {
        let refusal = Setup::with(text).refusal();
        assert_eq!(titles(&refusal).join("\n"), told, "{text}");
    }
    let setup = Setup::with(
        "[worker]\nvars = { a = \"1\" }\n[jobs.x]\nsteps = [{ name = \"s\", command = [\"{var.b}/x\"] }]",
    );
    assert!(
        setup
            .refusal()
            .contains("there is no `b` in `vars` of `[worker]`")
    );
    let setup = Setup::with("[jobs.x]\nsteps = [{ name = \"s\", command = [\"{var.b}/x\"] }]");
    assert_eq!(setup.load().jobs["x"].definition.vars(), ["b"].into());
}

#[test]
fn a_thousand_steps_are_read_and_no_more() {
    let text = |count: usize| {
        let step =
            |at| format!("  {{ name = \"s{at}\", command = [\"echo\", \"{{job.id}}\"] }},\n");
        let steps: String = (0..count).map(step).collect();
        format!("[jobs.x]\nsteps = [\n{steps}]\n")
    };
    let loaded = Setup::with(&text(1000)).load();
    assert_eq!(loaded.jobs["x"].definition.steps.len(), 1000);
    let refusal = Setup::with(&text(1001)).refusal();
    assert_eq!(
        titles(&refusal),
        ["error: `[jobs.x]` has more than 1000 steps"]
    );
}

/// The options of the attribute are keys of `[jobs.NAME]`, and all of them.
#[test]
fn the_attribute_has_the_options_of_the_table() {
    let macros = include_str!("../../../macros/src/job_options.rs");
    let docs = include_str!("../../job/attribute.md");
    for key in options::of(ConfigSection::Job).map(|option| option.key) {
        if ["help", "args", "steps"].contains(&key) {
            continue;
        }
        assert!(macros.contains(&format!("\"{key}\",")), "the macro: {key}");
        assert!(docs.contains(&format!("`{key}`")), "the docs: {key}");
    }
}
