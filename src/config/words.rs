//! The small vocabularies: signals, resource limits, I/O classes, names of variables.

use super::raw::Shape;
use crate::core::failure::signal_name;
use crate::core::settings::IoNice;

/// The resource limits of setrlimit(2), in lower case, without `RLIMIT_`.
pub(super) const LIMITS: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// The signals that people ask a program to stop with.
pub(super) const SIGNALS: [&str; 8] = [
    "TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL", "WINCH",
];

/// The variables that each run is given: they cannot be set for it.
pub(super) const OF_A_RUN: [&str; 6] = [
    "RUN_FUNCTIONS_CHAIN",
    "RUN_FUNCTIONS_TASK",
    "RUN_FUNCTIONS_RUN_ID",
    "RUN_FUNCTIONS_DEADLINE",
    "RUN_FUNCTIONS_FENCE",
    "RUN_FUNCTIONS_REPORT",
];

/// Returns whether a text can be the name of an environment variable that a shell can use.
pub(super) fn is_variable_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What of a variable is wrong.
pub(super) enum VariablePart {
    /// Its name.
    Name,
    /// Its value.
    Value,
}

type WrongVariable = (String, Option<String>, VariablePart);

/// Returns the value of a variable. Messages never show it: it may be a secret.
pub(super) fn variable(name: &str, shape: &Shape) -> Result<String, WrongVariable> {
    if !is_variable_name(name) {
        let help = "names have letters, digits and `_`, and begin with no digit".to_owned();
        return Err((
            "is not a possible name".to_owned(),
            Some(help),
            VariablePart::Name,
        ));
    }
    if OF_A_RUN.contains(&name) {
        return Err(("is set by the runner".to_owned(), None, VariablePart::Name));
    }
    match shape {
        Shape::Text(text) if text.contains('\0') => Err((
            "has a NUL character in it".to_owned(),
            None,
            VariablePart::Value,
        )),
        Shape::Text(text) => Ok(text.clone()),
        Shape::Integer { .. } | Shape::Float(_) | Shape::Flag(_) => Err((
            "is a text".to_owned(),
            Some("put the value into quotation marks".to_owned()),
            VariablePart::Value,
        )),
        other => Err((
            format!("is a text, not {}", other.in_words()),
            None,
            VariablePart::Value,
        )),
    }
}

/// Returns a limit; `u64::MAX` for "unlimited".
pub(super) fn limit(shape: &Shape) -> Option<u64> {
    match shape {
        Shape::Text(text) if text == "unlimited" => Some(u64::MAX),
        shape => shape.number().and_then(|number| u64::try_from(number).ok()),
    }
}

/// Returns the number of a signal by its name (with or without `SIG`, in any case) or its digits.
pub(super) fn signal(text: &str) -> Option<i32> {
    const LAST: i32 = 64;
    let upper = text.trim().to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    (1..=LAST).find(|number| {
        let full = signal_name(*number);
        full.strip_prefix("SIG") == Some(name) || number.to_string() == name
    })
}

/// Returns an I/O class: `idle`, `best-effort:4`, `realtime:0`; without a level it is 4, as
/// ionice(1) has it.
pub(super) fn io_nice(text: &str) -> Option<IoNice> {
    const USUAL: u8 = 4;
    const LOWEST: u8 = 7;
    let (class, level) = match text.split_once(':') {
        Some((class, level)) => (class, level.parse().ok().filter(|level| *level <= LOWEST)?),
        None => (text, USUAL),
    };
    match class {
        "idle" if !text.contains(':') => Some(IoNice::Idle),
        "best-effort" => Some(IoNice::BestEffort(level)),
        "realtime" => Some(IoNice::RealTime(level)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        assert_eq!(signal("TERM"), Some(15));
        assert_eq!(signal("sigint"), Some(2));
        assert_eq!(signal("9"), Some(9));
        assert_eq!(signal("SIG40"), Some(40));
        assert_eq!(signal("STOPPED"), None);
        assert!(SIGNALS.into_iter().all(|name| signal(name).is_some()));
    }

    #[test]
    fn io_classes_have_levels() {
        assert_eq!(io_nice("idle"), Some(IoNice::Idle));
        assert_eq!(io_nice("best-effort:7"), Some(IoNice::BestEffort(7)));
        assert_eq!(io_nice("realtime"), Some(IoNice::RealTime(4)));
        assert_eq!(io_nice("best-effort:8"), None);
        assert_eq!(io_nice("idle:3"), None);
    }
}
