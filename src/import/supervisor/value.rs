//! Values of supervisord: what is true, what is a list of pairs, what is a size.

use std::collections::BTreeMap;

/// Reads yes or no.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Reads `KEY="value",KEY2=value`.
///
/// # Errors
///
/// When it is no such list.
pub(super) fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let broken =
            || "its `environment` is no list of KEY=\"value\" with commas between".to_owned();
        let (name, after) = rest.split_once('=').ok_or_else(broken)?;
        let (value, after) = value(after.trim_start()).ok_or_else(broken)?;
        pairs.insert(name.trim().to_owned(), value);
        rest = after.trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
        } else if !rest.is_empty() {
            return Err(broken());
        }
    }
    Ok(pairs)
}

/// Takes a value up to the next comma that is not in quotation marks.
fn value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut quote = None;
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match (quote, c) {
            (None, ',') => return Some((value.trim_end().to_owned(), &text[at..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => match rest.clone().next() {
                Some((_, next)) if quote.is_none() || "\"\\".contains(next) => {
                    value.push(next);
                    rest.next();
                }
                _ => value.push('\\'),
            },
            (_, c) => value.push(c),
        }
    }
    quote.is_none().then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_read_with_its_commas_and_marks() {
        let read = pairs("A=\"1,2\", B='x y',\nC=/a:/b,D=\"say \\\"hi\\\"\",").unwrap();
        let expected = [
            ("A", "1,2"),
            ("B", "x y"),
            ("C", "/a:/b"),
            ("D", "say \"hi\""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, expected.into());
        assert!(pairs("A").is_err());
        assert!(pairs("A=\"1").is_err());
        assert!(pairs("").unwrap().is_empty());
    }
}
