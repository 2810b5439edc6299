//! A library of tasks, which knows of no binary.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub)]

pub mod reports {
    //! Reports.

    /// Sends one.
    ///
    /// # Errors
    ///
    /// Never.
    #[run_functions::task(success_cooldown = "1day")]
    pub fn send_report() -> Result<(), String> {
        Ok(())
    }
}

#[run_functions::task]
fn at_the_root() {}
