//! The page about errors speaks of messages that there are.

use std::fs;
use std::path::{Path, PathBuf};

/// Fragments shorter than this prove nothing.
const SHORTEST_FRAGMENT: usize = 6;

/// Returns all that is written in the sources, string literals on one line each.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> = vec![root.join("src"), root.join("tasks")];
    let mut text = String::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    joined(&text)
}

/// Joins string literals that go on in the next line.
fn joined(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |joined, part| joined + part.trim_start())
}

/// Returns what is in backticks in the first cell of each row of the tables of messages.
fn messages(page: &str) -> Vec<&str> {
    let tables = page
        .split("\n## ")
        .filter(|part| part.starts_with("Messages"));
    let rows = tables.flat_map(str::lines).filter_map(|line| {
        let cell = line.strip_prefix("| ")?.split(" | ").next()?;
        cell.contains('`').then_some(cell)
    });
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

/// Returns the fixed parts of a message: what stands between the words in capitals.
fn fragments(message: &str) -> Vec<&str> {
    let is_capitals = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase());
    let mut rest = message;
    let mut found = Vec::new();
    let words = message.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| is_capitals(word)) {
        let (before, after) = rest.split_once(word).unwrap();
        found.push(before);
        rest = after;
    }
    found.push(rest);
    found.retain(|fragment| fragment.trim().len() >= SHORTEST_FRAGMENT);
    found
}

#[test]
fn each_message_of_the_page_about_errors_is_in_the_sources() {
    let sources = sources();
    let messages = messages(include_str!("../../src/guide/errors.md"));
    assert!(messages.len() > 50, "{messages:?}");
    let missing: Vec<String> = messages
        .iter()
        .flat_map(|message| {
            let unknown = fragments(message).into_iter();
            let unknown = unknown.filter(|fragment| !sources.contains(fragment.trim()));
            unknown.map(move |fragment| format!("`{message}`: nothing says `{fragment}`"))
        })
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_message_is_cut_where_it_varies() {
    assert_eq!(
        fragments("Mail cannot leave: WHY; attempt NUMBER, next in TIME"),
        ["Mail cannot leave: ", "; attempt ", ", next in "]
    );
}
