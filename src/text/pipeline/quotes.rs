//! What a shell reads before it looks for commands: quotes, expansions, redirections and
//! here-documents.

use super::{LONGEST_ARITHMETIC, Pipelines, ShellReader, ends_word, of_text};

impl ShellReader {
    /// `>|` writes over a file. Of `<<WORD` what follows this line is text.
    pub(super) fn redirection(&mut self) {
        if self.next_are("<<<") {
            self.at += 3;
        } else if self.next_are("<<") {
            self.at += 2;
            let strips = self.peek(0) == Some('-');
            self.at += usize::from(strips);
            self.skip_while(|c| c == ' ' || c == '\t');
            let end = self.end_of_document();
            self.documents.push((end, strips));
        } else {
            self.at += 1;
            // A duplicated descriptor, `>&2`, ends no command.
            self.at += usize::from(matches!(self.peek(0), Some('|' | '&' | '>')));
        }
    }

    fn end_of_document(&mut self) -> String {
        let mut end = String::new();
        while let Some(c) = self.peek(0).filter(|c| !ends_word(*c)) {
            self.at += 1;
            match c {
                '\\' => {
                    end.extend(self.peek(0));
                    self.at += 1;
                }
                '\'' | '"' => {
                    let quoted = self.chars[self.at.min(self.chars.len())..].iter();
                    let quoted: String = quoted.take_while(|q| **q != c).collect();
                    self.at += quoted.chars().count() + 1;
                    end.push_str(&quoted);
                }
                c => end.push(c),
            }
        }
        end
    }

    pub(super) fn skip_documents(&mut self) {
        for (end, strips) in std::mem::take(&mut self.documents) {
            while self.at < self.chars.len() {
                let line: String = self.chars[self.at..]
                    .iter()
                    .take_while(|c| **c != '\n')
                    .collect();
                self.at += line.chars().count() + 1;
                let line = if strips {
                    line.trim_start_matches('\t')
                } else {
                    &line
                };
                if line == end {
                    break;
                }
            }
        }
    }

    /// Reads what begins with a character that quotes or expands.
    pub(super) fn quoted(&mut self) {
        match self.peek(0) {
            Some('\\') => self.at += 2,
            Some('\'') => {
                self.at += 1;
                self.skip_past("'");
            }
            Some('"') => self.double_quotes(),
            Some('`') => self.backquotes(),
            Some('$') => self.expansion(),
            _ => self.at += 1,
        }
    }

    fn double_quotes(&mut self) {
        self.at += 1;
        while let Some(c) = self.peek(0) {
            match c {
                '"' => {
                    self.at += 1;
                    return;
                }
                '\\' | '`' => self.quoted(),
                '$' if self.next_are("$'") => self.at += 1,
                '$' => self.expansion(),
                _ => self.at += 1,
            }
        }
    }

    /// In backquotes a `\` before another one is taken away before it is read.
    fn backquotes(&mut self) {
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek(0).filter(|c| *c != '`') {
            if c == '\\' && matches!(self.peek(1), Some('`' | '\\' | '$')) {
                self.at += 1;
            }
            text.extend(self.peek(0));
            self.at += 1;
        }
        self.at += 1;
        self.found |= of_text(&text) == Pipelines::Hiding;
    }

    pub(super) fn expansion(&mut self) {
        if self.next_are("$((") && self.is_arithmetic(1) {
            self.at += 1;
            self.skip_parentheses();
        } else if self.next_are("$(") {
            self.at += 2;
            self.nested(ShellReader::list);
            self.at += 1;
        } else if self.next_are("${") {
            self.at += 2;
            self.nested(ShellReader::parameter);
        } else if self.next_are("$'") {
            self.at += 2;
            while let Some(c) = self.peek(0).filter(|c| *c != '\'') {
                self.at += 1 + usize::from(c == '\\');
            }
            self.at += 1;
        } else {
            self.at += 1;
        }
    }

    /// Reads `${…}` to its end.
    fn parameter(&mut self) {
        while let Some(c) = self.peek(0) {
            match c {
                '}' => {
                    self.at += 1;
                    return;
                }
                '\\' | '\'' | '"' | '`' | '$' => self.quoted(),
                _ => self.at += 1,
            }
        }
    }

    /// Returns whether the two `(` here are closed by two `)` that stand together.
    pub(super) fn is_arithmetic(&self, ahead: usize) -> bool {
        let mut depth = 0_usize;
        let rest = &self.chars[self.at + ahead..];
        for (at, c) in rest.iter().enumerate().take(LONGEST_ARITHMETIC) {
            match c {
                '(' => depth += 1,
                ')' if depth == 2 => return rest.get(at + 1) == Some(&')'),
                ')' => depth -= 1,
                _ => {}
            }
        }
        false
    }

    pub(super) fn skip_parentheses(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                '(' => depth += 1,
                ')' if depth <= 1 => return,
                ')' => depth -= 1,
                _ => {}
            }
        }
    }
}
