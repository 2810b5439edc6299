//! Commands that would make code of a value: `sh -c "echo {args.x}"`, `ssh HOST rm {args.x}`.
//!
//! What is known of usual programs is looked at, so that the usual mistakes are found when a file
//! is loaded. A program that is not known here reads its arguments as it likes.

use super::data_source::DataSource;
use super::template::{ArgumentTemplate, TemplatePiece};

/// Programs that take code in an option, before the name of a file.
const INTERPRETERS: [&str; 16] = [
    "ash", "bash", "dash", "fish", "ksh", "lua", "mksh", "node", "perl", "php", "pwsh", "python",
    "python3", "ruby", "sh", "zsh",
];
/// Programs that take code in an option, wherever that stands.
const CLIENTS: [&str; 7] = [
    "mariadb", "mysql", "psql", "runuser", "script", "sqlplus", "su",
];
/// Programs whose first word is code.
const LANGUAGES: [&str; 4] = ["awk", "gawk", "mawk", "sed"];
/// A program that hands its words to a shell on another host.
const REMOTE: &str = "ssh";
/// The options of ssh(1) that a value follows.
const OPTIONS_OF_REMOTE: &str = "BbcDEeFIiJLlmOoPpQRSWw";
/// Long options of code.
const OPTIONS: [&str; 5] = ["--command", "--eval", "--execute", "--expression", "--run"];

/// How a program reads the words that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WordReader {
    /// As it likes.
    Other,
    /// Code after an option, until a file is named.
    Interpreter,
    /// Code after an option.
    Client,
    /// Code in the first word, or after an option.
    Language,
    /// A host, then code.
    Remote,
    /// Code in every word.
    Code,
}

impl WordReader {
    fn of(program: &str) -> Self {
        let name = program.rsplit('/').next().unwrap_or_default();
        match name {
            REMOTE => WordReader::Remote,
            name if INTERPRETERS.contains(&name) => WordReader::Interpreter,
            name if CLIENTS.contains(&name) => WordReader::Client,
            name if LANGUAGES.contains(&name) => WordReader::Language,
            _ => WordReader::Other,
        }
    }
}

/// Returns which word of a command would be code, and be made of a value: the program itself, or a
/// word that a known program reads as code.
pub(crate) fn word_of_code(words: &[ArgumentTemplate]) -> Option<usize> {
    if words.first().is_some_and(has_data) {
        return Some(0);
    }
    let mut reader = WordReader::Other;
    let mut after_option = None;
    for (at, word) in words.iter().enumerate() {
        let is_value_of_option = std::mem::take(&mut after_option);
        let is_code = match is_value_of_option {
            Some(is_code) => is_code,
            None => begins_with_code(reader, word),
        };
        if is_code && has_data(word) {
            return Some(at);
        }
        if is_value_of_option.is_none() {
            (reader, after_option) = next(reader, word);
        }
    }
    None
}

/// Returns whether a word that is no value of an option is code.
fn begins_with_code(reader: WordReader, word: &ArgumentTemplate) -> bool {
    let start = match word.pieces.first() {
        Some(TemplatePiece::Literal(text)) => text.as_str(),
        _ => "",
    };
    let is_option = start.starts_with('-');
    let is_long = OPTIONS.iter().any(|option| {
        let rest = start.strip_prefix(option);
        rest.is_some_and(|rest| rest.starts_with('='))
    });
    match reader {
        WordReader::Code => true,
        WordReader::Language => !is_option || is_long,
        WordReader::Interpreter | WordReader::Client => is_long,
        WordReader::Remote | WordReader::Other => false,
    }
}

/// Returns how the words after this one are read, and, where the next is the value of an option,
/// whether that is code.
fn next(reader: WordReader, word: &ArgumentTemplate) -> (WordReader, Option<bool>) {
    let text = word.literal().unwrap_or_default();
    let is_option = text.starts_with('-');
    match reader {
        WordReader::Other => (WordReader::of(text), None),
        WordReader::Code => (reader, None),
        WordReader::Remote if is_option => {
            let last = text.chars().last().unwrap_or_default();
            let has_value = text.len() == 2 && OPTIONS_OF_REMOTE.contains(last);
            (reader, has_value.then_some(false))
        }
        WordReader::Remote => (WordReader::Code, None),
        _ if takes_code(text) => (reader, Some(true)),
        WordReader::Interpreter | WordReader::Language if is_option => (reader, None),
        // A file, or the code: what follows is for that.
        WordReader::Interpreter | WordReader::Language => (WordReader::Other, None),
        WordReader::Client => (reader, None),
    }
}

/// Returns whether an option is one after which code follows: `-c`, `-ec`, `-ne`, `-r` of PHP.
fn takes_code(option: &str) -> bool {
    let letters = option.strip_prefix('-').unwrap_or_default();
    let is_short = !letters.is_empty() && letters.chars().all(|c| c.is_ascii_alphabetic());
    is_short && letters.ends_with(['c', 'e', 'r']) || OPTIONS.contains(&option)
}

/// Returns whether a value of the job is in a word; what `[worker]` has is written by the same hand
/// as the command.
fn has_data(word: &ArgumentTemplate) -> bool {
    let mut references = word.references();
    references.any(|reference| !matches!(reference.source, DataSource::Variable(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_in(line: &str) -> Option<usize> {
        let words: Vec<ArgumentTemplate> = line
            .split(' ')
            .map(|word| ArgumentTemplate::parse(word).unwrap())
            .collect();
        word_of_code(&words)
    }

    #[test]
    fn a_value_is_no_program_and_no_code_of_a_usual_one() {
        for (line, at) in [
            ("{args.x} a", 0),
            ("sh -c {args.x}", 2),
            ("nice /bin/bash -ec {a.b}", 3),
            ("docker exec box sh -c cat{a.b}", 5),
            ("python3 -c print({each})", 2),
            ("perl -ne {args.x}", 2),
            ("node --eval={args.x}", 1),
            ("psql -d shop -c {args.x}", 4),
            ("mysql shop --execute={args.x}", 2),
            ("su www -c {args.x}", 3),
            ("sed s/a/{args.x}/ file", 1),
            ("awk -F: -e {args.x}", 3),
            ("ssh host rm -- {args.x}", 4),
            ("ssh -p 22 host cat {args.x}", 5),
        ] {
            assert_eq!(code_in(line), Some(at), "{line}");
        }
    }

    #[test]
    fn a_value_is_an_argument_of_all_else() {
        for line in [
            "{var.bin}/x {args.x}",
            "sh -c cat\"$1\" sh {args.x}",
            "bash deploy.sh -e {args.x}",
            "bash deploy.sh {args.x}",
            "python3 script.py -c {args.x}",
            "convert -c {args.x}",
            "sed s/a/b/ {args.x}",
            "psql -d {args.x} -f file",
            "ssh -i {args.x} {args.host} uptime",
            "su {args.user}",
        ] {
            assert_eq!(code_in(line), None, "{line}");
        }
    }
}
