//! When a line of a crontab fires, by the rules of Vixie's cron, and how long the pauses between
//! are.
//!
//! A parser of our own: those that there are read more than cron does (seconds, years, `L`, `W`,
//! `#`), and a line that cron refuses must not become a task. It is small, because pauses need no
//! calendar: a schedule is a set of times of the day and a set of days.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::civil::{Date, date};

const NAMED_MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const NAMED_DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Over these years every pattern of days comes round, 29 February on a given day of the week
/// aside.
const FIRST_DAY: Date = date(2024, 1, 1);
const DAYS: usize = 8 * 365 + 2;
const MINUTES_OF_A_DAY: u32 = 24 * 60;

/// The five fields of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CronSchedule {
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: BTreeSet<u32>,
    months: BTreeSet<u32>,
    weekdays: BTreeSet<u32>,
    /// How the two fields for days belong together.
    meet: Days,
}

#[derive(Debug, PartialEq, Eq)]
enum Days {
    /// Whether a field of days begins with `*`: both must match.
    Both,
    /// Both are restricted: one must match (crontab(5)).
    Either,
}

/// How often a schedule fires.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rhythm {
    /// The shortest pause between two firings.
    pub(super) least: Duration,
    /// The longest.
    pub(super) most: Duration,
    /// The pause that would give as many firings.
    pub(super) usual: Duration,
    /// The times of the day, `03:00`; empty when there are more than a few.
    pub(super) times: Vec<String>,
}

impl CronSchedule {
    /// Reads five fields.
    ///
    /// # Errors
    ///
    /// When cron would refuse them, in words.
    pub(super) fn parse(fields: &[&str; 5]) -> Result<Self, String> {
        let [minutes, hours, days, months, weekdays] = *fields;
        // cronie: a minus in front keeps a job out of the log.
        let minutes = minutes.strip_prefix('-').unwrap_or(minutes);
        let of = |field, name, least, most, words| {
            CronField {
                name,
                least,
                most,
                words,
            }
            .parse(field)
        };
        let mut weekday = of(weekdays, "day of the week", 0, 7, &NAMED_DAYS[..])?;
        if weekday.remove(&7) {
            weekday.insert(0);
        }
        let starred = days.starts_with('*') || weekdays.starts_with('*');
        Ok(CronSchedule {
            minutes: of(minutes, "minute", 0, 59, &[])?,
            hours: of(hours, "hour", 0, 23, &[])?,
            days: of(days, "day of the month", 1, 31, &[])?,
            months: of(months, "month", 1, 12, &NAMED_MONTHS[..])?,
            weekdays: weekday,
            meet: if starred { Days::Both } else { Days::Either },
        })
    }

    /// Returns how often it fires; `None` when it never does, such as on 31 February.
    pub(super) fn rhythm(&self) -> Option<Rhythm> {
        let times: Vec<u32> = self
            .hours
            .iter()
            .flat_map(|hour| self.minutes.iter().map(move |minute| hour * 60 + minute))
            .collect();
        let (first, last) = (*times.first()?, *times.last()?);
        let days = self.matching_days();
        let within = times.windows(2).map(|pair| pair[1] - pair[0]);
        let overnight = days
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) * MINUTES_OF_A_DAY - last + first);
        let pauses: Vec<u32> = within.chain(overnight.clone()).collect();
        if overnight.len() == 0 {
            return None;
        }
        let span = (days.last()? - days.first()?) * MINUTES_OF_A_DAY;
        let firings = u32::try_from((days.len() - 1) * times.len()).ok()?;
        Some(Rhythm {
            least: minutes(*pauses.iter().min()?),
            most: minutes(*pauses.iter().max()?),
            usual: minutes((span / firings).max(1)),
            times: named(&times),
        })
    }

    /// Returns the days on which it fires, counted from the first.
    fn matching_days(&self) -> Vec<u32> {
        let numbered = (0..).zip(calendar());
        let matching = numbered.filter(|(_, day)| self.is_on(day));
        matching.map(|(number, _)| number).collect()
    }

    fn is_on(&self, day: &CronDay) -> bool {
        let (in_month, in_week) = (
            self.days.contains(&day.of_month),
            self.weekdays.contains(&day.of_week),
        );
        let meets = match self.meet {
            Days::Both => in_month && in_week,
            Days::Either => in_month || in_week,
        };
        meets && self.months.contains(&day.month)
    }
}

/// A day as cron sees it.
struct CronDay {
    of_month: u32,
    month: u32,
    of_week: u32,
}

/// Returns the days over which pauses are looked at.
fn calendar() -> &'static [CronDay] {
    static CALENDAR: OnceLock<Vec<CronDay>> = OnceLock::new();
    CALENDAR.get_or_init(|| {
        let number = |value: i8| u32::from(value.unsigned_abs());
        let dates = FIRST_DAY.series(jiff::ToSpan::days(1)).take(DAYS);
        let days = dates.map(|date| CronDay {
            of_month: number(date.day()),
            month: number(date.month()),
            of_week: number(date.weekday().to_sunday_zero_offset()),
        });
        days.collect()
    })
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

