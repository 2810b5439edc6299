//! Pipelines in the text of a shell: what `a | b` hides. Pure: it reads a text as sh(1) does, as
//! far as that distinguishes a pipeline from everything else that has a `|` in it.

mod quotes;
#[cfg(test)]
mod tests;
mod words;

/// What a text for a shell does with pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipelines {
    /// There are none.
    None,
    /// There are some, and only the last command of each decides.
    Hiding,
    /// There are some, and the text itself has set `pipefail`.
    Failing,
}

/// Reads a text for a shell.
pub(crate) fn of_text(text: &str) -> Pipelines {
    let mut reader = ShellReader {
        chars: text.chars().collect(),
        at: 0,
        documents: Vec::new(),
        found: false,
        sets_pipefail: false,
        depth: 0,
    };
    while reader.at < reader.chars.len() {
        reader.list();
        // A `)` that closes nothing.
        reader.at += 1;
    }
    let is_hidden = |words: &Vec<String>| of_command(words) == Pipelines::Hiding;
    if words::of_text(text).iter().any(is_hidden) {
        // No `pipefail` of this shell counts in another one.
        return Pipelines::Hiding;
    }
    match (reader.found, reader.sets_pipefail) {
        (false, _) => Pipelines::None,
        (true, true) => Pipelines::Failing,
        (true, false) => Pipelines::Hiding,
    }
}

/// Reads a command: one that starts a shell with a text of its own, whatever stands before it.
pub(crate) fn of_command(words: &[String]) -> Pipelines {
    const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];
    /// Programs that hand the text after `-c` to a shell, wherever it stands.
    const STARTERS: [&str; 4] = ["su", "runuser", "flock", "script"];
    let is = |word: &String, names: &[&str]| {
        names.contains(&word.rsplit('/').next().unwrap_or_default())
    };
    let mut places = words.iter().enumerate();
    let found = places.find_map(|(at, word)| {
        let rest = &words[at + 1..];
        match is(word, &SHELLS) {
            true => text_of_shell(rest),
            false => text_of_starter(rest).filter(|_| is(word, &STARTERS)),
        }
    });
    let Some((text, is_set)) = found else {
        return Pipelines::None;
    };
    match of_text(text) {
        Pipelines::Hiding if is_set => Pipelines::Failing,
        found => found,
    }
}

/// Returns the text that the options of a shell give it, and whether they set `pipefail`.
fn text_of_shell(options: &[String]) -> Option<(&str, bool)> {
    let (mut takes_text, mut is_set) = (false, false);
    let mut options = options.iter();
    while let Some(word) = options.next() {
        if word.starts_with("--") {
            continue;
        }
        if !word.starts_with(['-', '+']) {
            return takes_text.then_some((word, is_set));
        }
        takes_text |= word.contains('c');
        if word.contains(['o', 'O']) {
            is_set |= options.next()? == "pipefail";
        }
    }
    None
}

fn text_of_starter(options: &[String]) -> Option<(&str, bool)> {
    let option = options
        .iter()
        .position(|word| word == "-c" || word == "--command");
    let text = options.get(option? + 1)?;
    Some((text, false))
}

/// Where a list of commands is in a `case`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CaseClause {
    /// Before `in`.
    Subject,
    /// In a pattern.
    Pattern,
    /// In the commands of a pattern.
    Body,
}

struct ShellReader {
    chars: Vec<char>,
    at: usize,
    /// The ends of here-documents that begin after this line, and whether tabs before them count
    /// for nothing.
    documents: Vec<(String, bool)>,
    found: bool,
    sets_pipefail: bool,
    /// How deep brackets are nested here.
    depth: usize,
}

/// No person nests brackets deeper; what is below that is not read.
const DEEPEST: usize = 64;
/// How far the end of an arithmetic expression is looked for.
const LONGEST_ARITHMETIC: usize = 4096;

