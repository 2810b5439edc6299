//! The rules of this repository that no compiler keeps. Each failure says where, what, why, and what to do instead.

mod arrows;
mod circles;
mod dependencies;
mod english;
mod inner_arrows;
mod sizes;
mod source;

use std::path::Path;

use source::{Source, words};

/// The modules whose decisions are pure, and what no pure decision asks for.
const PURE: [&str; 12] = [
    "alert", "chain", "core", "flow", "import", "job", "lease", "mute", "redact", "schedule",
    "simulate", "text",
];
/// The folders of these modules that read and write files all the same.
const ON_DISK: [&str; 1] = ["src/mute/on_disk/"];
const IMPURE: [&str; 10] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "nix::",
    "Instant",
    "SystemTime::now",
    "unix::clock",
];

/// Who reads the environment besides `config` and `cli`, and why.
const READS_ENVIRONMENT: [(&str, &str); 12] = [
    ("src/cli/", "it is where everything meets"),
    ("src/config/", "the environment overrides the file"),
    (
        "src/mail/route.rs",
        "`password_env` is read when the password is needed",
    ),
    ("src/unix/child/", "the environment of a child is made here"),
    (
        "src/unix/trusted_paths/absolute.rs",
        "a shell says in PWD through which links it came here",
    ),
    (
        "src/task/backtrace.rs",
        "RUST_BACKTRACE is read by the standard library, and here as it reads it",
    ),
    (
        "src/unix/takeover/unit.rs",
        "systemd says there whose main process this is (systemd.exec(5))",
    ),
    (
        "src/unix/local_zone.rs",
        "TZ is read by the C library, and here as it reads it",
    ),
    ("src/unix/notify.rs", "sd_notify(3) is told where to answer"),
    (
        "src/unix/fault_points.rs",
        "a test of a debug build says there which write fails",
    ),
    (
        "src/unix/service_environment.rs",
        "it takes away what a service would not have",
    ),
    (
        "src/logging/sink.rs",
        "`JOURNAL_STREAM` names the journal, for this process alone",
    ),
];

pub(super) fn report(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} to put right:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn in_src(rule: impl Fn(&Source, &str) -> Vec<String>) -> Vec<String> {
    let sources = source::rust_in("src/");
    sources
        .iter()
        .flat_map(|source| rule(source, &source.product_code()))
        .collect()
}

