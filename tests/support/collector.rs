//! A server that takes what is pushed to it, on a port of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What was pushed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pushed {
    /// The first lines of the requests, with their `Authorization`.
    pub(crate) requests: Vec<String>,
    /// The lines of the bodies that were taken.
    pub(crate) lines: Vec<String>,
}

/// A server that takes points, or refuses them with a status.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    pushed: Arc<Mutex<Pushed>>,
    status: Arc<AtomicU16>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Collector::at(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn at(listener: TcpListener) -> Self {
        let collector = Collector {
            address: listener.local_addr().unwrap(),
            pushed: Arc::default(),
            status: Arc::new(AtomicU16::new(204)),
        };
        let (pushed, status) = (Arc::clone(&collector.pushed), Arc::clone(&collector.status));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = answer(stream.unwrap(), &pushed, status.load(Ordering::SeqCst));
            }
        });
        collector
    }

    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn pushed(&self) -> Pushed {
        self.pushed.lock().unwrap().clone()
    }

    /// Returns the lines that begin so.
    pub(crate) fn lines(&self, beginning: &str) -> Vec<String> {
        let mut lines = self.pushed().lines;
        lines.retain(|line| line.starts_with(beginning));
        lines
    }
}

fn answer(
    mut stream: std::net::TcpStream,
    pushed: &Mutex<Pushed>,
    status: u16,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let (mut length, mut credentials) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => credentials = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut pushed = pushed.lock().unwrap();
    pushed
        .requests
        .push(format!("{} {credentials}", request.trim()));
    if status < 300 {
        let body = String::from_utf8(body).unwrap();
        pushed.lines.extend(body.lines().map(str::to_owned));
    }
    drop(pushed);
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}
