//! Durations as people write them, and what to say when they forget the unit.

use std::time::Duration;

use crate::text::suggest;

/// A duration that was understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Understood {
    /// How long.
    pub(super) span: Duration,
    /// What is odd about it, with the remedy: `15M` is months.
    pub(super) odd: Option<(String, String)>,
}

/// A text that is no duration: what is wrong with it, and what could be written instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misunderstood {
    /// Follows the name of the key.
    pub(super) message: String,
    /// Texts that would be understood.
    pub(super) instead: Vec<String>,
}

const UNITS: [&str; 12] = [
    "ms", "s", "seconds", "m", "min", "minutes", "h", "hours", "d", "days", "weeks", "years",
];
/// More digits than any duration needs, and fewer than make arithmetic overflow.
const MOST_DIGITS: usize = 12;

/// Reads a humantime text such as `1h 30m`.
pub(super) fn parse(text: &str) -> Result<Understood, Misunderstood> {
    let text = text.trim();
    let wrong = |message: String, instead: Vec<String>| Err(Misunderstood { message, instead });
    if text.is_empty() {
        return wrong("is empty".to_owned(), vec!["5m".to_owned()]);
    }
    if let Some(positive) = text.strip_prefix('-') {
        return wrong(
            format!("cannot be negative: `{text}`"),
            vec![positive.to_owned()],
        );
    }
    if text
        .split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() > MOST_DIGITS)
    {
        return wrong(format!("is too long: `{text}`"), vec!["10years".to_owned()]);
    }
    match humantime::parse_duration(text) {
        Ok(span) => Ok(Understood {
            span,
            odd: odd(text),
        }),
        Err(humantime::DurationError::UnknownUnit { unit, .. }) if unit.is_empty() => wrong(
            format!("is a duration and needs a unit: `{text}`"),
            vec![format!("{text}s"), format!("{text}m")],
        ),
        Err(humantime::DurationError::UnknownUnit { start, unit, .. }) => wrong(
            format!("has `{unit}`, which is no unit of time: `{text}`"),
            with_another_unit(text, start, &unit),
        ),
        Err(_) => wrong(
            format!("is not a duration: `{text}`"),
            vec!["1h 30m".to_owned()],
        ),
    }
}

/// What to say to a bare number: it is written as the number of a text would be.
pub(super) fn without_unit(number: &str) -> Misunderstood {
    match parse(number) {
        Err(misunderstood) => misunderstood,
        // Zero alone is a duration, but only in quotation marks.
        Ok(_) => Misunderstood {
            message: format!("is a duration and needs a unit: `{number}`"),
            instead: vec![format!("{number}s")],
        },
    }
}

fn with_another_unit(text: &str, start: usize, unit: &str) -> Vec<String> {
    let lower = unit.to_lowercase();
    let near = UNITS
        .into_iter()
        .find(|known| **known == lower)
        .or_else(|| suggest::nearest(unit, UNITS).filter(|_| unit.len() > 1));
    let put = |known: &str| {
        let (before, after) = (&text[..start], &text[start + unit.len()..]);
        format!("{before}{known}{after}")
    };
    match near {
        Some(known) => vec![put(known)],
        None => ["s", "m", "h"].into_iter().map(put).collect(),
    }
}

/// `M` is months for humantime; `15M` is most probably meant as minutes.
fn odd(text: &str) -> Option<(String, String)> {
    let unit_at = text.match_indices('M').find(|(at, _)| {
        let before = text[..*at].trim_end();
        let after = text[at + 1..].chars().next();
        before.ends_with(|c: char| c.is_ascii_digit()) && !after.is_some_and(char::is_alphabetic)
    });
    let (at, _) = unit_at?;
    let number = text[..at].trim_end();
    let digits = number.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = digits.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    let minutes = format!("{}m{}", &text[..at], &text[at + 1..]);
    Some((format!("`{number}M` is {number} months"), minutes))
}

/// Returns a duration as it would be written, nothing left out. Whole days stay days: a month of
/// humantime has 30.44 of them.
pub(crate) fn written(span: Duration) -> String {
    const DAY: u64 = 86_400;
    match (
        span.as_secs() / DAY,
        span.as_secs() % DAY,
        span.subsec_nanos(),
    ) {
        (0, ..) => humantime::format_duration(span).to_string(),
        (1, 0, 0) => "1day".to_owned(),
        (days, 0, 0) => format!("{days}days"),
        _ => humantime::format_duration(span).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instead(text: &str) -> (String, Vec<String>) {
        let misunderstood = parse(text).unwrap_err();
        (misunderstood.message, misunderstood.instead)
    }

    #[test]
    fn every_unit_is_exact() {
        let read = |text| parse(text).unwrap().span;
        assert_eq!(read("500ms"), Duration::from_millis(500));
        assert_eq!(read("1day"), Duration::from_secs(86_400));
        assert_eq!(read("1h 30m"), Duration::from_secs(5_400));
        assert_eq!(read(" 0s "), Duration::ZERO);
        assert_eq!(parse("15m").unwrap().odd, None);
        assert_eq!(parse("2months").unwrap().odd, None);
    }

    #[test]
    fn what_is_written_reads_as_what_it_was() {
        for text in ["90days", "1day", "2h 30m", "1m", "0s", "1day 1s", "250ms"] {
            assert_eq!(written(parse(text).unwrap().span), text);
        }
        let odd = Duration::from_secs(100 * 86_400 + 7);
        assert_eq!(parse(&written(odd)).unwrap().span, odd);
    }

    #[test]
    fn a_number_alone_asks_for_a_unit() {
        let (message, fixes) = instead("15");
        assert_eq!(message, "is a duration and needs a unit: `15`");
        assert_eq!(fixes, ["15s", "15m"]);
        assert_eq!(without_unit("0").instead, ["0s"]);
        assert_eq!(without_unit("1.5").instead, ["1.5s", "1.5m"]);
    }

    #[test]
    fn wrong_units_are_answered_with_right_ones() {
        assert_eq!(instead("15H").1, ["15h"]);
        assert_eq!(instead("5 secnds 1h").1, ["5 seconds 1h"]);
        assert_eq!(instead("5x").1, ["5s", "5m", "5h"]);
        assert_eq!(instead("-5m").1, ["5m"]);
        assert_eq!(instead("soon").0, "is not a duration: `soon`");
        assert_eq!(instead("").0, "is empty");
    }

    #[test]
    fn numbers_without_end_do_not_overflow() {
        assert!(parse("18446744073709551615s 1000ms").is_err());
        assert!(parse("999999999999years").is_err());
    }

    #[test]
    fn a_capital_m_is_months_and_says_so() {
        let (message, minutes) = parse("15M").unwrap().odd.unwrap();
        assert_eq!(message, "`15M` is 15 months");
        assert_eq!(minutes, "15m");
        assert_eq!(parse("1h 5M").unwrap().odd.unwrap().1, "1h 5m");
    }
}
