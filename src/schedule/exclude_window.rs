//! A window of time in which no slot is posted.

use std::fmt;

use jiff::civil::{DateTime, Time, Weekday};
use serde::{Deserialize, Serialize};

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A window of time in which no slot is posted. It begins on its days; one that does not end after
/// it begins goes over midnight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ExcludeWindow {
    /// The minute of the day at which it begins.
    pub(crate) from: u32,
    /// The minute of the day before which it ends.
    pub(crate) to: u32,
    /// The days on which it begins, a bit each; Sunday is the first.
    pub(crate) days: u8,
    /// Why, for people.
    pub(crate) note: String,
}

/// Why a text is no part of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WindowError(pub(crate) String);

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ExcludeWindow {
    /// All days of the week.
    pub(crate) const EVERY_DAY: u8 = 0x7f;
    const MINUTES: u32 = 24 * 60;

    /// Parses a time of day, `22:00`, as its minute; `24:00` is midnight.
    ///
    /// # Errors
    ///
    /// When the text is no time of day.
    pub(crate) fn minute_of(text: &str) -> Result<u32, WindowError> {
        let wrong = || WindowError(format!("`{text}` is no time of day"));
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let number = |digits: &str, most: u32| {
            let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits
                .parse()
                .ok()
                .filter(|value| is_plain && *value <= most)
        };
        match (number(hour, 24), number(minute, 59)) {
            (Some(24), Some(0)) => Ok(0),
            (Some(hour), Some(minute)) if hour < 24 => Ok(hour * 60 + minute),
            _ => Err(wrong()),
        }
    }

    /// Returns the wall time at which the window ends that a wall time is within.
    pub(crate) fn end_of(&self, wall: DateTime) -> Option<DateTime> {
        let minute =
            u32::from(wall.hour().unsigned_abs()) * 60 + u32::from(wall.minute().unsigned_abs());
        let (today, tomorrow) = (wall.date(), wall.date().tomorrow().ok()?);
        let is_overnight = self.to <= self.from;
        let begins = self.begins_on(today.weekday()) && minute >= self.from;
        if begins && is_overnight {
            return Some(tomorrow.to_datetime(time_of(self.to)));
        }
        if begins && minute < self.to {
            return Some(today.to_datetime(time_of(self.to)));
        }
        let yesterday = today.yesterday().ok()?;
        let goes_on = is_overnight && self.begins_on(yesterday.weekday()) && minute < self.to;
        goes_on.then(|| today.to_datetime(time_of(self.to)))
    }

    fn begins_on(&self, day: Weekday) -> bool {
        self.days & 1 << day.to_sunday_zero_offset() != 0
    }

    /// Returns the window as a sentence has it.
    pub(crate) fn in_words(&self) -> String {
        let days = match self.days {
            Self::EVERY_DAY => String::new(),
            days => format!("{} ", weekdays_in_words(days)),
        };
        let to = if self.to == 0 { Self::MINUTES } else { self.to };
        let note = match self.note.is_empty() {
            true => String::new(),
            false => format!(" ({})", self.note),
        };
        format!(
            "{days}{} to {}{note}",
            clock_time(self.from),
            clock_time(to)
        )
    }
}

fn time_of(minute: u32) -> Time {
    let part = |value: u32| i8::try_from(value).unwrap_or(0);
    Time::constant(part(minute / 60), part(minute % 60), 0, 0)
}

fn clock_time(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Parses days, `mon-fri` or `sat,sun`, as bits.
///
/// # Errors
///
/// When a word is no day of the week.
pub(crate) fn weekdays_of(text: &str) -> Result<u8, WindowError> {
    let day = |word: &str| {
        let lower = word.trim().to_ascii_lowercase();
        DAYS.iter()
            .position(|day| *day == lower)
            .ok_or_else(|| WindowError(format!("`{}` is no day of the week", word.trim())))
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(part)?, day(part)?),
        };
        let mut at = first;
        bits |= 1 << at;
        while at != last {
            at = (at + 1) % DAYS.len();
            bits |= 1 << at;
        }
    }
    Ok(bits)
}

/// Returns days as a sentence has them: `Mon to Fri`, `Sat and Sun`.
pub(super) fn weekdays_in_words(bits: u8) -> String {
    // From Monday on, as calendars of most places have it.
    let order = [1_usize, 2, 3, 4, 5, 6, 0];
    let name = |day: usize| {
        let (first, rest) = DAYS[day].split_at(1);
        format!("{}{rest}", first.to_uppercase())
    };
    let days: Vec<usize> = order
        .into_iter()
        .filter(|day| bits & 1 << day != 0)
        .collect();
    let places: Vec<usize> = days.iter().map(|day| (day + 6) % 7).collect();
    let is_run = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match days.as_slice() {
        [] => "no day".to_owned(),
        [first, .., last] if is_run && days.len() > 2 => {
            format!("{} to {}", name(*first), name(*last))
        }
        days => listed(days.iter().map(|day| name(*day))),
    }
}

/// Joins words as a sentence has them: `a, b and c`.
pub(super) fn listed(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str, days: &str) -> ExcludeWindow {
        ExcludeWindow {
            from: ExcludeWindow::minute_of(from).unwrap(),
            to: ExcludeWindow::minute_of(to).unwrap(),
            days: weekdays_of(days).unwrap(),
            note: String::new(),
        }
    }

    fn has(window: &ExcludeWindow, time: &str) -> bool {
        window.end_of(time.parse().unwrap()).is_some()
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        // 4 December 2026 is a Friday.
        let night = window("22:00", "06:00", "mon-fri");
        for inside in ["2026-12-04T22:00", "2026-12-04T23:59", "2026-12-05T05:59"] {
            assert!(has(&night, inside), "{inside}");
        }
        let outside = [
            "2026-12-04T21:59",
            "2026-12-05T06:00",
            "2026-12-05T22:00",
            "2026-12-07T05:00",
        ];
        for outside in outside {
            assert!(!has(&night, outside), "{outside}");
        }
        assert_eq!(night.in_words(), "Mon to Fri 22:00 to 06:00");
    }

    #[test]
    fn a_window_from_midnight_to_midnight_is_the_whole_day() {
        let weekend = window("00:00", "24:00", "sat,sun");
        assert!(has(&weekend, "2026-12-05T00:00") && has(&weekend, "2026-12-06T23:59"));
        assert!(!has(&weekend, "2026-12-04T23:59") && !has(&weekend, "2026-12-07T00:00"));
        assert_eq!(weekend.in_words(), "Sat and Sun 00:00 to 24:00");
    }

    #[test]
    fn days_go_round_the_week() {
        assert_eq!(
            weekdays_of("fri-mon").unwrap(),
            weekdays_of("fri,sat,sun,mon").unwrap()
        );
        assert_eq!(
            weekdays_in_words(weekdays_of("sat-sun").unwrap()),
            "Sat and Sun"
        );
        assert!(weekdays_of("funday").is_err() && weekdays_of("").is_err());
        for wrong in ["7:00", "24:01", "12:60", "noon", "+1:00"] {
            assert!(ExcludeWindow::minute_of(wrong).is_err(), "{wrong}");
        }
    }
}
