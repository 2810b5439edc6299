//! A web server on loopback that does what a test wants.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::{Runner, eventually};

/// What a server does with a request.
#[derive(Clone)]
pub(super) enum Act {
    /// Answers with this, and closes.
    Answer(String),
    /// Reads on, and says nothing.
    Hang,
    /// Closes at once.
    Close,
    /// Sends headers without end.
    Flood,
    /// Sends a good answer a byte at a time, without coming to its end.
    Drip,
}

pub(super) fn status(line: &str) -> Act {
    Act::Answer(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"))
}

pub(super) fn redirect(to: &str) -> Act {
    Act::Answer(format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
    ))
}

/// What a server has seen.
#[derive(Default)]
pub(super) struct Seen {
    /// The paths that were asked for, in order.
    pub(super) paths: Mutex<Vec<String>>,
    pub(super) open: AtomicUsize,
    pub(super) most_open: AtomicUsize,
}

pub(super) struct Web {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Seen>,
}

impl Web {
    /// Starts a server that decides by the path.
    pub(super) fn start(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        Web::secured(None, act)
    }

    /// Starts one that speaks TLS if it is given how.
    pub(super) fn secured(
        tls: Option<crate::smtp::Tls>,
        act: impl Fn(&str) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (to_note, act) = (Arc::clone(&seen), Arc::new(act));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, act, tls) = (Arc::clone(&to_note), Arc::clone(&act), tls.clone());
                thread::spawn(move || {
                    let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                    seen.most_open.fetch_max(open, Ordering::SeqCst);
                    // An error is the end of a connection, which is what many tests want.
                    let _ = match tls {
                        None => serve(stream, &seen, &*act),
                        Some(tls) => {
                            let session = rustls::ServerConnection::new(tls.config).unwrap();
                            serve(rustls::StreamOwned::new(session, stream), &seen, &*act)
                        }
                    };
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Web { address, seen }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.seen.paths.lock().unwrap().clone()
    }

    pub(super) fn count(&self, path: &str) -> usize {
        self.paths().iter().filter(|seen| *seen == path).count()
    }

    #[track_caller]
    pub(super) fn wait_for(&self, path: &str, count: usize, runner: &Runner) {
        let is_there = || self.count(path) >= count;
        assert!(eventually(is_there), "{:?}\n{}", self.paths(), runner.log());
    }
}

fn serve(stream: impl Read + Write, seen: &Seen, act: &dyn Fn(&str) -> Act) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    seen.paths.lock().unwrap().push(path.clone());
    let (out, mut dripped) = (stream.get_mut(), 0);
    match act(&path) {
        Act::Answer(answer) => out.write_all(answer.as_bytes()),
        Act::Close => Ok(()),
        Act::Hang => io::copy(&mut stream, &mut io::sink()).map(drop),
        Act::Flood => {
            out.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                out.write_all(b"X-More: and more\r\n")?;
            }
        }
        Act::Drip => loop {
            // The first line is whole, the header that follows has no end.
            let drop = if dripped == 0 {
                &b"HTTP/1.1 200 OK\r\n"[..]
            } else {
                b"x"
            };
            dripped += 1;
            out.write_all(drop)?;
            out.flush()?;
            support_pause();
        },
    }
}

/// The pace of a slow server.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing is waited for: it is slow"
)]
fn support_pause() {
    thread::sleep(Duration::from_millis(100));
}
