//! The start and the end of a server.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use super::access::{AccessGate, CookieForm};
use super::api::Api;
use super::first_token;
use super::http::{
    AcceptLoop, ConnectionTable, HostCheck, HttpRefusal, ServerListener, TlsAcceptance,
};
use super::routes::ServerAnswerer;
use super::serve_request::ServeRequest;
use super::server_shared::ServerShared;
use super::signal_stream::SignalStream;
use super::store::{ServerStore, StoreError};
use crate::board::{Board, BoardSettings, MissingBoard};
use crate::config::server::ListenAddress;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::logging::Log;
use crate::service::start_error::{no_descriptor, unsafe_directory};
use crate::unix::descriptor_limit;
use crate::unix::notify::Notifier;
use crate::unix::signals::{Signal, SignalReader, Signals};
use crate::unix::trusted_paths::PrivateDir;
use crate::worker::board_place::{self, BoardPlace, refused};

/// How many calls of the board may block at once.
const BLOCKING_THREADS: usize = 16;
/// A thread that has had no call for so long ends.
const IDLE_THREAD: Duration = Duration::from_secs(10);
/// How long requests in progress have when the server ends.
const LAST_REQUESTS: Duration = Duration::from_secs(35);
/// How often held calls are answered when the server ends.
const BETWEEN_ENDS: Duration = Duration::from_millis(100);
/// Descriptors that are for something else than connections.
const OTHER_DESCRIPTORS: usize = 128;

/// Serves until the server is asked to end.
pub(crate) fn serve(request: &ServeRequest<'_>) -> CommandResult {
    let settings = &request.loaded.settings;
    refuse_open_http(request)?;
    refuse_second_server(settings)?;
    let (_handlers, signals) = Signals::install().map_err(no_descriptor)?;
    let log = Log::start(&settings.log, "server");
    let state_dir = PrivateDir::open(&settings.state_dir).map_err(unsafe_directory)?;
    let store = ServerStore::open(&settings.state_dir).map_err(unusable)?;
    let tls = tls_of(request)?;
    let board = board_place::open(settings, MissingBoard::Create).map_err(refused)?;
    let store = Arc::new(store);
    let clock = BoardSettings::default().clock;
    let audit = Arc::clone(&store);
    // A board has a runtime of its own, which is neither asked nor dropped within another one.
    let api = Api::new(Arc::clone(&board), audit, clock).map_err(refused)?;
    let runtime = runtime().map_err(no_descriptor)?;
    let server = ServerStart {
        request,
        store,
        board: &board,
        api: &api,
        tls,
        log: &log,
    };
    let served = runtime.block_on(server.run(&state_dir, signals));
    // A call of the board that blocks is not waited for: nothing listens to its answer.
    runtime.shutdown_background();
    served
}

/// Refuses to send tokens in the clear, unless that is written.
fn refuse_open_http(request: &ServeRequest<'_>) -> CommandResult {
    let server = &request.server;
    if server.listen.is_local() || server.tls.is_some() || server.insecure_http {
        return Ok(());
    }
    let message = format!(
        "others than this machine reach `{}`, and there is no TLS: tokens would be sent in the clear",
        server.listen
    );
    Err(CommandError::new(exit::CONFIG, message).hint(
        "write `tls_certificate` and `tls_key` in `[server]`; or listen on 127.0.0.1 behind a \
         proxy; or write `insecure_http = true` where the network is trusted",
    ))
}

/// Refuses to stand before another server, whose tokens are others.
fn refuse_second_server(settings: &Settings) -> CommandResult {
    let BoardPlace::Http(_) = BoardPlace::of(settings) else {
        return Ok(());
    };
    let message = "`address` in `[board]` is that of a server already";
    Err(CommandError::new(exit::CONFIG, message)
        .hint("serve where the board is: remove `address`, or write that of its database"))
}

fn tls_of(request: &ServeRequest<'_>) -> Result<Option<Arc<TlsAcceptance>>, CommandError> {
    let Some(files) = &request.server.tls else {
        return Ok(None);
    };
    let tls = TlsAcceptance::of(files);
    let tls = tls.map_err(|why| CommandError::new(exit::CONFIG, why))?;
    Ok(Some(Arc::new(tls)))
}

fn unusable(error: StoreError) -> CommandError {
    CommandError::of(exit::UNSAFE_DIRECTORY, &error)
}

/// The runtime lives in the thread of its caller, and nowhere else.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(IDLE_THREAD)
        .build()
}

/// What a server begins with.
struct ServerStart<'a> {
    request: &'a ServeRequest<'a>,
    store: Arc<ServerStore>,
    board: &'a Arc<dyn Board>,
    api: &'a Api,
    tls: Option<Arc<TlsAcceptance>>,
    log: &'a Log,
}

