//! Numbers that are typed.

/// Reads how many runs are to be shown: one at least.
pub(super) fn run_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("0 runs are none; say how many".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err("this is not a number of runs, such as 20".to_owned()),
    }
}
