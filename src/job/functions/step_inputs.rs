//! The results that a function of a step takes, after its context.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The results that a function of a step takes: a tuple of up to four.
#[doc(hidden)]
pub trait StepInputs: Sized {
    /// How many there are.
    const COUNT: usize;

    /// Deserialises the results.
    ///
    /// # Errors
    ///
    /// The step whose result is of another type, and why.
    fn read(inputs: &[(String, Value)]) -> Result<Self, String>;
}

/// A tuple of results of which at least one is still to be named by `with`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the function of this step reads no further result",
    label = "each `.with(…)` is for one argument of the function, after its context"
)]
pub trait NextInput {
    /// The type of the next.
    type Next;
    /// Those after it.
    type Rest;
}

/// The first of the results that a step reads, all of them, or none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this function reads other results than its step",
    label = "it takes the context, and then the results that the step takes, or the first of them"
)]
pub trait FirstInputs<I> {}

/// What a revert takes besides its context: nothing, the result of its step, or an `Option` of it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a revert cannot read this",
    label = "it takes the context, and then nothing, the result of its step, or an `Option` of that"
)]
pub trait RevertInput<T>: Sized {
    /// Deserialises what a step gave; `None`: there is nothing that could be undone.
    ///
    /// # Errors
    ///
    /// Why the result is of another type.
    fn read_result(result: Option<&Value>) -> Result<Option<Self>, String>;
}

fn read_one<V: DeserializeOwned>(inputs: &[(String, Value)], at: usize) -> Result<V, String> {
    let Some((step, value)) = inputs.get(at) else {
        return Err("a result is read that no `with` names".to_owned());
    };
    serde_json::from_value(value.clone())
        .map_err(|error| format!("the result of `{step}` is not what is read: {error}"))
}

impl StepInputs for () {
    const COUNT: usize = 0;

    fn read(_inputs: &[(String, Value)]) -> Result<Self, String> {
        Ok(())
    }
}

macro_rules! inputs {
    ($first:ident $(, $other:ident)*; $($at:tt)*) => {
        impl<$first: DeserializeOwned $(, $other: DeserializeOwned)*> StepInputs for ($first, $($other,)*) {
            const COUNT: usize = [$($at),*].len();

            fn read(inputs: &[(String, Value)]) -> Result<Self, String> {
                Ok(($(read_one(inputs, $at)?,)*))
            }
        }

        impl<$first $(, $other)*> NextInput for ($first, $($other,)*) {
            type Next = $first;
            type Rest = ($($other,)*);
        }
    };
}

inputs!(I; 0);
inputs!(I, J; 0 1);
inputs!(I, J, K; 0 1 2);
inputs!(I, J, K, L; 0 1 2 3);

impl FirstInputs<()> for () {}
impl<I> FirstInputs<(I,)> for () {}
impl<I> FirstInputs<(I,)> for (I,) {}
impl<I, J> FirstInputs<(I, J)> for () {}
impl<I, J> FirstInputs<(I, J)> for (I,) {}
impl<I, J> FirstInputs<(I, J)> for (I, J) {}
impl<I, J, K> FirstInputs<(I, J, K)> for () {}
impl<I, J, K> FirstInputs<(I, J, K)> for (I,) {}
impl<I, J, K> FirstInputs<(I, J, K)> for (I, J) {}
impl<I, J, K> FirstInputs<(I, J, K)> for (I, J, K) {}
impl<I, J, K, L> FirstInputs<(I, J, K, L)> for () {}
impl<I, J, K, L> FirstInputs<(I, J, K, L)> for (I,) {}
impl<I, J, K, L> FirstInputs<(I, J, K, L)> for (I, J) {}
impl<I, J, K, L> FirstInputs<(I, J, K, L)> for (I, J, K) {}
impl<I, J, K, L> FirstInputs<(I, J, K, L)> for (I, J, K, L) {}

impl<T> RevertInput<T> for () {
    fn read_result(_result: Option<&Value>) -> Result<Option<Self>, String> {
        Ok(Some(()))
    }
}

impl<T: DeserializeOwned> RevertInput<T> for (T,) {
    fn read_result(result: Option<&Value>) -> Result<Option<Self>, String> {
        read_result(result)
    }
}

// After `when` the readers of the step take an `Option`; its revert runs only if it was executed.
impl<T: DeserializeOwned> RevertInput<Option<T>> for (T,) {
    fn read_result(result: Option<&Value>) -> Result<Option<Self>, String> {
        read_result(result)
    }
}

impl<T: DeserializeOwned> RevertInput<T> for (Option<T>,) {
    fn read_result(result: Option<&Value>) -> Result<Option<Self>, String> {
        read_result(result)
    }
}

fn read_result<V: DeserializeOwned>(result: Option<&Value>) -> Result<Option<(V,)>, String> {
    match result {
        Some(value) => {
            let read = serde_json::from_value(value.clone());
            let read = read.map_err(|error| {
                format!("the result of the step is not what its revert reads: {error}")
            });
            Ok(Some((read?,)))
        }
        // Nothing is read as `()` and as `None`; what needs a result has nothing to undo.
        None => Ok(serde_json::from_value(Value::Null)
            .ok()
            .map(|value| (value,))),
    }
}
