//! A span of virtual time, as it is written.

use std::fmt;
use std::time::Duration;

use crate::mute::wish::LONGEST;

/// A time, counted from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// From when on.
    pub(crate) from: Duration,
    /// Until when.
    pub(crate) until: Duration,
}

/// A span that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidSpan(String);

impl fmt::Display for InvalidSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no span of 30 days at most; write `2h..5h`, for instance",
            self.0
        )
    }
}

impl Span {
    /// Reads `2h..5h`.
    ///
    /// # Errors
    ///
    /// When it is no span, is empty, or longer than a mute may be.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSpan> {
        let read = |text: &str| match text.trim() {
            "" | "0" => Some(Duration::ZERO),
            text => humantime::parse_duration(text).ok(),
        };
        let span = text.split_once("..").and_then(|(from, until)| {
            let (from, until) = (read(from)?, read(until)?);
            Some(Span { from, until })
        });
        let fits = |span: &Span| span.from < span.until && span.until - span.from <= LONGEST;
        span.filter(fits)
            .ok_or_else(|| InvalidSpan(text.to_owned()))
    }
}
