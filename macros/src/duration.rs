//! Durations as people write them, with the mistakes that people make.

use std::time::Duration;

const UNITS: [&str; 7] = ["ms", "s", "m", "h", "days", "weeks", "months"];

/// Reads a duration with a unit, such as `15m` or `1h 30m`.
///
/// # Errors
///
/// When it is none, or may not be the one that was meant; in words, with the remedy.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(
            "a duration cannot be empty: write a number and a unit, such as `\"15m\"`".into(),
        );
    }
    if text.starts_with('-') {
        return Err(format!("a duration cannot be negative: `\"{text}\"`"));
    }
    if text.chars().all(|c| c.is_ascii_digit()) {
        return Err(no_unit(text));
    }
    if let Some(number) = months_by_one_letter(text) {
        return Err(format!(
            "`M` stands for months: write `\"{number}m\"` for minutes or `\"{number}months\"` for months"
        ));
    }
    humantime::parse_duration(text).map_err(|error| explain(text, &error))
}

/// Says what a number without a unit lacks.
pub(crate) fn no_unit(number: &str) -> String {
    format!(
        "`{number}` has no unit: write `\"{number}s\"` for seconds or `\"{number}m\"` for minutes"
    )
}

/// Returns the number before a unit `M`, if there is one: humantime takes it for months, and people
/// mean minutes.
fn months_by_one_letter(text: &str) -> Option<&str> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let at = text.match_indices('M').find_map(|(at, _)| {
        let alone = !text[at + 1..].starts_with(char::is_alphabetic);
        let after_number = text[..at].trim_end().ends_with(is_number);
        (alone && after_number).then_some(at)
    })?;
    let before = text[..at].trim_end();
    let start = before
        .rfind(|c: char| !is_number(c))
        .map_or(0, |other| other + 1);
    Some(&before[start..])
}

fn explain(text: &str, error: &humantime::DurationError) -> String {
    match error {
        humantime::DurationError::UnknownUnit { unit, value, .. } if unit.is_empty() => {
            no_unit(&value.to_string())
        }
        humantime::DurationError::UnknownUnit { unit, value, .. } => match unit_meant(unit) {
            Some(meant) => {
                format!("`{unit}` is not a unit of time: did you mean `\"{value}{meant}\"`?")
            }
            None => format!(
                "`{unit}` is not a unit of time: the units are {}",
                UNITS.map(|unit| format!("`{unit}`")).join(", ")
            ),
        },
        humantime::DurationError::NumberOverflow => {
            format!("`\"{text}\"` is too long or too fine to be a duration")
        }
        _ => format!(
            "`\"{text}\"` is not a duration: write numbers with units, such as `\"15m\"` or `\"1h 30m\"`"
        ),
    }
}

fn unit_meant(unit: &str) -> Option<String> {
    let lower = unit.to_lowercase();
    if humantime::parse_duration(&format!("1{lower}")).is_ok() {
        return Some(lower);
    }
    const WORDS: [&str; 10] = [
        "ms", "sec", "seconds", "min", "minutes", "hr", "hours", "days", "weeks", "months",
    ];
    WORDS
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(word, &lower), word))
        .filter(|(distance, word)| *distance <= word.len() / 2)
        .min()
        .map(|(_, word)| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, secs) in [
            ("15s", 15),
            ("15m", 900),
            ("1h 30m", 5400),
            ("1day", 86_400),
            (" 2 weeks ", 1_209_600),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(secs)), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_explained() {
        for (text, said) in [
            ("15", "write `\"15s\"` for seconds or `\"15m\"` for minutes"),
            ("0", "`0` has no unit"),
            ("1h 30", "`30` has no unit"),
            ("15M", "write `\"15m\"` for minutes or `\"15months\"`"),
            ("1d 15 M", "write `\"15m\"` for minutes"),
            ("15mn", "did you mean `\"15min\"`?"),
            ("15 Min", "did you mean `\"15min\"`?"),
            ("2H", "did you mean `\"2h\"`?"),
            ("3 fortnights", "the units are `ms`, `s`"),
            ("", "cannot be empty"),
            ("-5s", "cannot be negative"),
            ("soon", "is not a duration"),
            ("99999999999999999999h", "too long"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }
}
