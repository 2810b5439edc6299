//! A name that stands twice in a JSON object: readers of JSON differ in which one counts.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// Returns the first name that a JSON object has a second time; `None` for what is no object.
pub(super) fn repeated_name(text: &str) -> Option<String> {
    let names: Option<Names> = serde_json::from_str(text).ok();
    names.and_then(|names| names.repeated)
}

/// What is read of an object.
struct Names {
    repeated: Option<String>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let (mut seen, mut repeated) = (BTreeSet::new(), None);
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if repeated.is_none() && seen.contains(&name) {
                repeated = Some(name);
            } else {
                seen.insert(name);
            }
        }
        Ok(Names { repeated })
    }
}

#[cfg(test)]
mod tests {
    use super::repeated_name;

    #[test]
    fn a_name_that_stands_twice_is_found_however_it_is_written() {
        assert_eq!(
            repeated_name(r#"{"a": 1, "b": [2], "\u0061": 3}"#),
            Some("a".to_owned())
        );
        assert_eq!(repeated_name(r#"{"a": {"b": 1}, "b": 2}"#), None);
        assert_eq!(repeated_name("[1, 1]"), None);
    }
}
