//! A number that a task reports of itself.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// The names that a runner writes itself.
pub(crate) mod reserved {
    /// How long a run took.
    pub(crate) const DURATION: &str = "job_duration_seconds";
    /// When a run last succeeded.
    pub(crate) const LAST_SUCCESS: &str = "last_successful_run_timestamp";
    /// Whether the lock is held.
    pub(crate) const LOCK_HELD: &str = "lock_held";
    /// How long work may go on under the lock without an answer of its server.
    pub(crate) const LOCK_MARGIN: &str = "lock_margin_seconds";
    /// How often this runner has gone on where another host left the chain.
    pub(crate) const LOCK_FAILOVERS: &str = "lock_failovers";
    /// How many points did not reach the server.
    pub(crate) const LOST: &str = "metrics_points_lost";

    /// All of them.
    pub(crate) const NAMES: [&str; 6] = [
        DURATION,
        LAST_SUCCESS,
        LOCK_HELD,
        LOCK_MARGIN,
        LOCK_FAILOVERS,
        LOST,
    ];
    /// What the names of the page for Prometheus begin with.
    pub(crate) const PREFIX: &str = "run_functions_";
    /// The tags that a runner sets.
    pub(crate) const TAGS: [&str; 3] = ["task", "chain", "host"];
}

/// The longest name of a metric or a tag.
const MOST_OF_NAME: usize = 100;
/// The longest value of a tag.
const MOST_OF_VALUE: usize = 200;
/// How many tags a metric has at most.
const MOST_TAGS: usize = 16;

/// A number that a task reports of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnMetric {
    /// What it is called.
    pub(crate) name: String,
    /// The number.
    pub(crate) value: f64,
    /// What distinguishes it from others of its name.
    #[serde(default)]
    pub(crate) tags: Vec<(String, String)>,
    /// When it was reported; `None`: at the end of the run.
    #[serde(default)]
    pub(crate) at: Option<SystemTime>,
}

impl OwnMetric {
    /// Creates a metric.
    ///
    /// # Errors
    ///
    /// When a name is reserved or malformed, a tag has no value, or the number is not finite.
    pub(crate) fn new(
        name: &str,
        value: f64,
        tags: &[(&str, &str)],
    ) -> Result<Self, InvalidMetric> {
        let tags = tags.iter();
        let tags = tags.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let metric = OwnMetric {
            name: name.to_owned(),
            value,
            tags: tags.collect(),
            at: None,
        };
        metric.check().map(|()| metric)
    }

    /// Reads what a run has written behind `metric=`: `NAME[,TAG=VALUE]… NUMBER`, or the JSON that
    /// a function in a process of its own writes.
    ///
    /// # Errors
    ///
    /// As for [`OwnMetric::new`], and when the text has another form.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidMetric> {
        if text.starts_with('{') {
            let metric: OwnMetric =
                serde_json::from_str(text).map_err(|_| InvalidMetric::of_form())?;
            return metric.check().map(|()| metric);
        }
        let (names, number) = text.rsplit_once(' ').ok_or_else(InvalidMetric::of_form)?;
        let value: f64 = number.parse().map_err(|_| InvalidMetric::of_form())?;
        let mut parts = names.trim().split(',');
        let name = parts.next().unwrap_or_default();
        let tags: Option<Vec<(&str, &str)>> = parts.map(|part| part.split_once('=')).collect();
        OwnMetric::new(name, value, &tags.ok_or_else(InvalidMetric::of_form)?)
    }

    fn check(&self) -> Result<(), InvalidMetric> {
        let name = &self.name;
        check_name("the name of a metric", name)?;
        if reserved::NAMES.contains(&name.as_str()) || name.starts_with(reserved::PREFIX) {
            return Err(InvalidMetric(format!(
                "`{name}` is a name of the runner's own metrics; choose another one"
            )));
        }
        if !self.value.is_finite() {
            return Err(InvalidMetric(format!("`{name}` has no finite value")));
        }
        if self.tags.len() > MOST_TAGS {
            return Err(InvalidMetric(format!(
                "`{name}` has more than {MOST_TAGS} tags"
            )));
        }
        self.tags
            .iter()
            .enumerate()
            .try_for_each(|(at, (key, value))| {
                let is_set = self.tags[..at].iter().any(|(other, _)| other == key);
                check_tag(key, value, is_set)
            })
    }
}

