//! Results of steps: JSON in a file that a step writes.
//!
//! The worker reads the file after the step has ended: without following links, if it is regular,
//! has one link and belongs to the user of the step. What is in it is checked here.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::argument_spec::has_nul;

/// The variable that names the file.
pub(crate) const VARIABLE: &str = "RESULT_FILE";
/// The directory within that of the job which has the files between worker and step.
pub(crate) const CONTROL_DIRECTORY: &str = ".run_functions";
/// How many bytes the result of a step has at most.
pub(crate) const MOST_BYTES: usize = 64 << 10;
/// How many bytes the results of a job have at most, together.
pub(crate) const MOST_BYTES_OF_JOB: usize = 1 << 20;

/// Returns the path of the file within the directory of the job. The file is removed before each
/// execution of the step.
pub(crate) fn path(step: &str) -> PathBuf {
    Path::new(CONTROL_DIRECTORY).join(format!("result-{step}.json"))
}

/// Why a result is a failure of its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepResultError {
    /// The result of the step has too many bytes.
    TooLong,
    /// The results of the job have too many bytes, with this one.
    TooLongForJob,
    /// The file has something else than JSON.
    NoJson(String),
    /// A text within has a NUL character.
    Nul,
}

impl fmt::Display for StepResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepResultError::TooLong => write!(
                f,
                "the result has more than {} KiB: write a file, return its name",
                MOST_BYTES >> 10
            ),
            StepResultError::TooLongForJob => write!(
                f,
                "the results of the job have more than {} MiB: write a file, return its name",
                MOST_BYTES_OF_JOB >> 20
            ),
            StepResultError::NoJson(error) => write!(f, "the result is no JSON: {error}"),
            StepResultError::Nul => f.write_str("the result has a NUL character in it"),
        }
    }
}

impl std::error::Error for StepResultError {}

/// Checks the content of a result file; an empty one is no result. `others` is how many bytes the
/// results of the other steps have. It is enough to read [`MOST_BYTES`] and one more.
///
/// # Errors
///
/// Why the result is a failure of the step.
pub(crate) fn parse(content: &[u8], others: usize) -> Result<Option<Value>, StepResultError> {
    if content.len() > MOST_BYTES {
        return Err(StepResultError::TooLong);
    }
    if content.trim_ascii().is_empty() {
        return Ok(None);
    }
    let value: Value = serde_json::from_slice(content)
        .map_err(|error| StepResultError::NoJson(error.to_string()))?;
    if has_nul(&value) {
        return Err(StepResultError::Nul);
    }
    // As it is stored, which may be longer than as it was written.
    let bytes = value.to_string().len();
    if bytes > MOST_BYTES {
        return Err(StepResultError::TooLong);
    }
    if others.saturating_add(bytes) > MOST_BYTES_OF_JOB {
        return Err(StepResultError::TooLongForJob);
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_json_of_some_length() {
        assert_eq!(
            path("to-cdn"),
            Path::new(".run_functions/result-to-cdn.json")
        );
        assert_eq!(parse(b" \n", 0), Ok(None));
        assert_eq!(parse(b"{\"a\": 1}\n", 0), Ok(Some(json!({"a": 1}))));
        let long = |bytes| serde_json::to_vec(&"x".repeat(bytes - 2)).unwrap();
        assert!(parse(&long(MOST_BYTES), 0).is_ok());
        for (content, others, error) in [
            (
                long(MOST_BYTES + 1),
                0,
                "the result has more than 64 KiB: write a file, return its name",
            ),
            (
                long(9),
                MOST_BYTES_OF_JOB - 8,
                "the results of the job have more than 1 MiB: write a file, return its name",
            ),
            (
                b"/tmp/a".to_vec(),
                0,
                "the result is no JSON: expected value at line 1 column 1",
            ),
            (
                b"\"\\u0000\"".to_vec(),
                0,
                "the result has a NUL character in it",
            ),
            (
                b"\xff".to_vec(),
                0,
                "the result is no JSON: expected value at line 1 column 1",
            ),
        ] {
            assert_eq!(parse(&content, others).unwrap_err().to_string(), error);
        }
    }
}
