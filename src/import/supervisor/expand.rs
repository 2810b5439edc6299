//! `%(program_name)s`, `%(ENV_HOME)s`, `%(process_num)02d`: what supervisord puts into values.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What can be put in.
#[derive(Debug, Default)]
pub(super) struct Expansions {
    /// By name.
    pub(super) values: BTreeMap<String, String>,
    /// Variables of the environment that were asked for.
    pub(super) asked: RefCell<BTreeSet<String>>,
}

impl Expansions {
    /// Replaces what can be replaced.
    ///
    /// # Errors
    ///
    /// When a name is unknown, or `%` stands for nothing: supervisord would refuse that, too.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            expanded.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                expanded.push('%');
                rest = after;
                continue;
            }
            let (value, after) = self.replaced(rest)?;
            expanded.push_str(&value);
            rest = after;
        }
        Ok(expanded + rest)
    }

    fn replaced<'t>(&self, text: &'t str) -> Result<(String, &'t str), String> {
        let broken = || "a `%` in it stands for nothing (`%%` is a plain one)".to_owned();
        let (name, rest) = text
            .strip_prefix('(')
            .and_then(|text| text.split_once(')'))
            .ok_or_else(broken)?;
        let end = rest.find(['s', 'd']).ok_or_else(broken)?;
        let (form, rest) = (&rest[..end], &rest[end + 1..]);
        let value = self.values.get(name).ok_or_else(|| unknown(name))?;
        if let Some(variable) = name.strip_prefix("ENV_") {
            self.asked.borrow_mut().insert(variable.to_owned());
        }
        if form.is_empty() {
            return Ok((value.clone(), rest));
        }
        const WIDEST: usize = 20;
        let width: usize = form.parse().map_err(|_| broken())?;
        let width = width.min(WIDEST);
        let padded = match form.strip_prefix('0') {
            Some(_) => format!("{value:0>width$}"),
            None => format!("{value:>width$}"),
        };
        Ok((padded, rest))
    }
}

fn unknown(name: &str) -> String {
    match name.strip_prefix("ENV_") {
        Some(variable) => format!(
            "`%({name})s` is not in the environment: import it where {variable} is set, or write `{variable}=… ` before the command"
        ),
        None => format!("`%({name})s` is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_what_is_unknown_is_said() {
        let pairs = [
            ("program_name", "web"),
            ("process_num", "3"),
            ("ENV_X", "y"),
        ];
        let values = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expansions = Expansions {
            values: values.into(),
            ..Expansions::default()
        };
        let expand = |text: &str| expansions.expand(text);
        assert_eq!(
            expand("%(program_name)s_%(process_num)02d").unwrap(),
            "web_03"
        );
        assert_eq!(expand("date +%%F %(ENV_X)s").unwrap(), "date +%F y");
        for text in ["%(ENV_Y)s", "%(z)s", "date +%F", "%", "%(program_name)"] {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
