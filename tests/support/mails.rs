//! Mails as tests read them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;

/// Returns the mails that are files in a directory, in order of their names, with the lines that they have for a reader.
pub(crate) fn mails_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    let mails = paths.iter().map(fs::read_to_string);
    mails.map(|mail| legible(mail.unwrap())).collect()
}

/// Undoes the encoding of a mail that has a long line, such as one with the path of a program that was built deep down.
fn legible(mail: String) -> String {
    match mail.split_once("\r\n\r\n") {
        Some((head, _)) if head.contains("Content-Transfer-Encoding: quoted-printable") => {
            let parsed = mailparse::parse_mail(mail.as_bytes()).unwrap();
            format!("{head}\r\n\r\n{}", parsed.get_body().unwrap())
        }
        _ => mail,
    }
}

/// Returns the subject of a mail, unfolded, without the `[host] ` in front.
pub(crate) fn subject(mail: &str) -> String {
    let mail = mail.replace("\r\n ", " ").replace("\n ", " ");
    let line = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
    let subject = line.unwrap_or("").to_owned();
    match subject.split_once("] ") {
        Some((_host, rest)) => rest.to_owned(),
        None => subject,
    }
}

/// Undoes the breaking of the lines of a mail, so that words can be searched for.
pub(crate) fn unfolded(mail: &str) -> String {
    let mail = mail.replace("=\r\n", "");
    mail.split_whitespace().collect::<Vec<_>>().join(" ")
}
