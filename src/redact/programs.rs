//! Short options that carry a password with one program and anything else with another:
//! `mysql -pX`, `sshpass -p X`, `redis-cli -a X`.

use std::ops::Range;

use super::bytes::{count, count_back, is_word};

/// The longest line that is looked at before an option.
const MOST_LINE: usize = 512;

/// How a program takes the password of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PasswordPlace {
    /// In the same word: `-pX`.
    Attached,
    /// In the same word or in the next one.
    Either,
    /// As `Either`, before the first word that is no option.
    First,
}

/// The programs, their options for a password, and how these take it.
const PROGRAMS: &[(&str, &str, PasswordPlace)] = &[
    ("7z", "-p", PasswordPlace::Attached),
    ("7za", "-p", PasswordPlace::Attached),
    ("7zz", "-p", PasswordPlace::Attached),
    ("cqlsh", "-p", PasswordPlace::Either),
    ("docker login", "-p", PasswordPlace::Either),
    ("helm registry login", "-p", PasswordPlace::Either),
    ("ipmitool", "-P", PasswordPlace::Either),
    ("isql", "-P", PasswordPlace::Either),
    ("ldapadd", "-w", PasswordPlace::Either),
    ("ldapdelete", "-w", PasswordPlace::Either),
    ("ldapmodify", "-w", PasswordPlace::Either),
    ("ldappasswd", "-w", PasswordPlace::Either),
    ("ldapsearch", "-w", PasswordPlace::Either),
    ("ldapwhoami", "-w", PasswordPlace::Either),
    ("mariadb", "-p", PasswordPlace::Attached),
    ("mariadb-admin", "-p", PasswordPlace::Attached),
    ("mariadb-dump", "-p", PasswordPlace::Attached),
    ("mongo", "-p", PasswordPlace::Either),
    ("mongodump", "-p", PasswordPlace::Either),
    ("mongoexport", "-p", PasswordPlace::Either),
    ("mongorestore", "-p", PasswordPlace::Either),
    ("mongosh", "-p", PasswordPlace::Either),
    ("mosquitto_pub", "-P", PasswordPlace::Either),
    ("mosquitto_sub", "-P", PasswordPlace::Either),
    ("mysql", "-p", PasswordPlace::Attached),
    ("mysqladmin", "-p", PasswordPlace::Attached),
    ("mysqlcheck", "-p", PasswordPlace::Attached),
    ("mysqldump", "-p", PasswordPlace::Attached),
    ("mysqlimport", "-p", PasswordPlace::Attached),
    ("mysqlshow", "-p", PasswordPlace::Attached),
    ("oc login", "-p", PasswordPlace::Either),
    ("podman login", "-p", PasswordPlace::Either),
    ("rar", "-p", PasswordPlace::Attached),
    ("redis-cli", "-a", PasswordPlace::Either),
    ("sqlcmd", "-P", PasswordPlace::Either),
    ("sshpass", "-p", PasswordPlace::First),
    ("unrar", "-p", PasswordPlace::Attached),
    ("unzip", "-P", PasswordPlace::Either),
    ("valkey-cli", "-a", PasswordPlace::Either),
    ("zip", "-P", PasswordPlace::Either),
];

/// Returns the password in or behind the short option whose dash stands at `at`.
pub(super) fn password(text: &[u8], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).map(|at| text[at])?;
    let option = text.get(at..at + 2)?;
    if !option[1].is_ascii_alphabetic() || !(before.is_ascii_whitespace() || is_quote(before)) {
        return None;
    }
    let line = &text[at - count_back(&text[..at], MOST_LINE, |c| c != b'\n')..at];
    let place = PROGRAMS
        .iter()
        .filter(|(_, known, _)| known.as_bytes() == option)
        .find_map(|(program, _, place)| {
            (runs(line, program.as_bytes(), *place)).then_some(*place)
        })?;
    let rest = &text[at + 2..];
    let in_quotes = is_quote(before);
    let next = match rest.first()? {
        b' ' if !in_quotes => count(rest, 4, |c| c == b' '),
        c if is_quote(*c) && in_quotes => count(rest, 6, |c| is_quote(c) || b", ".contains(&c)),
        _ => 0,
    };
    if next > 0 && place == PasswordPlace::Attached {
        return None;
    }
    word(text, at + 2 + next, before)
}

/// Returns the word at `start`, which may stand in quotes of its own or in those before its option.
fn word(text: &[u8], start: usize, before: u8) -> Option<Range<usize>> {
    let opening = text.get(start).copied().filter(|c| is_quote(*c));
    let start = start + usize::from(opening.is_some());
    let quote = opening.or(is_quote(before).then_some(before));
    let quote = quote.or_else(|| {
        text.get(start.wrapping_sub(1))
            .copied()
            .filter(|c| is_quote(*c))
    });
    let ends = |c: u8| match quote {
        Some(quote) => c == quote || c == b'\n',
        None => c.is_ascii_whitespace() || b"'\"`)|;".contains(&c),
    };
    let len = count(&text[start..], 1024, |c| !ends(c));
    let value = &text[start..start + len];
    let is_other = value.is_empty()
        || value[0] == b'-'
        || super::value_extent::is_placeholder(value)
        || value.iter().all(|c| *c == b'*' || *c == b'x')
        || value.starts_with(b"[redacted");
    (!is_other).then_some(start..start + len)
}

/// Returns whether `line` is a command line of `program` up to an option.
fn runs(line: &[u8], program: &[u8], place: PasswordPlace) -> bool {
    // Most bytes are not the first one of a program.
    let mut found = line.len();
    loop {
        let Some(at) = line[..found].iter().rposition(|c| *c == program[0]) else {
            return false;
        };
        found = at;
        if line[found..].starts_with(program) {
            break;
        }
    }
    let begins = found.checked_sub(1).is_none_or(|at| {
        let c = line[at];
        !is_word(c) && c != b'-' && c != b'.'
    });
    let after = &line[found + program.len()..];
    // The program of another command on the same line takes other options.
    let same =
        !after.iter().any(|c| b"|;".contains(c)) && !after.windows(2).any(|two| two == b"&&");
    let ends = after.first().is_some_and(|c| *c == b' ' || is_quote(*c));
    let only_options = after
        .split(|c| *c == b' ' || *c == b',' || is_quote(*c))
        .all(|word| word.is_empty() || word[0] == b'-');
    begins && ends && same && (place != PasswordPlace::First || only_options)
}

fn is_quote(c: u8) -> bool {
    c == b'"' || c == b'\''
}
