//! Boards behind a server for the stories of jobs: a server for each story.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::desk::FILE;
use crate::support::{Place, Runner, eventually, with_environment};

/// A server with a board.
pub struct BoardServer {
    place: Place,
    server: Option<Runner>,
    /// The address, the same over a restart.
    pub address: String,
}

impl BoardServer {
    /// Starts a server on a port that the kernel chooses.
    pub fn start() -> Self {
        let place = Place::empty();
        let server = place.start(&["serve", "--listen", "127.0.0.1:0"]);
        server.wait_for("listens on http://");
        let log = server.log();
        let address = log.split("listens on ").nth(1).unwrap();
        let address = address.split_whitespace().next().unwrap().to_owned();
        BoardServer {
            place,
            server: Some(server),
            address,
        }
    }

    /// Returns the file with the token of the administrator.
    pub fn token_file(&self) -> PathBuf {
        self.place.path("run/admin_token")
    }

    /// Returns the variables by which commands find the board.
    pub fn variables(&self) -> Vec<(String, String)> {
        let token = self.token_file().display().to_string();
        vec![
            (
                "RUN_FUNCTIONS_BOARD_ADDRESS".to_owned(),
                self.address.clone(),
            ),
            ("RUN_FUNCTIONS_BOARD_TOKEN_FILE".to_owned(), token),
            (
                FILE.to_owned(),
                self.place.path("run/board.sqlite").display().to_string(),
            ),
        ]
    }

    /// Runs a command beside the server.
    #[track_caller]
    pub fn says(&self, args: &[&str]) -> String {
        let output = self.place.run(args);
        assert!(
            output.status.success(),
            "{}",
            crate::support::stderr(&output)
        );
        crate::support::stdout(&output)
    }

    /// Returns the log of the server.
    pub fn log(&self) -> String {
        self.server.as_ref().map_or_else(String::new, Runner::log)
    }

    /// Ends the server.
    pub fn end(&mut self, signal: Signal) {
        let mut server = self.server.take().unwrap();
        server.signal(signal);
        let _ = server.wait_for_status();
    }

    /// Starts the server again, at the same address.
    pub fn start_again(&mut self) {
        let listen = self.address.trim_start_matches("http://").to_owned();
        let started = eventually(|| {
            let mut server = self.place.start(&["serve", "--listen", &listen]);
            let is_up = eventually(|| server.count("listens on") > 0 || !server.lives());
            let is_up = is_up && server.count("listens on") > 0;
            self.server = Some(server);
            is_up
        });
        assert!(started, "{}", self.log());
    }
}

/// Plays a story on a board behind a server of its own.
pub fn behind_a_server(story: fn()) {
    let server = BoardServer::start();
    with_environment(server.variables(), story);
}
