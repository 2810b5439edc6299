//! What stands before a server: passes connections on, cuts them, or answers by itself, as a proxy
//! does while the server behind it is replaced.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What is done with connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FrontMode {
    Passes,
    /// Answers with this status and a page.
    Answers(u16),
}

struct Shared {
    mode: Mutex<FrontMode>,
    open: Mutex<Vec<TcpStream>>,
    answered: AtomicUsize,
}

/// What stands before a server.
pub struct Front {
    /// The address.
    pub address: String,
    shared: Arc<Shared>,
}

impl Front {
    /// Stands before the server at an address, until the process ends.
    pub fn before(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            mode: Mutex::new(FrontMode::Passes),
            open: Mutex::default(),
            answered: AtomicUsize::new(0),
        });
        let theirs = Arc::clone(&shared);
        let server = address.trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (shared, server) = (Arc::clone(&theirs), server.clone());
                std::thread::spawn(move || shared.serve(connection, &server));
            }
        });
        Front {
            address: own,
            shared,
        }
    }

    /// Sets what is done from now on; connections that are open are cut.
    pub fn set(&self, mode: FrontMode) {
        *self.shared.mode.lock().unwrap() = mode;
        self.cut();
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        for connection in self.shared.open.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Returns how many requests were answered here.
    pub fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream, server: &str) {
        let mode = *self.mode.lock().unwrap();
        self.open.lock().unwrap().push(client.try_clone().unwrap());
        match mode {
            FrontMode::Passes => {
                let Ok(mut server) = TcpStream::connect(server) else {
                    return;
                };
                self.open.lock().unwrap().push(server.try_clone().unwrap());
                let (mut from_server, mut to_client) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                let back = std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from_server, &mut to_client);
                    let _ = to_client.shutdown(Shutdown::Both);
                });
                let _ = std::io::copy(&mut client, &mut server);
                let _ = server.shutdown(Shutdown::Both);
                let _ = back.join();
            }
            FrontMode::Answers(status) => {
                let mut bytes = [0; 65536];
                let _ = client.read(&mut bytes);
                let page = "<html><body>down for maintenance</body></html>";
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
                    page.len()
                );
                let _ = client.write_all(answer.as_bytes());
                self.answered.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}
