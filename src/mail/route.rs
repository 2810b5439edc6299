//! From the settings to what the worker needs: the password is read here, at the last moment.

use std::path::Path;

use super::delivery_error::{DeliveryError, ErrorClass};
use super::wire::{Route, Security, SmtpRoute};
use crate::core::settings::{Login, MailSettings, PasswordSource, SmtpSettings, Tls, Transport};
use crate::unix::secret_file;

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
pub(crate) fn with_password(settings: &MailSettings) -> Result<Route, DeliveryError> {
    match &settings.transport {
        Transport::Smtp(smtp) => Ok(Route::Smtp(smtp_route(smtp)?)),
        Transport::Sendmail { program } => Ok(Route::Sendmail(program.clone())),
        Transport::File { .. } | Transport::Print => {
            let words = "this transport needs no mail worker";
            Err(DeliveryError::new(ErrorClass::Setup, words))
        }
    }
}

fn smtp_route(smtp: &SmtpSettings) -> Result<SmtpRoute, DeliveryError> {
    let security = match smtp.tls {
        Tls::Implicit => Security::Implicit,
        Tls::StartTls => Security::StartTls,
        Tls::None => Security::None,
    };
    if security == Security::None && smtp.login.is_some() {
        let words = "there is no login without TLS";
        return Err(
            DeliveryError::new(ErrorClass::Setup, words).remedy("set `mail.tls` to \"implicit\"")
        );
    }
    let login = smtp.login.as_ref().map(user_and_password).transpose()?;
    Ok(SmtpRoute {
        server: smtp.server.clone(),
        port: smtp.port,
        security,
        login,
        helo: smtp.helo.clone(),
        ca_file: smtp.ca_file.clone(),
    })
}

fn user_and_password(login: &Login) -> Result<(String, String), DeliveryError> {
    let password = match &login.password {
        PasswordSource::File(path) => from_file(path)?,
        PasswordSource::Env(name) => std::env::var(name).map_err(|_| {
            let words = format!("the mail password is not in the environment variable `{name}`");
            DeliveryError::new(ErrorClass::Setup, words)
                .remedy("set it, or use `mail.password_file`")
        })?,
    };
    if password.is_empty() {
        let words = "the mail password is empty";
        return Err(DeliveryError::new(ErrorClass::Setup, words)
            .remedy("write it into the first line of `mail.password_file`"));
    }
    Ok((login.username.clone(), password))
}

fn from_file(path: &Path) -> Result<String, DeliveryError> {
    secret_file::read(path).map_err(|error| {
        let words = error
            .to_string()
            .replacen("the password", "the mail password", 1);
        DeliveryError::new(ErrorClass::Setup, words).remedy(error.remedy())
    })
}

/// Returns the password of the server, if there is one and it can be had: what must never be shown.
pub(crate) fn password(settings: &MailSettings) -> Option<String> {
    let Transport::Smtp(smtp) = &settings.transport else {
        return None;
    };
    let login = smtp.login.as_ref()?;
    user_and_password(login).ok().map(|(_, password)| password)
}
