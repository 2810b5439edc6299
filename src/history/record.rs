//! The records: what is known of a run, a mail, a start and an end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::totals::Spread;
use crate::event::RunId;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;

/// A point on the wall clock, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    /// Returns it of a time; the epoch for one before it.
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Stamp(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    /// Returns the time; the epoch for one that this machine cannot say.
    pub(crate) fn time(self) -> SystemTime {
        let since = Duration::from_micros(self.0);
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    /// Returns the point that is so much later.
    pub(crate) fn after(self, span: Duration) -> Stamp {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Stamp(self.0.saturating_add(micros))
    }

    /// Returns how much later it is than `earlier`; zero if it is not.
    pub(crate) fn since(self, earlier: Stamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// How a run ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Result {
    /// It did what it was for.
    Ok,
    /// It asked to be tried again later.
    Later,
    /// It was ended because the runner was to end.
    Interrupted,
    /// It failed.
    Failed,
    /// It failed and asked the runner to stop.
    Fatal,
}

impl Result {
    /// Returns whether it is a failure.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Result::Failed | Result::Fatal)
    }

    /// Returns it as people read it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Result::Ok => "ok",
            Result::Later => "to be tried again",
            Result::Interrupted => "interrupted",
            Result::Failed => "failed",
            Result::Fatal => "failed and stopped the runner",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// The first line of a file: its form.
    Form(u32),
    /// A runner began.
    Began(Began),
    /// A run ended.
    Run(Box<Run>),
    /// Many runs ended alike, faster than each is worth a line.
    Runs(Runs),
    /// A mail is in the outbox.
    Mailed(Mailed),
    /// A failure was not mailed.
    Silent(Silent),
    /// A runner ended by itself.
    Ended {
        /// When.
        at: Stamp,
        /// Why.
        why: String,
    },
    /// What all lines so far come to.
    Summary(super::Summary),
}

/// The beginning of a runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Began {
    /// When.
    pub(crate) at: Stamp,
    /// Its process.
    pub(crate) pid: u32,
    /// Which version of the program it is.
    pub(crate) program: String,
    /// What its tasks are called on the screen, in order.
    pub(crate) tasks: Vec<String>,
    /// The boot of the machine in which it did; 0: not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) boot: u64,
}

/// One run. All texts are redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Which run.
    #[serde(with = "run_id")]
    pub(crate) id: RunId,
    /// What its task is called on the screen.
    pub(crate) task: String,
    /// When it began.
    pub(crate) at: Stamp,
    /// How long it took.
    #[serde(with = "nanos")]
    pub(crate) took: Duration,
    /// How it ended.
    pub(crate) result: Result,
    /// The kind of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// What it says of its end, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// What else is known of its failure, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
    /// Where its output is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Place>,
}

/// Runs that ended alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Runs {
    /// What their task is called on the screen.
    pub(crate) task: String,
    /// When the first of them began.
    pub(crate) at: Stamp,
    /// When the last of them ended.
    pub(crate) until: Stamp,
    /// How many.
    pub(crate) count: u64,
    /// How long they took together.
    #[serde(with = "nanos")]
    pub(crate) took: Duration,
    /// How long the longest took.
    #[serde(with = "nanos")]
    pub(crate) longest: Duration,
    /// How they ended.
    pub(crate) result: Result,
    /// How long each of them took; empty in what the first release wrote.
    #[serde(default, skip_serializing_if = "Spread::is_empty")]
    pub(crate) spread: Spread,
}

impl Runs {
    /// Returns how long each of them took, as far as that is known: as long as all on average if not.
    pub(super) fn spread(&self) -> Spread {
        let mut spread = self.spread;
        if spread.is_empty() {
            spread.count(self.average(), self.count);
        }
        spread
    }

    /// Returns how long one of them took on average.
    pub(crate) fn average(&self) -> Duration {
        let nanos = self.took.as_nanos() / u128::from(self.count.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mailed {
    /// When it was put into the outbox.
    pub(crate) at: Stamp,
    /// About which task; `None`: about the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<String>,
    /// About which run, if one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "some_run_id")]
    pub(crate) run: Option<RunId>,
    /// Its sort: `first`, `new`, `downtime`, `again`, `running`, `healed`, `digest`.
    pub(crate) sort: String,
    /// What it says.
    pub(crate) headline: String,
}

/// Why a failure was not mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Silent {
    /// Of which run.
    #[serde(with = "run_id")]
    pub(crate) run: RunId,
    /// In words.
    pub(crate) why: String,
}

/// Where the output of a run is, in the file beside the one with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The first byte.
    pub(crate) at: u64,
    /// How many bytes its beginning has.
    pub(crate) head: u64,
    /// How many bytes were left out between beginning and end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) cut: u64,
    /// How many bytes its end has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tail: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Record {
    /// Adds its line to a text.
    pub(crate) fn write_to(&self, text: &mut Vec<u8>) {
        serde_json::to_writer(&mut *text, self).expect("memory can be written to");
        text.push(b'\n');
    }

    /// Reads a line; `None` for one that says nothing to us.
    pub(crate) fn parse(line: &[u8]) -> Option<Record> {
        serde_json::from_slice(line).ok()
    }
}

/// Runs by the name that people see.
mod run_id {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::event::RunId;

    pub(super) fn serialize<S: Serializer>(
        run: &RunId,
        out: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        out.collect_str(run)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> core::result::Result<RunId, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        RunId::parse(&text).ok_or_else(|| D::Error::custom("this is not the name of a run"))
    }
}

mod some_run_id {
    use serde::{Deserializer, Serializer};

    use super::run_id;
    use crate::event::RunId;

    pub(super) fn serialize<S: Serializer>(
        run: &Option<RunId>,
        out: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        match run {
            Some(run) => run_id::serialize(run, out),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> core::result::Result<Option<RunId>, D::Error> {
        run_id::deserialize(from).map(Some)
    }
}

/// Durations as whole nanoseconds.
pub(super) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        span: &Duration,
        out: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> core::result::Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_nanos)
    }
}
