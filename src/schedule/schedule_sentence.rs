//! The times of a schedule as a sentence.

use super::cron_expression::CronExpression;
use super::cron_field::FieldValues;
use super::exclude_window::{ExcludeWindow, listed, weekdays_in_words};
use super::slot_source::SlotSource;
use crate::core::time::in_words;

/// So many times of day are listed.
const A_FEW: usize = 6;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Returns the sentence of times in a zone, less what is excluded.
pub(super) fn of(source: &SlotSource, zone: &str, exclude: &[ExcludeWindow]) -> String {
    let mut sentence = match source {
        SlotSource::Cron(expression) => {
            format!("{}, {}", of_cron(expression), zone)
        }
        SlotSource::Every { every, .. } => format!("every {}", in_words(*every)),
    };
    let windows = exclude.iter().map(|window| window.in_words());
    let windows = listed(windows);
    if !windows.is_empty() {
        sentence.push_str(&format!(", not {windows}"));
    }
    sentence
}

fn of_cron(expression: &CronExpression) -> String {
    let (times, is_of_day) = times(expression.minutes, expression.hours);
    let days = days(expression);
    match (days, is_of_day) {
        (None, true) => format!("every day {times}"),
        (None, false) => times,
        (Some(days), true) => format!("{days} {times}"),
        (Some(days), false) => format!("{times}, {days}"),
    }
}

/// Returns the times of day, and whether they are a few of a day.
fn times(minutes: FieldValues, hours: FieldValues) -> (String, bool) {
    let (of_hour, of_day) = (minutes.values(), hours.values());
    match (minutes.star_step, hours.star_step) {
        (Some(1), Some(1)) => return ("every minute".to_owned(), false),
        (Some(step), Some(1)) if 60 % step == 0 => {
            return (format!("every {step} minutes"), false);
        }
        (None, Some(1)) => {
            return (format!("every hour at {}", past_the_hour(&of_hour)), false);
        }
        (None, Some(step)) if 24 % step == 0 => {
            return (
                format!("every {step} hours at {}", past_the_hour(&of_hour)),
                false,
            );
        }
        _ => {}
    }
    if of_hour.len() * of_day.len() <= A_FEW {
        let each = |hour: u32| {
            of_hour
                .iter()
                .map(move |minute| format!("{hour:02}:{minute:02}"))
        };
        let times = of_day.iter().flat_map(|hour| each(*hour));
        return (format!("at {}", listed(times)), true);
    }
    let hours = format!("in the hours {}", ranges(&of_day));
    let minutes = match minutes.star_step {
        Some(1) => "every minute".to_owned(),
        Some(step) if 60 % step == 0 => format!("every {step} minutes"),
        _ => format!("at {}", past_the_hour(&of_hour)),
    };
    (format!("{minutes} {hours}"), false)
}

fn past_the_hour(minutes: &[u32]) -> String {
    listed(minutes.iter().map(|minute| format!(":{minute:02}")))
}

fn days(expression: &CronExpression) -> Option<String> {
    let month_days = expression.days.values();
    let is_any = |field: FieldValues| field.star_step == Some(1);
    let in_month = (!is_any(expression.days)).then(|| {
        let noun = if month_days.len() == 1 { "day" } else { "days" };
        format!("on {noun} {} of the month", ranges(&month_days))
    });
    let in_week = (!is_any(expression.weekdays)).then(|| {
        let bits = u8::try_from(expression.weekdays.bits & 0x7f).unwrap_or(0x7f);
        format!("on {}", weekdays_in_words(bits))
    });
    let is_both = expression.days.is_star || expression.weekdays.is_star;
    let days = match (in_month, in_week) {
        (Some(month), Some(week)) if is_both => Some(format!("{month} if {week}")),
        (Some(month), Some(week)) => Some(format!("{month} and {week}")),
        (month, week) => month.or(week),
    };
    if is_any(expression.months) {
        return days;
    }
    let names = expression.months.values().into_iter();
    let names = names.filter_map(|month| MONTHS.get(month as usize - 1));
    let months = format!("in {}", listed(names.map(|name| (*name).to_owned())));
    Some(match days {
        Some(days) => format!("{days} {months}"),
        None => format!("every day {months}"),
    })
}

/// Returns numbers as a sentence has them: `1 to 7, 15 and 20`.
fn ranges(values: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *value => *last = *value,
            _ => runs.push((*value, *value)),
        }
    }
    let words = runs
        .into_iter()
        .flat_map(|(first, last)| match last - first {
            0 => vec![first.to_string()],
            1 => vec![first.to_string(), last.to_string()],
            _ => vec![format!("{first} to {last}")],
        });
    listed(words)
}
