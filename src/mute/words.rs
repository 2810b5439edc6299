//! How mutes read, wherever people look.

use crate::text::counts::counted;

/// Returns what is shown of a mute that holds, wherever people look:
/// `muted until … by … (why): 2 mails held back`.
pub(crate) fn muted(until: &str, by: &str, reason: &str, held_back: u64) -> String {
    let reason = match reason {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let held = match held_back {
        0 => "no mails".to_owned(),
        count => counted(count, "mail", "mails"),
    };
    format!("muted until {until} by {by}{reason}: {held} held back")
}
