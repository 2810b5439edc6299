//! `serve`: the board over HTTP, and its tokens.

mod tokens;

use std::io::IsTerminal;

use crate::cli::args::Common;
use crate::cli::args::serve::{ServeArgs, ServeVerb};
use crate::cli::load::{load, load_to_look};
use crate::config::server::ListenAddress;
use crate::core::command_error::{CommandError, CommandResult};
use crate::server::launch;
use crate::server::serve_request::ServeRequest;
use crate::unix::terminal::print_to_stderr;

/// Serves until the server is asked to end, or carries out what is asked of its tokens.
pub(crate) fn obey(common: &Common, args: &ServeArgs) -> CommandResult {
    if let Some(ServeVerb::Token { command }) = &args.verb {
        let (_, loaded) = load_to_look(common)?;
        return tokens::obey(&loaded.settings, command);
    }
    let (inputs, loaded) = load(common, None)?;
    let mut server = loaded.server.clone();
    if let Some(listen) = &args.listen {
        server.listen = ListenAddress::parse(listen)
            .map_err(|wrong| CommandError::usage(format_args!("`{listen}` {wrong}")))?;
    }
    let show: fn(&str) = print_to_stderr;
    launch::serve(&ServeRequest {
        inputs: &inputs,
        loaded: &loaded,
        server,
        // A token that is printed elsewhere ends in a log.
        show: std::io::stderr().is_terminal().then_some(show),
    })
}
