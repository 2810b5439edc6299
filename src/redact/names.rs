//! Which names say that what they name is secret.

use crate::core::settings::SECRET_PARTS;

/// Ordinary words that have such a part in them.
const INNOCENT_WORDS: &[&str] = &[
    "askpass",
    "authent",
    "author",
    "authoring",
    "bypass",
    "compass",
    "cookiecutter",
    "cookiejar",
    "donkey",
    "encompass",
    "flunkey",
    "hockey",
    "hotkey",
    "impasse",
    "jockey",
    "keyboard",
    "keycloak",
    "keycode",
    "keydown",
    "keyed",
    "keyframe",
    "keyhole",
    "keyless",
    "keymap",
    "keynote",
    "keypad",
    "keypoint",
    "keypress",
    "keyring",
    "keyspace",
    "keystone",
    "keystore",
    "keystroke",
    "keyup",
    "keyword",
    "lackey",
    "mickey",
    "monkey",
    "oldpwd",
    "overpass",
    "passage",
    "passed",
    "passenger",
    "passes",
    "passing",
    "passion",
    "passive",
    "passport",
    "passthrough",
    "passthru",
    "passwordless",
    "secretar",
    "secretion",
    "smokey",
    "surpass",
    "tokenis",
    "tokeniz",
    "trespass",
    "turkey",
    "unauthor",
    "whiskey",
];

/// Words that make a key of something that is no secret: `primary_key`.
const INNOCENT_BEFORE_KEY: &[&str] = &[
    "cache",
    "composite",
    "duplicate",
    "foreign",
    "group",
    "index",
    "lookup",
    "map",
    "object",
    "partition",
    "primary",
    "pub",
    "public",
    "routing",
    "row",
    "shard",
    "sort",
    "unique",
];

/// Last words of names that speak about a secret without being one (`token_type`), and endings of
/// files.
const INNOCENT_LAST: &[&str] = &[
    "age",
    "alg",
    "algorithm",
    "attempts",
    "c",
    "cc",
    "class",
    "column",
    "conf",
    "count",
    "cpp",
    "created",
    "crt",
    "cs",
    "cursor",
    "date",
    "denied",
    "dir",
    "directory",
    "domain",
    "enabled",
    "endpoint",
    "err",
    "error",
    "errors",
    "exception",
    "expired",
    "expires",
    "expiry",
    "failed",
    "failure",
    "failures",
    "field",
    "file",
    "format",
    "go",
    "h",
    "handler",
    "hint",
    "host",
    "html",
    "index",
    "ini",
    "invalid",
    "java",
    "js",
    "json",
    "kt",
    "len",
    "length",
    "level",
    "limit",
    "lock",
    "log",
    "lua",
    "max",
    "method",
    "min",
    "mismatch",
    "missing",
    "mode",
    "name",
    "path",
    "pem",
    "php",
    "pl",
    "policy",
    "port",
    "provider",
    "py",
    "rb",
    "required",
    "rs",
    "scala",
    "service",
    "sh",
    "size",
    "so",
    "sock",
    "socket",
    "sql",
    "state",
    "status",
    "timeout",
    "toml",
    "ts",
    "ttl",
    "txt",
    "type",
    "uri",
    "url",
    "usage",
    "used",
    "user",
    "username",
    "valid",
    "version",
    "violation",
    "yaml",
    "yml",
];

/// How sure a name makes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Suspicion {
    /// A word that also occurs in prose: `token`, `key`, `pass`.
    Weak,
    /// A name that only configuration, code and secrets have: `password`, `api_key`.
    Strong,
}

/// Returns whether the value of a variable or setting of this name is secret: the name has pass,
/// secret, token, key, auth, cookie, credential or dsn in it, other than in an ordinary word
/// (`monkey`), and does not end in a word that speaks about the secret only (`key_file`,
/// `token_type`).
pub(crate) fn is_secret_name(name: &str) -> bool {
    suspicion(name).is_some()
}

