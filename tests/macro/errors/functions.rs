//! Functions that no runner could call.

#[run_functions::task]
pub fn with_arguments(_count: u32, _name: &str) {}

#[run_functions::task]
pub fn with_a_count(_count: &u32) {}

#[run_functions::task]
pub fn with_a_context_and_more(_context: &run_functions::Context, _count: u32) {}

#[run_functions::task]
pub fn with_a_context_of_its_own(_context: run_functions::Context) {}

#[run_functions::task]
pub fn with_a_context_to_change(_context: &mut run_functions::Context) {}

#[run_functions::task]
pub fn generic<T>() {}

#[run_functions::task]
pub fn generic_over_a_number<const N: usize>() {}

#[run_functions::task]
pub fn with_a_clause()
where
    String: Clone,
{
}

#[run_functions::task]
pub async fn asynchronous() {}

#[run_functions::task]
pub const fn constant() {}

#[run_functions::task]
pub unsafe fn without_promises() {}

#[run_functions::task]
pub extern "C" fn called_from_c() {}

#[run_functions::task]
pub fn endless() -> ! {
    loop {}
}

#[run_functions::task]
pub fn größe() {}

#[run_functions::task]
#[run_functions::task]
pub fn registered_twice() {}

#[run_functions::task]
pub struct NoFunction;

pub struct Mailer;

impl Mailer {
    #[run_functions::task]
    pub fn method(&self) {}
}

#[run_functions::task(fail_cooldown = "1")]
pub fn two_mistakes(_count: u32) {}

/// A mistake of the attribute makes no second one where the function is used.
pub fn user_of_them() {
    with_arguments(1, "a");
    constant();
}
