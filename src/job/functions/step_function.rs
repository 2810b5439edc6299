//! Which functions a step can have.

use super::step_context::StepContext;

/// A function of a step: it takes the [context](StepContext), and then the results of earlier steps
/// that it reads, up to four. A `fn`, or a closure that captures nothing borrowed: the flow is
/// built anew in each process that runs a step.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a function of a step of this job",
    label = "it takes `&StepContext<{A}>`, and then the results that it reads, each by value",
    note = "the types of the arguments of a closure are written: `|ctx: &StepContext<{A}>| …`"
)]
pub trait StepFunction<A, I, R> {
    /// Calls the function.
    #[doc(hidden)]
    fn call(&self, context: &StepContext<A>, inputs: I) -> R;
}

impl<A, R, F: Fn(&StepContext<A>) -> R> StepFunction<A, (), R> for F {
    fn call(&self, context: &StepContext<A>, (): ()) -> R {
        self(context)
    }
}

macro_rules! functions {
    ($($input:ident)*) => {
        impl<A, R, $($input,)* F> StepFunction<A, ($($input,)*), R> for F
        where
            F: Fn(&StepContext<A>, $($input),*) -> R,
        {
            #[expect(non_snake_case, reason = "an argument is called as its type")]
            fn call(&self, context: &StepContext<A>, ($($input,)*): ($($input,)*)) -> R {
                self(context, $($input),*)
            }
        }
    };
}

functions!(I);
functions!(I J);
functions!(I J K);
functions!(I J K L);
