//! What README and the guide show is what happens: their transcripts are played, and every line is compared.
//!
//! In a ```` ```console ```` block, `$ …` is typed in a shell, what follows is what it printed on both streams, `^C` is Ctrl-C once all before it
//! was seen, and a line `…` stands for any lines. Times, pids, durations, names of files and of this machine differ from run to run
//! and are masked. Each `## ` section has a fresh directory; a ```` ```toml ```` block that begins with `# NAME.toml`, and a
//! ```` ```text ```` block that begins with `# NAME.conf` or `# NAME.crontab`, is that file.

pub(crate) mod mask;
pub(crate) mod page;
pub(crate) mod play;

use std::path::Path;

use crate::postgres_place::{Database, Way};
use crate::support::{Place, with_environment};
use page::{Block, Page, Typed};

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
    // Those of newcomers are played by `newcomers`, with an inbox.
    sections.retain(|section| !section.title.starts_with(FOR_NEWCOMERS));
    for section in sections {
        let place = Place::empty();
        let mut shell = play::Shell::default();
        for block in &section.blocks {
            match block {
                Block::File { name, content } => place.write(name, content),
                Block::Console { line, typed } => {
                    for typed in typed {
                        let at = format!("{path}:{line}: `{}`", typed.command);
                        played += usize::from(play_one(&place, &mut shell, typed, &at));
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
fn play_one(place: &Place, shell: &mut play::Shell, typed: &Typed, at: &str) -> bool {
    let Some(command) = play::meant(&typed.command) else {
        return false;
    };
    let Some(printed) = shell.types(place, &command, &typed.expected, at) else {
        return true;
    };
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
        "jobs",
        "batches",
        "schedules",
        "alerts",
        "operations",
        "server",
        "metrics",
        "environment",
        "migrating",
    ] {
        assert!(play(&format!("src/guide/{page}.md")) > 0, "{page}");
    }
    // Nothing is typed there yet; what will be is played.
    for page in ["board", "errors", "security", "limitations"] {
        play(&format!("src/guide/{page}.md"));
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn the_transcripts_about_postgres_are_what_happens() {
    let database = Database::new();
    with_environment(database.variables(Way::Direct), || {
        assert!(play("src/guide/engines.md") >= 5);
    });
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
        one("written to /tmp/.tmpX/run/a-00c0ffee.eml"),
        one("written to /home/you/demo/run/b-d0ef475d.eml")
    );
    let same = [
        ("    kind 8098, mailed", "    kind 1a2b, mailed"),
        (
            "DOWN since 21 Nov 23:55:01 (8s), 1",
            "DOWN since 22 Nov 01:02:03 (1m 2s 3ms), 1",
        ),
        (
            "failed 8s ago, took 11ms; 24h: 0 ok",
            "failed 1s 9ms ago, took 2s; 24h: 0 ok",
        ),
        ("At Sun +0100 …", "At Mon -0530 …"),
    ];
    for (a, b) in same {
        assert_eq!(one(a), one(b));
    }
    let differ = [
        ("    kind 8098, mailed", "    kind 8098c82fd4e1, mailed"),
        ("(kind 3c1b2a; 1 time)", "(kind 8098c82fd4e1; 1 time)"),
        (
            "failed 8s ago, took 11ms; 24h: 0 ok",
            "failed 8s ago, took 11ms: 0 ok",
        ),
        ("mailed 21 Nov 23:55", "mailed 21 Nov 23:55:01"),
        (
            "to /tmp/.tmpX/run/a.eml",
            "to /tmp/.tmpX/run/a-d0ef475d.eml",
        ),
        (
            "Subject: F caught: exit 1: gzip …",
            "Subject: F caught: exit 1: gzip =?utf-8?b?ZuKApg==?=",
        ),
    ];
    for (a, b) in differ {
        assert_ne!(one(a), one(b));
    }
}

#[test]
fn the_mail_of_the_readme_is_wrapped_as_mails_are() {
    let readme = repository("README.md");
    let (_, mail) = readme.split_once("\nTo: root@web1\n").expect("a mail");
    let (mail, _) = mail.split_once("\n```").unwrap();
    let (essentials, details) = mail.split_once("\n---------").expect("a rule");
    // The essentials are for a phone.
    is_wrapped(essentials, 42);
    is_wrapped(details, 72);
}

fn is_wrapped(part: &str, limit: usize) {
    let lines: Vec<&str> = part.lines().skip_while(|line| !line.is_empty()).collect();
    assert!(lines.len() > 8);
    for pair in lines.windows(2) {
        let width = |line: &str| line.chars().count();
        assert!(width(pair[0]) <= limit, "{}", pair[0]);
        // Nor is a line broken earlier than need be.
        let next = pair[1].trim_start();
        let goes_on =
            pair[1].starts_with("  ") && !next.starts_with("- ") && !next.starts_with("--");
        let word = next.split(' ').next().unwrap_or_default();
        if goes_on && !pair[0].ends_with(':') && !pair[0].is_empty() {
            assert!(
                width(pair[0]) + 1 + width(word) > limit,
                "{}\n{}",
                pair[0],
                pair[1]
            );
        }
    }
}
