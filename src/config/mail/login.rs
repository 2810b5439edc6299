//! Who logs in, and with which password: whole or not at all, and for the owner's eyes only.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Mail, cannot_be_read};
use crate::config::origin::Origin;
use crate::config::report::Problem;
use crate::exit;
use crate::settings::{Login, PasswordSource};

impl Mail<'_> {
    /// Returns who logs in; `None`: nobody, or half of it is missing, which is reported.
    pub(super) fn login(&mut self) -> Option<Login> {
        let password = self.password();
        let username: Option<String> = self.layer.get("username");
        let written = ["password_file", "password_env"]
            .into_iter()
            .find(|key| self.layer.mentions(key));
        match (username, password, written) {
            (Some(username), Some(password), _) => Some(Login { username, password }),
            (Some(_), None, None) => {
                let help = "add `password_file` or `password_env`, or remove `username`";
                self.refuse("username", "`username` has no password", help);
                None
            }
            (None, Some(_), Some(key)) if !self.layer.mentions("username") => {
                let message = "there is a password, but no `username`";
                self.refuse(key, message, "add `username`");
                None
            }
            _ => None,
        }
    }

    fn password(&mut self) -> Option<PasswordSource> {
        let file: Option<PathBuf> = self.layer.get("password_file");
        let variable: Option<String> = self.layer.get("password_env");
        if let Some(path) = &file {
            self.judge_password_file(path);
        }
        if let Some(name) = &variable
            && self.inputs.variable(name).is_none()
        {
            let message = format!("`password_env` names `{name}`, which is not set");
            let help = "set it where this program is started";
            self.refuse("password_env", message, help);
        }
        if file.is_some() && variable.is_some() {
            let message = "`password_file` and `password_env` exclude each other";
            self.refuse("password_env", message, "remove one of them");
        }
        let file = file.map(PasswordSource::File);
        file.or_else(|| variable.map(PasswordSource::Env))
    }

    fn refuse(&mut self, key: &str, message: impl Into<String>, help: &str) {
        let origin = self.layer.origin(key);
        self.report.add(Problem::error(&origin, message).help(help));
    }

    fn judge_password_file(&mut self, path: &Path) {
        const OTHERS: u32 = 0o077;
        let shown = path.display();
        let origin = self.layer.origin("password_file");
        let problem = match fs::metadata(path) {
            Ok(meta) if !meta.is_file() => {
                Problem::error(&origin, format!("`password_file` is not a file: `{shown}`"))
            }
            Ok(meta) if meta.mode() & OTHERS != 0 => {
                let message = format!("the password in `{shown}` can be read by others");
                Problem::error(&origin, message)
                    .help(format!("chmod 600 {shown}"))
                    .exit(exit::NO_PERMISSION)
            }
            Ok(meta) if meta.len() == 0 => {
                Problem::error(&origin, format!("`password_file` is empty: `{shown}`"))
            }
            Ok(_) => match fs::File::open(path) {
                Ok(_) => return,
                Err(error) => unreadable_password(&origin, path, &error),
            },
            Err(error) => unreadable_password(&origin, path, &error),
        };
        self.report.add(problem);
    }
}

fn unreadable_password(origin: &Origin, path: &Path, error: &io::Error) -> Problem {
    let what = cannot_be_read(error);
    let problem = Problem::error(
        origin,
        format!("`password_file` {what}: `{}`", path.display()),
    );
    match error.kind() {
        io::ErrorKind::PermissionDenied => problem
            .help("it must belong to the user that this runs as")
            .exit(exit::NO_PERMISSION),
        _ => problem,
    }
}
