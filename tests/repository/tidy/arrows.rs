//! Which room may use which, as HOUSE.md draws it: a table, from the values that all share to the command line.

use super::source::{self, Source};

/// The rooms, each with those that it may use. A room stands below all that it uses.
const ROOMS: [(&str, &[&str]); 41] = [
    // Documentation without code.
    ("guide", &[]),
    // Pure: no clock, no file, no thread.
    ("text", &[]),
    ("core", &["text"]),
    ("schedule", &["core"]),
    ("task", &["core", "text"]),
    ("chain", &["core", "task"]),
    ("redact", &["core", "text"]),
    ("flow", &["core", "text"]),
    ("job", &["core", "flow", "task", "text"]),
    // The face of what is public of these two.
    ("jobs", &["flow", "job"]),
    ("mute", &["core", "text"]),
    ("alert", &["core", "mute", "task", "text"]),
    // Texts in, a text out.
    ("import", &["text"]),
    // The policy and the loop under a virtual clock.
    (
        "simulate",
        &["alert", "chain", "core", "mute", "redact", "task"],
    ),
    // The machine.
    ("state", &["core", "task"]),
    ("unix", &["chain", "core", "task", "text"]),
    // One subject each; none uses another.
    (
        "config",
        &["core", "flow", "job", "schedule", "task", "text", "unix"],
    ),
    // The simulation with the defaults of the configuration, for authors of tasks.
    (
        "testing",
        &[
            "alert", "chain", "config", "core", "flow", "job", "redact", "simulate", "task", "text",
        ],
    ),
    ("logging", &["core", "text", "unix"]),
    ("history", &["chain", "core", "text", "unix"]),
    ("mail", &["core", "task", "text", "unix"]),
    ("lease", &["core"]),
    ("postgres", &["unix"]),
    ("lock", &["core", "lease", "postgres", "text", "unix"]),
    (
        "board",
        &[
            "core", "flow", "lease", "postgres", "schedule", "text", "unix",
        ],
    ),
    ("spool", &["unix"]),
    ("metrics", &["core", "history"]),
    ("ping", &["core", "text", "unix"]),
    ("liveness", &["core", "lock", "unix"]),
    ("metrics_push", &["core", "unix"]),
    ("report", &["alert", "core", "history", "mute", "text"]),
    // Built from them.
    (
        "status",
        &[
            "alert", "board", "chain", "config", "core", "history", "lock", "mail", "metrics",
            "mute", "report", "state", "task", "text", "unix",
        ],
    ),
    (
        "notify",
        &[
            "alert", "chain", "config", "core", "logging", "mail", "mute", "schedule", "state",
            "status", "task", "text", "unix",
        ],
    ),
    (
        "runs",
        &[
            "alert", "config", "core", "history", "report", "task", "text", "unix",
        ],
    ),
    // Texts that `init` and `service print` hand out.
    ("init", &["config", "unix"]),
    ("systemd", &["chain", "config", "core"]),
    ("service", &["config", "core", "mail", "redact", "unix"]),
    (
        "worker",
        &[
            "alert", "board", "chain", "config", "core", "flow", "job", "lease", "logging", "mail",
            "mute", "notify", "redact", "schedule", "service", "spool", "state", "status", "task",
            "text", "unix",
        ],
    ),
    (
        "runner",
        &[
            "alert",
            "chain",
            "config",
            "core",
            "history",
            "lease",
            "liveness",
            "lock",
            "logging",
            "mail",
            "metrics",
            "metrics_push",
            "mute",
            "notify",
            "ping",
            "redact",
            "service",
            "state",
            "status",
            "task",
            "text",
            "unix",
        ],
    ),
    // The board over HTTP, and its page.
    (
        "server",
        &[
            "alert", "board", "config", "core", "flow", "job", "logging", "metrics", "mute",
            "redact", "report", "runs", "schedule", "service", "status", "text", "unix", "worker",
        ],
    ),
    // What a start of the runner would come to.
    (
        "plan",
        &[
            "chain", "config", "core", "runner", "status", "task", "text", "unix",
        ],
    ),
];

