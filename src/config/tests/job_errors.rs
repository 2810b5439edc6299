//! What is wrong in `[jobs.NAME]` is reported with its place and a remedy.

use super::{Setup, titles};
use crate::flow::definition::{Group, Node, Step};
use crate::job::{DraftedJob, JobOption, JobRegistration};

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

#[test]
fn functions_that_come_after_themselves_are_refused_at_load() {
    static FIRST: JobRegistration =
        registration("first", 7, &[("then", JobOption::Texts(&["second"]))]);
    static SECOND: JobRegistration =
        registration("second", 9, &[("then", JobOption::Texts(&["first"]))]);
    static ALONE: JobRegistration =
        registration("alone", 11, &[("then", JobOption::Texts(&["first"]))]);
    let mut setup = Setup::bare();
    setup.inputs.registered_jobs = vec![&FIRST, &SECOND, &ALONE];
    insta::assert_snapshot!(setup.refusal(), @r"
    error: `first` comes after itself: first, then second, then first
     --> attribute at src/jobs.rs:7
    help: leave one of them out

    error: `second` comes after itself: second, then first, then second
     --> attribute at src/jobs.rs:9
    help: leave one of them out
    ");
}

const fn registration(
    function: &'static str,
    line: u32,
    options: &'static [(&'static str, JobOption)],
) -> JobRegistration {
    JobRegistration {
        module_path: "app::jobs",
        function,
        chosen: None,
        file: "src/jobs.rs",
        line,
        help: "",
        options,
        define: || DraftedJob {
            root: Group {
                nodes: vec![Node::Step(Step {
                    name: "work".to_owned(),
                    ..Step::default()
                })],
                ..Group::default()
            },
            args: Default::default(),
            timeouts: Default::default(),
            errors: Vec::new(),
        },
        check: |_| Ok(()),
        call: |_, _| unreachable!("no step is begun"),
    }
}
