//! Which functions can be tasks.

use syn::spanned::Spanned as _;
use syn::{Attribute, Error, FnArg, ItemFn, ReturnType, Safety, Signature, Type, TypeReference};

/// Reads the item under the attribute.
///
/// # Errors
///
/// When it is not a function that a runner could call: every reason in one error, each with its
/// place.
pub(crate) fn read(item: proc_macro2::TokenStream) -> syn::Result<ItemFn> {
    let function: ItemFn =
        syn::parse2(item.clone()).map_err(|error| not_a_function(&item, error))?;
    let reasons = reasons_against(&function);
    match reasons.into_iter().reduce(|mut all, one| {
        all.combine(one);
        all
    }) {
        Some(errors) => Err(errors),
        None => Ok(function),
    }
}

/// Says so of a struct, a module, a trait's method without a body …; a mistake inside a function is
/// the compiler's to tell.
fn not_a_function(item: &proc_macro2::TokenStream, error: Error) -> Error {
    match syn::parse2::<syn::Item>(item.clone()) {
        Ok(other) => Error::new_spanned(
            other,
            "only a function can be a task: move `#[run_functions::task]` to one",
        ),
        Err(_) => match syn::parse2::<syn::TraitItemFn>(item.clone()) {
            Ok(method) => Error::new_spanned(method.sig, "a task has a body: use a free function"),
            Err(_) => error,
        },
    }
}

fn reasons_against(function: &ItemFn) -> Vec<Error> {
    let signature = &function.sig;
    let checks = [
        arguments(signature),
        generics(signature),
        qualifiers(signature),
        name(signature),
        end(signature),
        twice(&function.attrs),
    ];
    checks.into_iter().flatten().collect()
}

fn arguments(signature: &Signature) -> Option<Error> {
    let first = signature.inputs.first()?;
    if signature.inputs.len() == 1 && is_context(first) {
        return None;
    }
    let message = match first {
        FnArg::Receiver(_) => {
            "a task cannot be a method: a runner has no `self` to call it on; use a free function"
        }
        FnArg::Typed(_) => {
            "a task takes no argument but `&run_functions::Context`: nobody could pass others; read \
             what it needs inside, or keep it in a `static`"
        }
    };
    Some(Error::new_spanned(&signature.inputs, message))
}

/// Returns whether an argument is a shared reference to a type that is called `Context`. Whether it
/// is ours, the compiler checks.
fn is_context(argument: &FnArg) -> bool {
    reference_to(argument, "Context").is_some_and(|reference| reference.mutability.is_none())
}

/// Returns the type of an argument that is a reference to a type of this name.
pub(crate) fn reference_to<'a>(argument: &'a FnArg, name: &str) -> Option<&'a TypeReference> {
    let FnArg::Typed(argument) = argument else {
        return None;
    };
    let Type::Reference(reference) = &*argument.ty else {
        return None;
    };
    let Type::Path(path) = &*reference.elem else {
        return None;
    };
    let last = path.path.segments.last();
    last.filter(|segment| segment.ident == name)
        .map(|_| reference)
}

fn generics(signature: &Signature) -> Option<Error> {
    let generics = &signature.generics;
    let message = "a task cannot be generic: nobody could choose the types; call the generic \
                   function from one that is not";
    if !generics.params.is_empty() {
        Some(Error::new_spanned(&generics.params, message))
    } else {
        let clause = generics.where_clause.as_ref()?;
        Some(Error::new_spanned(clause, message))
    }
}

fn qualifiers(signature: &Signature) -> Option<Error> {
    if let Some(asyncness) = &signature.asyncness {
        let message = "a task cannot be async: there is no runtime here; make it a plain function \
                       that blocks on a runtime of yours";
        return Some(Error::new_spanned(asyncness, message));
    }
    if let Some(constness) = &signature.constness {
        let message = "a task is for what happens at run time: remove `const`";
        return Some(Error::new_spanned(constness, message));
    }
    if let Some(abi) = &signature.abi {
        let message = "a task is called from Rust: remove `extern`, or call the function from one \
                       without";
        return Some(Error::new_spanned(abi, message));
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        let message = "a task cannot be unsafe: nobody could keep its promises; wrap the unsafe \
                       part in a safe function";
        return Some(Error::new_spanned(unsafety, message));
    }
    None
}

/// Names are typed in shells and become names of files.
fn name(signature: &Signature) -> Option<Error> {
    if signature.ident.to_string().is_ascii() {
        return None;
    }
    let message = "the name of a task is ASCII: it is typed in shells and names files";
    Some(Error::new(signature.ident.span(), message))
}

fn end(signature: &Signature) -> Option<Error> {
    match &signature.output {
        ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => Some(Error::new(
            ty.span(),
            "a task must return: the runner repeats it; return after one round",
        )),
        _ => None,
    }
}

fn twice(attributes: &[Attribute]) -> Option<Error> {
    let second = attributes.iter().find(|attribute| {
        let path = attribute.path();
        let ours = path
            .segments
            .first()
            .is_some_and(|first| first.ident == "run_functions");
        ours && path
            .segments
            .last()
            .is_some_and(|last| last.ident == "task")
    })?;
    let message = "this function is registered twice: remove one `#[run_functions::task]`";
    Some(Error::new_spanned(second, message))
}
