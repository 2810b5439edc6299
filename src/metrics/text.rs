//! The text format, version 0.0.4: families of samples, each with its help and its type once, and
//! all its samples together.

use std::fmt::{Display, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What its name begins with, whatever is measured.
const PREFIX: &str = "run_functions_";

/// What samples of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MetricType {
    /// What only grows.
    Counter,
    /// What is as it is now.
    Gauge,
    /// How often something was up to how much.
    Histogram,
}

/// A family that is being written. Without a sample nothing of it is.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
    kind: MetricType,
    help: &'static str,
    has_begun: bool,
}

impl<'a> Family<'a> {
    /// Begins one. `help` is one line without a backslash.
    pub(super) fn new(
        text: &'a mut String,
        name: &'static str,
        kind: MetricType,
        help: &'static str,
    ) -> Self {
        Family {
            text,
            name,
            kind,
            help,
            has_begun: false,
        }
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.add_part("", labels, value);
    }

    /// Adds one if there is a value.
    pub(super) fn add_some(&mut self, labels: &[(&str, &str)], value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// Adds a sample of a part of a histogram, such as `_sum`.
    pub(super) fn add_part(&mut self, part: &str, labels: &[(&str, &str)], value: impl Display) {
        self.begin();
        let _ = write!(self.text, "{PREFIX}{}{part}", self.name);
        for (at, (label, value)) in labels.iter().enumerate() {
            self.text.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.text, "{label}=\"");
            escape(self.text, value);
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let (name, help) = (self.name, self.help);
        let kind = match self.kind {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
        };
        let _ = writeln!(
            self.text,
            "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}"
        );
    }
}

/// Adds the value of a label. Any character may be in it; these three need a backslash.
fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

/// Returns a time as it is written: seconds since 1970.
pub(super) fn timestamp(time: SystemTime) -> f64 {
    seconds(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Returns a duration as it is written.
pub(super) fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}
