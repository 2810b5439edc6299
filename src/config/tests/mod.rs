//! The configuration as people write it: into real files, in a directory of its own, with an
//! environment that is a value.

mod any;
mod board;
mod errors;
mod job_errors;
mod jobs;
mod lock;
mod mail;
mod pauses;
mod precedence;
mod reference;
mod search;
mod step_errors;
mod tasks;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{CommandLineLayers, Inputs, Loaded, load};
use crate::task::{Attributes, Registration, Report};

/// A machine on which a configuration is read.
pub(crate) struct Setup {
    directory: TempDir,
    pub(crate) inputs: Inputs,
}

impl Setup {
    /// With nothing but the stock functions.
    pub(crate) fn bare() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let (cwd, etc) = (root.join("cwd"), root.join("etc"));
        for path in [&cwd, &etc] {
            fs::create_dir(path).unwrap();
        }
        let inputs = Inputs {
            command_line: CommandLineLayers::default(),
            environment: [("HOME", root.join("home"))]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            cwd,
            etc,
            hostname: "web1.example.org".to_owned(),
            registered: vec![&SEND_MAIL, &REFRESH],
            registered_jobs: Vec::new(),
            uid: 1000,
            user: |name| match name {
                "root" => Some(0),
                "www-data" => Some(33),
                "me" => Some(1000),
                _ => None,
            },
            group: |name| (name == "www-data").then_some(33),
            delivers_by_smtp: true,
            has_board_http: true,
            has_board_postgres: true,
            pushes_metrics: true,
            lock_engines: vec!["consul", "postgres", "etcd"],
        };
        Setup { directory, inputs }
    }

    /// With a file in the working directory.
    pub(crate) fn with(text: &str) -> Self {
        let setup = Setup::bare();
        setup.write("run_functions.toml", text);
        setup
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    /// Writes a file below the working directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.inputs.cwd.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn set(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        let value = value.as_ref().as_os_str().to_owned();
        self.inputs.environment.insert(name.into(), value);
        self
    }

    pub(crate) fn root_user(mut self) -> Self {
        self.inputs.uid = 0;
        self
    }

    #[track_caller]
    pub(crate) fn load(&self) -> Loaded {
        load(&self.inputs).unwrap_or_else(|report| panic!("{report}"))
    }

    /// What is reported when it cannot be loaded; the temporary directory is called ROOT in it.
    #[track_caller]
    pub(crate) fn refusal(&self) -> String {
        match load(&self.inputs) {
            Ok(_) => panic!("this was accepted"),
            Err(report) => self.without_root(&report.to_string()),
        }
    }

    #[track_caller]
    pub(crate) fn exit_code(&self) -> u8 {
        load(&self.inputs).unwrap_err().exit_code()
    }

    #[track_caller]
    pub(crate) fn warnings(&self) -> String {
        self.without_root(&self.load().warnings.to_string())
    }

    pub(crate) fn without_root(&self, text: &str) -> String {
        text.replace(self.root().to_str().unwrap(), "ROOT")
    }
}

/// The only problem's first line, or all of them.
pub(crate) fn titles(report: &str) -> Vec<&str> {
    let title = |line: &&str| line.starts_with("error: ") || line.starts_with("warning: ");
    report.lines().filter(title).collect()
}

fn nothing() -> Report {
    crate::task::IntoReport::into_report(())
}

const fn function(function: &'static str, attributes: Attributes) -> Registration {
    Registration {
        module_path: "app::tasks",
        function,
        chosen: None,
        package_version: None,
        file: "src/tasks.rs",
        line: 7,
        attributes,
        settings: None,
        run: crate::task::TaskFunction::Plain(nothing),
    }
}

const SILENT: Attributes = Attributes {
    success_cooldown: None,
    every: None,
    fail_cooldown: None,
    non_recoverable_downtime: None,
    forget_after: None,
    timeout: None,
    warn_after: None,
    isolate: None,
};

/// A function whose attribute is empty.
static SEND_MAIL: Registration = function("send_mail", SILENT);

/// A function whose attribute has settings.
static REFRESH: Registration = function(
    "refresh",
    Attributes {
        success_cooldown: Some(Duration::from_secs(1)),
        fail_cooldown: Some(Duration::from_secs(2)),
        ..SILENT
    },
);
