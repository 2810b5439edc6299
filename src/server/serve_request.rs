//! What a server is started with, when everything has been read and nothing has been done.

use crate::config::server::ServerSettings;
use crate::config::{Inputs, Loaded};

/// What a server is started with.
pub(crate) struct ServeRequest<'a> {
    /// What surrounds this process.
    pub(crate) inputs: &'a Inputs,
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// What the server goes by, the command line included.
    pub(crate) server: ServerSettings,
    /// Prints on the terminal, the only place where a token is shown; `None`: there is no terminal.
    pub(crate) show: Option<fn(&str)>,
}