#[test]
fn no_files_use_one_another_in_a_circle() {
    let found = circles::all();
    assert!(
        found.is_empty(),
        "circles of files; move what several use into a file of its own:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_module_knows_only_whom_the_design_says() {
    report(&arrows::against());
}

#[test]
fn every_part_of_a_large_room_uses_only_what_stands_below_it() {
    report(&inner_arrows::against());
}

#[test]
fn pure_modules_ask_the_machine_for_nothing() {
    report(&in_src(|source, code| {
        let is_on_disk = ON_DISK.iter().any(|path| source.path.starts_with(path));
        if is_on_disk || !PURE.contains(&arrows::top_module(&source.path)) {
            return Vec::new();
        }
        let found = IMPURE
            .iter()
            .flat_map(|word| words(code, word).map(move |at| (at, word)));
        let told = found.map(|(at, word)| {
            let place = source.place(at);
            format!("{place}: `{word}` in a pure module cannot be tested without a machine; take it as an argument")
        });
        told.collect()
    }));
}

#[test]
fn unsafe_code_is_in_unix_alone() {
    report(&in_src(|source, code| {
        let here = source.path.starts_with("src/unix/");
        let found = words(code, "unsafe").filter(|_| !here);
        let told = found.map(|at| {
            let place = source.place(at);
            format!("{place}: `unsafe` outside src/unix; put a safe function there and call it")
        });
        told.collect()
    }));
}

#[test]
fn only_the_command_line_prints() {
    report(&in_src(|source, code| {
        let here = source.path.starts_with("src/cli");
        let printing = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
        let found = printing
            .into_iter()
            .flat_map(|word| words(code, word))
            .filter(|_| !here);
        let told = found.map(|at| {
            let place = source.place(at);
            format!("{place}: it panics on a closed pipe; write to the log, or return what is to be printed to `cli`")
        });
        told.collect()
    }));
}

#[test]
fn the_environment_is_read_in_one_place() {
    report(&in_src(|source, code| {
        let here = READS_ENVIRONMENT
            .iter()
            .any(|(prefix, _)| source.path.starts_with(prefix));
        let reading = ["env::var", "env::vars", "env::var_os", "env::vars_os"];
        let found = reading
            .into_iter()
            .flat_map(|word| words(code, word))
            .filter(|_| !here);
        let told = found.map(|at| {
            let place = source.place(at);
            format!("{place}: a setting that `check --effective` cannot show; read it in `config`")
        });
        told.collect()
    }));
}

/// What may ask for a cargo feature besides the line of a module, and why.
const ASKS_FOR_FEATURES: [(&str, &str); 2] = [
    ("src/lib.rs", "what the lints of the whole crate are"),
    (
        "src/config/inputs.rs",
        "the configuration reads there what this program is built with",
    ),
];

#[test]
fn a_feature_brings_or_leaves_out_whole_modules() {
    report(&in_src(|source, code| {
        let is_excepted = ASKS_FOR_FEATURES
            .iter()
            .any(|(path, _)| *path == source.path);
        let found = words(code, "feature").filter(|at| {
            let asks = source.text[*at..].starts_with("feature = \"");
            let after = source.code[*at..]
                .split_once('\n')
                .map_or("", |(_, after)| after);
            let mut lines = after.lines().map(str::trim_start);
            let item = lines.find(|line| !line.starts_with("#["));
            let is_module = item.is_some_and(|item| item.ends_with(';') && item.contains("mod "));
            // What a feature derives for a type can stand at the type alone.
            let line = source.text[..*at].rsplit('\n').next().unwrap_or_default();
            let rest = source.text[*at..].lines().next().unwrap_or_default();
            let is_derived = line.trim_start() == "#[cfg_attr(" && rest.contains(", derive(");
            asks && !is_module && !is_excepted && !is_derived
        });
        let told = found.map(|at| {
            let place = source.place(at);
            format!("{place}: a feature inside of a module; put what it brings into one, and write `cfg` on the `mod` line")
        });
        told.collect()
    }));
}

/// The walk is in `src/runner/mod.rs`: a table whose first column has the files.
#[test]
fn the_walk_from_main_to_a_mail_names_files_that_are_there() {
    let runner = text("src/runner/mod.rs");
    let rows = runner.lines().filter_map(|line| {
        let file = line.strip_prefix("//! | `")?.split('`').next()?;
        file.starts_with("src/").then_some(file)
    });
    let files: Vec<&str> = rows.collect();
    let missing = files.iter().filter(|file| !Path::new(file).is_file());
    let told =
        missing.map(|file| format!("src/runner/mod.rs: `{file}` is no file; put the walk right"));
    report(&told.collect::<Vec<_>>());
    assert!(
        files.len() > 20 && files.last() == Some(&"src/mail/smtp.rs"),
        "{files:?}"
    );
}

#[test]
fn every_module_says_what_it_is() {
    let sources = source::rust_in("src/")
        .into_iter()
        .chain(source::rust_in("macros/src/"));
    let sources = sources
        .chain(source::rust_in("tasks/"))
        .chain(source::rust_in("tests/"));
    let undocumented = sources.filter(|source| {
        let tests_of_a_module = source.path.starts_with("src/") && source.is_test;
        !tests_of_a_module && !source.text.starts_with("//!")
    });
    let told = undocumented.map(|source| {
        format!(
            "{}:1: no `//!` at the top; say in one sentence what is in here",
            source.path
        )
    });
    report(&told.collect::<Vec<_>>());
}

#[test]
fn ignored_tests_say_what_they_need() {
    let mut wrong = Vec::new();
    for source in source::all().into_iter().filter(Source::is_rust) {
        for at in words(&source.code, "ignore").filter(|at| source.code[..*at].ends_with("#[")) {
            if !source.text[at..].starts_with("ignore = \"needs ") {
                let place = source.place(at);
                wrong.push(format!(
                    "{place}: a test that nobody can run; write `#[ignore = \"needs …\"]`"
                ));
            }
        }
    }
    report(&wrong);
}

#[test]
fn nothing_is_left_for_later_or_for_one_machine() {
    let left = [
        (concat!("TO", "DO"), "write an issue, or do it"),
        (concat!("FIX", "ME"), "write an issue, or fix it"),
        (
            concat!("/ro", "ot/"),
            "a path of one machine; write one that everybody has",
        ),
        (
            concat!("/wo", "rk/"),
            "a path of one machine; write one that everybody has",
        ),
        (
            concat!("index.", "crates.io"),
            "a registry belongs into the user's configuration",
        ),
        (
            concat!("pypi.", "org"),
            "a registry belongs into the user's configuration",
        ),
    ];
    let mut wrong = Vec::new();
    for source in source::all() {
        for (word, remedy) in left {
            let found = source.text.match_indices(word);
            // A part of a longer path is no path of a machine.
            let whole = found.filter(|(at, _)| {
                !word.starts_with('/')
                    || !source.text[..*at]
                        .ends_with(|c: char| c.is_alphanumeric() || "_.-}".contains(c))
            });
            wrong.extend(whole.map(|(at, _)| format!("{}: `{word}`; {remedy}", source.place(at))));
        }
    }
    report(&wrong);
}

#[test]
fn the_readme_and_ci_run_the_same_tests() {
    const COMMAND: &str = "cargo test --workspace";
    let stands = |path: &str| {
        text(path)
            .lines()
            .any(|line| line.trim().trim_start_matches("$ ") == COMMAND)
    };
    let told = ["README.md", ".ci/run"].into_iter().filter(|path| !stands(path)).map(|path| {
        format!("{path}: no line `{COMMAND}`; README and .ci/run name the same command, so that what people run is what is checked")
    });
    report(&told.collect::<Vec<_>>());
}

pub(super) fn text(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}
