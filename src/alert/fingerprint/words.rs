//! Words that matter to what follows them.

/// What a word means for the number after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The number may differ from run to run.
    Nothing,
    /// The number is a code: `status 5`, `errno=5`.
    Code,
    /// The number is a code unless it counts something: `Error 2`, `rc=1`.
    Unit,
    /// The number is a code if it can be a status of HTTP: `returned 404`.
    Status,
}

/// Endings of names such as `exitCode`.
const KEEPING_HUMPS: [&[u8]; 5] = [b"Code", b"Status", b"Errno", b"State", b"Signal"];

/// Words that a hyphen joins to a number that does not count anything: standards, and families of
/// error codes.
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

/// Returns what `word` means for the number after it; `kept` is what the word before meant.
pub(super) fn keeps_next(word: &[u8], kept: Keeps) -> Keeps {
    // Nearly all words are neither, and their beginnings show it.
    let [first, second, ..] = word else {
        return Keeps::Nothing;
    };
    if !SECOND[usize::from(first & 0x1f)].may_have(Some(second)) {
        return hump(word);
    }
    let mut lower = [0_u8; 12];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return if is_http(word) {
            Keeps::Code
        } else {
            hump(word)
        };
    };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    match keeper(lower) {
        // `returned error: 404`, `os error 2`
        _ if kept != Keeps::Nothing && is_between(lower) => kept,
        Keeps::Nothing if is_http(word) => Keeps::Code,
        Keeps::Nothing => hump(word),
        keeps => keeps,
    }
}

/// Returns whether what follows `word` is an identifier: `id`, `ID`, `requestId`.
pub(super) fn names_id(word: &[u8]) -> bool {
    if !matches!(word.last(), Some(b'd' | b'D')) {
        return false;
    }
    matches!(word, b"id" | b"ID" | b"Id")
        || (word.len() > 2 && (word.ends_with(b"Id") || word.ends_with(b"ID")))
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

/// With what letter the words that [`keeper`], [`is_between`] and [`is_http`] know go on, by their
/// first letter.
const SECOND: [Letters; 32] = {
    let mut second = [Letters::of(b""); 32];
    let known: [(u8, &[u8]); 12] = [
        (b'a', b"l"),
        (b'c', b"o"),
        (b'e', b"rx"),
        (b'g', b"o"),
        (b'h', b"t"),
        (b'i', b"s"),
        (b'n', b"oru"),
        (b'o', b"fs"),
        (b'r', b"ce"),
        (b's', b"iqt"),
        (b'v', b"a"),
        (b'w', b"ai"),
    ];
    let mut at = 0;
    while at < known.len() {
        second[(known[at].0 & 0x1f) as usize] = Letters::of(known[at].1);
        at += 1;
    }
    second
};
/// The last letters of [`KEEPING_HUMPS`].
const LAST_OF_HUMPS: Letters = Letters::of(b"eslo");

/// Returns what a word of small letters means for the number after it.
fn keeper(word: &[u8]) -> Keeps {
    match word {
        b"code" | b"errno" | b"exit" | b"exited" | b"exits" | b"http" | b"os" | b"retcode"
        | b"signal" | b"sqlstate" | b"status" => Keeps::Code,
        b"alert" | b"err" | b"error" | b"rc" | b"ret" | b"retval" => Keeps::Unit,
        b"got" | b"responded" | b"response" | b"return" | b"returned" | b"returns" | b"replied" => {
            Keeps::Status
        }
        _ => Keeps::Nothing,
    }
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

/// Returns what the end of a name such as `exitCode` means.
fn hump(word: &[u8]) -> Keeps {
    if !LAST_OF_HUMPS.may_have(word.last()) {
        return Keeps::Nothing;
    }
    let ends = |hump: &&[u8]| {
        let start = word
            .len()
            .checked_sub(hump.len())
            .filter(|start| *start > 0);
        start.is_some_and(|start| word[start] == hump[0] && &word[start..] == *hump)
    };
    if KEEPING_HUMPS.iter().any(ends) {
        Keeps::Code
    } else {
        Keeps::Nothing
    }
}

/// Returns whether a dotted name is that of a host and not that of a module.
pub(super) fn is_host(name: &[u8]) -> bool {
    const TOP_LEVELS: [&[u8]; 14] = [
        b"cloud",
        b"com",
        b"corp",
        b"dev",
        b"example",
        b"internal",
        b"intranet",
        b"invalid",
        b"io",
        b"lan",
        b"local",
        b"net",
        b"org",
        b"test",
    ];
    let last = name.rsplit(|c| *c == b'.').next().unwrap_or_default();
    last.len() < name.len()
        && TOP_LEVELS.contains(&last)
        && name
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b".-_".contains(c))
}

/// Returns whether quotes hold no value but a code: `code '23505'`.
pub(super) fn is_short_code(quoted: &[u8]) -> bool {
    (1..=6).contains(&quoted.len())
        && quoted.iter().all(u8::is_ascii_alphanumeric)
        && quoted.iter().any(u8::is_ascii_digit)
}

/// Returns whether the number that a hyphen joins to `word` is part of a name: `utf-8`,
/// `ORA-00942`; but not `worker-12`, `ORDER-88123`.
pub(super) fn is_numbered_name(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    std::str::from_utf8(&lower).is_ok_and(|word| NUMBERED_NAMES.binary_search(&word).is_ok())
}

/// Returns whether a name ends like that of a file of text or code: what stands after its colon is
/// a line.
pub(super) fn is_file_name(name: &[u8]) -> bool {
    let ending = name.rsplit(|c| *c == b'.').next().unwrap_or_default();
    std::str::from_utf8(ending).is_ok_and(|ending| FILE_ENDINGS.binary_search(&ending).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_letters_know_all_that_they_stand_for() {
        let words = "code errno exit exited exits http os retcode signal sqlstate status alert err \
            error rc ret retval got responded response return returned returns replied is no nr \
            number of reply value was with";
        for word in words.split_ascii_whitespace() {
            let means = keeper(word.as_bytes()) != Keeps::Nothing || is_between(word.as_bytes());
            assert!(means, "{word}");
            let kept = keeps_next(word.to_ascii_uppercase().as_bytes(), Keeps::Code);
            assert_ne!(kept, Keeps::Nothing, "{word}");
        }
        assert_eq!(keeps_next(b"HttpException", Keeps::Nothing), Keeps::Code);
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
