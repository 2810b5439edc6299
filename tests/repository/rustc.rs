//! Compiles a single file against the library as it was built for this test run: what a user's crate is to the macro, without a
//! workspace of its own, a network or a second build of every dependency.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// A compiler's message, as far as it is ours to promise.
#[derive(Debug)]
pub(crate) struct Message {
    /// `error` or `warning`.
    pub(crate) level: String,
    /// The text.
    pub(crate) text: String,
    /// Where it points.
    pub(crate) place: Option<Place>,
}

/// Where a message points: one line of the file, and columns from 1.
#[derive(Debug)]
pub(crate) struct Place {
    /// The number of the line.
    pub(crate) line: usize,
    /// The line.
    pub(crate) source: String,
    /// The first column.
    pub(crate) from: usize,
    /// The column after the last.
    pub(crate) to: usize,
}

/// Returns a directory for what a test builds.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Returns a compiler that knows the library under its name. It writes to `directory` and speaks JSON.
pub(crate) fn rustc(file: &Path, directory: &Path) -> Command {
    let library = library();
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command
        .args(["--edition", "2024", "--error-format", "json"])
        .args(["--cap-lints", "forbid"])
        .arg(format!("-Ldependency={}", library.dependencies.display()))
        .arg(format!("--extern=run_functions={}", library.rlib.display()))
        .arg(format!("-L{}", directory.display()))
        .arg("--out-dir")
        .arg(directory)
        .arg(file);
    command
}

/// Runs the compiler and returns what it said.
pub(crate) fn messages(command: &mut Command) -> (bool, Vec<Message>) {
    let Output { status, stderr, .. } = command.output().expect("rustc is beside cargo");
    let lines = String::from_utf8(stderr).unwrap();
    let messages = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not a message: {line}"))
        })
        .filter(|message| message["$message_type"] == "diagnostic")
        .map(|message| read(&message))
        // The last words of the compiler, "aborting due to 3 previous errors", have no place.
        .filter(|message| message.place.is_some())
        .collect();
    (status.success(), messages)
}

/// What does not change from compiler to compiler: the words, the line and the place in it.
pub(crate) fn essence(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        writeln!(text, "{}: {}", message.level, message.text).unwrap();
        if let Some(place) = &message.place {
            let number = format!("{:3} | ", place.line);
            let indent = " ".repeat(number.len() + place.from - 1);
            let caret = "^".repeat((place.to - place.from).max(1));
            writeln!(text, "{number}{}\n{indent}{caret}", place.source).unwrap();
        }
        text.push('\n');
    }
    text
}

fn read(message: &Value) -> Message {
    let spans = message["spans"].as_array().unwrap();
    let primary = spans.iter().find(|span| span["is_primary"] == true);
    Message {
        level: message["level"].as_str().unwrap().to_owned(),
        text: message["message"].as_str().unwrap().to_owned(),
        place: primary.map(place),
    }
}

/// A message of a macro points into the macro's output, whose origin is what people see.
fn place(span: &Value) -> Place {
    let number = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
    let text = &span["text"][0];
    let from = number("column_start");
    let one_line = number("line_start") == number("line_end");
    let source = text["text"].as_str().unwrap_or_default().to_owned();
    Place {
        line: number("line_start"),
        from,
        to: if one_line {
            number("column_end")
        } else {
            source.chars().count() + 1
        },
        source,
    }
}

struct Library {
    rlib: PathBuf,
    dependencies: PathBuf,
}

/// Asks cargo, which has just built it for this very test and so has nothing to do.
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args([
                "test",
                "--no-run",
                "--offline",
                "--package",
                "run_functions",
            ])
            .args([
                "--test",
                env!("CARGO_CRATE_NAME"),
                "--message-format",
                "json",
            ])
            .args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ])
            .arg("--target-dir")
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        // What cargo tells a test about its package makes build scripts that look at it (ring's) run again: here, and then once
        // more in the next build by hand.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name == "OUT_DIR"
                || name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
            {
                cargo.env_remove(name);
            }
        }
        let output = cargo.output().expect("cargo runs this test");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let rlib = rlib(&String::from_utf8(output.stdout).unwrap());
        let beside = rlib.parent().unwrap();
        let dependencies = if beside.ends_with("deps") {
            beside.to_owned()
        } else {
            beside.join("deps")
        };
        Library { rlib, dependencies }
    })
}

fn rlib(messages: &str) -> PathBuf {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["kind"][0] == "lib")
        .filter(|message| message["target"]["name"] == "run_functions")
        .filter_map(|message| {
            let files = message["filenames"].as_array()?.clone();
            files
                .iter()
                .filter_map(Value::as_str)
                .find(|file| file.ends_with(".rlib"))
                .map(PathBuf::from)
        })
        .next_back()
        .expect("cargo tells where the library is")
}
