//! The secrets of this process: what takes them out of texts, and which variables no child gets.

use std::ffi::OsString;

use crate::config::{Inputs, Loaded, TaskDefinition};
use crate::core::settings::{Login, PasswordSource, Settings, SmtpSettings, Transport};
use crate::redact::Redactor;

/// Returns what takes the secrets of this process, of its mail settings and of these tasks out of
/// texts.
pub(crate) fn redactor(inputs: &Inputs, loaded: &Loaded, tasks: &[&TaskDefinition]) -> Redactor {
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    let environment = inputs.environment.iter();
    let environment = environment.map(|(name, value)| (text(name), text(value)));
    let of_tasks = tasks
        .iter()
        .flat_map(|task| task.settings.child.env.clone());
    let password = crate::mail::password(&loaded.settings.mail);
    let password = password.map(|value| ("password".to_owned(), value));
    Redactor::new(environment.chain(of_tasks).chain(password))
}

/// The variables that hold secrets of our own, which no child gets.
pub(crate) fn secret_variables(settings: &Settings) -> Vec<String> {
    match &settings.mail.transport {
        Transport::Smtp(SmtpSettings {
            login:
                Some(Login {
                    password: PasswordSource::Env(name),
                    ..
                }),
            ..
        }) => vec![name.clone()],
        _ => Vec::new(),
    }
}
