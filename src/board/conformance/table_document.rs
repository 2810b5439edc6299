//! The table as a document.

use super::state_table::{LEGEND, Situation, TABLE};

const TITLE: &str = "# States and calls\n\n\
    What each call of a board does to a job in each state, and its answer. *Begun*: a step has \
    been executed, or may have been. Made from `conformance/state_table.rs`, from which the cases \
    of the conformance suite are made too.\n\n";

fn document() -> String {
    let mut text = TITLE.to_owned();
    let titles: Vec<String> = Situation::ALL.map(Situation::title).to_vec();
    text.push_str(&format!("| call | {} |\n", titles.join(" | ")));
    text.push_str(&format!("|---|{}\n", "---|".repeat(titles.len())));
    for (call, cells) in TABLE {
        let cells: Vec<String> = cells.iter().map(|cell| cell.title()).collect();
        text.push_str(&format!("| {} | {} |\n", call.title(), cells.join(" | ")));
    }
    text.push_str("\n| word | meaning |\n|---|---|\n");
    for (word, meaning) in LEGEND {
        text.push_str(&format!("| {word} | {meaning} |\n"));
    }
    text
}

#[test]
fn the_document_is_the_table() {
    let written = include_str!("../STATES.md");
    let document = document();
    assert!(
        written == document,
        "src/board/STATES.md is to be:\n{document}"
    );
}

#[test]
fn each_word_of_the_table_is_explained() {
    for (call, cells) in TABLE {
        for cell in cells {
            let title = cell.title();
            let is_explained = LEGEND.iter().any(|(word, _)| title.starts_with(word));
            assert!(is_explained, "{}: {title}", call.title());
        }
    }
}
