//! Words of systemd's files: what has to be quoted, and what cannot be written at all.

use std::path::Path;

use crate::core::command_error::CommandError;
use crate::core::exit;

/// Returns a path as text, if it can stand in a unit file.
///
/// # Errors
///
/// When it is no text, or has what a line of a unit file cannot hold.
pub(crate) fn path(path: &Path) -> Result<String, CommandError> {
    let text = path.to_str().filter(|text| {
        let would_go_on = text.ends_with('\\');
        let would_be_cut = text.trim() != *text;
        !would_go_on && !would_be_cut && !text.chars().any(char::is_control)
    });
    text.map(str::to_owned).ok_or_else(|| {
        let shown = path.to_string_lossy().escape_debug().to_string();
        CommandError::new(
            exit::FAILED,
            format_args!("a unit file cannot name the path `{shown}`"),
        )
        .hint("give it a name without control characters, or bytes that are no UTF-8")
    })
}

/// Returns the path of a program as text; of these systemd takes less than of other paths.
///
/// # Errors
///
/// The same; and when there is a quotation mark or a backslash in it.
pub(crate) fn program_path(program: &Path) -> Result<String, CommandError> {
    let text = path(program)?;
    if text.contains(['\'', '"', '\\']) {
        let message = format!(
            "systemd starts no program whose path has quotation marks or backslashes: `{text}`"
        );
        return Err(
            CommandError::new(exit::FAILED, message).hint("put the program into another directory")
        );
    }
    Ok(text)
}

/// Returns whether this is the name of a user as systemd takes it in `User=` (its page on user and
/// group names).
pub(crate) fn is_user(name: &str) -> bool {
    const MOST: usize = 31;
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    begins_well && name.len() <= MOST && name.chars().all(is_plain)
}

/// Writes `%` so that it is no specifier (systemd.unit(5)).
pub(crate) fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// Writes the program of `ExecStart=` (systemd.service(5)): no variable is looked for in it.
pub(crate) fn program(path: &str) -> String {
    quoted(&literal(path))
}

/// Writes an argument of `ExecStart=`, in which `$` would begin a variable.
pub(crate) fn argument(text: &str) -> String {
    quoted(&literal(text).replace('$', "$$"))
}

/// Writes a field of sysusers.d(5) or tmpfiles.d(5).
pub(crate) fn field(text: &str) -> String {
    quoted(&literal(text))
}

/// Puts a word into quotation marks if it needs some, as all of these files understand them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let escaped = word.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_systemd_is_written_so_that_it_does_not() {
        let cases = [
            ("/usr/bin/run_functions", "/usr/bin/run_functions"),
            ("/srv/my shop", "\"/srv/my shop\""),
            ("/srv/100%", "/srv/100%%"),
            ("a$b", "\"a$$b\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a;b", "\"a;b\""),
            ("", "\"\""),
        ];
        for (text, written) in cases {
            assert_eq!(argument(text), written);
        }
        assert_eq!(program("/opt/$x y"), "\"/opt/$x y\"");
    }

    #[test]
    fn what_no_line_can_hold_is_refused() {
        for text in ["/srv/a\nb", "/srv/a\\", "/srv/a ", "/srv/\u{1b}"] {
            assert!(path(Path::new(text)).is_err(), "{text:?}");
        }
        assert!(path(Path::new("/srv/ä b")).is_ok());
    }

    #[test]
    fn names_of_users_are_plain() {
        assert!(is_user("www-data") && is_user("_rspamd") && is_user("run_functions"));
        assert!(
            !is_user("") && !is_user("0") && !is_user("a b") && !is_user("-x") && !is_user("a%h")
        );
    }
}
