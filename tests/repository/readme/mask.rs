//! What differs from run to run, masked; and whether lines are those that are shown.

use std::path::Path;

/// Stands for any lines.
const ANY: &str = "…";
/// Where the pages say that things happen.
const SHOWN_DIRECTORY: &str = "/home/you/demo";
const SHOWN_HOST: &str = "web1";
const SHOWN_USER: &str = "you";

/// What is particular to this machine and this run.
#[derive(Debug)]
pub(crate) struct Mask {
    directory: String,
    host: String,
    user: String,
}

impl Mask {
    /// Makes one for what happens in a directory.
    pub(crate) fn of(directory: &Path) -> Self {
        let host = nix::unistd::gethostname().unwrap();
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap();
        Mask {
            directory: directory.display().to_string(),
            host: host.to_string_lossy().into_owned(),
            user: user.map_or_else(String::new, |user| user.name),
        }
    }

    /// Masks lines. A mail is wrapped according to the names in it, so that its lines are joined first.
    pub(crate) fn lines(&self, lines: &[String]) -> Vec<String> {
        let unwrapped = if lines.iter().any(|line| line.starts_with("Subject: ")) {
            unwrapped(lines)
        } else {
            lines.to_vec()
        };
        unwrapped.iter().map(|line| self.line(line)).collect()
    }

    /// Masks one line.
    pub(crate) fn line(&self, line: &str) -> String {
        let line = line.replace(&self.directory, SHOWN_DIRECTORY);
        let line = replace_words(&line, &self.host, SHOWN_HOST);
        let mut line = line;
        for label in ["user ", "by "] {
            let user = format!("{label}{}", self.user);
            line = replace_words(&line, &user, &format!("{label}{SHOWN_USER}"));
        }
        for label in ["(pid ", ", pid ", ", process ", "Runner ", "runner "] {
            line = number_after(&line, label);
        }
        // Before the words: four digits of a kind may look like a year.
        line = kind_after(&line, "(kind ");
        line = kind_after(&line, "    kind ");
        line = words(&line);
        line = all_after(&line, "Message-ID: ");
        line = all_after(&line, "executable of ");
        for label in [
            "Run took ",
            "took ",
            "next in ",
            "failed ",
            "done in ",
            "reverted in ",
            "after ",
        ] {
            line = duration_after(&line, label);
        }
        line = masked_after(&line, ":00 (", "TIME", |rest| rest.find(')').unwrap_or(0));
        if line.starts_with("Subject: ") || is_about_mail(&line) {
            let encoded = if line.contains("=?utf-8?b?") {
                " ENCODED"
            } else {
                ""
            };
            line = beginning_after(&line, "caught: ") + encoded;
        }
        line
    }
}

/// Joins the lines of each paragraph.
fn unwrapped(lines: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut continues = false;
    for line in lines {
        let begins = !line.starts_with(' ') || line.trim_start().starts_with("- ");
        match all.last_mut() {
            Some(last) if continues && !begins => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => all.push(line.clone()),
        }
        continues = !line.is_empty() && line != ANY;
    }
    all
}

fn replace_words(text: &str, from: &str, to: &str) -> String {
    if from.is_empty() {
        return text.to_owned();
    }
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let end = at + from.len();
        let alone = !rest[..at].ends_with(inside) && !rest[end..].starts_with(inside);
        replaced.push_str(&rest[..at]);
        replaced.push_str(if alone { to } else { from });
        rest = &rest[end..];
    }
    replaced + rest
}

/// A number of two digits is a day only after the day of the week.
fn words(line: &str) -> String {
    let mut masked: Vec<String> = Vec::new();
    for text in line.split(' ') {
        let after_day = masked.last().is_some_and(|last| last.starts_with("TIME"));
        masked.push(if after_day && is_day_or_month(text) {
            "TIME".to_owned()
        } else {
            word(text)
        });
        // `22 Nov 23:55`, without a day of the week.
        if let [.., day, month, time] = &mut masked[..]
            && time.starts_with("TIME")
            && is_day_or_month(day)
            && is_day_or_month(month)
        {
            *day = "TIME".to_owned();
            *month = "TIME".to_owned();
        }
    }
    masked.join(" ")
}

