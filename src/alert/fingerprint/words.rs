//! Words that matter to what follows them.

/// Endings of names such as `exitCode`.
const KEEPING_HUMPS: [&[u8]; 5] = [b"Code", b"Status", b"Errno", b"State", b"Signal"];

/// Words that a hyphen joins to a number that does not count anything: standards, and families of error codes.
const NUMBERED_NAMES: &[&str] = &[
    "aes", "amq", "base", "cp", "cve", "cwe", "dsa", "ecma", "ed", "err", "es", "hhh", "http",
    "iec", "ieee", "ipv", "iso", "kb", "latin", "md", "ora", "pls", "rfc", "rhsa", "rman", "rsa",
    "sha", "sql", "ssl", "tls", "tns", "ucs", "usn", "utf", "win", "windows", "x",
];

const FILE_ENDINGS: &[&str] = &[
    "c", "cc", "cfg", "cjs", "conf", "cpp", "cs", "css", "csv", "erb", "erl", "ex", "exs", "go",
    "h", "hpp", "hs", "html", "ini", "java", "js", "json", "jsx", "kt", "lock", "log", "lua", "md",
    "mjs", "php", "pl", "pm", "py", "rb", "rs", "scala", "service", "sh", "sql", "swift", "tf",
    "toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml",
];

/// Returns whether the number after `word` is kept; `kept` says whether it would have been before this word.
pub(super) fn keeps_next(word: &[u8], kept: bool) -> bool {
    // Nearly all words are neither, and their ends tell.
    if !FIRST.may_have(word.first()) {
        return has_keeping_hump(word);
    }
    let mut lower = [0_u8; 12];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return is_http(word) || has_keeping_hump(word);
    };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    is_keeper(lower) || (kept && is_between(lower)) || is_http(word) || has_keeping_hump(word)
}

/// Some letters, large or small, as bits: what is looked up so often that a search costs too much.
#[derive(Clone, Copy)]
pub(super) struct Letters(u32);

impl Letters {
    /// Makes the set of these.
    pub(super) const fn of(letters: &[u8]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < letters.len() {
            bits |= 1 << (letters[at] & 0x1f);
            at += 1;
        }
        Letters(bits)
    }

    /// Returns whether a letter is one of them; of what is no letter the answer means nothing.
    pub(super) fn may_have(self, letter: Option<&u8>) -> bool {
        letter.is_some_and(|letter| self.0 >> (letter & 0x1f) & 1 == 1)
    }
}

/// The first letters of all that [`is_keeper`], [`is_between`] and [`is_http`] know.
const FIRST: Letters = Letters::of(b"cehinorsvw");
/// The last letters of [`KEEPING_HUMPS`].
const LAST_OF_HUMPS: Letters = Letters::of(b"eslo");

/// Words after which a number tells failures apart.
fn is_keeper(word: &[u8]) -> bool {
    matches!(
        word,
        b"code"
            | b"errno"
            | b"exit"
            | b"exited"
            | b"exits"
            | b"http"
            | b"os"
            | b"retcode"
            | b"signal"
            | b"sqlstate"
            | b"status"
    )
}

/// Words that may stand between a keeper and its number.
fn is_between(word: &[u8]) -> bool {
    matches!(
        word,
        b"error"
            | b"is"
            | b"no"
            | b"nr"
            | b"number"
            | b"of"
            | b"reply"
            | b"response"
            | b"returned"
            | b"value"
            | b"was"
            | b"with"
    )
}

/// `HTTPError`, `HttpException`, `http_status`.
fn is_http(word: &[u8]) -> bool {
    word.len() > 4 && word[..4].eq_ignore_ascii_case(b"http") && !word[4..].starts_with(b"s")
}

fn has_keeping_hump(word: &[u8]) -> bool {
    if !LAST_OF_HUMPS.may_have(word.last()) {
        return false;
    }
    KEEPING_HUMPS.iter().any(|hump| {
        let start = word
            .len()
            .checked_sub(hump.len())
            .filter(|start| *start > 0);
        start.is_some_and(|start| word[start] == hump[0] && &word[start..] == *hump)
    })
}

/// Returns whether quotes hold no value but a code: `code '23505'`.
pub(super) fn is_short_code(quoted: &[u8]) -> bool {
    (1..=6).contains(&quoted.len())
        && quoted.iter().all(u8::is_ascii_alphanumeric)
        && quoted.iter().any(u8::is_ascii_digit)
}

/// Returns whether the number that a hyphen joins to `word` is part of a name: `utf-8`, `ORA-00942`; but not `worker-12`, `ORDER-88123`.
pub(super) fn is_numbered_name(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    std::str::from_utf8(&lower).is_ok_and(|word| NUMBERED_NAMES.binary_search(&word).is_ok())
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
    fn sets_of_letters_know_all_that_they_stand_for() {
        let is_known = |word: &&[u8]| FIRST.may_have(word.first());
        let words: [&[u8]; 11] = [
            b"code", b"errno", b"exit", b"http", b"os", b"retcode", b"signal", b"is", b"no",
            b"value", b"was",
        ];
        assert!(words.iter().all(is_known));
        assert!(
            KEEPING_HUMPS
                .iter()
                .all(|hump| LAST_OF_HUMPS.may_have(hump.last()))
        );
    }

    #[test]
    fn tables_are_sorted() {
        assert!(FILE_ENDINGS.is_sorted() && NUMBERED_NAMES.is_sorted());
    }
}
