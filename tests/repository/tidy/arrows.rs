//! Who may know whom: the drawing "Shape inside" of the design, as a table.

use crate::source::{self, Source};

/// What everybody may know: plain values and pure decisions.
const CORE: [&str; 9] = [
    "time", "hash", "failure", "settings", "event", "letter", "exit", "task", "chain",
];

/// What a module may know besides the core.
const BESIDES_CORE: [(&str, &[&str]); 14] = [
    // Documentation without code.
    ("guide", &[]),
    ("alert", &[]),
    // Texts in, a text out: what it says is judged where it is printed.
    ("import", &[]),
    ("process", &[]),
    ("runner", &[]),
    // The rim: each knows the core and the machine, none knows another.
    ("config", &["process"]),
    ("logging", &["process"]),
    ("mail", &["process"]),
    ("state", &["process"]),
    // Its form is a state that must survive.
    ("history", &["process", "state"]),
    // It tells what was kept, in the words of the mails.
    ("report", &["alert", "state"]),
    // Pure: from what is kept to a text.
    ("metrics", &["state"]),
    // The policy and the runner under a virtual clock.
    ("simulate", &["alert", "runner"]),
    ("testing", &["alert", "runner", "simulate"]),
];

/// What the modules of the core may know of each other.
const WITHIN_CORE: [(&str, &[&str]); 9] = [
    ("time", &[]),
    ("hash", &[]),
    ("failure", &["time"]),
    ("settings", &[]),
    ("event", &["failure", "time"]),
    ("letter", &[]),
    ("exit", &[]),
    ("task", &["failure", "settings", "time"]),
    ("chain", &["event", "hash", "task", "time"]),
];

/// What goes against the table for a good reason: path, module, reason.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "src/process/takeover/",
    "state",
    "what a holder has promised is data, and is read in the middle of a takeover",
)];

/// The only module that names every other one, and the roots.
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
            "{}:1: the module `{here}` has no arrows; write into tests/tidy/arrows.rs what it may know",
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

fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let of = |table: &[(&str, &'static [&'static str])]| {
        let row = table.iter().find(|(name, _)| *name == module);
        row.map(|(_, others)| others.to_vec())
    };
    of(&WITHIN_CORE).or_else(|| of(&BESIDES_CORE).map(|besides| [&CORE[..], &besides].concat()))
}

fn is_excepted(path: &str, module: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(prefix, excepted, _)| path.starts_with(prefix) && module == *excepted)
}

/// Finds `crate::module` and `crate::{module, other::…}`.
fn references(code: &str) -> impl Iterator<Item = Reference> + '_ {
    source::words(code, "crate::").flat_map(|at| {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => first_names(group),
            None => vec![leading_name(rest)],
        };
        let named = names.into_iter().filter(|name| !name.is_empty());
        named.map(move |name| Reference {
            module: name.to_owned(),
            at,
        })
    })
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
