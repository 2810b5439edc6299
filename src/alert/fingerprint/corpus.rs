//! The normal form held against error messages as programs print them.

use std::collections::HashMap;

use super::normalise;

const MESSAGES: &str = include_str!("../../../tests/data/fingerprints.txt");
const FORMS: &str = include_str!("../../../tests/data/fingerprints_forms.txt");
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

/// The mistakes of one corpus, in words.
struct Mistakes {
    blocks: usize,
    pairs: usize,
    split: Vec<String>,
    merged: Vec<String>,
}

fn mistakes(corpus: &str) -> Mistakes {
    let blocks = blocks(corpus);
    let (mut split, mut merged, mut pairs) = (Vec::new(), Vec::new(), 0);
    let mut seen: HashMap<String, &str> = HashMap::new();
    for block in &blocks {
        let normal = normalise(&block[0]);
        for message in &block[1..] {
            pairs += 1;
            let other = normalise(message);
            if other != normal {
                split.push(format!("split:\n  {normal}\n  {other}\n  {message}"));
            }
        }
        if let Some(other) = seen.insert(normal.clone(), &block[0]) {
            merged.push(format!(
                "merged into {normal:?}:\n  {}\n  {other}",
                block[0]
            ));
        }
    }
    let blocks = blocks.len();
    Mistakes {
        blocks,
        pairs,
        split,
        merged,
    }
}

#[test]
fn real_messages_merge_and_stay_apart_as_they_should() {
    let found = mistakes(MESSAGES);
    assert!(found.blocks + found.pairs >= 500);
    let wrong = [found.split, found.merged].concat();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Random identifiers now and then look like a word: a share of mistakes is allowed.
#[test]
fn forms_of_messages_merge_and_stay_apart_but_for_one_in_twenty() {
    let found = mistakes(FORMS);
    assert!(found.blocks + found.pairs >= 900);
    let (split, merged) = (found.split.len(), found.merged.len());
    println!(
        "{split} of {} pairs split, {merged} of {} kinds merged",
        found.pairs, found.blocks
    );
    println!("{}\n{}", found.split.join("\n"), found.merged.join("\n"));
    assert!(split * 20 <= found.pairs, "{}", found.split.join("\n"));
    assert!(merged * 20 <= found.blocks, "{}", found.merged.join("\n"));
}

/// What the normal form gets wrong, so that it is known, and that a change which mends
/// one of these is noticed.
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
