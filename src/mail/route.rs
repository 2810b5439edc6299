//! From the settings to what the worker needs: the password is read here, at the last moment.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::trouble::{Class, Trouble};
use super::wire::{Route, Security, SmtpRoute};
use crate::settings::{Login, MailSettings, PasswordSource, SmtpSettings, Tls, Transport};

/// Returns how the other end is named in messages.
pub(crate) fn name(settings: &MailSettings) -> String {
    match &settings.transport {
        Transport::Smtp(smtp) => format!("{}:{}", smtp.server, smtp.port),
        Transport::Sendmail { program } => program.display().to_string(),
        Transport::File { directory } => directory.display().to_string(),
        Transport::Print => "standard error".to_owned(),
    }
}

/// Returns the way to the server, with the password in it.
///
/// # Errors
///
/// When the password cannot be had, or there is no server (files, print).
pub(crate) fn with_password(settings: &MailSettings) -> Result<Route, Trouble> {
    match &settings.transport {
        Transport::Smtp(smtp) => Ok(Route::Smtp(smtp_route(smtp)?)),
        Transport::Sendmail { program } => Ok(Route::Sendmail(program.clone())),
        Transport::File { .. } | Transport::Print => {
            let words = "this transport needs no mail worker";
            Err(Trouble::new(Class::Setup, words))
        }
    }
}

fn smtp_route(smtp: &SmtpSettings) -> Result<SmtpRoute, Trouble> {
    let security = match smtp.tls {
        Tls::Implicit => Security::Implicit,
        Tls::StartTls => Security::StartTls,
        Tls::None => Security::None,
    };
    if security == Security::None && smtp.login.is_some() {
        let words = "there is no login without TLS";
        return Err(Trouble::new(Class::Setup, words).remedy("set `mail.tls` to \"implicit\""));
    }
    let login = smtp.login.as_ref().map(user_and_password).transpose()?;
    Ok(SmtpRoute {
        server: smtp.server.clone(),
        port: smtp.port,
        security,
        login,
        ca_file: smtp.ca_file.clone(),
    })
}

fn user_and_password(login: &Login) -> Result<(String, String), Trouble> {
    let password = match &login.password {
        PasswordSource::File(path) => from_file(path)?,
        PasswordSource::Env(name) => std::env::var(name).map_err(|_| {
            let words = format!("the mail password is not in the environment variable `{name}`");
            Trouble::new(Class::Setup, words).remedy("set it, or use `mail.password_file`")
        })?,
    };
    if password.is_empty() {
        let words = "the mail password is empty";
        return Err(Trouble::new(Class::Setup, words)
            .remedy("write it into the first line of `mail.password_file`"));
    }
    Ok((login.username.clone(), password))
}

fn from_file(path: &Path) -> Result<String, Trouble> {
    const MOST: u64 = 4096;
    const READABLE_BY_OTHERS: u32 = 0o077;
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        let words = format!("the mail password cannot be read from `{shown}`: {error}");
        Trouble::new(Class::Setup, words)
    };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode();
    if mode & READABLE_BY_OTHERS != 0 {
        let words = format!("the mail password in `{shown}` can be read by others");
        return Err(Trouble::new(Class::Setup, words).remedy(format!("chmod 600 {shown}")));
    }
    let mut text = String::new();
    file.take(MOST)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Returns the password of the server, if there is one and it can be had: what must never be shown.
pub(crate) fn password(settings: &MailSettings) -> Option<String> {
    let Transport::Smtp(smtp) = &settings.transport else {
        return None;
    };
    let login = smtp.login.as_ref()?;
    user_and_password(login).ok().map(|(_, password)| password)
}