/// Masks dates, times of day, time zones, weekdays, months, names of mails, and mail addresses of this machine. Of times the form stays, so that a
/// time without seconds is not one with them; of names of mails, whether they end with a hash.
fn word(word: &str) -> String {
    let is_time = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits >= 4
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b"-+:.".contains(&b))
    };
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let bare = word.trim_end_matches([',', ';', ')', '.', ':']);
    let end = &word[bare.len()..];
    if let Some(at) = bare.rfind('/').filter(|_| bare.ends_with(".eml")) {
        let stem = bare.trim_end_matches(".eml");
        let hash = stem.rsplit('-').next().filter(|hash| is_hex(hash, 8));
        let hash = if hash.is_some() { "-HASH" } else { "" };
        return format!("{}/MAIL{hash}.eml{end}", &bare[..at]);
    }
    if bare.ends_with(&format!("@{SHOWN_HOST}")) && bare.starts_with("root@") {
        return format!("ADMIN{end}");
    }
    if DAYS.contains(&bare) {
        return format!("TIME{end}");
    }
    if is_time(bare) {
        return format!("TIME{}{end}", form(bare));
    }
    word.to_owned()
}

/// Returns a time with zeros for its digits; all zones are east of Greenwich.
fn form(time: &str) -> String {
    let is_zone_or_has_one = time.contains(':') || time.starts_with('-');
    let form = |c: char| match c {
        '-' if is_zone_or_has_one => '+',
        c if c.is_ascii_digit() => '0',
        c => c,
    };
    time.chars().map(form).collect()
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Lines of the log that tell of mails which leave.
fn is_about_mail(line: &str) -> bool {
    line.starts_with("TIME") && line.contains("00 Mail to ")
}

fn is_day_or_month(word: &str) -> bool {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let is_day = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    is_day || MONTHS.split(' ').any(|month| month == word)
}

fn number_after(line: &str, label: &str) -> String {
    masked_after(line, label, "N", |rest| {
        rest.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len())
    })
}

/// The kind of a failure whose text names no file of the test is the same everywhere, but means nothing to a reader.
fn kind_after(line: &str, label: &str) -> String {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(text.len())
    };
    let shown = line.split_once(label).map_or(0, |(_, rest)| digits(rest));
    masked_after(line, label, &format!("KIND OF {shown} DIGITS"), digits)
}

/// A subject has room for 100 characters, and so for more or less of the text according to the name of the host.
fn beginning_after(line: &str, label: &str) -> String {
    const SURE_TO_BE_THERE: usize = 8;
    let end = line.find(label).map_or(line.len(), |at| at + label.len());
    line.chars().take(end + SURE_TO_BE_THERE).collect()
}

fn all_after(line: &str, label: &str) -> String {
    masked_after(line, label, "X", str::len)
}

/// A duration is words that begin with a digit and end with a letter.
fn duration_after(line: &str, label: &str) -> String {
    masked_after(line, label, "TIME", |rest| {
        let mut end = 0;
        for word in rest.split_inclusive(' ') {
            let bare = word.trim_end_matches([' ', ':', ',', ';']);
            if !bare.starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            end += bare.len();
            if bare.len() + 1 != word.len() || !word.ends_with(' ') {
                break;
            }
            end += 1;
        }
        rest[..end].trim_end().len()
    })
}

fn masked_after(line: &str, label: &str, mask: &str, extent: impl Fn(&str) -> usize) -> String {
    let Some(at) = line.find(label) else {
        return line.to_owned();
    };
    let (start, rest) = line.split_at(at + label.len());
    let rest_start = rest.len() - rest.trim_start().len();
    let rest = &rest[rest_start..];
    match extent(rest) {
        0 => line.to_owned(),
        end => format!("{start}{mask}{}", &rest[end..]),
    }
}

/// Returns whether printed lines are those that are shown. Mail leaves in a thread of its own: its lines are in order among themselves, and
/// what stands for any lines after one of them stands for any of them, too.
pub(crate) fn matches(shown: &[String], printed: &[String]) -> bool {
    let part = |lines: &[String], mail: bool| -> Vec<String> {
        let mut after_mail = false;
        let of_part = |line: &&String| {
            let is_mail = is_about_mail(line);
            after_mail |= is_mail;
            is_mail == mail || (mail && after_mail && *line == ANY)
        };
        lines.iter().filter(of_part).cloned().collect()
    };
    let same = |mail| in_order(&part(shown, mail), &part(printed, mail));
    same(false) && same(true)
}

fn in_order(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((any, rest)) if any == ANY => {
            (0..=printed.len()).any(|skipped| in_order(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| first == line && in_order(rest, others)),
    }
}