fn check_name(what: &str, name: &str) -> Result<(), InvalidMetric> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    match begins && name.len() <= MOST_OF_NAME && name.chars().all(is_plain) {
        true => Ok(()),
        false => Err(InvalidMetric(format!(
            "{what} begins with a letter and has at most {MOST_OF_NAME} letters, digits, `_`, `.`, \
             `:` and `-`, and `{}` is another text",
            name.escape_debug().take(MOST_OF_NAME).collect::<String>()
        ))),
    }
}

/// What `InfluxDB` refuses is refused here, where the mistake is.
fn check_tag(key: &str, value: &str, is_set: bool) -> Result<(), InvalidMetric> {
    check_name("the name of a tag", key)?;
    if reserved::TAGS.contains(&key) {
        return Err(InvalidMetric(format!(
            "the tag `{key}` is set by the runner; choose another name"
        )));
    }
    let wrong = match value {
        _ if is_set => "is set twice",
        "" => "has an empty value",
        value if value.len() > MOST_OF_VALUE => "has a value of more than 200 bytes",
        value if value.chars().any(char::is_control) => "has a value with a control character",
        value if value.ends_with('\\') => "has a value that ends with a backslash",
        _ => return Ok(()),
    };
    Err(InvalidMetric(format!("the tag `{key}` {wrong}")))
}

/// Why a number is no metric, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMetric(String);

impl InvalidMetric {
    fn of_form() -> Self {
        InvalidMetric("a metric is written `metric=NAME[,TAG=VALUE] NUMBER`".to_owned())
    }
}

impl fmt::Display for InvalidMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidMetric {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: f64, tags: &[(&str, &str)]) -> String {
        OwnMetric::new(name, value, tags).unwrap_err().to_string()
    }

    #[test]
    fn reserved_names_are_refused_in_words() {
        for name in reserved::NAMES {
            assert!(refusal(name, 1.0, &[]).contains("the runner's own metrics"));
        }
        assert!(refusal("run_functions_up", 1.0, &[]).contains("the runner's own metrics"));
        for tag in reserved::TAGS {
            assert!(refusal("a", 1.0, &[(tag, "x")]).contains("set by the runner"));
        }
    }

    #[test]
    fn what_a_server_refuses_is_refused_where_it_is_written() {
        for name in ["", "1a", "_a", "a b", "a,b", "a=b", "ä", &"a".repeat(101)] {
            assert!(
                refusal(name, 1.0, &[]).contains("begins with a letter"),
                "{name}"
            );
        }
        for value in [f64::NAN, f64::INFINITY] {
            assert!(refusal("a", value, &[]).contains("no finite value"));
        }
        for (value, why) in [("", "empty"), ("x\\", "backslash"), ("a\nb", "control")] {
            assert!(refusal("a", 1.0, &[("shop", value)]).contains(why));
        }
        assert!(refusal("a", 1.0, &[("x", "1"), ("x", "2")]).contains("twice"));
    }

    #[test]
    fn a_line_of_a_command_is_a_metric() {
        let tags = [("shop", "Bad Tölz"), ("kind", "x=y")];
        let metric = OwnMetric::new("orders", 12.5, &tags).unwrap();
        let read = OwnMetric::parse("orders,shop=Bad Tölz,kind=x=y 12.5");
        assert_eq!(read.as_ref(), Ok(&metric));
        let json = serde_json::to_string(&metric).unwrap();
        assert_eq!(OwnMetric::parse(&json).as_ref(), Ok(&metric));
        for wrong in ["", "orders", "orders x", "orders,shop 1", "{\"name\":1}"] {
            assert!(OwnMetric::parse(wrong).is_err(), "{wrong}");
        }
    }
}
