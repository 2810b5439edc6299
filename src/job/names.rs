//! Names of jobs, steps and arguments, and the variables that they become.

/// The first parts of references that are no steps.
pub(crate) const RESERVED: [&str; 4] = ["args", "each", "job", "var"];
/// The variables of a step that are no values of the job, and no part of a longer name.
const VARIABLES: [&str; 4] = ["EACH", "JOB_DIR", "JOB_ID", "RESULT_FILE"];
/// What the names of variables with values begin with.
const PREFIXES: [&str; 3] = ["ARG_", "RESULT_", "VAR_"];
/// The remedy for a text that is no name.
pub(crate) const NAMES: &str = "letters, digits, `_` and `-`, beginning with a letter";
/// The longest name, which is a part of file names.
const MOST_BYTES: usize = 100;

/// Returns whether a text can be the name of a job, a step, a group or an argument: letters,
/// digits, `_` and `-`, beginning with a letter.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= MOST_BYTES
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_part_of_name)
}

/// Returns whether a character can be in a name.
pub(crate) fn is_part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Returns the form of a name in a variable: in upper case, with `_` for all but letters and
/// digits.
pub(crate) fn variable_form(name: &str) -> String {
    let of_char = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
        _ => '_',
    };
    name.chars().map(of_char).collect()
}

/// Returns whether the variable is set by the worker alone.
pub(crate) fn is_reserved_variable(name: &str) -> bool {
    VARIABLES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_a_letter() {
        for name in ["a", "fetch", "A-b_9"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "9a", "-a", "_a", "a.b", "a b", "ä", &"a".repeat(101)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn variables_are_in_upper_case() {
        assert_eq!(variable_form("to-cdn2"), "TO_CDN2");
        assert!(is_reserved_variable("ARG_X") && is_reserved_variable("JOB_DIR"));
        assert!(!is_reserved_variable("JOB_DIRECTORY") && !is_reserved_variable("PATH"));
    }
}
