//! Redaction held against lines with secrets in them, and against lines without.

use super::*;
use crate::core::failure::Output;

const SECRETS: &str = include_str!("../../tests/data/secrets.txt");
const INNOCENT: &str = include_str!("../../tests/data/innocent.txt");
/// So much of a secret in a row is a leak.
const LEAK: usize = 8;

fn unescaped(line: &str) -> String {
    let line = line
        .replace('¦', "")
        .replace("\\\\n", "\u{1}")
        .replace("\\n", "\n");
    line.replace("\\t", "\t").replace('\u{1}', "\\n")
}

struct SecretCase {
    redactor: std::rc::Rc<Redactor>,
    secret: String,
    line: String,
}

fn cases() -> Vec<SecretCase> {
    let mut cases = Vec::new();
    let mut redactor = std::rc::Rc::new(Redactor::default());
    for line in SECRETS.lines().filter(|line| !line.starts_with('#')) {
        if line.is_empty() {
            redactor = std::rc::Rc::default();
        } else if let Some(known) = line.strip_prefix("known ") {
            let (name, value) = known.split_once('=').unwrap();
            redactor = Redactor::new([(name.to_owned(), unescaped(value))].into_iter()).into();
        } else {
            let (secret, line) = line
                .split_once('\t')
                .unwrap_or_else(|| panic!("no tab: {line}"));
            let (secret, line) = (unescaped(secret), unescaped(line));
            assert!(line.contains(&secret), "{secret:?} is not in {line:?}");
            cases.push(SecretCase {
                redactor: redactor.clone(),
                secret,
                line,
            });
        }
    }
    cases
}

impl SecretCase {
    fn redacted(&self) -> String {
        let Some((head, tail)) = self.line.split_once('§') else {
            return self.redactor.text(&self.line).into_owned();
        };
        let (head, tail) = (head.to_owned(), tail.to_owned());
        let clean = self.redactor.output(&Output { head, cut: 1, tail });
        format!("{}§{}", clean.head, clean.tail)
    }

    fn leak(&self) -> Option<String> {
        let clean = self.redacted();
        let secret: Vec<char> = self.secret.chars().collect();
        let mut parts = secret.windows(LEAK.min(secret.len()));
        parts
            .any(|part| clean.contains(&part.iter().collect::<String>()))
            .then(|| format!("{:?}\n  {:?}\n  {clean:?}", self.secret, self.line))
    }
}

#[test]
fn no_secret_of_the_corpus_is_left() {
    let cases = cases();
    assert!(cases.len() >= 480, "{}", cases.len());
    let leaks: Vec<String> = cases.iter().filter_map(SecretCase::leak).collect();
    println!("{} of {} secrets leak", leaks.len(), cases.len());
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn secrets_inside_other_text_are_found_too() {
    let noise = "2026-11-22 10:46:01 worker[17]: did 12 of 20, ok\n".repeat(20);
    for mut case in cases() {
        case.line = format!("{noise}{}\n{noise}", case.line);
        assert!(case.leak().is_none(), "{}", case.redacted());
        assert!(case.redacted().ends_with(&noise), "{}", case.line);
    }
}

#[test]
fn at_most_one_innocent_line_in_a_hundred_is_changed() {
    let redactor = Redactor::default();
    let lines: Vec<String> = INNOCENT
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(unescaped)
        .collect();
    assert!(lines.len() >= 480, "{}", lines.len());
    let changed: Vec<String> = lines
        .iter()
        .filter(|line| redactor.text(line) != **line)
        .map(|line| format!("{line}\n  {}", redactor.text(line)))
        .collect();
    println!(
        "{} of {} innocent lines are changed",
        changed.len(),
        lines.len()
    );
    assert!(
        changed.len() * 100 <= lines.len(),
        "{}:\n{}",
        changed.len(),
        changed.join("\n")
    );
}
