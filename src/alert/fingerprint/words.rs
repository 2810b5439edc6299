//! Words that matter to what follows them.

/// Words after which a number tells failures apart.
const KEEPERS: [&str; 11] = [
    "code", "errno", "exit", "exited", "exits", "http", "os", "retcode", "signal", "sqlstate",
    "status",
];

/// Words that may stand between a keeper and its number.
const BETWEEN: [&str; 12] = [
    "error", "is", "no", "nr", "number", "of", "reply", "response", "returned", "value", "was",
    "with",
];

/// Endings of names such as `exitCode`.
const KEEPING_HUMPS: [&str; 5] = ["Code", "Status", "Errno", "State", "Signal"];

/// Lower-case words that a hyphen joins to a number without making it count something.
const NUMBERED_NAMES: &[&str] = &[
    "aes", "base", "cp", "ecma", "ed", "es", "iec", "ieee", "iso", "ipv", "latin", "md", "rfc",
    "rsa", "sha", "ssl", "tls", "ucs", "utf", "win", "windows", "x",
];

const FILE_ENDINGS: &[&str] = &[
    "c", "cc", "cfg", "cjs", "conf", "cpp", "cs", "css", "csv", "erb", "erl", "ex", "exs", "go",
    "h", "hpp", "hs", "html", "ini", "java", "js", "json", "jsx", "kt", "lock", "log", "lua", "md",
    "mjs", "php", "pl", "pm", "py", "rb", "rs", "scala", "service", "sh", "sql", "swift", "tf",
    "toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml",
];

/// Returns whether the number after `word` is kept; `kept` says whether it would have been before this word.
pub(super) fn keeps_next(word: &[u8], kept: bool) -> bool {
    // Nearly all words are neither.
    let mut lower = [0_u8; 12];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return is_http(word) || has_keeping_hump(word);
    };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let is = |known: &str| known.as_bytes() == lower;
    KEEPERS.iter().any(|word| is(word))
        || (kept && BETWEEN.iter().any(|word| is(word)))
        || is_http(word)
        || has_keeping_hump(word)
}

/// `HTTPError`, `HttpException`, `http_status`.
fn is_http(word: &[u8]) -> bool {
    word.len() > 4 && word[..4].eq_ignore_ascii_case(b"http") && !word[4..].starts_with(b"s")
}

fn has_keeping_hump(word: &[u8]) -> bool {
    KEEPING_HUMPS
        .iter()
        .any(|hump| word.len() > hump.len() && word.ends_with(hump.as_bytes()))
}

/// Returns whether quotes hold no value but a code: `code '23505'`.
pub(super) fn is_short_code(quoted: &[u8]) -> bool {
    (1..=6).contains(&quoted.len())
        && quoted.iter().all(u8::is_ascii_alphanumeric)
        && quoted.iter().any(u8::is_ascii_digit)
}

/// Returns whether the number that a hyphen joins to `word` is part of a name: `utf-8`, `ORA-00942`; but not `worker-12`.
pub(super) fn is_numbered_name(word: &[u8]) -> bool {
    let shouted = word.iter().all(u8::is_ascii_uppercase);
    let mut lower = word.to_vec();
    lower.make_ascii_lowercase();
    !word.is_empty()
        && (shouted
            || NUMBERED_NAMES
                .iter()
                .any(|name| name.as_bytes() == lower.as_slice()))
}

/// Returns whether a name ends like that of a file of text or code: what stands after its colon is a line.
pub(super) fn is_file_name(name: &[u8]) -> bool {
    let ending = name.rsplit(|c| *c == b'.').next().unwrap_or_default();
    std::str::from_utf8(ending).is_ok_and(|ending| FILE_ENDINGS.binary_search(&ending).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(FILE_ENDINGS.is_sorted());
    }
}
