//! What a program needs to know of a job to post it: workers enter it on the board.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::argument_schema::ArgumentSchema;

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
    pub(crate) lease: Option<Duration>,
    /// How long a job waits to be begun before it is cancelled.
    pub(crate) expires: Option<Duration>,
    /// How long a job may take in all.
    pub(crate) time_limit: Option<Duration>,
    /// How long a job may wait before that is mailed.
    pub(crate) waiting_for_at_most: Option<Duration>,
    /// How many workers in a row may die at the same steps before the job is stuck.
    pub(crate) max_crashes: u32,
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
    /// On the same host alone.
    SameHost,
}

/// What becomes of a post of a schedule while another job of it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OverlapMode {
    /// The next job waits; more are skipped and counted.
    #[default]
    Wait,
    /// No job is posted.
    Skip,
    /// All jobs run.
    Allow,
}

impl JobSchema {
    /// Returns the key that jobs behind the same limit share: the name of the definition, and the
    /// value of the argument in `limit_by`. `None`: the job has no limit.
    pub(crate) fn limit_key(&self, name: &str, args: &Map<String, Value>) -> Option<String> {
        self.limit?;
        let Some(argument) = &self.limit_by else {
            return Some(name.to_owned());
        };
        let value = args.get(argument).unwrap_or(&Value::Null);
        Some(format!("{name}:{argument}={value}"))
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
        assert_eq!(json["resume"], "same-host");
        assert_eq!(serde_json::from_value::<JobSchema>(json).unwrap(), schema);
        let later = json!({"help": "x", "colour": 1, "args": [{"name": "a", "colour": 2}]});
        let read: JobSchema = serde_json::from_value(later).unwrap();
        assert_eq!((read.help.as_str(), read.args.specs.len()), ("x", 1));
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
        assert_eq!(JobSchema::default().limit_key("resize", &Map::new()), None);
    }
}
