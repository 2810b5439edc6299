//! What a program needs to know of a job to post it: workers enter it on the board.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::argument_schema::ArgumentSchema;
use crate::core::hash::fnv1a;

/// Longer values are in the key of a limit by their hash.
const MOST_BYTES_OF_KEY: usize = 200;

/// What a program needs to know of a job to post it. What a later version adds is passed over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct JobSchema {
    /// A line that explains the job.
    pub(crate) help: String,
    /// The arguments.
    pub(crate) args: ArgumentSchema,
    /// On which host a job goes on whose worker is gone.
    pub(crate) resume: ResumeMode,
    /// The tags that a worker must have.
    pub(crate) needs: Vec<String>,
    /// From -2 to 2; jobs of a higher one are claimed first.
    pub(crate) priority: i8,
    /// How many of these jobs run at once on all workers.
    pub(crate) limit: Option<u32>,
    /// The argument for each value of which the limit holds.
    pub(crate) limit_by: Option<String>,
    /// What becomes of a post of a schedule while another job of it is there.
    pub(crate) overlap: OverlapMode,
    /// How long the holder of a job may go on unheard; `None`: as long as the board has it.
    #[serde(rename = "lease_ms", with = "milliseconds")]
    pub(crate) lease: Option<Duration>,
    /// How long a job waits to be begun before it is cancelled.
    #[serde(rename = "expires_ms", with = "milliseconds")]
    pub(crate) expires: Option<Duration>,
    /// How long a job may take in all.
    #[serde(rename = "time_limit_ms", with = "milliseconds")]
    pub(crate) time_limit: Option<Duration>,
    /// How long a job may wait before that is mailed.
    #[serde(rename = "waiting_for_at_most_ms", with = "milliseconds")]
    pub(crate) waiting_for_at_most: Option<Duration>,
    /// How many workers in a row may die at the same steps before the job is stuck.
    pub(crate) max_crashes: u32,
    /// The project that the job belongs to.
    pub(crate) project: Option<String>,
    /// Whether a job is posted for each live worker that can do it.
    pub(crate) every_worker: bool,
    /// The jobs that are posted when a job, or the batch that it is posted in, is over.
    pub(crate) then: Vec<String>,
    /// After which ends they are posted.
    pub(crate) then_if: ThenIf,
    /// The recipients of mails about the job; `None`: those of `[mail]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Vec<String>>,
    /// Further recipients of mails about the job.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cc: Vec<String>,
    /// With so many members that did not succeed a batch of the job ends early.
    pub(crate) fails_at: Option<u32>,
}

/// After which ends of a job what comes after is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThenIf {
    /// After any end.
    Ended,
    /// After a success. So with all that a later version adds.
    #[default]
    #[serde(other)]
    Succeeded,
}

/// On which host a job goes on whose worker is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ResumeMode {
    /// On any host, at the step where it was.
    #[default]
    Anywhere,
    /// On another host at the first step, without reverts.
    Restart,
    /// On the same host alone, as with all that a later version adds.
    #[serde(other)]
    SameHost,
}

/// What becomes of a post of a schedule while another job of it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OverlapMode {
    /// No job is posted.
    Skip,
    /// All jobs run.
    Allow,
    /// The next job waits; more are skipped and counted. So with all that a later version adds.
    #[default]
    #[serde(other)]
    Wait,
}

impl JobSchema {
    /// Reads the schema that a worker has entered on the board; what cannot be read is as if it
    /// were not written.
    pub(crate) fn deserialize_of(entered: &Value) -> Self {
        serde_json::from_value(entered.clone()).unwrap_or_default()
    }

    /// Returns the key that jobs behind the same limit share: the name of the definition, and the
    /// value of the argument in `limit_by`. `None`: the job has no limit.
    pub(crate) fn limit_key(&self, name: &str, args: &Map<String, Value>) -> Option<String> {
        self.limit?;
        let Some(argument) = &self.limit_by else {
            return Some(name.to_owned());
        };
        let value = args.get(argument).unwrap_or(&Value::Null).to_string();
        // The key is in an index, which takes no long ones.
        Some(match value.len() {
            0..=MOST_BYTES_OF_KEY => format!("{name}:{argument}={value}"),
            _ => format!("{name}:{argument}=#{:016x}", fnv1a(value.as_bytes())),
        })
    }
}

/// Durations as whole milliseconds, which SQL reads too.
mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes it so")]
    pub(super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let whole = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        span.map(whole).serialize(serializer)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let whole = Option::<u64>::deserialize(deserializer)?;
        Ok(whole.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_read_back_and_by_other_versions() {
        let schema = JobSchema {
            help: "Resizes.".to_owned(),
            limit: Some(2),
            lease: Some(Duration::from_millis(1500)),
            resume: ResumeMode::SameHost,
            ..JobSchema::default()
        };
        let json = serde_json::to_value(&schema).unwrap();
        assert_eq!(
            (&json["resume"], &json["lease_ms"]),
            (&json!("same-host"), &json!(1500))
        );
        assert_eq!(serde_json::from_value::<JobSchema>(json).unwrap(), schema);
        let later = json!({
            "help": "x", "colour": 1, "overlap": "replace",
            "args": [{"name": "a", "type": "date", "colour": 2}]
        });
        let read: JobSchema = serde_json::from_value(later).unwrap();
        assert_eq!((read.help.as_str(), read.args.specs.len()), ("x", 1));
        assert!(read.args.check(&json!({"a": "2026-11-30"})).is_ok());
    }

    #[test]
    fn jobs_of_one_value_share_a_limit() {
        let schema = JobSchema {
            limit: Some(1),
            limit_by: Some("customer".to_owned()),
            ..JobSchema::default()
        };
        let key = |value: Value| {
            let args = Map::from_iter([("customer".to_owned(), value)]);
            schema.limit_key("resize", &args).unwrap()
        };
        assert_eq!(key(json!("a")), "resize:customer=\"a\"");
        assert_ne!(key(json!("5")), key(json!(5)));
        assert!(key(json!("x".repeat(5000))).len() < 50);
        assert_eq!(JobSchema::default().limit_key("resize", &Map::new()), None);
    }
}
