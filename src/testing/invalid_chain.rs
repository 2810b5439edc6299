//! The error of a chain that cannot be simulated.

use std::error::Error;
use std::fmt;

/// A chain that cannot be: why, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidChain {
    why: String,
}

impl InvalidChain {
    pub(super) fn new(why: impl Into<String>) -> Self {
        InvalidChain { why: why.into() }
    }
}

impl fmt::Display for InvalidChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for InvalidChain {}

#[cfg(test)]
mod tests {
    use super::InvalidChain;
    use crate::core::failure::{FailureClass, Outcome};
    use crate::task::IntoReport;

    #[test]
    fn the_kind_of_a_failure_that_holds_it_has_the_public_path() {
        let result = Err::<(), _>(InvalidChain::new("empty"));
        let outcome = result.into_report().into_outcome();
        let Outcome::Failure(failure) = outcome else {
            panic!("{outcome:?}");
        };
        let type_name = "run_functions::testing::InvalidChain".to_owned();
        assert_eq!(failure.class, FailureClass::Error { type_name });
    }
}
