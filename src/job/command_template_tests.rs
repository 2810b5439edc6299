use std::path::Path;

use serde_json::{Map, Value, json};

use super::*;
use crate::job::{
    ArgumentKind, ArgumentSchema, ArgumentSpec, StepFiles, TemplateProblem, TemplateScope,
    step_variables,
};

fn schema() -> ArgumentSchema {
    let spec = |name: &str, secret| ArgumentSpec {
        name: name.to_owned(),
        kind: ArgumentKind::Json,
        secret,
        ..ArgumentSpec::default()
    };
    ArgumentSchema {
        specs: vec![spec("dry-run", false), spec("token", true)],
    }
}

fn command(program: ProgramTemplate, reads: &[&str]) -> Result<CommandTemplate, String> {
    let steps = ["fetch", "to_cdn", "to"].map(str::to_owned).into();
    let schema = schema();
    let scope = TemplateScope {
        args: &schema,
        steps: &steps,
        vars: None,
        has_each: true,
    };
    let reads: Vec<String> = reads.iter().map(|read| (*read).to_owned()).collect();
    let mut problems = Vec::new();
    let variables = step_variables(&program, &reads, &scope, &mut problems);
    let lines: Vec<String> = problems
        .into_iter()
        .map(|TemplateProblem { message, help }| format!("{message}; {help}"))
        .collect();
    if !lines.is_empty() {
        return Err(lines.join("\n"));
    }
    Ok(CommandTemplate {
        program,
        input: None,
        variables,
        timeout: None,
        child: ChildSettings::default(),
    })
}

fn shell(text: &str) -> Result<CommandTemplate, String> {
    command(ProgramTemplate::Shell(text.to_owned()), &[])
}

fn rendered(command: &CommandTemplate, results: Value) -> Result<RenderedCommand, RenderErrors> {
    let args: Map<String, Value> =
        serde_json::from_value(json!({"dry-run": true, "token": "t0k"})).unwrap();
    let results = serde_json::from_value(results).unwrap();
    command.render(&JobData {
        job_id: "17",
        args: &args,
        results: &results,
        each: Some(&json!(5)),
        vars: &BTreeMap::from([("storage".to_owned(), "/mnt/a".to_owned())]),
    })
}

