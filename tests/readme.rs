//! What README and the guide show is what happens: their transcripts are played, and every line is compared.
//!
//! In a ```` ```console ```` block, `$ …` is typed in a shell, what follows is what it printed on both streams, `^C` is Ctrl-C once all before it
//! was seen, and a line `…` stands for any lines. Times, pids, durations, names of files and of this machine differ from run to run
//! and are masked. Each `## ` section has a fresh directory; a ```` ```toml ```` block that begins with `# NAME.toml`, and a
//! ```` ```text ```` block that begins with `# NAME.conf` or `# NAME.crontab`, is that file.
#![cfg(test)]

#[path = "readme/mask.rs"]
mod mask;
#[path = "readme/page.rs"]
mod page;
#[path = "readme/play.rs"]
mod play;
mod support;

use std::path::Path;

use page::{Block, Page, Typed};
use support::Place;

/// How the headings of what newcomers do begin.
const FOR_NEWCOMERS: &str = "Five minutes";

fn repository(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Plays every section of a page in a directory of its own, and returns how many commands were played.
fn play(path: &str) -> usize {
    let mut sections = Page::read(&repository(path)).into_sections();
    let mut played = 0;
    // Those of newcomers are played by tests/newcomers.rs, with an inbox.
    sections.retain(|section| !section.title.starts_with(FOR_NEWCOMERS));
    for section in sections {
        let place = Place::empty();
        for block in &section.blocks {
            match block {
                Block::File { name, content } => place.write(name, content),
                Block::Console { line, typed } => {
                    for typed in typed {
                        let at = format!("{path}:{line}: `{}`", typed.command);
                        played += usize::from(play_one(&place, typed, &at));
                    }
                }
                Block::Edit { name, content } => {
                    place.write(name, page::edited(&place.read(name), content));
                }
                Block::Other => {}
            }
        }
    }
    played
}

/// Plays one command; `false`: it is one that only a person types.
fn play_one(place: &Place, typed: &Typed, at: &str) -> bool {
    let Some(command) = play::meant(&typed.command) else {
        return false;
    };
    let printed = play::played(place, &command, &typed.expected, at);
    let mask = mask::Mask::of(place.dir());
    let (expected, printed) = (mask.lines(&typed.expected), mask.lines(&printed));
    assert!(
        mask::matches(&expected, &printed),
        "{at} prints something else now\n--- shown\n{}\n--- printed\n{}",
        expected.join("\n"),
        printed.join("\n")
    );
    true
}

#[test]
fn the_transcripts_of_the_readme_are_what_happens() {
    assert!(play("README.md") >= 6);
}

#[test]
fn the_transcripts_of_the_guide_are_what_happens() {
    for page in [
        "tutorial",
        "alerts",
        "operations",
        "metrics",
        "environment",
        "migrating",
    ] {
        assert!(play(&format!("src/guide/{page}.md")) > 0, "{page}");
    }
    // Nothing is typed there yet; what will be is played.
    for page in ["errors", "security", "limitations"] {
        play(&format!("src/guide/{page}.md"));
    }
}

#[test]
fn the_smallest_program_of_the_readme_is_the_example() {
    let readme = repository("README.md");
    let program = readme
        .split("```rust,no_run\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a block of Rust");
    let example = repository("examples/own_binary.rs");
    assert!(
        example.ends_with(program),
        "examples/own_binary.rs is not\n{program}"
    );
}

#[test]
fn the_first_screen_names_both_commands() {
    let readme = repository("README.md");
    let first: String = readme.lines().take(40).collect::<Vec<_>>().join("\n");
    for command in [
        "$ cargo run --release -- tasks::send_mail tasks::retry_deferred\n",
        "$ cargo test --workspace\n",
    ] {
        assert!(first.contains(command), "{command}");
    }
}

#[test]
fn what_differs_from_run_to_run_is_masked_and_nothing_else() {
    let mask = mask::Mask::of(Path::new("/tmp/.tmpX"));
    let one = |line: &str| mask.line(line);
    assert_eq!(
        one("2026-11-21 23:55:01.250+01:00 [a] Sleeping 15m"),
        one("2027-01-02 03:04:05.678+00:00 [a] Sleeping 15m")
    );
    assert_ne!(one("[a] Sleeping 15m"), one("[a] Sleeping 20m"));
    assert_eq!(one("c (pid 4711): x"), one("c (pid 12): x"));
    assert_eq!(
        one("Sat 21 Nov 2026 23:55:01 +0100"),
        one("Sun 22 Nov 2026 01:02:03 +0000")
    );
    assert_eq!(
        one("written to /tmp/.tmpX/run/a.eml"),
        one("written to /home/you/demo/run/a.eml")
    );
}
