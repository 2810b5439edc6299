//! A field of a cron expression: the set of its values.

use std::ops::Range;

use super::cron_error::CronError;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// From 0 to 59.
    Minute,
    /// From 0 to 23.
    Hour,
    /// From 1 to 31.
    DayOfMonth,
    /// From 1 to 12, or `jan` to `dec`.
    Month,
    /// From 0 to 7, or `sun` to `sat`: 0 and 7 are Sunday.
    DayOfWeek,
}

impl FieldKind {
    /// All of them, in the order of an expression.
    pub(super) const ALL: [FieldKind; 5] = [
        FieldKind::Minute,
        FieldKind::Hour,
        FieldKind::DayOfMonth,
        FieldKind::Month,
        FieldKind::DayOfWeek,
    ];

    fn in_words(self) -> &'static str {
        match self {
            FieldKind::Minute => "minute",
            FieldKind::Hour => "hour",
            FieldKind::DayOfMonth => "day of the month",
            FieldKind::Month => "month",
            FieldKind::DayOfWeek => "day of the week",
        }
    }

    fn bounds(self) -> (u32, u32) {
        match self {
            FieldKind::Minute => (0, 59),
            FieldKind::Hour => (0, 23),
            FieldKind::DayOfMonth => (1, 31),
            FieldKind::Month => (1, 12),
            FieldKind::DayOfWeek => (0, 7),
        }
    }

    /// Returns the names of values, and the value of the first.
    fn names(self) -> (&'static [&'static str], u32) {
        match self {
            FieldKind::Month => (&MONTHS, 1),
            FieldKind::DayOfWeek => (&WEEKDAYS, 0),
            _ => (&[], 0),
        }
    }
}

/// The values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldValues {
    /// A bit for each value; Sunday is 0.
    pub(super) bits: u64,
    /// Whether the text begins with `*`.
    pub(super) is_star: bool,
    /// The step of a text that is `*` or `*/N`; 1 for `*`.
    pub(super) star_step: Option<u32>,
    /// Whether the text has `*` or `/`: such times follow real time over a change of clocks.
    pub(super) is_wild: bool,
}

impl FieldValues {
    /// Parses the text of a field that begins at `start` in the expression.
    pub(super) fn parse(kind: FieldKind, text: &str, start: usize) -> Result<Self, CronError> {
        let mut bits = 0;
        let mut at = start;
        for part in text.split(',') {
            bits |= FieldPart {
                kind,
                text: part,
                at,
            }
            .values()?;
            at += part.len() + 1;
        }
        if kind == FieldKind::DayOfWeek && bits & 1 << 7 != 0 {
            bits = bits & !(1 << 7) | 1;
        }
        let step = match text.strip_prefix('*') {
            Some("") => Some(1),
            Some(rest) => rest.strip_prefix('/').and_then(|step| step.parse().ok()),
            None => None,
        };
        Ok(FieldValues {
            bits,
            is_star: text.starts_with('*'),
            star_step: step,
            is_wild: text.contains(['*', '/']),
        })
    }

    /// Returns whether a value is in the field.
    pub(super) fn has(self, value: u32) -> bool {
        self.bits & 1 << value != 0
    }

    /// Returns the first value from a value on.
    pub(super) fn from(self, value: u32) -> Option<u32> {
        let rest = if value < 64 { self.bits >> value } else { 0 };
        (rest != 0).then(|| value + rest.trailing_zeros())
    }

    /// Returns the values in order.
    pub(super) fn values(self) -> Vec<u32> {
        (0..64).filter(|value| self.has(*value)).collect()
    }
}

/// A part of a field between commas.
struct FieldPart<'a> {
    kind: FieldKind,
    text: &'a str,
    at: usize,
}

impl FieldPart<'_> {
    fn values(&self) -> Result<u64, CronError> {
        let (range, step) = match self.text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (self.text, None),
        };
        let (first, last) = self.range(range, step)?;
        let values = (first..=last).step_by(step.unwrap_or(1));
        Ok(values.fold(0, |bits, value| bits | 1 << value))
    }

    fn step(&self, step: &str) -> Result<usize, CronError> {
        let number = number(step).and_then(|step| usize::try_from(step).ok());
        number.filter(|step| *step > 0).ok_or_else(|| {
            let message = format!("the step `{step}` is no number from 1 on");
            self.error(message, "for example `*/15`")
        })
    }

    fn range(&self, range: &str, step: Option<usize>) -> Result<(u32, u32), CronError> {
        let (least, most) = self.kind.bounds();
        if range == "*" {
            // Sunday once.
            let most = if self.kind == FieldKind::DayOfWeek {
                6
            } else {
                most
            };
            return Ok((least, most));
        }
        let Some((first, last)) = range.split_once('-') else {
            let value = self.value(range)?;
            if let Some(step) = step {
                let message = format!("`{}`: a step needs a range or `*`", self.text);
                return Err(self.error(message, format!("write `{range}-{most}/{step}`")));
            }
            return Ok((value, value));
        };
        let (first, mut last) = (self.value(first)?, self.value(last)?);
        if self.kind == FieldKind::DayOfWeek && last == 0 && first > 0 {
            last = 7;
        }
        if first > last {
            let message = format!("`{range}` ends before it begins");
            let top = if self.kind == FieldKind::DayOfWeek {
                6
            } else {
                most
            };
            let until_top = match first {
                first if first < top => format!("{first}-{top},"),
                // Sunday, which is 0 as well, begins the week.
                first if first > top => String::new(),
                first => format!("{first},"),
            };
            return Err(self.error(message, format!("write `{until_top}{least}-{last}`")));
        }
        Ok((first, last))
    }

    fn value(&self, text: &str) -> Result<u32, CronError> {
        let lower = text.to_ascii_lowercase();
        let (names, first) = self.kind.names();
        if let Some(at) = names.iter().position(|name| *name == lower) {
            return Ok(u32::try_from(at).unwrap_or(0) + first);
        }
        let (least, most) = self.kind.bounds();
        let value = number(text).filter(|value| (least..=most).contains(value));
        value.ok_or_else(|| {
            let name = self.kind.in_words();
            let message = match text {
                "" => format!("the field of the {name} has an empty part"),
                _ => format!("`{text}` is no {name}"),
            };
            self.error(message, self.remedy(text))
        })
    }

    fn remedy(&self, text: &str) -> String {
        let (least, most) = self.kind.bounds();
        let named = match self.kind {
            FieldKind::Month => ", or `jan` to `dec`",
            FieldKind::DayOfWeek => ", or `sun` to `sat`; 0 and 7 are Sunday",
            _ => "",
        };
        let bounds = format!("a number from {least} to {most}{named}");
        match text {
            "?" => "write `*`".to_owned(),
            _ if text.contains(['L', 'W', '#']) && self.kind != FieldKind::Month => format!(
                "{bounds}; cron has no `L`, `W` and `#`: let the job run each day and decide itself"
            ),
            _ if text.contains('~') => format!("{bounds}; cron draws no time by lot"),
            _ => bounds,
        }
    }

    fn error(&self, message: String, remedy: impl Into<String>) -> CronError {
        CronError::at(self.place(), message, remedy)
    }

    fn place(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }
}

/// Parses digits; no sign.
fn number(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}
