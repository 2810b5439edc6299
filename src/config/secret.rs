//! Which values are not to be seen.

use std::ops::Range;

use super::options;
use crate::core::settings::{Ping, SECRET_PARTS};

/// Returns whether what has this name is better not shown. On a screen a value too many may be
/// hidden, so unlike in mails no word is innocent.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part)) && !options::is_known(&name)
}

/// Returns where in a line of TOML the values of secret names are, quotation marks left out.
pub(super) fn values_in(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (equals, _) in line.match_indices('=') {
        let covered = found.last().is_some_and(|last| equals < last.end);
        let name = name_before(&line[..equals]);
        if !covered && (is_secret(name) || Ping::KEYS.contains(&name)) {
            found.push(value_after(line, equals + 1));
        }
    }
    for url in secrets_of_urls(line) {
        if !found.iter().any(|other| other.contains(&url.start)) {
            found.push(url);
        }
    }
    found.retain(|range| !range.is_empty());
    found
}

/// Returns where in a line URLs have a user, or a path: some are known by that alone.
fn secrets_of_urls(line: &str) -> impl Iterator<Item = Range<usize>> {
    line.match_indices("://").map(|(at, separator)| {
        let start = at + separator.len();
        let rest = &line[start..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        let url = &rest[..end.unwrap_or(rest.len())];
        let path = url.find(['/', '?', '#']).unwrap_or(url.len());
        let hidden = if url.contains('@') { 0 } else { path };
        start + hidden..start + url.len()
    })
}

fn name_before(before: &str) -> &str {
    let name = before.trim_end().trim_end_matches(['"', '\'']);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let start = name.rfind(|c: char| !plain(c)).map_or(0, |at| {
        at + name[at..].chars().next().map_or(1, char::len_utf8)
    });
    &name[start..]
}

/// A text ends at its quotation mark, anything else where the next value or a comment could begin;
/// in doubt, the line ends it.
fn value_after(line: &str, from: usize) -> Range<usize> {
    let rest = &line[from..];
    let start = from + (rest.len() - rest.trim_start().len());
    let value = &line[start..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => {
            let inside = start + 1;
            let mut escaped = false;
            let end = line[inside..].find(|c| {
                let closes = c == quote && !escaped;
                escaped = c == '\\' && !escaped && quote == '"';
                closes
            });
            match end {
                // Two at once may be the beginning of a text of several lines.
                Some(0) | None => inside..line.len(),
                Some(end) => inside..inside + end,
            }
        }
        None if value.starts_with(['[', '{']) => start..line.len(),
        None => {
            let end = value
                .find([',', '}', '#', '"', '\''])
                .unwrap_or(value.len());
            start..start + value[..end].trim_end().len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(line: &str) -> Vec<&str> {
        values_in(line)
            .into_iter()
            .map(|range| &line[range])
            .collect()
    }

    #[test]
    fn values_of_secret_names_are_found_however_they_are_written() {
        assert_eq!(hidden("password = \"a\\\"b\" # c"), ["a\\\"b"]);
        assert_eq!(hidden("mail.password = 'x'"), ["x"]);
        assert_eq!(hidden("password = hunter2"), ["hunter2"]);
        assert_eq!(hidden("password = \"open"), ["open"]);
        assert_eq!(hidden("\"API_KEY\" = 5, B = 1"), ["5"]);
        assert_eq!(hidden("DB_DSN = \"u:p=w\""), ["u:p=w"]);
        assert_eq!(hidden("command = [\"x\", \"--token=abc\"]"), ["abc"]);
        assert_eq!(hidden("secret = \"\"\"many"), ["\"\"many"]);
        assert_eq!(
            hidden("ping = { success = \"x.example/1\", start = 'y' }"),
            ["x.example/1", "y"]
        );
        assert_eq!(hidden("sucess = \"https://x.example/1\""), ["/1"]);
        assert_eq!(hidden("x = \"https://u:p@x.example\""), ["u:p@x.example"]);
        assert!(hidden("server = \"smtp://mail.example\"").is_empty());
    }

    #[test]
    fn names_of_settings_are_not_secrets() {
        assert!(hidden("password_file = \"smtp_password\"").is_empty());
        assert!(hidden("env_pass = [\"HOME\"]").is_empty());
        assert!(hidden("to = \"a@b\"").is_empty());
    }
}
