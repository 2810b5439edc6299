//! What has been written for one section, each value with its origin: layers are laid over one
//! another until nothing is open.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::options::{self, ConfigSection, Fallback, OptionSpec};
use super::origin::Origin;
use super::raw::{Raw, Shape};
use super::read;
use super::value::{FromValue, Value};

/// A value and where it is from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerEntry {
    /// What holds.
    pub(crate) value: Value,
    /// Where the value was written.
    pub(crate) origin: Origin,
}

/// The values of a section.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layer {
    entries: BTreeMap<&'static str, LayerEntry>,
    /// Keys that were written and not understood: what depends on them is not checked.
    broken: BTreeSet<&'static str>,
}

impl Layer {
    /// Sets a value; a former one is overruled.
    pub(super) fn set(&mut self, key: &'static str, value: Value, origin: Origin) {
        self.entries.insert(key, LayerEntry { value, origin });
    }

    /// Sets a value unless there is one.
    pub(super) fn fill(&mut self, key: &'static str, value: Value, origin: Origin) {
        self.entries
            .entry(key)
            .or_insert(LayerEntry { value, origin });
    }

    /// Notes that something was written for this key that was not understood.
    pub(super) fn break_key(&mut self, key: &'static str) {
        self.broken.insert(key);
    }

    /// Returns whether something was written for this key, understood or not.
    pub(super) fn mentions(&self, key: &str) -> bool {
        self.entries.contains_key(key) || self.broken.contains(key)
    }

    /// Returns whether something was written for this key that was not understood.
    pub(super) fn is_broken(&self, key: &str) -> bool {
        self.broken.contains(key)
    }

    /// Returns a value with its origin.
    pub(crate) fn entry(&self, key: &str) -> Option<&LayerEntry> {
        self.entries.get(key)
    }

    /// Returns all values, by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static str, &LayerEntry)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }

    /// Returns the origin of a value; of none when it is not written.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.entry(key)
            .map_or(Origin::Nowhere, |entry| entry.origin.clone())
    }

    /// Returns a value that need not be there.
    pub(super) fn get<T: FromValue>(&self, key: &str) -> Option<T> {
        T::from_value(&self.entry(key)?.value)
    }

    /// Returns a value that is there once the defaults are filled in.
    pub(super) fn need<T: FromValue>(&self, key: &str) -> T {
        self.get(key)
            .expect("the table of options gives this key a default of this kind")
    }

    /// Lays this layer over a lower one. Tables of variables and limits are joined entry by entry;
    /// of two keys that stand in place of each other, that of the upper layer stays.
    pub(super) fn over(mut self, lower: &Layer) -> Layer {
        let is_replaced = |upper: &Layer, key: &str| {
            options::in_place_of(key).is_some_and(|other| upper.mentions(other))
        };
        let broken: Vec<&'static str> = lower.broken.iter().copied().collect();
        for key in broken {
            if !is_replaced(&self, key) {
                self.broken.insert(key);
            }
        }
        for (key, below) in &lower.entries {
            if is_replaced(&self, key) {
                continue;
            }
            match self.entries.entry(key) {
                Slot::Vacant(slot) => {
                    slot.insert(below.clone());
                }
                Slot::Occupied(mut slot) => join(&mut slot.get_mut().value, &below.value),
            }
        }
        self
    }

    /// Returns this layer without the keys that do not pass.
    pub(super) fn only(&self, passes: impl Fn(&OptionSpec) -> bool) -> Layer {
        let kept = |key: &str| options::find(ConfigSection::Task, key).is_some_and(&passes);
        let mut layer = self.clone();
        layer.entries.retain(|key, _| kept(key));
        layer.broken.retain(|key| kept(key));
        layer
    }

    /// Returns this layer with some of its keys alone.
    pub(super) fn keep(&self, keys: &[&str]) -> Layer {
        let mut layer = self.clone();
        layer.retain(|key| keys.contains(&key));
        layer
    }

    /// Removes the values that mean nothing here.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.entries.retain(|key, _| keep(key));
    }

    /// Fills in the defaults that the table of options has as values; paths of them start from
    /// `base`.
    pub(super) fn fill_defaults(&mut self, section: ConfigSection, base: &Path) {
        for option in options::of(section) {
            if let Fallback::Written(text) = option.default {
                self.fill(
                    option.key,
                    default_value(option, text, base),
                    Origin::Default,
                );
            }
        }
    }
}

fn join(upper: &mut Value, lower: &Value) {
    match (upper, lower) {
        (Value::Variables(upper), Value::Variables(lower)) => {
            for (name, value) in lower {
                upper.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        (Value::Ping(upper), Value::Ping(lower)) => {
            for (key, url) in lower.urls() {
                if let Some(slot) = upper.slot(key) {
                    slot.get_or_insert_with(|| url.clone());
                }
            }
        }
        (Value::Limits(upper), Value::Limits(lower)) => {
            for (name, limit) in lower {
                upper.entry(name.clone()).or_insert(*limit);
            }
        }
        _ => {}
    }
}

fn default_value(option: &OptionSpec, text: &'static str, base: &Path) -> Value {
    /// Each default is parsed once: a file may have thousands of tasks.
    static PARSED: Mutex<BTreeMap<&str, Raw>> = Mutex::new(BTreeMap::new());
    let mut parsed = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    let raw = parsed.entry(text).or_insert_with(|| parse(text));
    let value = read::read(option, raw, base).value;
    value.expect("defaults are values of their kind")
}

fn parse(text: &str) -> Raw {
    let document = format!("x = {text}");
    let table = toml::de::DeTable::parse(&document).expect("defaults are written as TOML");
    let Shape::Table(entries) = Raw::of_table(&table).shape else {
        unreachable!("a document is a table");
    };
    let raw = entries.into_iter().next().map(|(_, raw)| raw);
    raw.expect("the document has one key")
}
