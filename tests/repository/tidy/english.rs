//! Names and English, counted: the six rules of the house that a machine can see. What is left of old breaches only falls.

use std::collections::BTreeMap;

use super::source::{self, Source};

/// How wide a comment is, with what stands before it.
const COLUMNS: usize = 100;

/// The first words of a doc sentence that do not name what is documented.
const PRONOUNS: [&str; 8] = [
    "It",
    "One",
    "This",
    "That",
    "Who",
    "Whoever",
    "They",
    "Makes one",
];
/// Verbs with a plainer one: log, send, report; parse, validate, create.
const VERBS: [&str; 9] = [
    "tell", "tells", "told", "says", "said", "judge", "judges", "judged", "is none",
];
/// Words for persons where a process or a user is meant.
const PERSONS: [&str; 10] = [
    "he",
    "his",
    "him",
    "who",
    "whoever",
    "whom",
    "nobody",
    "somebody",
    "everybody",
    "anybody",
];

/// Returns the names of types that are defined more than once.
pub(crate) fn types_named_twice() -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in source::rust_in("src/") {
        let code = source.product_code();
        for word in ["struct", "enum", "trait", "type"] {
            for at in source::words(&code, word) {
                // An associated type stands further in.
                let line_start = code[..at].rfind('\n').map_or(0, |end| end + 1);
                if code[line_start..].starts_with(' ') {
                    continue;
                }
                let name = code[at + word.len()..].trim_start();
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                let name = name[..end.unwrap_or(name.len())].to_owned();
                places.entry(name).or_default().push(source.path.clone());
            }
        }
    }
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    twice
        .map(|(name, places)| format!("{name}: {}", places.join(" ")))
        .collect()
}

/// Returns the comment lines of the product that are wider than the code. The row of a table is one
/// line, however long.
pub(crate) fn wide_comments() -> Vec<String> {
    in_comments(|line, text| line.chars().count() > COLUMNS && !text.starts_with('|'))
}

/// Returns the doc sentences that do not name what they are about.
pub(crate) fn pronouns() -> Vec<String> {
    in_comments(|line, text| {
        let is_doc = line.trim_start().starts_with("///");
        is_doc && PRONOUNS.iter().any(|word| begins_with(text, word))
    })
}

/// Returns the comment lines with a verb that has a plainer one.
pub(crate) fn odd_verbs() -> Vec<String> {
    in_comments(|_, text| VERBS.iter().any(|word| has_word(text, word)))
}

/// Returns the comment lines in which a process or a user is a person.
pub(crate) fn persons() -> Vec<String> {
    in_comments(|_, text| PERSONS.iter().any(|word| has_word(text, word)))
}

fn begins_with(text: &str, word: &str) -> bool {
    let rest = text.strip_prefix(word);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

fn has_word(text: &str, word: &str) -> bool {
    source::words(&text.to_lowercase(), word).next().is_some()
}

fn in_comments(is_found: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let sources = source::rust_in("src/");
    sources
        .iter()
        .flat_map(|source| of(source, &is_found))
        .collect()
}

fn of(source: &Source, is_found: &impl Fn(&str, &str) -> bool) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let found = lines.filter(|(_, line)| {
        let trimmed = line.trim_start();
        let is_comment = trimmed.starts_with("//");
        is_comment && is_found(line, trimmed.trim_start_matches(['/', '!']).trim())
    });
    found
        .map(|(at, line)| format!("{}:{}: {}", source.path, at + 1, line.trim()))
        .collect()
}
