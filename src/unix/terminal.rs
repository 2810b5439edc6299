//! What std does not know of terminals.

use std::io::{IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd};

/// Returns how many columns the terminal has; `None` when it is none, or does not know.
#[expect(unsafe_code, reason = "nix has no safe TIOCGWINSZ")]
pub(crate) fn width<T: AsFd + IsTerminal>(of: &T) -> Option<usize> {
    if !of.is_terminal() {
        return None;
    }
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the descriptor is open as long as `of` is borrowed, and TIOCGWINSZ writes one
    // `winsize` (ioctl_tty(2)).
    let told = unsafe { libc::ioctl(of.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) };
    (told == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Writes a text to standard error. An error there is passed over: there is no other place to
/// report it.
pub(crate) fn print_to_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
