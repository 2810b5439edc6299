//! The forms of a crontab.

/// Which form a crontab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrontabForm {
    /// The form of `crontab -e`: the command follows the times.
    User,
    /// The form of `/etc/crontab`: a user stands before the command.
    System,
}
