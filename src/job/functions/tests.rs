//! What jobs in Rust come to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Flow, Retry, Secret, StepContext, call_step, define_job};
use crate::core::failure::Outcome;
use crate::flow::FlowPlan;
use crate::flow::definition::{FlowDefinition, Group, ResultUse, RetryTerms, Step};
use crate::flow::journal::Phase;
use crate::job::{ArgumentKind, StepCall, StepSurroundings};

#[derive(clap::Args, Serialize, Deserialize)]
struct Everything {
    /// The first line
    ///
    /// The rest.
    path: PathBuf,
    #[arg(long, default_value_t = 800)]
    width: u32,
    #[arg(long)]
    scale: Option<f64>,
    #[arg(long)]
    dry_run: bool,
    #[arg(short, action = clap::ArgAction::Count)]
    verbose: u8,
    #[arg(long)]
    names: Vec<String>,
    #[arg(long)]
    size: Size,
    #[arg(long)]
    token: Secret,
}

#[derive(Clone, Debug, PartialEq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Size {
    Small,
    #[value(skip)]
    Unknown,
    VeryLarge,
}

#[test]
fn arguments_are_those_of_the_derived_command() {
    let drafted = define_job(|flow: &mut Flow<Everything>| {
        flow.step("one", |_: &StepContext<Everything>| ());
    });
    assert_eq!(drafted.errors, [""; 0]);
    let found = drafted.args.specs.iter().map(|spec| {
        let name = spec.name.as_str();
        (name, spec.kind, spec.default.clone(), spec.secret)
    });
    use ArgumentKind::{Boolean, Integer, Json, Number, Path, String};
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            ("path", Path, None, false),
            ("width", Integer, Some(json!(800)), false),
            ("scale", Number, Some(Value::Null), false),
            ("dry_run", Boolean, Some(json!(false)), false),
            ("verbose", Integer, Some(json!(0)), false),
            ("names", Json, Some(json!([])), false),
            ("size", String, None, false),
            ("token", String, None, true),
        ]
    );
    let [path, .., size, _] = drafted.args.specs.as_slice() else {
        panic!("{drafted:?}");
    };
    assert_eq!(path.help, "The first line");
    assert_eq!(size.one_of, [json!("small"), json!("very-large")]);
    let words = ["--path=a", "--dry-run", "--size", "very-large"].map(str::to_owned);
    let args = drafted.args.parse_words(&words, |name| {
        (name == "ARG_TOKEN").then(|| "hunter2".to_owned())
    });
    let read: Everything = serde_json::from_value(args.unwrap().into()).unwrap();
    assert_eq!((read.width, read.scale, read.verbose), (800, None, 0));
    assert_eq!((read.dry_run, read.size), (true, Size::VeryLarge));
    assert_eq!((read.names.len(), read.token.expose()), (0, "hunter2"));
}

fn two_steps(flow: &mut Flow<()>) {
    let one = flow.step("one", |_: &StepContext<()>| {
        Ok::<_, String>(json!({"a": 1}))
    });
    let one = one.revert(|_: &StepContext<()>, given: Value| assert_eq!(given["a"], 1));
    let two = flow.step("two", |_: &StepContext<()>, given: Value| {
        Ok::<_, String>(given["a"].clone())
    });
    two.with(&one).retry(Retry::times(3).factor(2.0).max("1m"));
}

#[test]
fn a_flow_in_rust_is_the_same_as_in_a_file() {
    let drafted = define_job(two_steps);
    let two = Step {
        name: "two".to_owned(),
        retry: RetryTerms {
            times: 3,
            factor: 2.0,
            max: std::time::Duration::from_secs(60),
            ..RetryTerms::OF_STEPS
        },
        reads: [ResultUse {
            step: "one".to_owned(),
            has_default: false,
        }]
        .into(),
        ..Step::default()
    };
    let one = Step {
        name: "one".to_owned(),
        revert: Some(RetryTerms::OF_REVERTS),
        ..Step::default()
    };
    let nodes = [one, two].map(crate::flow::definition::Node::Step).into();
    let root = Group {
        nodes,
        ..Group::default()
    };
    assert_eq!(drafted.root, root);
    let definition = FlowDefinition {
        name: "x".to_owned(),
        root,
    };
    assert!(FlowPlan::new(definition).is_ok());
}

fn called(step: &str, phase: Phase, results: &Value) -> (Outcome, Option<Value>) {
    let results = serde_json::from_value(results.clone()).unwrap();
    let call = StepCall {
        job: "x".to_owned(),
        job_id: 1,
        step: step.to_owned(),
        phase,
        attempt: 1,
        args: Map::new(),
        results,
        each: None,
        error: None,
        job_dir: PathBuf::new(),
    };
    let around = StepSurroundings {
        fence: 1,
        deadline: None,
        should_stop: || false,
        print: std::rc::Rc::new(|_| {}),
    };
    let reply = call_step(two_steps, &call, &around);
    (reply.outcome, reply.result)
}

#[test]
fn a_function_is_called_with_what_its_step_reads() {
    let (outcome, result) = called("one", Phase::Execute, &json!({}));
    assert!(matches!(outcome, Outcome::Success));
    assert_eq!(result, Some(json!({"a": 1})));
    let (_, result) = called("two", Phase::Execute, &json!({"one": {"a": 5}}));
    assert_eq!(result, Some(json!(5)));
    let (outcome, _) = called("one", Phase::Revert, &json!({"one": {"a": 1}}));
    assert!(matches!(outcome, Outcome::Success));
    let (outcome, _) = called("one", Phase::Revert, &json!({"one": {"a": 2}}));
    assert!(
        outcome.failure().unwrap().place.is_some(),
        "a panic has its place"
    );
    for (step, phase) in [("two", Phase::Revert), ("three", Phase::Execute)] {
        let (outcome, _) = called(step, phase, &json!({}));
        let text = outcome.failure().unwrap().text();
        assert!(text.contains("this program has no"), "{text}");
    }
}

#[test]
fn steps_of_two_flows_are_kept_apart() {
    let drafted = define_job(|flow: &mut Flow<()>| {
        let mut other = Flow::new();
        let foreign = other.step("one", |_: &StepContext<()>| Ok::<_, String>(1));
        let step = flow.step("two", |_: &StepContext<()>, _: i32| ());
        step.with(&foreign).after(&foreign);
    });
    assert_eq!(
        drafted.errors[..2],
        [
            "`with` of `two`: names a step of another flow",
            "`after` of `two`: names a step of another flow"
        ]
    );
}

#[test]
fn a_panic_in_a_definition_is_an_error_of_the_job() {
    let drafted = define_job(|_: &mut Flow<()>| panic!("no disk"));
    assert!(drafted.errors[0].contains("no disk"), "{drafted:?}");
}
