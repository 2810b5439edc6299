//! How long files and functions may be, and what is left of odd names and words.

use super::source::{Source, words};
use super::{english, report, source};

const MOST_LINES_OF_A_FILE: usize = 400;

const MOST_LINES_OF_A_TEST_FILE: usize = 450;

const MOST_LINES_OF_A_FUNCTION: usize = 70;

/// A test may be one table.
const MOST_LINES_OF_A_TEST: usize = 200;

/// Long data tables are the one good long file: path, and what it is a table of.
const DATA_TABLES: [(&str, &str); 0] = [];

/// What is left of breaches of the names and the English of this house. Each number only falls.
const TYPES_NAMED_TWICE: usize = 0;

const WIDE_COMMENTS: usize = 0;

const PRONOUNS: usize = 16;

const ODD_VERBS: usize = 161;

const PERSONS: usize = 254;

#[test]
fn names_and_english_become_no_worse() {
    let counts = [
        (
            "types that are named twice",
            english::types_named_twice(),
            TYPES_NAMED_TWICE,
        ),
        (
            "comment lines wider than 100 columns",
            english::wide_comments(),
            WIDE_COMMENTS,
        ),
        (
            "doc sentences that begin with a pronoun",
            english::pronouns(),
            PRONOUNS,
        ),
        (
            "comments with tell, say or judge",
            english::odd_verbs(),
            ODD_VERBS,
        ),
        (
            "comments with he, who or nobody",
            english::persons(),
            PERSONS,
        ),
    ];
    // What was mended beside other work is no failure; the number follows when it is seen.
    let wrong = counts.iter().filter(|(_, found, most)| found.len() > *most);
    let told = wrong.map(|(what, found, most)| {
        let lines = found.join("\n  ");
        format!("{what}: {} where {most} are known\n  {lines}", found.len())
    });
    let told: Vec<String> = told.collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for source in source::all().into_iter().filter(Source::is_rust) {
        let most = if source.is_test {
            MOST_LINES_OF_A_TEST_FILE
        } else {
            MOST_LINES_OF_A_FILE
        };
        let lines = source.text.lines().count();
        if lines > most && !DATA_TABLES.iter().any(|(path, _)| *path == source.path) {
            let path = source.path;
            wrong.push(format!(
                "{path}: {lines} lines, more than {most}; split it by what it is about"
            ));
        }
    }
    report(&wrong);
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for source in source::all().into_iter().filter(Source::is_rust) {
        let product = source.product_code();
        for at in words(&source.code, "fn ") {
            let in_product = product
                .get(at..)
                .is_some_and(|code| code.starts_with("fn "));
            let most = if in_product {
                MOST_LINES_OF_A_FUNCTION
            } else {
                MOST_LINES_OF_A_TEST
            };
            let end = source::end_of_item(&source.code, at);
            let lines = source.code[at..end].lines().count();
            if lines > most {
                let place = source.place(at);
                wrong.push(format!(
                    "{place}: {lines} lines, more than {most}; name its parts"
                ));
            }
        }
    }
    report(&wrong);
}
