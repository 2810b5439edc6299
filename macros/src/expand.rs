//! What the attribute leaves in the program: the function as it was, and a registration beside it.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{ItemFn, ReturnType};

use crate::function;
use crate::options::Options;

/// Returns the item with its registration, or with the errors of both attribute and function. The
/// item stays in any case, so that one mistake here does not make a second one wherever the
/// function is used.
pub(crate) fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = function::read(item.clone());
    expanded(&item, Options::read(options), function, registration)
}

/// Returns an item and what is added to it, or the errors of both attribute and function.
pub(crate) fn expanded<O>(
    item: &TokenStream,
    options: syn::Result<O>,
    function: syn::Result<ItemFn>,
    registration: impl FnOnce(&O, &ItemFn) -> TokenStream,
) -> TokenStream {
    let addition = match (options, function) {
        (Ok(options), Ok(function)) => registration(&options, &function),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => error.into_compile_error(),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            error.into_compile_error()
        }
    };
    quote!(#item #addition)
}

fn registration(options: &Options, function: &ItemFn) -> TokenStream {
    let ident = &function.sig.ident;
    let name = ident.unraw().to_string();
    let chosen = optional(options.name.as_ref().map(|name| quote!(#name)));
    let attributes = attributes(options);
    let settings = options.settings.as_ref().map(|settings| {
        let place = Span::call_site().located_at(settings.span());
        quote_spanned!(place=> __run_functions::__private::check_settings::<#settings>)
    });
    let settings = optional(settings);
    let run = run(function);
    // No name is brought in beside the function: what the program calls its own is not shadowed.
    let root = match &options.root {
        Some(root) => quote!(#root),
        None => quote!(::run_functions),
    };
    quote! {
        const _: () = {
            use #root as __run_functions;
            __run_functions::__private::inventory::submit! {
                __run_functions::__private::Registration {
                    module_path: ::core::module_path!(),
                    function: #name,
                    chosen: #chosen,
                    package_version: ::core::option_env!("CARGO_PKG_VERSION"),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    attributes: #attributes,
                    settings: #settings,
                    run: #run,
                }
            }
        };
    }
}

/// The function as the registry holds it. A context is passed where its type is written, so that an
/// error about another type of that name points at it.
fn run(function: &ItemFn) -> TokenStream {
    match function.sig.inputs.first() {
        None => {
            let call = call(function, TokenStream::new());
            quote!(__run_functions::__private::TaskFunction::Plain(|| #call))
        }
        Some(argument) => {
            let place = Span::call_site().located_at(argument.span());
            let context = Ident::new("context", place);
            let call = call(function, quote!(#context));
            quote!(__run_functions::__private::TaskFunction::WithContext(|#context| #call))
        }
    }
}

/// The call stands where the return type is written, so that an error about the type points at it.
fn call(function: &ItemFn, argument: TokenStream) -> TokenStream {
    let ident = &function.sig.ident;
    let place = match &function.sig.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => ident.span(),
    };
    // Not the place itself: tokens of a macro are not linted as the user's own.
    let place = Span::call_site().located_at(place);
    let ident = {
        let mut ident = ident.clone();
        ident.set_span(place);
        ident
    };
    quote_spanned!(place=> __run_functions::__private::IntoReport::into_report(#ident(#argument)))
}

fn attributes(options: &Options) -> TokenStream {
    let success_cooldown = optional(options.success_cooldown.map(span));
    let every = optional(options.every.map(span));
    let fail_cooldown = optional(options.fail_cooldown.map(span));
    let non_recoverable_downtime = optional(options.non_recoverable_downtime.map(span));
    let forget_after = optional(options.forget_after.map(|after| optional(after.map(span))));
    let timeout = optional(options.timeout.map(|timeout| optional(timeout.map(span))));
    let warn_after = optional(options.warn_after.map(span));
    let isolate = optional(options.isolate.map(|isolate| quote!(#isolate)));
    quote! {
        __run_functions::__private::Attributes {
            success_cooldown: #success_cooldown,
            every: #every,
            fail_cooldown: #fail_cooldown,
            non_recoverable_downtime: #non_recoverable_downtime,
            forget_after: #forget_after,
            timeout: #timeout,
            warn_after: #warn_after,
            isolate: #isolate,
        }
    }
}

/// Returns an `Option` as an expression.
pub(crate) fn optional(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Returns a duration as an expression.
pub(crate) fn span(duration: Duration) -> TokenStream {
    let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(__run_functions::__private::Duration::new(#secs, #nanos))
}
