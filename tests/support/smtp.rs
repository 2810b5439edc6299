//! A scripted SMTP server on loopback: a script says what it does at each stage, and what it accepted is kept.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the server does when a stage is reached.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends this line, CRLF added.
    Say(String),
    /// Sends these bytes as they are.
    Raw(Vec<u8>),
    /// Sends these bytes one at a time, again and again, with this pause between them.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes again and again, as fast as they are taken.
    Flood(Vec<u8>),
    /// Says nothing, and holds the connection until the other end closes it.
    Hang,
    /// Reads and says nothing more, and holds the connection as long as this process lives.
    Deaf,
    /// Closes the connection (FIN).
    Close,
    /// Aborts the connection (RST).
    Reset,
    /// Says this line, then closes.
    SayAndClose(String),
}

/// Returns the act of saying a line.
pub(crate) fn say(line: &str) -> Act {
    Act::Say(line.to_owned())
}

/// What is done at each stage. The default is a server that takes everything.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub greeting: Act,
    pub ehlo: Act,
    pub starttls: Act,
    /// One for each line of the login dialogue; the last one is repeated.
    pub auth: Vec<Act>,
    pub mail: Act,
    /// The first whose text is in the RCPT line decides; else 250.
    pub rcpt: Vec<(&'static str, Act)>,
    pub data: Act,
    /// After so many bytes of the message.
    pub body: Option<(usize, Act)>,
    pub dot: Act,
    pub quit: Act,
    /// Whether the message counts as accepted after `dot`.
    pub accepts: bool,
    /// TLS is spoken.
    pub tls: Option<Tls>,
}

/// How TLS is spoken.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub config: Arc<rustls::ServerConfig>,
    /// From the first byte; else after STARTTLS.
    pub implicit: bool,
}

/// Returns TLS from the first byte with the certificate and key in a PEM file.
pub(crate) fn tls(pem: &Path) -> Tls {
    let certificates = CertificateDer::pem_file_iter(pem).unwrap();
    let key = PrivateKeyDer::from_pem_file(pem).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates.map(Result::unwrap).collect(), key)
        .unwrap();
    Tls {
        config: Arc::new(config),
        implicit: true,
    }
}

impl Default for Script {
    fn default() -> Self {
        Script {
            greeting: say("220 scripted ESMTP"),
            ehlo: say("250-scripted\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 HELP"),
            starttls: say("220 go ahead"),
            auth: vec![say("235 2.7.0 welcome")],
            mail: say("250 2.1.0 ok"),
            rcpt: Vec::new(),
            data: say("354 go ahead"),
            body: None,
            dot: say("250 2.0.0 queued"),
            quit: Act::SayAndClose("221 bye".to_owned()),
            accepts: true,
            tls: None,
        }
    }
}

/// A message that the server took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Without dot stuffing.
    pub message: String,
    /// The lines of the login dialogue.
    pub login: Vec<String>,
    pub connection: usize,
}

impl Received {
    /// Returns the value of a header of one line.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let start = format!("{}:", name.to_lowercase());
        let head = self.message.split("\r\n\r\n").next()?;
        head.split("\r\n")
            .find(|line| line.to_lowercase().starts_with(&start))
            .map(|line| line[start.len()..].trim().to_owned())
    }
}

#[derive(Debug, Default)]
struct Log {
    received: Mutex<Vec<Received>>,
    commands: Mutex<Vec<String>>,
    changed: Condvar,
    connections: AtomicUsize,
}

/// A running server; its threads end with the process.
#[derive(Debug)]
pub(crate) struct Server {
    pub address: SocketAddr,
    log: Arc<Log>,
}

impl Server {
    /// Starts one that plays the same script to everybody.
    pub(crate) fn start(script: Script) -> Self {
        Server::each(move |_| script.clone())
    }

    /// Starts one that asks for a script for each connection, counted from 0.
    pub(crate) fn each(script: impl Fn(usize) -> Script + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Server::on(listener, script)
    }

    /// Starts one on a listener that is there already.
    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(usize) -> Script + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let server = Server {
            address,
            log: Arc::clone(&log),
        };
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = log.connections.fetch_add(1, Ordering::SeqCst);
                let log = Arc::clone(&log);
                let script = script(number);
                thread::spawn(move || {
                    // An error is the end of a connection, which is what many scripts want.
                    let _ = serve(stream, &script, &log, number);
                });
            }
        });
        server
    }

    /// Returns what was accepted so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.log.received.lock().unwrap().clone()
    }

    /// Returns every command line so far.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.log.commands.lock().unwrap().clone()
    }

    /// Returns how many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many messages were accepted, for at most a generous time.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        let received = self.log.received.lock().unwrap();
        let patience = Duration::from_secs(60);
        let (received, waited) = self
            .log
            .changed
            .wait_timeout_while(received, patience, |received| received.len() < count)
            .unwrap();
        assert!(!waited.timed_out(), "only {} messages", received.len());
        received.clone()
    }
}

/// A connection in plain text or TLS.
trait Stream: Read + Write + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn tcp(&self) -> &TcpStream {
        &self.sock
    }
}

type Line = BufReader<Box<dyn Stream>>;

