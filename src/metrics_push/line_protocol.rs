//! The line protocol of InfluxDB. Pure.
//!
//! A server refuses empty values of tags, and values that end with a backslash; it takes a field
//! that was a float once as a float alone. So numbers are floats always.

use std::fmt::Write;
use std::time::UNIX_EPOCH;

use super::point::MetricPoint;

/// Returns the line of a point, with its end.
pub(super) fn line(point: &MetricPoint) -> String {
    let mut line = escaped(&point.name, " ,");
    for (key, value) in &point.tags {
        let value = value.trim_end_matches('\\');
        if !value.is_empty() {
            let (key, value) = (escaped(key, " ,="), escaped(value, " ,="));
            let _ = write!(line, ",{key}={value}");
        }
    }
    let nanos = point.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let _ = writeln!(line, " value={:?} {}", point.value, nanos.as_nanos());
    line
}

/// Returns a name or a value with a backslash before each special character. A line ends with its
/// line end alone.
fn escaped(text: &str, special: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => escaped.push('?'),
            c if special.contains(c) => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_is_what_a_server_takes() {
        let point = |name: &str, tags: &[(&str, &str)], value| MetricPoint {
            name: name.to_owned(),
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            value,
            at: UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001),
        };
        let tags = [
            ("task", "tasks::a b"),
            ("x=y", "1,2"),
            ("e", ""),
            ("b", "c\\"),
        ];
        assert_eq!(
            line(&point("a,b c", &tags, 2.0)),
            "a\\,b\\ c,task=tasks::a\\ b,x\\=y=1\\,2,b=c value=2.0 1700000000000000001\n"
        );
        let line = line(&point("a", &[("t", "x\ny")], 1e300));
        assert_eq!(line, "a,t=x?y value=1e300 1700000000000000001\n");
    }
}
