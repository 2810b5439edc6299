//! The parts of this crate that a build may leave out: its cargo features.

/// A cargo feature of this crate, made by [`feature_named!`] of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    /// Why something does not work where the feature is left out, to follow the name of that thing.
    pub(crate) is_needed: &'static str,
    /// How the feature is built in.
    pub(crate) remedy: &'static str,
}

macro_rules! feature_named {
    ($name:literal) => {
        $crate::core::feature::Feature {
            is_needed: concat!(
                "needs the cargo feature `",
                $name,
                "`, which this program is built without"
            ),
            remedy: concat!(
                "build the program with it: `cargo add run_functions --features ",
                $name,
                "`"
            ),
        }
    };
}
pub(crate) use feature_named;
