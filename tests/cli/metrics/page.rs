//! A strict reader of the text format, version 0.0.4: what it takes, every reader takes. What is wrong is a panic that names the line.

use std::collections::{BTreeMap, BTreeSet};

/// What tells one series of a family from another, in order of the labels.
pub(crate) type Labels = BTreeMap<String, String>;

/// A page that was read.
pub(crate) struct Page {
    kinds: BTreeMap<String, String>,
    samples: Vec<(String, Labels, f64)>,
}

impl Page {
    /// Reads a page.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Self {
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line has no end"
        );
        let mut page = Page {
            kinds: BTreeMap::new(),
            samples: Vec::new(),
        };
        let mut helped = BTreeSet::new();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect(line);
                assert!(helped.insert(name.to_owned()), "twice: {line}");
                assert!(
                    is_name(name) && !help.is_empty() && !help.contains('\\'),
                    "{line}"
                );
                name.clone_into(&mut family);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(name, family, "a type without its help: {line}");
                let former = page.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(former, None, "twice: {line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            } else {
                page.sample(&family, line);
            }
        }
        page.judge_histograms();
        page
    }

    fn sample(&mut self, family: &str, line: &str) {
        let end = line.find(['{', ' ']).expect(line);
        let (name, rest) = line.split_at(end);
        let kind = self.kinds.get(family).map(String::as_str);
        let part = name.strip_prefix(family).expect("families are not mixed");
        let parts: &[&str] = match kind.expect(line) {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        assert!(is_name(name) && parts.contains(&part), "{line}");
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest, line),
            None => (Labels::new(), rest),
        };
        // A second number would be a time, which the node exporter refuses.
        let value: f64 = rest.strip_prefix(' ').expect(line).parse().expect(line);
        assert!(value >= 0.0 && value.is_finite(), "{line}");
        let former = self
            .samples
            .iter()
            .find(|(other, its, _)| other == name && *its == labels);
        assert!(former.is_none(), "twice: {line}");
        self.samples.push((name.to_owned(), labels, value));
    }

    /// Returns the one value of a series that has these labels among others; `None`: there is none such.
    #[track_caller]
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let name = format!("run_functions_{name}");
        let has = |its: &Labels| {
            labels
                .iter()
                .all(|(label, value)| its.get(*label).is_some_and(|its| its == value))
        };
        let mut found = self
            .samples
            .iter()
            .filter(|(its, labels, _)| *its == name && has(labels));
        let value = found.next().map(|(_, _, value)| *value);
        assert!(found.next().is_none(), "more than one {name}{labels:?}");
        value
    }

    /// Returns every counter.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (&str, &Labels, f64)> {
        let counts = |name: &str| {
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|part| name.strip_suffix(part));
            let kind = self.kinds.get(family.unwrap_or(name));
            kind.is_some_and(|kind| kind != "gauge")
        };
        let samples = self.samples.iter();
        samples
            .filter(move |(name, ..)| counts(name))
            .map(|(name, labels, value)| (name.as_str(), labels, *value))
    }

    /// Returns every series.
    pub(crate) fn series(&self) -> impl Iterator<Item = (&str, &Labels)> {
        self.samples
            .iter()
            .map(|(name, labels, _)| (name.as_str(), labels))
    }

    fn judge_histograms(&self) {
        for (family, _) in self.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
            let part = |part: &str| {
                let name = format!("{family}{part}");
                self.samples.iter().filter(move |(its, ..)| *its == name)
            };
            for (_, labels, count) in part("_count") {
                let without = |its: &Labels| {
                    let mut its = its.clone();
                    its.remove("le");
                    its
                };
                let buckets: Vec<(f64, f64)> = part("_bucket")
                    .filter(|(_, its, _)| without(its) == *labels)
                    .map(|(_, its, value)| (its["le"].parse().expect("a bound"), *value))
                    .collect();
                let grows = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
                assert!(
                    buckets.windows(2).all(grows),
                    "{family}{labels:?}: {buckets:?}"
                );
                assert_eq!(
                    buckets.last(),
                    Some(&(f64::INFINITY, *count)),
                    "{family}{labels:?}"
                );
                assert_eq!(part("_sum").filter(|(_, its, _)| its == labels).count(), 1);
            }
        }
    }
}

/// Reads labels, whose opening brace has been read, and returns what is behind them.
fn labels<'a>(mut rest: &'a str, line: &str) -> (Labels, &'a str) {
    let mut labels = Labels::new();
    loop {
        let (name, behind) = rest.split_once("=\"").expect(line);
        assert!(is_name(name) && !name.contains(':'), "{line}");
        let (value, behind) = quoted(behind, line);
        assert!(
            labels.insert(name.to_owned(), value).is_none(),
            "twice: {line}"
        );
        match behind.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, behind.strip_prefix('}').expect(line)),
        }
    }
}

fn quoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match characters.next().expect(line).1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => panic!("an escape that does not exist: {line}"),
            }),
            c => value.push(c),
        }
    }
    panic!("a value without an end: {line}");
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}
