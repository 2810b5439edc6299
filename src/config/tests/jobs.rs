//! `[jobs.NAME]` and `[worker]` as people write them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Setup;
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
