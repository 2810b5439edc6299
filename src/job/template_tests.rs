use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;

fn parse_error(text: &str) -> String {
    let (message, help) = ArgumentTemplate::parse(text).unwrap_err();
    format!("{message}; {help}")
}

fn rendered(text: &str, after_dashes: bool) -> Result<String, String> {
    let args = json!({"x": "a b", "n": 5, "yes": true, "minus": "-rf", "list": [1, "ü"], "nul": "\0", "empty": ""});
    let Value::Object(args) = args else {
        unreachable!("it is an object")
    };
    let results = BTreeMap::from([
        (
            "fetch".to_owned(),
            json!({"file": "/tmp/a", "size": {"w": 1.5}, "none": null, "all": ["p", "q"]}),
        ),
        ("plain".to_owned(), json!("text")),
    ]);
    let vars = BTreeMap::from([("storage".to_owned(), "/mnt/a".to_owned())]);
    let each = json!({"host": "h1"});
    let data = JobData {
        job_id: "17",
        args: &args,
        results: &results,
        each: Some(&each),
        vars: &vars,
    };
    let template = ArgumentTemplate::parse(text).unwrap();
    let rendered = template.render_argument(&data, after_dashes);
    rendered.map_err(|error| error.to_string())
}

#[test]
fn references_become_parts_of_one_argument() {
    for (text, argument) in [
        ("", ""),
        ("plain text", "plain text"),
        ("{args.x}", "a b"),
        ("--n={args.n}", "--n=5"),
        ("{args.yes}{args.n}", "true5"),
        ("{args.list}", "[1,\"ü\"]"),
        ("{fetch.file}.png", "/tmp/a.png"),
        ("{fetch.size.w}", "1.5"),
        ("{fetch.size}", "{\"w\":1.5}"),
        ("{fetch.all.1}", "q"),
        ("{plain}", "text"),
        ("{fetch.none|nothing at all: {{}", "nothing at all: {{"),
        ("{fetch.gone|}", ""),
        ("{gone.key|-5}", "-5"),
        ("{each.host}", "h1"),
        ("{var.storage}/{job.id}", "/mnt/a/17"),
        ("{{args.x}}", "{args.x}"),
        ("a{{b}}{args.n}", "a{b}5"),
    ] {
        assert_eq!(rendered(text, false), Ok(argument.to_owned()), "{text}");
    }
}

#[test]
fn what_is_missing_fails() {
    for (text, error) in [
        (
            "{fetch.gone}",
            "`{fetch.gone}` has no value: step `fetch` gave none",
        ),
        (
            "{fetch.none}",
            "`{fetch.none}` has no value: step `fetch` gave none",
        ),
        (
            "{gone.key}",
            "`{gone.key}` has no value: step `gone` gave none",
        ),
        (
            "{var.gone}",
            "`{var.gone}` has no value: this worker has no variable `gone` in `vars`",
        ),
        ("{args.nul}", "`{args.nul}` has a NUL character in it"),
    ] {
        let told = rendered(text, false).unwrap_err();
        assert!(told.starts_with(error), "{text}: {told}");
    }
}

#[test]
fn a_value_becomes_no_option_unless_dashes_stand_before() {
    for text in ["{args.minus}", "{args.empty}{args.minus}", "{args.minus}x"] {
        let error = rendered(text, false).unwrap_err();
        assert!(error.contains("begins with `-`"), "{error}");
        assert!(rendered(text, true).is_ok());
    }
    assert_eq!(rendered("x{args.minus}", false), Ok("x-rf".to_owned()));
    assert_eq!(rendered("-{args.n}", false), Ok("-5".to_owned()));
}

#[test]
fn an_argument_that_is_an_option_may_begin_with_a_dash() {
    let mut template = ArgumentTemplate::parse("{args.o}").unwrap();
    template
        .references_mut()
        .for_each(|reference| reference.may_be_option = true);
    let args = Map::from_iter([("o".to_owned(), json!("-v"))]);
    let data = JobData {
        job_id: "1",
        args: &args,
        results: &BTreeMap::new(),
        each: None,
        vars: &BTreeMap::new(),
    };
    assert_eq!(template.render_argument(&data, false), Ok("-v".to_owned()));
}

#[test]
fn what_is_no_reference_is_refused_with_the_remedy() {
    for (text, error) in [
        (
            "{print $1}",
            "has `{print $1}`, which is no reference to a value; write `{{`",
        ),
        ("{}", "has `{}`, which is no reference"),
        ("{a..b}", "has `{a..b}`, which is no reference"),
        (
            "{args}",
            "has `{args}`, which names no argument; write `{args.NAME}`",
        ),
        ("{var}", "has `{var}`, which names no variable"),
        (
            "{job.name}",
            "has `{job.name}`, which nothing gives; of the job itself there is `{job.id}`",
        ),
        ("{var.a.b}", "has `{var.a.b}`, which nothing gives"),
        ("a { b", "has a `{` without a `}`"),
        ("a } b", "has a `}` without a `{`"),
    ] {
        let told = parse_error(text);
        assert!(told.starts_with(error), "{text}: {told}");
    }
}

#[test]
fn a_text_of_any_characters_is_parsed_or_refused() {
    // Every text, and none that makes parsing panic.
    for text in [
        "{", "}", "{{", "}}", "{{{", "ä{ö}", "{ä|ö}", "{a|", "|}", "{a|}}",
    ] {
        let _ = ArgumentTemplate::parse(text).map(|template| template.literal().is_some());
    }
    let braces = ArgumentTemplate::parse("{{}}").unwrap();
    assert_eq!(braces.literal(), Some("{}"));
}