/// Returns how sure a name makes us that its value is secret.
pub(super) fn suspicion(name: &str) -> Option<Suspicion> {
    // Most names have none of these letters in them; the rest is looked at more closely.
    let lower = name.to_ascii_lowercase();
    if lower == "sig" || lower.ends_with("_sig") {
        return Some(Suspicion::Strong);
    }
    // Alone, this is the current directory.
    if !has_secret_part(&lower) || matches!(name, "PWD" | "OLDPWD") {
        return None;
    }
    let segments = segments(name);
    let last = segments.last()?;
    if segments.len() > 1 && INNOCENT_LAST.binary_search(&last.as_str()).is_ok() {
        return None;
    }
    let guilty: Vec<usize> = (0..segments.len())
        .filter(|&at| has_secret_part(&segments[at]) && !is_innocent(&segments, at))
        .collect();
    match guilty.as_slice() {
        [] => None,
        [_] if segments.len() == 1 && is_bare(last) => Some(Suspicion::Weak),
        // `max_tokens` counts them.
        [_] if matches!(last.as_str(), "tokens" | "keys" | "cookies") => Some(Suspicion::Weak),
        _ => Some(Suspicion::Strong),
    }
}

fn has_secret_part(word: &str) -> bool {
    SECRET_PARTS.iter().any(|part| word.contains(part))
}

fn is_bare(word: &str) -> bool {
    matches!(
        word,
        "auth"
            | "cookie"
            | "cookies"
            | "credential"
            | "credentials"
            | "key"
            | "keys"
            | "pass"
            | "secrets"
            | "signature"
            | "token"
            | "tokens"
    )
}

fn is_innocent(segments: &[String], at: usize) -> bool {
    let word = segments[at].as_str();
    let before = at.checked_sub(1).map(|before| segments[before].as_str());
    if matches!(word, "key" | "keys") && before.is_some_and(is_innocent_before_key) {
        return true;
    }
    SECRET_PARTS.iter().all(|part| {
        word.match_indices(part)
            .all(|(found, _)| is_inside_innocent_word(word, part, found))
    })
}

fn is_innocent_before_key(word: &str) -> bool {
    INNOCENT_BEFORE_KEY.binary_search(&word).is_ok()
}

fn is_inside_innocent_word(word: &str, part: &str, found: usize) -> bool {
    // `authorization` is the name of a header and of what it carries.
    if word[found..].starts_with("authorization") {
        return false;
    }
    INNOCENT_WORDS.iter().any(|innocent| {
        innocent.match_indices(part).any(|(inside, _)| {
            found
                .checked_sub(inside)
                .is_some_and(|start| word[start..].starts_with(innocent))
        })
    })
}

/// Splits a name into its words, in lower case: at anything that is no letter or digit, and where a
/// capital follows a small letter.
fn segments(name: &str) -> Vec<String> {
    let mut segments: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = '_';
    for c in name.chars() {
        let boundary = before.is_ascii_lowercase() && c.is_ascii_uppercase();
        if (boundary || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            segments.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        segments.push(word);
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "PASSWORD",
            "DB_PASS",
            "PGPASSWORD",
            "MYSQL_PWD",
            "apiKey",
            "API_KEY",
            "x-api-key",
            "AccountKey",
            "aws_secret_access_key",
            "authToken",
            "AUTH",
            "Set-Cookie",
            "SENTRY_DSN",
            "credentials",
            "mytokenvalue",
            "Authorization",
            "passphrase",
            "oauth2",
            "PHPSESSID",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn ordinary_words_are_no_names_of_secrets() {
        for name in [
            "monkey",
            "KEYBOARD",
            "author",
            "authority",
            "XAUTHORITY",
            "authenticated",
            "passed",
            "bypass",
            "primary_key",
            "foreignKey",
            "token_type",
            "KeyError",
            "SSH_AUTH_SOCK",
            "PWD",
            "OLDPWD",
            "secretary",
            "auth.rs",
            "password_file",
            "keyword",
            "AuthException",
            "PATH",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn tables_are_sorted() {
        for table in [INNOCENT_WORDS, INNOCENT_BEFORE_KEY, INNOCENT_LAST] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }
}
