//! What a task is called: after the program that does the work, each name once.

use std::collections::{BTreeMap, BTreeSet};

use super::words;

/// Words before which the program that does the work does not stand: shells read them, or other
/// programs start from them.
const BEFORE_THE_PROGRAM: [&str; 27] = [
    "!",
    "{",
    "if",
    "then",
    "else",
    "elif",
    "do",
    "while",
    "until",
    "exec",
    "command",
    "time",
    "nice",
    "ionice",
    "chrt",
    "timeout",
    "flock",
    "env",
    "nohup",
    "setsid",
    "chronic",
    "stdbuf",
    "sudo",
    "runuser",
    "taskset",
    "systemd-cat",
    "cronic",
];
/// What only prepares or asks.
const NOT_THE_WORK: [&str; 22] = [
    "cd", "test", "[", "[[", "sleep", "true", "false", ":", "export", "set", "umask", "source",
    ".", "fi", "done", "}", "]", "exit", "for", "date", "echo", "printf",
];
/// What runs a file that is named next.
const INTERPRETERS: [&str; 10] = [
    "sh", "bash", "dash", "zsh", "ksh", "php", "perl", "ruby", "node", "java",
];
/// What a name does not need.
const ENDINGS: [&str; 9] = [
    ".sh", ".bash", ".py", ".php", ".pl", ".rb", ".js", ".jar", ".cgi",
];
const LONGEST: usize = 40;

/// The names that are given so far.
#[derive(Debug)]
pub(super) struct TaskNames {
    taken: BTreeSet<String>,
    /// The number with which looking for a free one goes on: a crontab may have the same line
    /// thousands of times.
    next: BTreeMap<String, u64>,
}

impl TaskNames {
    /// Begins with names that no task may have.
    pub(super) fn without(taken: &[String]) -> Self {
        TaskNames {
            taken: taken.iter().cloned().collect(),
            next: BTreeMap::new(),
        }
    }

    /// Gives a name after a program, with a number when it is taken.
    pub(super) fn give(&mut self, wanted: &str) -> String {
        let base = sane(wanted);
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            let name = match *next {
                1 => base.clone(),
                number => format!("{base}_{number}"),
            };
            *next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// Returns a text as a name can be: letters, digits and `_`.
fn sane(text: &str) -> String {
    let plain = text.to_ascii_lowercase();
    let ending = ENDINGS.iter().find_map(|ending| plain.strip_suffix(ending));
    let plain = ending.unwrap_or(&plain);
    let mut name = String::new();
    for c in plain.chars().take(LONGEST) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => "job".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("job_{name}"),
        Some(_) => name.to_owned(),
    }
}

/// Returns the name of the program that does the work in a line for a shell.
pub(super) fn of_line(line: &str) -> String {
    let parts = parts(line);
    let working = parts.iter().find_map(|part| of_words(part));
    let first = || parts.first().map(|words| base(&words[0]).to_owned());
    working.or_else(first).unwrap_or_default()
}

/// Returns the name of the program that does the work among words; `None` when they only prepare.
pub(super) fn of_words(words: &[String]) -> Option<String> {
    let mut rest = words.iter().map(String::as_str);
    let mut word = rest.next()?;
    // What follows a `$(…)` in the middle of a command.
    if word.starts_with('-') {
        return None;
    }
    let mut is_wrapped = false;
    loop {
        let program = base(word);
        let is_setting = word
            .split_once('=')
            .is_some_and(|(name, _)| !name.contains('/'));
        if NOT_THE_WORK.contains(&program) {
            return None;
        }
        if is_setting || word.starts_with('-') || (is_wrapped && is_measure(word)) {
            word = rest.next()?;
        } else if program == "flock" {
            // Its first argument that is no option is the file.
            word = rest.by_ref().find(|word| !word.starts_with('-'))?;
            word = rest.next().unwrap_or(word);
        } else if BEFORE_THE_PROGRAM.contains(&program) {
            is_wrapped = true;
            word = rest.next()?;
        } else {
            return after_interpreters(program, rest);
        }
    }
}

fn after_interpreters<'a>(
    program: &'a str,
    mut rest: impl Iterator<Item = &'a str>,
) -> Option<String> {
    if program == "run-parts" {
        let directory = rest.find(|word| !word.starts_with('-'));
        return Some(base(directory.unwrap_or(program)).to_owned());
    }
    let interprets = INTERPRETERS.contains(&program) || program.starts_with("python");
    if !interprets {
        return Some(program.to_owned());
    }
    let mut line = false;
    for word in rest {
        if line {
            return Some(of_line(word));
        }
        if ["-e", "-r"].contains(&word) {
            // A program on the line has no name.
            return None;
        }
        // `-c`, or `-lc`.
        let is_line = word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
        line = is_line && !program.starts_with("python");
        if !word.starts_with('-') {
            return Some(base(word).to_owned());
        }
    }
    Some(program.to_owned())
}

