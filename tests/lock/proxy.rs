//! A proxy that does to connections what networks do: delay, cut, swallow, lose answers.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What the proxy does to what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing.
    Fair,
    /// Each piece is late.
    Delay(Duration),
    /// Connections are closed, new ones too.
    Cut,
    /// Nothing arrives anywhere, and no connection is closed.
    Blackhole,
}

struct Shared {
    weather: Mutex<Weather>,
    /// The answer to the next request with this text is lost; the connection stays open.
    lose_answer_to: Mutex<Option<String>>,
    /// When each request with this text came, and each connection.
    watched: Mutex<(Vec<u8>, Vec<Instant>)>,
    connections: Mutex<Vec<Instant>>,
    has_ended: AtomicBool,
}

/// A proxy in front of a server.
pub(crate) struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts a proxy in front of a server.
    pub(crate) fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            weather: Mutex::new(Weather::Fair),
            lose_answer_to: Mutex::new(None),
            watched: Mutex::default(),
            connections: Mutex::default(),
            has_ended: AtomicBool::new(false),
        });
        let (target, carried) = (target.to_owned(), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if carried.has_ended.load(Ordering::SeqCst) {
                    return;
                }
                carry(client, &target, &carried);
            }
        });
        Proxy { address, shared }
    }

    /// Returns its address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Changes the weather.
    pub(crate) fn set(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap() = weather;
    }

    /// Loses the answer to the next request with a text in it.
    pub(crate) fn lose_answer_to(&self, text: &str) {
        *self.shared.lose_answer_to.lock().unwrap() = Some(text.to_owned());
    }

    /// Takes note from now on of the requests with a text in them.
    pub(crate) fn watch(&self, text: &str) {
        *self.shared.watched.lock().unwrap() = (text.as_bytes().to_vec(), Vec::new());
    }

    /// Returns when the requests came that are watched.
    pub(crate) fn watched(&self) -> Vec<Instant> {
        self.shared.watched.lock().unwrap().1.clone()
    }

    /// Returns when connections were made.
    pub(crate) fn connections(&self) -> Vec<Instant> {
        self.shared.connections.lock().unwrap().clone()
    }

    /// Returns whether an answer that was to be lost was lost.
    pub(crate) fn has_lost_it(&self) -> bool {
        self.shared.lose_answer_to.lock().unwrap().is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

fn carry(client: TcpStream, target: &str, shared: &Arc<Shared>) {
    shared.connections.lock().unwrap().push(Instant::now());
    if *shared.weather.lock().unwrap() == Weather::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target) else {
        return;
    };
    let is_mute = Arc::new(AtomicBool::new(false));
    for (from, to, is_request) in [
        (
            client.try_clone().unwrap(),
            server.try_clone().unwrap(),
            true,
        ),
        (server, client, false),
    ] {
        let (shared, is_mute) = (Arc::clone(shared), Arc::clone(&is_mute));
        thread::spawn(move || pump(from, to, is_request, &is_mute, &shared));
    }
}

fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    is_request: bool,
    is_mute: &AtomicBool,
    shared: &Shared,
) {
    from.set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut piece = vec![0; 256 << 10];
    loop {
        let is_cut = *shared.weather.lock().unwrap() == Weather::Cut;
        if is_cut || shared.has_ended.load(Ordering::SeqCst) {
            break;
        }
        let count = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => break,
        };
        if is_request {
            mute_if_asked(&piece[..count], is_mute, shared);
        }
        let weather = shared.weather.lock().unwrap().clone();
        match weather {
            Weather::Blackhole => continue,
            Weather::Cut => break,
            Weather::Delay(delay) => thread::sleep(delay),
            Weather::Fair => {}
        }
        if !is_request && is_mute.load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    // A connection whose answers are lost is not seen to close either.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn mute_if_asked(request: &[u8], is_mute: &AtomicBool, shared: &Shared) {
    let mut watched = shared.watched.lock().unwrap();
    if !watched.0.is_empty() && contains(request, &watched.0) {
        watched.1.push(Instant::now());
    }
    drop(watched);
    let mut wanted = shared.lose_answer_to.lock().unwrap();
    let is_found = wanted
        .as_ref()
        .is_some_and(|text| contains(request, text.as_bytes()));
    if is_found {
        is_mute.store(true, Ordering::SeqCst);
        *wanted = None;
    }
}

fn contains(request: &[u8], text: &[u8]) -> bool {
    request.windows(text.len()).any(|window| window == text)
}
