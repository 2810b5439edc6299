//! The Dockerfile, as far as it is used: instructions, each with its words.

use std::collections::BTreeMap;

/// What a Dockerfile may say; a word that is not here is a mistake, or needs a line in these tests.
const KNOWN: [&str; 14] = [
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "ENV",
    "EXPOSE",
    "USER",
    "VOLUME",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
    "ARG",
    "LABEL",
];

/// One instruction, its continued lines joined.
#[derive(Debug)]
pub(crate) struct Instruction {
    /// Such as `RUN`.
    pub(crate) word: String,
    /// What follows it.
    pub(crate) rest: String,
}

/// Returns the instructions of each stage, in order.
pub(crate) fn stages(text: &str) -> Vec<Vec<Instruction>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", "");
    let mut stages: Vec<Vec<Instruction>> = Vec::new();
    for line in joined.lines().filter(|line| !line.trim().is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        assert!(KNOWN.contains(&word), "Dockerfile: `{word}` of `{line}`");
        if word == "FROM" {
            stages.push(Vec::new());
        }
        let stage = stages.last_mut().expect("it begins with FROM");
        stage.push(Instruction {
            word: word.to_owned(),
            rest: rest.trim().to_owned(),
        });
    }
    stages
}

/// Returns the last word on something, as docker takes it.
#[track_caller]
pub(crate) fn last<'a>(stage: &'a [Instruction], word: &str) -> &'a str {
    let mut said = stage.iter().filter(|instruction| instruction.word == word);
    let last = said.next_back();
    &last
        .unwrap_or_else(|| panic!("the Dockerfile has no {word}"))
        .rest
}

/// Returns the words of a command in the form that starts no shell.
#[track_caller]
pub(crate) fn exec_form(text: &str) -> Vec<String> {
    let json = text.find('[').map_or("", |at| &text[at..]);
    serde_json::from_str(json).unwrap_or_else(|error| panic!("`{text}` is no list: {error}"))
}

/// Returns what `ENV` sets.
pub(crate) fn environment(stage: &[Instruction]) -> BTreeMap<String, String> {
    let set = stage.iter().filter(|instruction| instruction.word == "ENV");
    let pairs = set.flat_map(|instruction| instruction.rest.split_whitespace());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').expect("NAME=VALUE");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}