fn named(times: &[u32]) -> Vec<String> {
    const A_FEW: usize = 4;
    if times.len() > A_FEW {
        return Vec::new();
    }
    let times = times.iter();
    times
        .map(|time| format!("{:02}:{:02}", time / 60, time % 60))
        .collect()
}

/// Reads digits; no sign.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// What may stand in a field.
struct CronField<'a> {
    name: &'a str,
    least: u32,
    most: u32,
    words: &'a [&'a str],
}

impl CronField<'_> {
    fn parse(&self, text: &str) -> Result<BTreeSet<u32>, String> {
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(self.step(step, part)?)),
                None => (part, None),
            };
            let (first, last) = self.range(range, step.is_some())?;
            values.extend((first..=last).step_by(step.unwrap_or(1)));
        }
        Ok(values)
    }

    fn step(&self, step: &str, part: &str) -> Result<usize, String> {
        let step = number(step).filter(|step| *step > 0);
        step.and_then(|step| usize::try_from(step).ok())
            .ok_or_else(|| format!("`{part}` is no {}: the step is no number", self.name))
    }

    fn range(&self, range: &str, steps: bool) -> Result<(u32, u32), String> {
        if range == "*" {
            return Ok((
                self.least,
                self.most.min(if self.most == 7 { 6 } else { self.most }),
            ));
        }
        let Some((first, last)) = range.split_once('-') else {
            if steps {
                let message = format!(
                    "`{range}/…` is no {}: a step needs a range or `*`",
                    self.name
                );
                return Err(message);
            }
            let value = self.value(range)?;
            return Ok((value, value));
        };
        let (first, last) = (self.value(first)?, self.value(last)?);
        if first > last {
            return Err(format!(
                "`{range}` is no {}: it ends before it begins, and cron would never run it",
                self.name
            ));
        }
        Ok((first, last))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = self.words.iter().position(|word| *word == lower) {
            return Ok(at as u32 + self.least);
        }
        let value = number(text);
        let inside = value.filter(|value| (self.least..=self.most).contains(value));
        inside.ok_or_else(|| {
            let (name, least, most) = (self.name, self.least, self.most);
            format!("`{text}` is no {name} (from {least} to {most})")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(line: &str) -> Option<(String, String)> {
        let fields: Vec<&str> = line.split(' ').collect();
        let schedule = CronSchedule::parse(fields.as_slice().try_into().unwrap()).unwrap();
        let rhythm = schedule.rhythm()?;
        let span = crate::import::page::span;
        Some((span(rhythm.least), span(rhythm.most)))
    }

    #[test]
    fn pauses_are_those_of_the_calendar() {
        let cases = [
            ("* * * * *", "1m", "1m"),
            ("*/15 * * * *", "15m", "15m"),
            ("*/7 * * * *", "4m", "7m"),
            ("17 * * * *", "1h", "1h"),
            ("0 3 * * *", "1day", "1day"),
            ("0 9,17 * * *", "8h", "16h"),
            ("0 9-17 * * 1-5", "1h", "2days 16h"),
            ("0 9-17 * * mon-FRI", "1h", "2days 16h"),
            ("47 6 * * 7", "7days", "7days"),
            ("47 6 * * sun", "7days", "7days"),
            ("0 0 * * 0,7", "7days", "7days"),
            ("52 6 1 * *", "28days", "31days"),
            ("0 0 1 1 *", "365days", "366days"),
            ("0 0 29 2 *", "1461days", "1461days"),
            ("30 4 1-7/2 jan-mar *", "2days", "300days"),
            // Both restricted: on the 13th and on Fridays.
            ("0 0 13 * 5", "1day", "7days"),
            // A field that begins with a star restricts nothing by itself: odd days that are
            // Mondays.
            ("0 0 */2 * 1", "7days", "21days"),
            ("-*/5 * * * *", "5m", "5m"),
        ];
        for (line, least, most) in cases {
            let expected = Some((least.to_owned(), most.to_owned()));
            assert_eq!(rhythm(line), expected, "{line}");
        }
        assert_eq!(rhythm("0 0 31 2 *"), None);
    }

    #[test]
    fn what_cron_refuses_is_refused() {
        let cases = [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5/15 * * * *",
            "22-2 * * * *",
            "*/0 * * * *",
            "*/x * * * *",
            "*/+5 * * * *",
            "+5 * * * *",
            "* * L * *",
            "* * * * 1#2",
            "? * * * *",
            "0~59 * * * *",
            "1,, * * * *",
            "* * * foo *",
        ];
        for line in cases {
            let fields: Vec<&str> = line.split(' ').collect();
            let parsed = CronSchedule::parse(fields.as_slice().try_into().unwrap());
            assert!(parsed.is_err(), "{line}: {parsed:?}");
        }
    }
}
