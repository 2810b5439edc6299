//! A file for each verb of the command line.

pub(crate) mod check;
pub(crate) mod check_liveness;
pub(crate) mod control;
pub(crate) mod history;
#[cfg(feature = "import")]
pub(crate) mod import;
#[cfg(not(feature = "import"))]
#[path = "import/left_out.rs"]
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod job;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod mail;
pub(crate) mod metrics;
pub(crate) mod mute;
pub(crate) mod pages;
pub(crate) mod report;
#[cfg(feature = "server")]
pub(crate) mod serve;
#[cfg(not(feature = "server"))]
#[path = "serve/left_out.rs"]
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod simulate;
pub(crate) mod status;
