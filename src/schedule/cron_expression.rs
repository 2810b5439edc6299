//! A cron expression of five fields, as crontab(5) has them.
//!
//! A parser of our own: the libraries that there are take more than cron does (seconds, years, `L`,
//! `W`, `#`), do not point at what is wrong, and bring rules for changes of clocks that are not
//! those of cron(8).

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::cron_error::CronError;
use super::cron_field::{FieldKind, FieldValues};

/// After so many days the calendar repeats itself, days of the week included.
const DAYS: u32 = 146_097;
/// What crontab(5) takes in the place of fields.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A cron expression of five fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CronExpression {
    pub(super) minutes: FieldValues,
    pub(super) hours: FieldValues,
    pub(super) days: FieldValues,
    pub(super) months: FieldValues,
    pub(super) weekdays: FieldValues,
}

impl CronExpression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// When crontab(5) has no such expression, or one that belongs elsewhere.
    pub(crate) fn parse(text: &str) -> Result<Self, CronError> {
        if text.trim_start().starts_with('@') {
            return nickname(text);
        }
        let words = words(text);
        if words.len() != FieldKind::ALL.len() {
            return Err(wrong_number(text, &words));
        }
        let field = |at: usize| {
            let (start, word) = words[at];
            FieldValues::parse(FieldKind::ALL[at], word, start)
        };
        Ok(CronExpression {
            minutes: field(0)?,
            hours: field(1)?,
            days: field(2)?,
            months: field(3)?,
            weekdays: field(4)?,
        })
    }

    /// Returns whether the times of day are fixed: neither minute nor hour has `*` or `/`. These
    /// are the times that cron(8) makes up for when a change of clocks skips them.
    pub(crate) fn is_fixed(&self) -> bool {
        !self.minutes.is_wild && !self.hours.is_wild
    }

    /// Returns whether no date has it, such as 30 February.
    pub(crate) fn is_never(&self) -> bool {
        let first = Date::constant(2000, 1, 1);
        self.next_day(first).is_none()
    }

    /// Returns the first matching minute from a minute on.
    pub(super) fn next_from(&self, from: DateTime) -> Option<DateTime> {
        let today = from.date();
        if self.is_on(today)
            && let Some(time) = self.time_from(number(from.hour()), number(from.minute()))
        {
            return at(today, time);
        }
        let day = self.next_day(today.tomorrow().ok()?)?;
        at(day, self.time_from(0, 0)?)
    }

    /// Returns whether a date matches. A field of days that begins with `*` restricts nothing by
    /// itself: both must match; else one of them.
    pub(super) fn is_on(&self, date: Date) -> bool {
        let in_month = self.days.has(number(date.day()));
        let in_week = self
            .weekdays
            .has(number(date.weekday().to_sunday_zero_offset()));
        let is_day = match self.days.is_star || self.weekdays.is_star {
            true => in_month && in_week,
            false => in_month || in_week,
        };
        is_day && self.months.has(number(date.month()))
    }

    fn next_day(&self, from: Date) -> Option<Date> {
        let mut day = from;
        for _ in 0..DAYS {
            if self.is_on(day) {
                return Some(day);
            }
            day = match self.months.has(number(day.month())) {
                true => day.tomorrow().ok()?,
                false => day.first_of_month().checked_add(1.month()).ok()?,
            };
        }
        None
    }

    fn time_from(&self, hour: u32, minute: u32) -> Option<(u32, u32)> {
        if self.hours.has(hour)
            && let Some(minute) = self.minutes.from(minute)
        {
            return Some((hour, minute));
        }
        Some((self.hours.from(hour + 1)?, self.minutes.from(0)?))
    }
}

fn at(date: Date, (hour, minute): (u32, u32)) -> Option<DateTime> {
    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
    Some(date.at(hour, minute, 0, 0))
}

fn number(value: i8) -> u32 {
    u32::from(value.unsigned_abs())
}

/// Returns the words of a text, each with its beginning.
fn words(text: &str) -> Vec<(usize, &str)> {
    let begin = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let words = text.split_ascii_whitespace();
    words.map(|word| (begin(word), word)).collect()
}

fn nickname(text: &str) -> Result<CronExpression, CronError> {
    let word = text.trim();
    let known = NICKNAMES.iter().find(|(name, _)| *name == word);
    if let Some((_, fields)) = known {
        return CronExpression::parse(fields);
    }
    let remedy = match word.split_ascii_whitespace().next() {
        Some("@every") => "write `every = \"1h\"` in the place of `cron`",
        Some("@reboot") => "a chain begins with the machine: `run_functions service print`",
        _ => "@hourly, @daily, @weekly, @monthly or @yearly",
    };
    let message = format!("`{word}` is no time of cron");
    Err(CronError::at(0..text.len(), message, remedy))
}

fn wrong_number(text: &str, words: &[(usize, &str)]) -> CronError {
    const FIELDS: &str = "minute, hour, day of the month, month, day of the week";
    let message = format!("a cron expression has five fields, not {}", words.len());
    match words.get(5) {
        Some((start, _)) => {
            let remedy = format!("{FIELDS}; for seconds write `every = \"30s\"`");
            CronError::at(*start..text.trim_end().len(), message, remedy)
        }
        None => {
            let remedy = format!("{FIELDS}: for example `0 3 * * *`");
            CronError::at(0..text.len(), message, remedy)
        }
    }
}

#[cfg(test)]
#[path = "cron_expression_tests.rs"]
mod tests;
