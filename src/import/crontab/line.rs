//! What a line of a crontab is, by the rules of crontab(5).

/// A line that was understood, as far as its form goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CrontabLine<'a> {
    /// Nothing.
    Blank,
    /// For people.
    Comment,
    /// `NAME=value`.
    Setting {
        /// The name.
        name: &'a str,
        /// The value, without its quotation marks.
        value: &'a str,
    },
    /// Something that is run.
    Job(CrontabJob<'a>),
    /// Nothing that cron would take.
    Neither,
}

/// Something that is run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CrontabJob<'a> {
    /// When.
    pub(super) when: When<'a>,
    /// What follows: with the user in front in a system crontab.
    pub(super) rest: &'a str,
}

/// When a job runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum When<'a> {
    /// `*/15 * * * *`
    Fields([&'a str; 5]),
    /// `@daily`
    Named(&'a str),
}

impl<'a> CrontabLine<'a> {
    /// Reads a line.
    pub(super) fn parse(line: &'a str) -> Self {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            return CrontabLine::Blank;
        }
        if line.starts_with('#') {
            return CrontabLine::Comment;
        }
        if let Some((name, value)) = setting(line) {
            return CrontabLine::Setting { name, value };
        }
        match job(line) {
            Some(job) if !job.rest.is_empty() => CrontabLine::Job(job),
            _ => CrontabLine::Neither,
        }
    }
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = unquoted(name.trim());
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let whole = !name.is_empty() && name.chars().all(is_name);
    whole.then(|| (name, unquoted(value.trim())))
}

fn unquoted(text: &str) -> &str {
    let inside = ['"', '\''].into_iter().find_map(|mark| {
        let inside = text.strip_prefix(mark)?.strip_suffix(mark)?;
        Some(inside)
    });
    inside.unwrap_or(text)
}

fn job(line: &str) -> Option<CrontabJob<'_>> {
    if line.starts_with('@') {
        let (named, rest) = word(line)?;
        return Some(CrontabJob {
            when: When::Named(named),
            rest,
        });
    }
    let mut fields = [""; 5];
    let mut rest = line;
    for field in &mut fields {
        (*field, rest) = word(rest)?;
    }
    Some(CrontabJob {
        when: When::Fields(fields),
        rest,
    })
}

/// Takes the first word off a text.
pub(super) fn word(text: &str) -> Option<(&str, &str)> {
    let blank = [' ', '\t'];
    let text = text.trim_start_matches(blank);
    let end = text.find(blank).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (!word.is_empty()).then(|| (word, rest.trim_start_matches(blank)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_as_cron_does() {
        assert_eq!(CrontabLine::parse(" \t"), CrontabLine::Blank);
        assert_eq!(
            CrontabLine::parse("  # m h dom mon dow command"),
            CrontabLine::Comment
        );
        let setting = |line| match CrontabLine::parse(line) {
            CrontabLine::Setting { name, value } => Some((name, value)),
            _ => None,
        };
        assert_eq!(setting("MAILTO=\"\""), Some(("MAILTO", "")));
        assert_eq!(setting("'A' = ' b c '"), Some(("A", " b c ")));
        assert_eq!(setting("PATH=$PATH:/x # y"), Some(("PATH", "$PATH:/x # y")));
        assert_eq!(setting("* * * * * X=1 y"), None);
        let job = |line| match CrontabLine::parse(line) {
            CrontabLine::Job(job) => Some(job),
            _ => None,
        };
        let fields = When::Fields(["0", "3", "*", "*", "*"]);
        let expected = CrontabJob {
            when: fields,
            rest: "a  b",
        };
        assert_eq!(job("0 3\t* * *   a  b\r"), Some(expected));
        let expected = CrontabJob {
            when: When::Named("@daily"),
            rest: "x",
        };
        assert_eq!(job("@daily x"), Some(expected));
        for line in ["0 3 * * *", "@daily", "nonsense", "0 3 * *"] {
            assert_eq!(CrontabLine::parse(line), CrontabLine::Neither, "{line}");
        }
    }
}
