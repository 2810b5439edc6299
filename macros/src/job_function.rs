//! Which functions can be jobs.

use crate::function::reference_to;
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, ItemFn, ReturnType, Safety, Signature, Type};

/// Reads the item under the attribute.
///
/// # Errors
///
/// When it is not a function that builds a flow: every reason in one error, each with its place.
pub(crate) fn read(item: proc_macro2::TokenStream) -> syn::Result<ItemFn> {
    let function: ItemFn =
        syn::parse2(item.clone()).map_err(|error| match syn::parse2::<syn::Item>(item) {
            Ok(other) => Error::new_spanned(
                other,
                "only a function can be a job: move `#[run_functions::job]` to one",
            ),
            Err(_) => error,
        })?;
    let signature = &function.sig;
    let reasons = [
        arguments(signature),
        generics(signature),
        qualifiers(signature),
        name(signature),
        end(signature),
    ];
    let reasons = reasons.into_iter().flatten();
    match reasons.reduce(|mut all, one| {
        all.combine(one);
        all
    }) {
        Some(errors) => Err(errors),
        None => Ok(function),
    }
}

fn arguments(signature: &Signature) -> Option<Error> {
    let message = "a job takes its flow alone, with the type of its arguments: \
                   `flow: &mut Flow<Arguments>`";
    let is_flow = |argument: &FnArg| {
        let reference = reference_to(argument, "Flow");
        reference.is_some_and(|reference| reference.mutability.is_some())
    };
    match signature.inputs.first() {
        Some(first) if signature.inputs.len() == 1 && is_flow(first) => None,
        Some(_) => Some(Error::new_spanned(&signature.inputs, message)),
        None => Some(Error::new_spanned(&signature.ident, message)),
    }
}

fn generics(signature: &Signature) -> Option<Error> {
    let message = "a job cannot be generic: its arguments are of one type";
    let generics = &signature.generics;
    (!generics.params.is_empty()).then(|| Error::new_spanned(&generics.params, message))
}

fn qualifiers(signature: &Signature) -> Option<Error> {
    if let Some(asyncness) = &signature.asyncness {
        let message = "the function of a job only adds steps: it cannot be async; a step may block \
                       on a runtime of yours";
        return Some(Error::new_spanned(asyncness, message));
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        let message = "the function of a job only adds steps: it cannot be unsafe";
        return Some(Error::new_spanned(unsafety, message));
    }
    None
}

/// The name is typed in shells, and stands on the board.
fn name(signature: &Signature) -> Option<Error> {
    let text = signature.ident.to_string();
    let is_name = text.is_ascii() && !text.starts_with('_') && text.len() <= 100;
    (!is_name).then(|| {
        let message = "the name of a job is ASCII and begins with a letter: it is typed in shells";
        Error::new(signature.ident.span(), message)
    })
}

fn end(signature: &Signature) -> Option<Error> {
    match &signature.output {
        ReturnType::Type(_, ty) if !matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()) =>
        {
            let message = "the function of a job only adds steps, and returns nothing: what can \
                           fail is in a step";
            Some(Error::new(ty.span(), message))
        }
        _ => None,
    }
}
