//! Which variables with values of a job the text of a shell names.

use std::collections::BTreeMap;

/// A variable that a text names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct VariableMention {
    /// Whether the text has something in its place where it is not set: `${NAME:-default}`.
    pub(crate) has_default: bool,
}

/// The start of names of arguments.
pub(crate) const ARGUMENT: &str = "ARG_";
/// The start of names of results.
pub(crate) const RESULT: &str = "RESULT_";
/// The file that a step writes its result to.
pub(crate) const RESULT_FILE: &str = "RESULT_FILE";

/// Returns the variables of arguments and results that a text names, but for those that the text
/// sets.
pub(crate) fn variables_in(text: &str) -> BTreeMap<&str, VariableMention> {
    let mut found: BTreeMap<&str, VariableMention> = BTreeMap::new();
    for (at, _) in text.match_indices('$') {
        // A dollar sign that stands for itself.
        let backslashes = text[..at].bytes().rev().take_while(|byte| *byte == b'\\');
        if backslashes.count() % 2 == 1 {
            continue;
        }
        let rest = &text[at + 1..];
        let (name, has_default) = match rest.strip_prefix('{') {
            Some(inside) => {
                let inside = inside.strip_prefix('#').unwrap_or(inside);
                let name = leading_name(inside);
                let after = &inside[name.len()..];
                let after = after.strip_prefix(':').unwrap_or(after);
                (name, after.starts_with(['-', '+', '=']))
            }
            None => (leading_name(rest), false),
        };
        let is_value = [ARGUMENT, RESULT]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if is_value && name != RESULT_FILE && !is_set_in(text, name) {
            // One mention without a default needs the value.
            found
                .entry(name)
                .and_modify(|mention| mention.has_default &= has_default)
                .or_insert(VariableMention { has_default });
        }
    }
    found
}

fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// Returns whether a text sets a variable of its own: `NAME=…`, `read NAME`, `for NAME in`.
fn is_set_in(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let begins = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_${".contains(c));
        let word = before
            .trim_end()
            .rsplit(|c: char| !c.is_ascii_alphabetic())
            .next();
        let is_named = matches!(word, Some("for" | "read")) && before.ends_with([' ', '\t']);
        begins && (after.starts_with('=') || is_named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_job_are_found() {
        for (text, names) in [
            (
                "echo \"$ARG_X\" '$ARG_Y' ${RESULT_A_B}",
                vec!["ARG_X", "ARG_Y", "RESULT_A_B"],
            ),
            (
                "echo ${ARG_X:-5} ${#ARG_Y} ${RESULT_A%.png}",
                vec!["ARG_X?", "ARG_Y", "RESULT_A"],
            ),
            ("echo ${ARG_X-5} $ARG_X", vec!["ARG_X"]),
            ("echo \\$ARG_X $HOME $ARG $$ $", vec![]),
            ("echo x > $RESULT_FILE", vec![]),
            ("RESULT_CODE=$?; exit $RESULT_CODE", vec![]),
            ("for RESULT_X in a; do echo $RESULT_X; done", vec![]),
            ("[ $ARG_X = 5 ] && MY_ARG_X=1", vec!["ARG_X"]),
        ] {
            let found: Vec<String> = variables_in(text)
                .into_iter()
                .map(|(name, mention)| match mention.has_default {
                    true => format!("{name}?"),
                    false => name.to_owned(),
                })
                .collect();
            assert_eq!(found, names, "{text}");
        }
    }
}