/// What goes against the table for a good reason: path, room, reason.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    (
        "src/unix/takeover/",
        "state",
        "what a holder has promised is data, and is read in the middle of a takeover",
    ),
    (
        "src/mute/on_disk/",
        "state",
        "the file of mutes has the form of all files of state",
    ),
    (
        "src/mute/on_disk/",
        "unix",
        "runner and commands read the file; the policy uses what stands above this folder alone",
    ),
];

/// The room that may use every other one, and the roots.
const KNOWS_ALL: [&str; 3] = ["cli", "lib", "main"];

/// A module of this crate that a file refers to.
struct Reference {
    module: String,
    at: usize,
}

/// Returns a line for each reference that goes against the table.
pub(crate) fn against() -> Vec<String> {
    let sources = source::rust_in("src/");
    sources.iter().flat_map(against_in).collect()
}

fn against_in(source: &Source) -> Vec<String> {
    let here = top_module(&source.path);
    if KNOWS_ALL.contains(&here) {
        return Vec::new();
    }
    let Some(allowed) = allowed(here) else {
        return vec![format!(
            "{}:1: the module `{here}` has no arrows; write into tests/repository/tidy/arrows.rs what it may know",
            source.path
        )];
    };
    let code = source.product_code();
    let mut wrong: Vec<String> = references(&code)
        .filter(|reference| {
            let module = reference.module.as_str();
            module != here && !allowed.contains(&module) && !is_excepted(&source.path, module)
        })
        .map(|Reference { module, at }| told(source, here, &module, at, &allowed))
        .collect();
    wrong.extend(climbs(source, &code));
    wrong
}

fn told(source: &Source, here: &str, module: &str, at: usize, allowed: &[&str]) -> String {
    let place = source.place(at);
    if self::allowed(module).is_none() && !KNOWS_ALL.contains(&module) {
        return format!(
            "{place}: `crate::{module}` hides which module it is of; write `crate::MODULE::{module}`"
        );
    }
    let allowed = allowed.join(", ");
    format!(
        "{place}: `{here}` must not know `{module}` (it may know {allowed}); pass what it needs as \
         an argument, or let `cli` connect the two"
    )
}

/// Returns `alert` for `src/alert/mod.rs` and for `src/alert.rs`.
pub(crate) fn top_module(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn allowed(room: &str) -> Option<Vec<&'static str>> {
    let row = ROOMS.iter().find(|(name, _)| *name == room);
    row.map(|(_, others)| others.to_vec())
}

fn is_excepted(path: &str, module: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(prefix, excepted, _)| path.starts_with(prefix) && module == *excepted)
}

/// Finds `crate::module` and `crate::{module, other::…}`.
fn references(code: &str) -> impl Iterator<Item = Reference> + '_ {
    source::words(code, "crate::").flat_map(|at| {
        let named = names_after(&code[at + "crate::".len()..]).into_iter();
        named.map(move |name| Reference {
            module: name.to_owned(),
            at,
        })
    })
}

/// Returns the first name of each path that follows `::`: of one, or of a group.
pub(crate) fn names_after(rest: &str) -> Vec<&str> {
    let mut names = match rest.strip_prefix('{') {
        Some(group) => first_names(group),
        None => vec![leading_name(rest)],
    };
    names.retain(|name| !name.is_empty());
    names
}

/// Returns the first name of each path in a group of a `use`, whose opening brace has been read.
fn first_names(group: &str) -> Vec<&str> {
    let mut names = vec![leading_name(group.trim_start())];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(leading_name(group[at + 1..].trim_start())),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn leading_name(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// Refuses `super::` that leaves the top-level module: such an arrow could not be seen.
fn climbs(source: &Source, code: &str) -> Vec<String> {
    let inside = source
        .path
        .trim_start_matches("src/")
        .trim_end_matches(".rs");
    let depth = inside.trim_end_matches("/mod").split('/').count();
    let climb = "super::".repeat(depth);
    let found = source::words(code, &climb).filter(|at| !code[..*at].ends_with("super::"));
    found
        .map(|at| {
            let place = source.place(at);
            format!("{place}: `{climb}` leaves the module unseen; write `crate::…`")
        })
        .collect()
}

#[test]
fn groups_are_read() {
    let code = "use crate::{a, b::{c, d}, e as f}; crate::g::h(); mycrate::i;";
    let found: Vec<String> = references(code).map(|reference| reference.module).collect();
    assert_eq!(found, ["a", "b", "e", "g"]);
}
