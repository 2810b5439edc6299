//! Which part of a room may use which: a table for each room that is large, or pure in part.

use super::arrows::{names_after, top_module};
use super::source::{self, Source};

/// The parts of a room, each with those that it may use. A part stands below all that it uses.
type Parts = &'static [(&'static str, &'static [&'static str])];

const ROOMS: [(&str, Parts); 3] = [
    (
        "cli",
        &[
            ("args", &[]),
            ("output", &["args", "run_chain"]),
            ("own_command_line", &["args"]),
            ("load", &["args", "output", "run_chain"]),
            ("typed", &["args", "run_chain"]),
            ("run_chain", &[]),
            (
                "commands",
                &["args", "load", "output", "own_command_line", "typed"],
            ),
            (
                "entry",
                &[
                    "args",
                    "commands",
                    "load",
                    "output",
                    "own_command_line",
                    "run_chain",
                    "typed",
                ],
            ),
            ("main", &["entry"]),
        ],
    ),
    (
        "mute",
        &[
            ("wish", &[]),
            ("words", &[]),
            ("account", &["wish"]),
            ("scheduled_mutes", &["account", "wish"]),
            ("on_disk", &["account", "wish", "words"]),
        ],
    ),
    (
        "runner",
        &[
            ("directories", &[]),
            ("request", &[]),
            ("start_error", &[]),
            ("lock_task", &[]),
            ("function_surroundings", &[]),
            ("reported_metrics", &[]),
            ("observers", &["lock_task", "request"]),
            ("control", &["observers"]),
            ("child_runs", &["control", "function_surroundings"]),
            (
                "chain_lock",
                &["control", "lock_task", "request", "start_error"],
            ),
            (
                "unix_host",
                &[
                    "chain_lock",
                    "child_runs",
                    "control",
                    "lock_task",
                    "reported_metrics",
                ],
            ),
            ("shutdown", &["control", "observers", "request"]),
            ("signal_thread", &["chain_lock", "control", "shutdown"]),
            (
                "resume",
                &[
                    "control",
                    "lock_task",
                    "observers",
                    "request",
                    "start_error",
                ],
            ),
            ("blocked_start", &["observers", "request", "resume"]),
            (
                "launch",
                &[
                    "blocked_start",
                    "chain_lock",
                    "child_runs",
                    "control",
                    "directories",
                    "observers",
                    "request",
                    "resume",
                    "shutdown",
                    "signal_thread",
                    "start_error",
                    "unix_host",
                ],
            ),
        ],
    ),
];

/// Returns a line for each reference that goes against the tables.
pub(crate) fn against() -> Vec<String> {
    let sources = source::rust_in("src/");
    sources.iter().flat_map(against_in).collect()
}

fn against_in(source: &Source) -> Vec<String> {
    let room = top_module(&source.path);
    let Some((_, parts)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return Vec::new();
    };
    let here = module_of(&source.path);
    // The `mod.rs` of the room names every part.
    let Some(part) = here.get(1) else {
        return Vec::new();
    };
    let Some((_, allowed)) = parts.iter().find(|(name, _)| name == part) else {
        return vec![format!(
            "{}:1: the part `{part}` has no arrows; write into tests/repository/tidy/inner_arrows.rs what it may use",
            source.path
        )];
    };
    let code = source.product_code();
    let wrong = references(&code, &here).filter(|(name, _)| {
        let is_part = parts.iter().any(|(known, _)| known == name);
        is_part && name != part && !allowed.contains(name)
    });
    wrong
        .map(|(name, at)| {
            let place = source.place(at);
            format!(
                "{place}: `{part}` must not use `{name}`; move what both need into a part below"
            )
        })
        .collect()
}

fn module_of(path: &str) -> Vec<&str> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    inside.trim_end_matches("/mod").split('/').collect()
}

/// Returns the parts of the room that a file refers to: by `crate::room::` and by `super::`.
fn references<'a>(code: &'a str, here: &[&str]) -> impl Iterator<Item = (&'a str, usize)> {
    let from_root = format!("crate::{}::", here[0]);
    let climb = "super::".repeat(here.len() - 1);
    let starts = [from_root, climb].into_iter().flat_map(move |start| {
        let found: Vec<usize> = source::words(code, &start)
            .filter(|at| !code[..*at].ends_with("super::"))
            .collect();
        found.into_iter().map(move |at| (at, at + start.len()))
    });
    starts.flat_map(|(at, end)| {
        let names = names_after(&code[end..]);
        names.into_iter().map(move |name| (name, at))
    })
}

#[test]
fn a_part_is_found_by_both_ways_to_it() {
    let code = "use super::super::{output, args::A}; crate::cli::plan::p(); use super::pages;";
    let here = ["cli", "commands", "check"];
    let found: Vec<&str> = references(code, &here).map(|(name, _)| name).collect();
    assert_eq!(found, ["plan", "output", "args"]);
}
