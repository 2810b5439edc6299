//! The messages to the service manager, by the protocol of sd_notify(3). Nothing of it is ever
//! fatal: without a manager nobody listens.

use std::env;
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The line to the service manager, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    line: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// Opens the line that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`,
    /// `WATCHDOG_PID`).
    pub(crate) fn from_env() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").unwrap_or_default();
        let for_us =
            env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let watchdog = env::var("WATCHDOG_USEC").ok().filter(|_| for_us);
        Notifier {
            line: open(&socket),
            watchdog: watchdog.and_then(|text| interval(&text)),
        }
    }

    /// Returns how often the manager wants to hear [`Notifier::watchdog`] at the latest.
    pub(crate) fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.filter(|_| self.line.is_some())
    }

    /// The chain is held, and the first run begins.
    pub(crate) fn ready(&self) {
        self.send("READY=1");
    }

    /// What is done now, for `systemctl status`. Only the first line is sent.
    pub(crate) fn status(&self, text: &str) {
        self.send(&format!(
            "STATUS={}",
            text.lines().next().unwrap_or_default()
        ));
    }

    /// The runner is on its way out.
    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Stopping (or starting) takes this much longer.
    pub(crate) fn extend_timeout(&self, by: Duration) {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", by.as_micros()));
    }

    /// All is as it should be.
    pub(crate) fn watchdog(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, text: &str) {
        if let Some((socket, manager)) = &self.line {
            // Whoever does not listen (a full queue, a manager that restarts) must not hold us up.
            let _ = socket.send_to_addr(text.as_bytes(), manager);
        }
    }
}

fn open(socket: &OsStr) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(socket),
        _ => return None,
    };
    let line = UnixDatagram::unbound().ok()?;
    line.set_nonblocking(true).ok()?;
    Some((line, address.ok()?))
}

fn interval(micros: &str) -> Option<Duration> {
    let micros = micros.parse().ok().filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notifier(socket: &str) -> Notifier {
        Notifier {
            line: open(OsStr::new(socket)),
            watchdog: interval("500000"),
        }
    }

    fn heard(manager: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        manager
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn a_manager_behind_a_path_hears_everything() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = notifier(path.to_str().unwrap());
        assert_eq!(
            notifier.watchdog_interval(),
            Some(Duration::from_millis(500))
        );
        notifier.ready();
        notifier.status("sleeping\nREADY=1");
        notifier.extend_timeout(Duration::from_secs(2));
        notifier.watchdog();
        notifier.stopping();
        let lines: Vec<String> = (0..5).map(|_| heard(&manager)).collect();
        let told = [
            "READY=1",
            "STATUS=sleeping",
            "EXTEND_TIMEOUT_USEC=2000000",
            "WATCHDOG=1",
            "STOPPING=1",
        ];
        assert_eq!(lines, told);
    }

    #[test]
    fn a_manager_behind_an_abstract_name_hears_us() {
        let name = format!("run_functions-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        notifier(&format!("@{name}")).ready();
        assert_eq!(heard(&manager), "READY=1");
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        for socket in ["", "relative", "/nonexistent/socket", "@nobody-is-here"] {
            let notifier = notifier(socket);
            notifier.ready();
            notifier.stopping();
        }
        assert_eq!(Notifier::default().watchdog_interval(), None);
    }
}
