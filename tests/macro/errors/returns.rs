//! What a task cannot return.

use std::error::Error;
use std::rc::Rc;

#[run_functions::task]
pub fn a_value() -> Result<u8, std::io::Error> {
    Ok(1)
}

#[run_functions::task]
pub fn only_a_number() -> u8 {
    1
}

#[run_functions::task]
pub fn an_option() -> Option<()> {
    None
}

#[derive(Debug)]
pub struct OfOneThread(pub Rc<u8>);

impl std::fmt::Display for OfOneThread {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl Error for OfOneThread {}

#[run_functions::task]
pub fn an_error_of_one_thread() -> Result<(), OfOneThread> {
    Ok(())
}

#[run_functions::task]
pub fn a_box_of_one_thread() -> Result<(), Box<dyn Error>> {
    Ok(())
}

pub struct NoError;

#[run_functions::task]
pub fn no_error_at_all() -> Result<(), NoError> {
    Ok(())
}
