//! What makes the user and the directories of a chain: sysusers.d(5) and tmpfiles.d(5).

use std::path::Path;

use nix::unistd::{Group, User};

use super::words;
use crate::config::Loaded;
use crate::core::command_error::CommandError;
use crate::core::settings::{Login, PasswordSource, Settings, SmtpSettings, Transport};

/// Returns the lines that make a user who can do nothing else.
pub(crate) fn sysusers(user: &str, settings: &Settings) -> Result<String, CommandError> {
    let home = words::field(&words::path(&settings.state_dir)?);
    Ok(format!(
        "# The user of chains: into /etc/sysusers.d/run_functions.conf, then `systemd-sysusers`.\n\
         u {user} - \"Runs chains of tasks\" {home}\n"
    ))
}

/// Returns the lines that make the directories, and give the files to who has to read them.
pub(crate) fn tmpfiles(user: &str, loaded: &Loaded) -> Result<String, CommandError> {
    let group = group_of(user);
    let settings = &loaded.settings;
    let mut text = String::from(
        "# Directories and files of chains: into /etc/tmpfiles.d/run_functions.conf, then `systemd-tmpfiles --create`.\n\
         # type, path, mode, user, group, age\n",
    );
    let mut line = |sort: &str, path: &Path, mode: &str, owner: &str| -> Result<(), CommandError> {
        let path = words::field(&words::path(path)?);
        text.push_str(&format!("{sort} {path} {mode} {owner} {group} -\n"));
        Ok(())
    };
    line("d", &settings.run_root, "0700", user)?;
    if settings.state_dir != settings.run_root {
        line("d", &settings.state_dir, "0700", user)?;
    }
    if let Some(file) = &loaded.file {
        line("z", file, "0640", "root")?;
    }
    if let Some(file) = password_file(settings) {
        line("z", file, "0600", user)?;
    }
    Ok(text)
}

/// Returns the primary group of a user; it will be that of his name when he is made.
fn group_of(user: &str) -> String {
    let known = User::from_name(user).ok().flatten();
    let group = known.and_then(|user| Group::from_gid(user.gid).ok().flatten());
    group.map_or_else(|| user.to_owned(), |group| group.name)
}

fn password_file(settings: &Settings) -> Option<&Path> {
    let Transport::Smtp(SmtpSettings {
        login: Some(Login { password, .. }),
        ..
    }) = &settings.mail.transport
    else {
        return None;
    };
    match password {
        PasswordSource::File(path) => Some(path),
        PasswordSource::Env(_) => None,
    }
}