impl ServerStart<'_> {
    async fn run(self, state_dir: &PrivateDir, signals: SignalReader) -> CommandResult {
        let signals = SignalStream::new(signals).map_err(no_descriptor)?;
        let listen = &self.request.server.listen;
        let listener = ServerListener::bind(listen).map_err(|error| in_use(listen, &error))?;
        let listen = match listener.address() {
            Some(address) => ListenAddress::Tcp(address),
            None => listen.clone(),
        };
        let first = first_token::create(&self.store, state_dir).map_err(unusable)?;
        let (end, ending) = watch::channel(false);
        let state = Arc::new(self.state(&listen));
        let answerer = Arc::new(ServerAnswerer::new(Arc::clone(&state), ending.clone()));
        let refusal = HttpRefusal::unavailable("all connections of this server are taken");
        let accepting = AcceptLoop::new(
            listener,
            self.tls.clone(),
            Arc::clone(&state.table),
            answerer,
            ending.clone(),
            &state.json(&refusal),
        );
        let accepting = tokio::spawn(accepting.run());
        let watch = Arc::clone(&state.watch);
        tokio::spawn(watch.run(Arc::clone(&state.board), ending));
        let scheme = self.tls.as_ref().map_or("http", |_| "https");
        log::info!(
            "The server of {} listens on {scheme}://{listen}",
            self.board.place()
        );
        if let (Some(secret), Some(show)) = (first, self.request.show) {
            show(&first_token::invitation(
                &secret,
                &listen,
                self.tls.is_some(),
            ));
        }
        let notifier = Notifier::from_env();
        notifier.ready();
        self.until_asked(&signals).await;
        notifier.stopping();
        let _ = end.send(true);
        let last = async {
            let _ = accepting.await;
            // A call may be held just now.
            while timeout(BETWEEN_ENDS, state.table.emptied()).await.is_err() {
                state.api.end_held();
            }
        };
        state.api.end_held();
        self.finish(&signals, last).await;
        log::info!("The server has ended");
        Ok(())
    }

    fn state(&self, listen: &ListenAddress) -> ServerShared {
        let server = &self.request.server;
        let hosts = HostCheck::new(
            server.public_url.as_deref(),
            self.tls.is_some(),
            !listen.is_local(),
            &self.request.inputs.hostname,
        );
        let cookie = CookieForm::new(port_of(listen), hosts.is_secure());
        ServerShared::new(
            Arc::clone(self.board),
            self.request.loaded.settings.clone(),
            Arc::clone(&self.store),
            self.api.clone(),
            AccessGate::new(Arc::clone(&self.store), cookie),
            hosts,
            ConnectionTable::new(most_connections(server.max_connections)),
        )
    }

    /// Waits until the server is asked to end. SIGHUP opens the log anew and reads the certificate.
    async fn until_asked(&self, signals: &SignalStream) {
        loop {
            for signal in signals.next().await.unwrap_or(vec![Signal::Term]) {
                if signal.ends() {
                    log::info!("{signal} received");
                    return;
                }
                if signal == Signal::Hangup {
                    self.log.reopen();
                    self.reload_certificate();
                }
            }
        }
    }

    fn reload_certificate(&self) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Ok(())) => log::info!("Certificate read again"),
            Some(Err(why)) => log::error!("{why}; the former certificate holds"),
            None => {}
        }
    }

    /// Waits for what is in progress; not for longer than a request may take, and not after a
    /// second request to end.
    async fn finish(&self, signals: &SignalStream, last: impl Future<Output = ()>) {
        let again = async {
            while let Ok(signals) = signals.next().await
                && !signals.iter().any(|signal| signal.ends())
            {}
        };
        tokio::select! {
            finished = timeout(LAST_REQUESTS, last) => {
                if finished.is_err() {
                    log::warn!("Requests in progress are cut off");
                }
            }
            () = again => log::warn!("Requests in progress are cut off: asked to end again"),
        }
    }
}

/// Returns how many connections there may be: each needs a descriptor.
fn most_connections(wanted: usize) -> usize {
    let most = descriptor_limit::raise(wanted + OTHER_DESCRIPTORS);
    let most = most.saturating_sub(OTHER_DESCRIPTORS).clamp(1, wanted);
    if most < wanted {
        log::warn!(
            "max_connections is {wanted}, and `ulimit -n` allows {most}: so many there may be"
        );
    }
    most
}

fn port_of(listen: &ListenAddress) -> u16 {
    match listen {
        ListenAddress::Tcp(address) => SocketAddr::port(address),
        ListenAddress::Unix(_) => 0,
    }
}

fn in_use(listen: &ListenAddress, error: &std::io::Error) -> CommandError {
    let message = format!("`{listen}` cannot be listened on: {error}");
    let refusal = CommandError::new(exit::UNAVAILABLE, message);
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            refusal.hint("another process listens there; name another port with `--listen`")
        }
        std::io::ErrorKind::PermissionDenied => {
            refusal.hint("ports below 1024 are for root; name another port with `--listen`")
        }
        _ => refusal,
    }
}
