//! Values are data: whatever is in them, a command has the same number of arguments.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::shell_text::variables_in;
use super::*;
use crate::core::settings::{ChildSettings, Program};

/// Renders a command with a text as the argument `x`.
fn arguments(words: &[&str], value: &str) -> Result<Vec<String>, RenderErrors> {
    let words = words
        .iter()
        .map(|word| ArgumentTemplate::parse(word).unwrap());
    let command = CommandTemplate {
        program: ProgramTemplate::Command(words.collect()),
        input: None,
        variables: BTreeMap::new(),
        timeout: None,
        child: ChildSettings::default(),
    };
    let args = Map::from_iter([("x".to_owned(), json!(value))]);
    let rendered = command.render(&JobData {
        job_id: "1",
        args: &args,
        results: &BTreeMap::new(),
        each: None,
        vars: &BTreeMap::new(),
    })?;
    match rendered.program {
        Program::Command(words) => Ok(words),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_value_is_one_argument_or_refused(value in "(-{0,2})[\\PC\n\u{0}]{0,20}") {
        let made = arguments(&["rm", "{args.x}", "last"], &value);
        match made {
            Ok(words) => prop_assert_eq!(words, ["rm", value.as_str(), "last"]),
            Err(_) => prop_assert!(value.starts_with('-') || value.contains('\0')),
        }
        let made = arguments(&["rm", "--", "a{args.x}", "{args.x}"], &value);
        match made {
            Ok(words) => prop_assert_eq!(words, ["rm", "--", &format!("a{value}"), &value]),
            Err(_) => prop_assert!(value.contains('\0')),
        }
    }

    #[test]
    fn any_text_is_a_template_or_refused(text in "[{}|.a-z$\\PC-]{0,20}") {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        let literal = ArgumentTemplate::parse(&doubled).unwrap();
        prop_assert_eq!(literal.literal(), Some(text.as_str()));
        if let Err((message, help)) = ArgumentTemplate::parse(&text) {
            prop_assert!(!message.is_empty() && !help.is_empty());
        }
        for name in variables_in(&text).keys() {
            prop_assert!(text.contains(name));
        }
    }

    #[test]
    fn any_words_are_arguments_or_refused(words in proptest::collection::vec("(--?)?[a-x=\\PC]{0,6}", 0..5)) {
        let schema = ArgumentSchema {
            specs: vec![ArgumentSpec {
                name: "x".to_owned(),
                default: Some(json!("")),
                ..ArgumentSpec::default()
            }],
        };
        match schema.parse_words(&words, |_| None) {
            Ok(args) => prop_assert!(args["x"].is_string()),
            Err(errors) => prop_assert!(!errors.to_string().is_empty()),
        }
    }
}
