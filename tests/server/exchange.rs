//! Requests written by hand, and their answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take, on whatever machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Reads an answer off the text of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer {
            status,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        })
    }

    /// Returns a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            (key == name).then_some(value)
        })
    }

    /// Returns the body as data.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the code of a refusal.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// Connects.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads all that is sent until the connection ends, whatever the end is.
pub fn rest_of(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 8192];
    while let Ok(read) = stream.read(&mut part) {
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends bytes, and returns all that comes back until the connection ends.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    // The server may have closed before all is sent.
    let _ = stream.write_all(bytes);
    rest_of(&mut stream)
}

/// Sends a request with these lines of a head, on a connection of its own.
pub fn send(address: SocketAddr, request: &str, headers: &[&str], body: &str) -> Answer {
    let host = format!("Host: {address}");
    let has_host = headers.iter().any(|line| line.starts_with("Host:"));
    let mut text = format!("{request} HTTP/1.1\r\nConnection: close\r\n");
    for line in headers.iter().chain((!has_host).then_some(&host.as_str())) {
        text.push_str(line);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    let answer = raw(address, text.as_bytes());
    Answer::parse(&answer).unwrap_or_else(|| panic!("no answer to {request}: {answer:?}"))
}

/// Asks for a path.
pub fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, &format!("GET {path}"), &[], "")
}

/// Makes a call with a token.
pub fn call(address: SocketAddr, token: &str, name: &str, body: &str) -> Answer {
    let token = format!("Authorization: Bearer {token}");
    let headers = [token.as_str(), "Content-Type: application/json"];
    send(address, &format!("POST /api/v1/{name}"), &headers, body)
}
