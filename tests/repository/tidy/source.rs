//! The files of this repository, and Rust code without its comments and literals.

use std::fs;
use std::path::Path;

/// One text file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the top of the repository, with `/`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
    /// The same with comments, strings and characters blanked: every offset and line is where it was.
    pub(crate) code: String,
    /// Whether the whole file is only compiled for tests.
    pub(crate) is_test: bool,
}

const TEST_MARK: &str = "#[cfg(test)]";

/// What people and machines leave here that is not part of the project.
const NOT_OURS: [&str; 3] = ["target", ".git", ".nextest"];

/// Returns every text file of the project.
pub(crate) fn all() -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    let tests: Vec<String> = found.iter().flat_map(test_modules).collect();
    for source in &mut found {
        let declared = tests.iter().any(|test| {
            let rest = source.path.strip_prefix(test.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        // With `#[path]` the name of the module says nothing; that of the file does.
        let named = source.path.ends_with("tests.rs");
        source.is_test = declared || named || source.path.starts_with("tests/");
    }
    found
}

/// Returns the modules of a file that are declared for tests only, as paths without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let directory = match file.trim_end_matches(".rs") {
        "mod" | "lib" | "main" => directory.to_owned(),
        module => format!("{directory}/{module}"),
    };
    let after_mark = source.code.split(TEST_MARK).skip(1);
    after_mark
        .filter_map(|rest| {
            let declaration = rest.split([';', '{']).next()?;
            let name = declaration
                .split_whitespace()
                .skip_while(|word| *word != "mod")
                .nth(1)?;
            Some(format!("{directory}/{name}"))
        })
        .collect()
}

/// Returns the Rust files below `directory`, such as `src/`.
pub(crate) fn rust_in(directory: &str) -> Vec<Source> {
    let mut found = all();
    found.retain(|source| source.is_rust() && source.path.starts_with(directory));
    assert!(!found.is_empty(), "no file to judge below {directory}");
    found
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory of the project") {
        let entry = entry.expect("an entry of a directory of the project");
        let name = entry.file_name().to_string_lossy().into_owned();
        // What a runner left in RUN_ROOT is no part of the project either.
        let leftover = prefix == "run/" && !matches!(&*name, "README.md" | ".gitignore");
        if leftover || NOT_OURS.contains(&&*name) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("the type of an entry").is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            let code = blanked(&text);
            found.push(Source {
                path,
                text,
                code,
                is_test: false,
            });
        }
    }
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Returns the code without what is only compiled for tests.
    pub(crate) fn product_code(&self) -> String {
        if self.is_test {
            return String::new();
        }
        let mut code = self.code.clone().into_bytes();
        let mut from = 0;
        while let Some(at) = self.code[from..].find(TEST_MARK).map(|at| from + at) {
            let end = end_of_item(&self.code, at + TEST_MARK.len());
            blank(&mut code, at, end);
            from = end;
        }
        String::from_utf8(code).expect("blanks are ASCII")
    }

    /// Returns `path:line` of an offset.
    pub(crate) fn place(&self, offset: usize) -> String {
        let line = self.text.as_bytes()[..offset]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        format!("{}:{line}", self.path)
    }
}

/// Returns the offset after the item that begins at `from`: its `;`, or the brace that closes its body.
pub(crate) fn end_of_item(code: &str, from: usize) -> usize {
    let Some(at) = code[from..].find([';', '{']).map(|at| from + at) else {
        return code.len();
    };
    if code.as_bytes()[at] == b';' {
        at + 1
    } else {
        end_of_block(code, at)
    }
}

/// Returns the offset after the brace that closes the one at `open`.
pub(crate) fn end_of_block(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// Returns every offset at which `word` stands as a word of its own.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            let after = bytes.get(at + word.len()).copied();
            let part = |byte: Option<u8>| byte.is_some_and(is_word);
            let open_end = !word.ends_with(|c: char| c.is_ascii_alphanumeric());
            !part(before) && (open_end || !part(after))
        })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn blank(code: &mut [u8], from: usize, to: usize) {
    for byte in &mut code[from..to] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Blanks comments, strings and characters.
fn blanked(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        match literal_or_comment(text, at) {
            Some(end) => {
                blank(&mut code, at, end);
                at = end;
            }
            None => at += 1,
        }
    }
    String::from_utf8(code).expect("whole characters are blanked")
}

/// Returns the end of the comment or literal that begins at `at`, if one does.
fn literal_or_comment(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    let inside_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => {
            let line = rest.iter().position(|byte| *byte == b'\n');
            Some(at + line.unwrap_or(rest.len()))
        }
        [b'/', b'*', ..] => {
            let end = find(rest, b"*/", 2);
            Some(at + end.map_or(rest.len(), |end| end + 2))
        }
        [b'"', ..] => Some(at + end_of_string(rest)),
        [b'r', b'"' | b'#', ..] if !inside_word => raw_string(rest).map(|end| at + end),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !inside_word => {
            raw_string(&rest[1..]).map(|end| at + 1 + end)
        }
        [b'\'', b'\\', ..] => {
            let end = find(rest, b"'", 3)?;
            Some(at + end + 1)
        }
        [b'\'', ..] => {
            let character = text.get(at + 1..)?.chars().next()?;
            let close = 1 + character.len_utf8();
            // Otherwise it is a lifetime.
            (rest.get(close) == Some(&b'\'')).then_some(at + close + 1)
        }
        _ => None,
    }
}

fn end_of_string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Returns the length of `r#"…"#` at the start; `None` for `r#ident`.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let close = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let end = find(rest, &close, 2 + hashes)?;
    Some(end + close.len())
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let at = bytes
        .get(from..)?
        .windows(wanted.len())
        .position(|window| window == wanted)?;
    Some(from + at)
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "a /* b */ \"c\\\"d\" 'e' '\\'' 'f r#\"g\"h\"# br\"i\" r#j // k\nl";
    let kept: Vec<&str> = blanked(text).leak().split_whitespace().collect();
    assert_eq!(kept, ["a", "'f", "r#j", "l"]);
    assert_eq!(blanked(text).len(), text.len());
}
