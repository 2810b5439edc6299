//! The telling line and the kind, held against what programs really print when they fail.
//!
//! Each file of `tests/data/outputs` is one program, each `=== NAME` in it one failure, and each
//! `--- exit N` one output of that failure, at another time and place.

use std::collections::HashMap;
use std::path::Path;

use super::super::failure_kind::FailureKind;
use super::of;
use crate::core::failure::{Failure, FailureClass};
use crate::text::telling::telling_line;

/// A failure of a program, with what each run of it printed.
struct OutputCase {
    name: String,
    runs: Vec<OutputRun>,
}

struct OutputRun {
    exit: i32,
    output: String,
}

impl OutputRun {
    fn text(&self) -> String {
        telling_line(&self.output).unwrap_or_default()
    }

    fn kind(&self) -> FailureKind {
        of(&Failure::new(FailureClass::Exit(self.exit), self.text()))
    }
}

/// The control characters stand in the files as their pictures (U+2400 and further).
fn unpictured(line: &str) -> String {
    line.trim_start_matches('\u{a0}')
        .replace('\u{241b}', "\u{1b}")
        .replace('\u{240d}', "\r")
        .replace('\u{2408}', "\u{8}")
}

fn cases_of(text: &str) -> Vec<OutputCase> {
    let mut cases: Vec<OutputCase> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            let (name, runs) = (name.to_owned(), Vec::new());
            cases.push(OutputCase { name, runs });
        } else if let Some(exit) = line.strip_prefix("--- exit ") {
            let (exit, output) = (exit.parse().unwrap(), String::new());
            cases
                .last_mut()
                .unwrap()
                .runs
                .push(OutputRun { exit, output });
        } else {
            let run = cases.last_mut().unwrap().runs.last_mut().unwrap();
            run.output.push_str(&unpictured(line));
            run.output.push('\n');
        }
    }
    cases
}

fn programs() -> Vec<(String, Vec<OutputCase>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/outputs");
    let files = std::fs::read_dir(dir).unwrap();
    let mut programs: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, cases_of(&std::fs::read_to_string(path).unwrap()))
        })
        .collect();
    programs.sort_by(|one, other| one.0.cmp(&other.0));
    programs
}

#[test]
fn unlike_failures_of_a_program_are_unlike_and_like_ones_are_like() {
    let programs = programs();
    let (mut cases, mut merged, mut split) = (0, Vec::new(), Vec::new());
    for (program, failures) in &programs {
        let mut seen: HashMap<FailureKind, &OutputCase> = HashMap::new();
        assert!(failures.len() >= 2, "{program}");
        for case in failures {
            cases += 1;
            let first = &case.runs[0];
            for run in &case.runs[1..] {
                if run.kind() != first.kind() {
                    split.push(format!(
                        "{program}, {}:\n  {}\n  {}",
                        case.name,
                        first.text(),
                        run.text()
                    ));
                }
            }
            if let Some(other) = seen.insert(first.kind(), case) {
                merged.push(format!(
                    "{program}, {} and {}:\n  {}\n  {}",
                    case.name,
                    other.name,
                    first.text(),
                    other.runs[0].text()
                ));
            }
        }
    }
    println!(
        "{} programs, {cases} failures: {} merged, {} split",
        programs.len(),
        merged.len(),
        split.len()
    );
    println!(
        "merged:\n{}\nsplit:\n{}",
        merged.join("\n"),
        split.join("\n")
    );
    assert!(programs.len() >= 60);
    assert!(
        merged.len() * 20 <= cases,
        "{} of {cases} merged",
        merged.len()
    );
    assert!(
        split.len() * 20 <= cases,
        "{} of {cases} split",
        split.len()
    );
}

/// For a reader: `cargo test every_telling_line -- --ignored --nocapture`.
#[test]
#[ignore = "needs a reader"]
fn every_telling_line() {
    for (program, failures) in programs() {
        for case in failures {
            println!("{program:<14} {:<16} {}", case.name, case.runs[0].text());
        }
    }
}
