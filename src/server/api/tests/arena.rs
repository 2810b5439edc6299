//! A board behind a server, under a clock that the test moves.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::board::conformance::arena::{BoardArena, VirtualClock};
use crate::board::{Board, BoardSettings, HttpSettings, open_http, open_sqlite};
use crate::server::api::Api;
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::server::viewer::{Projects, Role, Viewer};

/// An audit trail in memory.
#[derive(Debug, Default)]
pub(super) struct MemoryTrail(Mutex<Vec<AuditEntry>>);

impl AuditTrail for MemoryTrail {
    fn record(&self, entry: AuditEntry) -> std::io::Result<()> {
        self.0.lock().unwrap().push(entry);
        Ok(())
    }

    fn entries(&self, _before: Option<u64>, _at_most: u32) -> std::io::Result<Vec<AuditEntry>> {
        Ok(self.0.lock().unwrap().clone())
    }
}

/// A server of the calls of a board, for one user.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    pub(super) fn start(api: Api, viewer: Viewer) -> Self {
        let (end, ended) = oneshot::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let answer = move |uri: axum::http::Uri, body: axum::body::Bytes| {
                    let (api, viewer) = (api.clone(), viewer.clone());
                    async move {
                        let call = uri.path().trim_start_matches("/api/v1/").to_owned();
                        let answer = api.respond(viewer, &call, &body).await;
                        let status = axum::http::StatusCode::from_u16(answer.status).unwrap();
                        (status, answer.body)
                    }
                };
                let router = axum::Router::new().fallback(answer);
                let serving = axum::serve(listener, router);
                tokio::select! {
                    served = serving => served.unwrap(),
                    _ = ended => {}
                }
            });
        });
        TestServer {
            address,
            end: Some(end),
            thread: Some(thread),
        }
    }

    pub(super) fn settings(&self) -> HttpSettings {
        HttpSettings {
            address: format!("http://{}", self.address),
            ..HttpSettings::default()
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A user of all projects.
pub(super) fn admin() -> Viewer {
    Viewer {
        name: "test".to_owned(),
        role: Role::Admin,
        projects: Projects::All,
        csrf: String::new(),
    }
}

/// A board behind a server, as its client has it.
pub(super) struct HttpArena {
    board: Arc<dyn Board>,
    clock: VirtualClock,
    _server: TestServer,
    _dir: TempDir,
}

impl HttpArena {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new();
        let settings = BoardSettings {
            clock: clock.board_clock(),
            ..BoardSettings::default()
        };
        let board = open_sqlite(&dir.path().join("board.sqlite"), &settings).unwrap();
        let audit = Arc::new(MemoryTrail::default());
        let api = Api::new(board, audit, clock.board_clock()).unwrap();
        let server = TestServer::start(api, admin());
        HttpArena {
            board: open_http(&server.settings(), &settings).unwrap(),
            clock,
            _server: server,
            _dir: dir,
        }
    }
}

impl BoardArena for HttpArena {
    fn board(&self) -> &dyn Board {
        &*self.board
    }

    fn clock(&self) -> &VirtualClock {
        &self.clock
    }
}
