//! A desk with a board on it: posts jobs, starts workers, reads what became of them.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Place, Runner, eventually, stderr, stdout};

/// The variable with the file of the board, where a server is in front of the board.
pub const FILE: &str = "TESTED_BOARD_FILE";
/// Set where an executable of tests is to be the program.
pub const AS_PROGRAM: &str = "TESTED_AS_PROGRAM";

/// A directory with a configuration and a board.
pub struct Desk {
    pub place: Place,
    /// The program with jobs of its own, which is started with [`AS_PROGRAM`] set; `None`: the stock
    /// binary.
    pub program: Option<PathBuf>,
}

impl Desk {
    /// Creates a board for these definitions.
    pub fn with(config: &str) -> Self {
        Desk {
            place: Place::with(config),
            program: None,
        }
    }

    /// Starts a worker, and waits until it is on the board.
    pub fn worker(&self, args: &[&str]) -> Runner {
        let worker = Runner::start(self.command(&[&["work"], args].concat()));
        worker.wait_for("is on the board");
        worker
    }

    /// Returns a command in this directory.
    pub fn command(&self, args: &[&str]) -> Command {
        match &self.program {
            None => self.place.command(args),
            Some(program) => {
                let mut command = self.place.command_of(program, args);
                command.env(AS_PROGRAM, "1");
                command
            }
        }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        // What reads a board itself is run beside its server.
        if args.first() == Some(&"board")
            && let Some((_, file)) = self
                .place
                .environment()
                .iter()
                .find(|(name, _)| name == FILE)
        {
            command.env("RUN_FUNCTIONS_BOARD_ADDRESS", file);
            command.env_remove("RUN_FUNCTIONS_BOARD_TOKEN_FILE");
        }
        command.output().expect("the binary can be run")
    }

    /// Runs a command that succeeds, and returns what it printed.
    pub fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }

    /// Runs a command that fails with a code, and returns what it printed on standard error.
    pub fn refuses(&self, args: &[&str], code: i32) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}: {}",
            stderr(&output)
        );
        stderr(&output)
    }

    /// Posts a job, and returns its number.
    pub fn post(&self, args: &[&str]) -> u64 {
        let printed = self.says(&[&["post", "--json"], args].concat());
        let printed: Value = serde_json::from_str(&printed).unwrap();
        printed["id"].as_u64().unwrap()
    }

    /// Returns a job as data.
    pub fn job(&self, id: u64) -> Value {
        serde_json::from_str(&self.says(&["job", &id.to_string(), "--json"])).unwrap()
    }

    /// Asks something of a job.
    pub fn asks(&self, id: u64, verb: &[&str]) -> Output {
        let id = id.to_string();
        self.run(&[&["job", id.as_str()], verb].concat())
    }

    /// Waits until a job is in a state, and returns the job.
    pub fn wait_for(&self, id: u64, state: &str) -> Value {
        let arrived = eventually(|| self.job(id)["state"] == state);
        let job = self.job(id);
        assert!(arrived, "not {state}: {job:#}");
        job
    }

    /// Waits until a step of a job is in progress.
    pub fn wait_for_step(&self, id: u64, step: &str) {
        let runs = |job: &Value| {
            let doing = job["doing"].as_array().unwrap();
            doing.iter().any(|doing| doing["step"] == step)
        };
        assert!(eventually(|| runs(&self.job(id))), "{:#}", self.job(id));
    }
}

/// Returns the journal of a job in short: `step phase outcome`, an entry each.
pub fn journal(job: &Value) -> Vec<String> {
    let entries = job["journal"].as_array().unwrap();
    let word = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| {
            let words = ["step", "phase", "outcome"].map(|key| word(entry, key));
            words.join(" ").trim().to_owned()
        })
        .collect()
}

/// Asserts that the numbers of a journal have no gap and its fences never fall.
pub fn is_exact(job: &Value) {
    let entries = job["journal"].as_array().unwrap();
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], at as u64 + 1, "{job:#}");
    }
}