impl ShellReader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next_are(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(ahead, c)| self.peek(ahead) == Some(c))
    }

    /// Reads what is in brackets.
    fn nested(&mut self, read: impl FnOnce(&mut Self)) {
        if self.depth == DEEPEST {
            self.at = self.chars.len();
            return;
        }
        self.depth += 1;
        read(self);
        self.depth -= 1;
    }

    /// Reads commands up to the `)` that closes them, or to the end.
    fn list(&mut self) {
        let mut cases: Vec<CaseClause> = Vec::new();
        // A command may begin here; a word does.
        let (mut begins, mut word) = (true, true);
        while let Some(c) = self.peek(0) {
            let in_pattern = cases.last() == Some(&CaseClause::Pattern);
            match c {
                ')' if in_pattern => {
                    *cases.last_mut().expect("a pattern is in a case") = CaseClause::Body;
                    (begins, word) = (true, true);
                    self.at += 1;
                }
                ')' => return,
                '(' if in_pattern => self.at += 1,
                '(' => {
                    self.parenthesis(begins, word);
                    (begins, word) = (true, true);
                }
                '|' => {
                    self.bar(in_pattern);
                    (begins, word) = (true, true);
                }
                '#' if word => self.skip_while(|c| c != '\n'),
                '\n' => {
                    self.at += 1;
                    self.skip_documents();
                    (begins, word) = (true, true);
                }
                ';' if [";;", ";&"].iter().any(|end| self.next_are(end)) => {
                    self.skip_while(|c| c == ';' || c == '&');
                    if let Some(case) = cases.last_mut() {
                        *case = CaseClause::Pattern;
                    }
                    (begins, word) = (true, true);
                }
                ';' | '&' => {
                    self.at += 1;
                    (begins, word) = (true, true);
                }
                '<' | '>' => {
                    self.redirection();
                    word = true;
                }
                c if c.is_whitespace() => {
                    self.at += 1;
                    word = true;
                }
                c if is_plain(c) => {
                    let text = self.plain();
                    let is_whole = word && self.peek(0).is_none_or(ends_word);
                    begins = is_whole && self.reserved(&text, begins, &mut cases);
                    word = false;
                }
                _ => {
                    self.quoted();
                    (begins, word) = (false, false);
                }
            }
        }
    }

    /// Takes note of a word without quotes; returns whether a command may begin after it.
    fn reserved(&mut self, text: &str, begins: bool, cases: &mut Vec<CaseClause>) -> bool {
        const BEFORE_COMMANDS: [&str; 10] = [
            "if", "then", "elif", "else", "while", "until", "do", "!", "{", "time",
        ];
        match (text, cases.last().copied()) {
            ("in", Some(CaseClause::Subject)) => {
                *cases.last_mut().expect("it was looked at") = CaseClause::Pattern;
                true
            }
            ("esac", Some(CaseClause::Pattern | CaseClause::Body)) if begins => {
                cases.pop();
                false
            }
            (_, Some(CaseClause::Pattern)) => false,
            ("case", _) if begins => {
                cases.push(CaseClause::Subject);
                false
            }
            ("set", _) if begins => {
                self.sets_pipefail |= self.rest_of_command().contains("pipefail");
                false
            }
            ("[[", _) if begins => {
                self.skip_past("]]");
                false
            }
            _ => begins && BEFORE_COMMANDS.contains(&text),
        }
    }

    fn bar(&mut self, in_pattern: bool) {
        if self.next_are("||") {
            self.at += 1;
        } else if !in_pattern {
            self.found = true;
        }
        self.at += 1;
    }

    /// A group of commands, an arithmetic one, or a pattern as bash and ksh have it (`@(a|b)`).
    fn parenthesis(&mut self, begins: bool, word: bool) {
        let before = self.at.checked_sub(1).map(|before| self.chars[before]);
        let is_pattern = !word && before.is_some_and(|c| "@?+*!".contains(c));
        if is_pattern || begins && self.next_are("((") && self.is_arithmetic(0) {
            self.skip_parentheses();
            return;
        }
        self.at += 1;
        self.nested(ShellReader::list);
        self.at += 1;
    }

    fn plain(&mut self) -> String {
        let rest = self.chars[self.at..].iter();
        let text: String = rest.take_while(|c| is_plain(**c)).collect();
        self.at += text.chars().count();
        text
    }

    /// Returns what follows up to the end of this command, without reading on.
    fn rest_of_command(&self) -> String {
        let rest = self.chars[self.at..].iter();
        rest.take_while(|c| !"\n;&|".contains(**c)).collect()
    }

    fn skip_while(&mut self, skipped: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&skipped) {
            self.at += 1;
        }
    }

    fn skip_past(&mut self, end: &str) {
        while self.at < self.chars.len() && !self.next_are(end) {
            self.at += 1;
        }
        self.at = (self.at + end.chars().count()).min(self.chars.len());
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "|&;()<>".contains(c)
}

fn is_plain(c: char) -> bool {
    !ends_word(c) && !"'\"\\$`".contains(c)
}