fn secure(stream: TcpStream, tls: &Tls) -> Box<dyn Stream> {
    let session = rustls::ServerConnection::new(Arc::clone(&tls.config)).unwrap();
    Box::new(rustls::StreamOwned::new(session, stream))
}

fn serve(stream: TcpStream, script: &Script, log: &Log, number: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream: Box<dyn Stream> = match &script.tls {
        Some(tls) if tls.implicit => secure(stream, tls),
        _ => Box::new(stream),
    };
    let mut line = BufReader::new(stream);
    play(&mut line, &script.greeting)?;
    let mut now = Received {
        from: String::new(),
        to: Vec::new(),
        message: String::new(),
        login: Vec::new(),
        connection: number,
    };
    loop {
        let command = read_line(&mut line)?;
        log.commands.lock().unwrap().push(command.clone());
        let verb = command.to_uppercase();
        if verb.starts_with("EHLO") {
            play(&mut line, &script.ehlo)?;
        } else if verb.starts_with("STARTTLS") {
            play(&mut line, &script.starttls)?;
            if let Some(tls) = &script.tls {
                let plain = line.get_ref().tcp().try_clone()?;
                line = BufReader::new(secure(plain, tls));
            }
        } else if verb.starts_with("AUTH") {
            now.login = vec![command];
            log_in(&mut line, script, &mut now)?;
        } else if verb.starts_with("MAIL") {
            now.from = between_angles(&command);
            now.to.clear();
            play(&mut line, &script.mail)?;
        } else if verb.starts_with("RCPT") {
            let act = script.rcpt.iter().find(|(text, _)| command.contains(text));
            match act {
                Some((_, act)) => play(&mut line, act)?,
                None => {
                    now.to.push(between_angles(&command));
                    play(&mut line, &say("250 2.1.5 ok"))?;
                }
            }
        } else if verb.starts_with("DATA") {
            play(&mut line, &script.data)?;
            if matches!(&script.data, Act::Say(text) if text.starts_with("354")) {
                now.message = read_message(&mut line, script)?;
                if script.accepts {
                    log.received.lock().unwrap().push(now.clone());
                    log.changed.notify_all();
                }
                play(&mut line, &script.dot)?;
            }
        } else if verb.starts_with("QUIT") {
            play(&mut line, &script.quit)?;
        } else {
            play(&mut line, &say("250 ok"))?;
        }
    }
}

fn log_in(line: &mut Line, script: &Script, now: &mut Received) -> io::Result<()> {
    let mut acts = script.auth.iter();
    let mut act = acts.next().unwrap();
    loop {
        play(line, act)?;
        if !matches!(act, Act::Say(text) if text.starts_with("334")) {
            return Ok(());
        }
        now.login.push(read_line(line)?);
        act = acts.next().unwrap_or(act);
    }
}

fn read_line(line: &mut Line) -> io::Result<String> {
    let mut bytes = Vec::new();
    if line.read_until(b'\n', &mut bytes)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

fn read_message(line: &mut Line, script: &Script) -> io::Result<String> {
    let mut message = String::new();
    loop {
        if let Some((after, act)) = &script.body
            && message.len() >= *after
        {
            play(line, act)?;
        }
        let mut bytes = Vec::new();
        if line.read_until(b'\n', &mut bytes)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&bytes);
        if text == ".\r\n" {
            return Ok(message);
        }
        message.push_str(text.strip_prefix('.').unwrap_or(&text));
    }
}

fn between_angles(command: &str) -> String {
    let start = command.find('<').map_or(0, |at| at + 1);
    let end = command.find('>').unwrap_or(command.len());
    command[start..end].to_owned()
}

/// Does what the script says. An error ends the connection.
fn play(line: &mut Line, act: &Act) -> io::Result<()> {
    let ended = || Err(io::ErrorKind::ConnectionAborted.into());
    match act {
        Act::Say(text) => send(line, format!("{text}\r\n").as_bytes()),
        Act::Raw(bytes) => send(line, bytes),
        Act::Drip(bytes, pause) => drip(line, bytes, *pause),
        Act::Flood(bytes) => loop {
            send(line, bytes)?;
        },
        Act::Hang => {
            io::copy(line, &mut io::sink())?;
            ended()
        }
        Act::Deaf => loop {
            thread::park();
        },
        Act::Close => ended(),
        Act::SayAndClose(text) => {
            send(line, format!("{text}\r\n").as_bytes())?;
            ended()
        }
        Act::Reset => {
            // Closing with a linger time of zero sends RST.
            let linger = libc::linger {
                l_onoff: 1,
                l_linger: 0,
            };
            setsockopt(line.get_ref().tcp(), sockopt::Linger, &linger)?;
            ended()
        }
    }
}

fn send(line: &mut Line, bytes: &[u8]) -> io::Result<()> {
    line.get_mut().write_all(bytes)?;
    line.get_mut().flush()
}

fn drip(line: &mut Line, bytes: &[u8], pause: Duration) -> io::Result<()> {
    let (_never, waits) = mpsc::channel::<()>();
    for byte in bytes.iter().cycle() {
        send(line, &[*byte])?;
        let _ = waits.recv_timeout(pause);
    }
    Ok(())
}