#[test]
fn a_shell_sees_values_as_variables_and_no_secret_that_it_does_not_name() {
    let results = json!({"fetch": {"file-name": "$(rm -rf /)", "other": 1}});
    let plain = rendered(
        &shell("cp \"$RESULT_FETCH_FILE_NAME\" .").unwrap(),
        results.clone(),
    );
    let variables = plain.unwrap().variables;
    let expected = [
        ("ARG_DRY_RUN", "true"),
        ("EACH", "5"),
        ("JOB_ID", "17"),
        ("RESULT_FETCH_FILE_NAME", "$(rm -rf /)"),
        ("VAR_STORAGE", "/mnt/a"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(variables, BTreeMap::from(expected));
    let secret = rendered(&shell("login \"$ARG_TOKEN\"").unwrap(), results).unwrap();
    assert_eq!(secret.variables["ARG_TOKEN"], "t0k");
    assert!(!format!("{secret:?}").contains("t0k"));
}

#[test]
fn a_variable_without_a_value_fails_unless_the_text_has_a_default() {
    let needs = shell("echo $RESULT_FETCH_SIZE").unwrap();
    let error = rendered(&needs, json!({"fetch": {}})).unwrap_err();
    assert!(
        error.to_string().starts_with("`{fetch.SIZE}` has no value"),
        "{error}"
    );
    assert!(error.lack_only_result_of("fetch") && !error.lack_only_result_of("to"));
    let does_without = shell("echo ${RESULT_FETCH_SIZE:-0}").unwrap();
    let variables = rendered(&does_without, json!({})).unwrap().variables;
    assert!(!variables.contains_key("RESULT_FETCH_SIZE"));
    let use_of = |has_default| ResultUse {
        step: "fetch".to_owned(),
        has_default,
    };
    assert_eq!(needs.result_uses(), [use_of(false)].into());
    assert_eq!(does_without.result_uses(), [use_of(true)].into());
}

#[test]
fn variables_that_nothing_gives_are_refused() {
    for (text, problem) in [
        (
            "$ARG_TOKE",
            "has `$ARG_TOKE`, and the job has no such argument; did you mean `ARG_TOKEN`?",
        ),
        (
            "$RESULT_FETSH_X",
            "has `$RESULT_FETSH_X`, and no step has a name of that form; did you mean `FETCH`?",
        ),
        (
            "$RESULT_TO_CDN_URL",
            "has `$RESULT_TO_CDN_URL`, which may be of step `to` and of step `to_cdn`; write the one that is meant: `reads = [\"to_cdn.KEY\"]`",
        ),
    ] {
        assert_eq!(shell(text).unwrap_err(), problem, "{text}");
    }
    assert!(shell("RESULT_X=5; echo $RESULT_X $RESULT_FILE").is_ok());
}

#[test]
fn what_reads_names_is_a_variable_of_every_program() {
    let script = ProgramTemplate::Script("/x".into());
    let reads = ["args.token", "to_cdn.url", "fetch.size.width|0", "fetch"];
    let command = command(script, &reads).unwrap();
    let results = json!({"to_cdn": {"url": "u"}, "fetch": {"a": 1}});
    let variables = rendered(&command, results).unwrap().variables;
    for (name, value) in [
        ("ARG_TOKEN", "t0k"),
        ("RESULT_TO_CDN_URL", "u"),
        ("RESULT_FETCH_SIZE_WIDTH", "0"),
        ("RESULT_FETCH", "{\"a\":1}"),
    ] {
        assert_eq!(variables[name], value, "{name}");
    }
}

#[test]
fn two_values_are_not_the_same_variable() {
    let script = || ProgramTemplate::Script("/x".into());
    for (reads, problem) in [
        (
            ["fetch.a-b", "fetch.a_b"],
            "has `fetch.a_b`, and `$RESULT_FETCH_A_B` is something else already",
        ),
        (
            ["to.cdn", "to_cdn"],
            "has `to_cdn`, and `$RESULT_TO_CDN` is something else already",
        ),
    ] {
        let error = command(script(), &reads).unwrap_err();
        assert!(error.starts_with(problem), "{error}");
    }
    assert!(command(script(), &["fetch.a", "fetch.a"]).is_ok());
}

#[test]
fn every_error_of_a_command_is_listed_at_once() {
    let words = ["cp", "--", "{fetch.a}", "{to.b}", "{each}"];
    let words = words.map(|word| ArgumentTemplate::parse(word).unwrap());
    let mut command = command(ProgramTemplate::Command(words.into()), &[]).unwrap();
    command.input = Some(ArgumentTemplate::parse("-{to.c}").unwrap());
    let error = rendered(&command, json!({"fetch": {"a": "-x"}})).unwrap_err();
    assert_eq!(error.errors.len(), 2, "{error}");
    let results = json!({"fetch": {"a": "-x"}, "to": {"b": "b", "c": "c"}});
    let made = rendered(&command, results).unwrap();
    let argv = ["cp", "--", "-x", "b", "5"].map(str::to_owned);
    assert_eq!(
        made.program,
        crate::core::settings::Program::Command(argv.into())
    );
    assert_eq!(made.input.as_deref(), Some("-c"));
}

#[test]
fn a_step_runs_in_the_directory_of_its_job_with_its_variables() {
    let command = shell("true").unwrap();
    let made = rendered(&command, json!({})).unwrap();
    let child = ChildSettings {
        env: BTreeMap::from([("LANG".to_owned(), "C".to_owned())]),
        ..ChildSettings::default()
    };
    let files = StepFiles {
        job_dir: Path::new("/j/7"),
        result_file: Path::new("/j/7/r"),
        input: Some(Path::new("/j/7/i")),
    };
    let around = made.surroundings(&child, files);
    assert_eq!(around.working_dir.as_deref(), Some(Path::new("/j/7")));
    assert_eq!(around.stdin.as_deref(), Some(Path::new("/j/7/i")));
    for (name, value) in [
        ("LANG", "C"),
        ("JOB_DIR", "/j/7"),
        ("RESULT_FILE", "/j/7/r"),
        ("JOB_ID", "17"),
        ("ARG_DRY_RUN", "true"),
    ] {
        assert_eq!(around.env[name], value, "{name}");
    }
    let own = ChildSettings {
        working_dir: Some("/srv".into()),
        ..child
    };
    let around = made.surroundings(&own, files);
    assert_eq!(around.working_dir.as_deref(), Some(Path::new("/srv")));
}
