//! Values that all rooms share: points in time, failures, events, settings, exit codes, the mail to
//! the admin, the stable hash. Pure: nothing here reads a clock or a file.

pub(crate) mod admin_mail;
pub(crate) mod command_error;
pub(crate) mod event;
pub(crate) mod exit;
pub(crate) mod failure;
pub(crate) mod feature;
pub(crate) mod hash;
pub(crate) mod own_metric;
pub(crate) mod settings;
pub(crate) mod time;
