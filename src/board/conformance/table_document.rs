//! The table as a document.

use super::state_table::{LEGEND, Situation, TABLE};

const TITLE: &str = "# States and calls\n\n\
    What each call of a board does to a job in each state, and its answer. *Begun*: a step has \
    been executed, or may have been. Made from `conformance/state_table.rs`, from which the cases \
    of the conformance suite are made too.\n\n";

const RULES: &str = "\
    \n\
    ## Limits\n\
    \n\
    A job with a limit holds a place from its admission until it is over: while it waits, \
    runs, is given back, reaped or waits for a retry, and while it is paused with steps that \
    have begun. A job that is paused before it has begun, or stuck, has given its place up; \
    what has it go on (resume, retry, skip, revert) leads behind the limit, and from there \
    to waiting in the same call where a place is free. Each call that frees a place admits \
    the next: the highest priority, then the earliest time, then the lowest number. A job \
    whose time has not come holds no place; a look admits it then. A lowered limit takes \
    places back from jobs that have not begun.\n\
    \n\
    ## Batches\n\
    \n\
    The end of a member counts its batch down, whatever the end is; a stuck member is left. \
    The call that counts to 0, once no more members come, posts what comes after: in the \
    same transaction, once. A member that was over and goes on counts again. With `fails_at` \
    failures the looks cancel what has not begun.\n\
    ";

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
    text.push_str(RULES);
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
