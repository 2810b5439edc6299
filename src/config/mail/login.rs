//! The login, user and password: whole or not at all, and for the owner's eyes only.

use std::path::{Path, PathBuf};

use super::{MailSection, cannot_be_read};
use crate::config::report::ConfigProblem;
use crate::core::exit;
use crate::core::settings::{Login, PasswordSource};
use crate::unix::secret_file;

impl MailSection<'_> {
    /// Returns the login; `None`: no login, or half of it is missing, which is reported.
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
            let problem = ConfigProblem::warning(&self.layer.origin("password_env"), message);
            let help = "set it where the runner is started: mails wait in the outbox without it";
            self.report.add(problem.help(help));
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
        self.report
            .add(ConfigProblem::error(&origin, message).help(help));
    }

    /// What is wrong with the file is a warning: the chain runs, its mails wait in the outbox, and
    /// a delivery looks again.
    fn judge_password_file(&mut self, path: &Path) {
        let Err(error) = secret_file::read(path) else {
            return;
        };
        let origin = self.layer.origin("password_file");
        let message = error.io().map(|io| {
            let what = cannot_be_read(io);
            format!("`password_file` {what}: `{}`", path.display())
        });
        let message = message.unwrap_or_else(|| error.to_string());
        let problem = ConfigProblem::warning(&origin, message).help(error.remedy());
        self.report.add(match error.is_permission() {
            true => problem.exit(exit::NO_PERMISSION),
            false => problem,
        });
    }
}