/// Returns whether a word is a number with a unit perhaps: the `5m` of `timeout 5m`.
fn is_measure(word: &str) -> bool {
    let bare = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    !bare.is_empty() && word.len() - bare.len() <= 1 && bare.bytes().all(|b| b.is_ascii_digit())
}

fn base(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// Splits a line for a shell where one command ends and another begins, and each into its words.
fn parts(line: &str) -> Vec<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        if quote.is_none() && ";&|()\n`".contains(c) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let words = |part: &String| {
        let words = words::split(part);
        words.unwrap_or_else(|| part.split_whitespace().map(str::to_owned).collect())
    };
    let split = parts.iter().map(words);
    split.filter(|words| !words.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered_around_those_that_are_taken() {
        let mut names = TaskNames::without(&["backup_2".to_owned()]);
        let given: Vec<String> = (0..3).map(|_| names.give("backup.sh")).collect();
        assert_eq!(given, ["backup", "backup_3", "backup_4"]);
        assert_eq!(names.give("backup_3"), "backup_3_2");
    }

    #[test]
    fn a_task_is_named_after_what_does_the_work() {
        let cases = [
            ("/usr/local/bin/backup.sh --all", "backup"),
            ("php /srv/app/artisan mail:send", "artisan"),
            (
                "cd /srv/app && python3 -u manage.py clearsessions",
                "manage",
            ),
            ("python -m http.server", "http_server"),
            (
                "[ -x /usr/sbin/anacron ] || ( cd / && run-parts --report /etc/cron.daily )",
                "cron_daily",
            ),
            (
                "if [ -x /usr/bin/mrtg ]; then env LANG=C /usr/bin/mrtg /etc/mrtg.cfg; fi",
                "mrtg",
            ),
            (
                "nice -n 10 ionice -c2 -n7 /opt/rsnapshot hourly",
                "rsnapshot",
            ),
            ("flock -n /tmp/lock timeout 5m /opt/sync-all", "sync_all"),
            ("bash -lc 'cd /x && ./run_me now'", "run_me"),
            ("LANG=C FOO=/x/y certbot -q renew", "certbot"),
            ("7z a x", "job_7z"),
            ("cd /", "cd"),
            ("perl -e 'sleep 5' && certbot renew", "certbot"),
            (
                "if [ $(date +%d) -le 7 ]; then /opt/first_week; fi",
                "first_week",
            ),
            ("", "job"),
            ("\"unclosed", "unclosed"),
        ];
        for (line, name) in cases {
            assert_eq!(sane(&of_line(line)), name, "{line}");
        }
    }

    #[test]
    fn each_name_is_given_once() {
        let mut names = TaskNames::without(&["send_mail".to_owned()]);
        let given = ["backup", "backup.sh", "send-mail", "backup", ""].map(|name| names.give(name));
        assert_eq!(
            given,
            ["backup", "backup_2", "send_mail_2", "backup_3", "job"]
        );
    }
}
