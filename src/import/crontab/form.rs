//! The forms of a crontab, and what becomes of its lines.

/// Which form a crontab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrontabForm {
    /// The form of `crontab -e`: the command follows the times.
    User,
    /// The form of `/etc/crontab`: a user stands before the command.
    System,
}

/// What the lines of a crontab become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrontabTarget {
    /// Tasks, of which chains are made.
    Tasks,
    /// Jobs, each with a schedule.
    Jobs,
}
