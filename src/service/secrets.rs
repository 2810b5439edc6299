//! The secrets of this process: what takes them out of texts, and which variables no child gets.

use std::ffi::OsString;

use serde_json::Value;

use crate::config::{Inputs, Loaded, TaskDefinition};
use crate::core::settings::{Login, PasswordSource, Settings, SmtpSettings, Transport};
use crate::redact::Redactor;

/// The name of a value that is secret whatever the value is called.
pub(crate) const PASSWORD: &str = "password";

/// Returns what takes the secrets of this process, of its mail settings and of these tasks out of
/// texts.
pub(crate) fn redactor(inputs: &Inputs, loaded: &Loaded, tasks: &[&TaskDefinition]) -> Redactor {
    let of_tasks = tasks
        .iter()
        .flat_map(|task| task.settings.child.env.clone());
    let of_settings = tasks
        .iter()
        .filter_map(|task| task.settings.settings.as_ref())
        .flat_map(texts_of);
    let of_tasks = of_tasks.chain(of_settings);
    Redactor::new(own_values(inputs, loaded).chain(of_tasks))
}

/// Returns the texts in settings, each with its name.
fn texts_of(settings: &Value) -> Vec<(String, String)> {
    let Value::Object(entries) = settings else {
        return Vec::new();
    };
    let each = entries.iter().flat_map(|(name, value)| match value {
        Value::String(text) => vec![(name.clone(), text.clone())],
        value => texts_of(value),
    });
    each.collect()
}

/// Returns the values of this process and of its mail settings, some of which are secret, with
/// their names.
pub(crate) fn own_values(
    inputs: &Inputs,
    loaded: &Loaded,
) -> impl Iterator<Item = (String, String)> {
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    let environment = inputs.environment.iter();
    let environment = environment.map(move |(name, value)| (text(name), text(value)));
    let password = crate::mail::password(&loaded.settings.mail);
    environment.chain(password.map(|value| (PASSWORD.to_owned(), value)))
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
