//! The normal form held against error messages as programs print them.

use std::collections::HashMap;

use super::normalise;

const MESSAGES: &str = include_str!("../../../tests/data/fingerprints.txt");
const KNOWN_WRONG: &str = include_str!("../../../tests/data/fingerprints_known_wrong.txt");

fn unescaped(line: &str) -> String {
    line.replace("\\n", "\n").replace("\\e", "\u{1b}")
}

/// Blocks of lines; those of one block are one kind.
fn blocks(corpus: &str) -> Vec<Vec<String>> {
    let lines = corpus.lines().filter(|line| !line.starts_with('#'));
    let mut blocks = vec![Vec::new()];
    for line in lines {
        if line.is_empty() {
            blocks.push(Vec::new());
        } else {
            blocks.last_mut().unwrap().push(unescaped(line));
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

#[test]
fn real_messages_merge_and_stay_apart_as_they_should() {
    let blocks = blocks(MESSAGES);
    assert!(blocks.iter().map(Vec::len).sum::<usize>() >= 500);
    let mut wrong = Vec::new();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for block in &blocks {
        let normal = normalise(&block[0]);
        for message in &block[1..] {
            let other = normalise(message);
            if other != normal {
                wrong.push(format!("split:\n  {normal}\n  {other}"));
            }
        }
        if let Some(other) = seen.insert(normal.clone(), &block[0]) {
            wrong.push(format!(
                "merged into {normal:?}:\n  {}\n  {other}",
                block[0]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What the normal form gets wrong, so that nobody has to find out, and that a change which mends one of these is noticed.
#[test]
fn what_is_known_to_be_wrong_is_still_wrong() {
    for block in blocks(KNOWN_WRONG) {
        let [verdict, one, other] = block.as_slice() else {
            panic!("a block is `split` or `merged`, and two messages: {block:?}");
        };
        let same = normalise(one) == normalise(other);
        assert_eq!(
            same,
            verdict == "merged",
            "{one:?} and {other:?} are right now"
        );
    }
}
