//! A schedule as it is written and kept.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cron_expression::CronExpression;
use super::exclude_window::ExcludeWindow;
use super::slot_rule::SlotRule;
use super::slot_source::SlotSource;

/// A schedule as it is written and kept. What a later version adds is passed over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(default)]
pub(crate) struct ScheduleSpec {
    /// The definition of the jobs.
    pub(crate) job: String,
    /// Their arguments, checked.
    pub(crate) args: Value,
    /// When the slots are.
    pub(crate) times: SlotTimes,
    /// What becomes of slots at which no worker was there.
    pub(crate) missed: MissedRule,
    /// What becomes of a slot while the job before is there.
    pub(crate) overlap: SlotOverlap,
    /// How long after its slot a job that has not begun is reported, in milliseconds.
    pub(crate) late_after: Option<i64>,
    /// After how many failures in a row the schedule is paused.
    pub(crate) pause_after: Option<u32>,
    /// The class of priority of its jobs.
    pub(crate) priority: i8,
    /// How long a job waits to be begun before it is cancelled, in milliseconds.
    pub(crate) expires: Option<i64>,
}

/// When the slots of a schedule are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(default)]
pub(crate) struct SlotTimes {
    /// A cron expression.
    pub(crate) cron: Option<String>,
    /// The span between two slots, in milliseconds; in the place of `cron`.
    pub(crate) every: Option<u64>,
    /// The slot from which `every` counts, in milliseconds since 1970.
    pub(crate) first: i64,
    /// The name of the zone in which its times of day are.
    pub(crate) timezone: String,
    /// In which windows no slot is posted.
    pub(crate) exclude: Vec<ExcludeWindow>,
}

/// What becomes of slots at which no worker was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum MissedRule {
    /// No job.
    Skip,
    /// One job for all of them. So with all that a later version adds.
    #[default]
    #[serde(other)]
    Once,
}

/// What becomes of a slot while the job of the slot before is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum SlotOverlap {
    /// No job is posted.
    Skip,
    /// All jobs run.
    Allow,
    /// The last slot waits for its end. So with all that a later version adds.
    #[default]
    #[serde(other)]
    Wait,
}

/// Why the times of a schedule cannot be understood by this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimesError(String);

impl fmt::Display for TimesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimesError {}

impl SlotTimes {
    /// Returns the rule of its slots in its zone, which the caller has looked up.
    ///
    /// # Errors
    ///
    /// When a later version has written what this one cannot understand.
    pub(crate) fn rule(&self, zone: TimeZone) -> Result<SlotRule, TimesError> {
        let source = match (&self.cron, self.every) {
            (Some(text), _) => {
                let parsed = CronExpression::parse(text);
                SlotSource::Cron(parsed.map_err(|error| TimesError(error.to_string()))?)
            }
            (None, Some(every)) => SlotSource::Every {
                every: Duration::from_millis(every),
                first: moment(self.first),
            },
            (None, None) => {
                return Err(TimesError("there is neither `cron` nor `every`".to_owned()));
            }
        };
        Ok(SlotRule {
            source,
            zone,
            zone_name: self.timezone.clone(),
            exclude: self.exclude.clone(),
        })
    }
}

/// Returns the moment of milliseconds since 1970.
fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}
