//! What the attribute of a job leaves in the program: the function as it was, and a registration
//! beside it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, ItemFn, Lit, Meta};

use crate::expand::{expanded, optional};
use crate::job_function;
use crate::job_options::JobOptions;

/// Returns the item with its registration, or with the errors of both attribute and function. The
/// item stays in any case.
pub(crate) fn job(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = job_function::read(item.clone());
    expanded(&item, JobOptions::read(options), function, registration)
}

fn registration(options: &JobOptions, function: &ItemFn) -> TokenStream {
    let ident = &function.sig.ident;
    let name = ident.unraw().to_string();
    let chosen = optional(options.name.as_ref().map(|name| quote!(#name)));
    let pairs = &options.pairs;
    let help = help(&function.attrs);
    // Where the type of the arguments is written, so that an error about the type points at it.
    let argument = function.sig.inputs.first();
    let place = argument.map_or_else(|| ident.span(), |argument| argument.span());
    let place = Span::call_site().located_at(place);
    let calls = quote_spanned! {place=>
        define: || __run_functions::__private::define_job(#ident),
        check: |args| __run_functions::__private::check_arguments(#ident, args),
        call: |call, around| __run_functions::__private::call_step(#ident, call, around),
    };
    quote! {
        const _: () = {
            use ::run_functions as __run_functions;
            __run_functions::__private::inventory::submit! {
                __run_functions::__private::JobRegistration {
                    module_path: ::core::module_path!(),
                    function: #name,
                    chosen: #chosen,
                    file: ::core::file!(),
                    line: ::core::line!(),
                    help: #help,
                    options: &[#(#pairs),*],
                    #calls
                }
            }
        };
    }
}

/// Returns the first line of the doc comment.
fn help(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) if pair.path.is_ident("doc") => Some(text.value()),
            _ => None,
        }
    });
    let mut lines = lines.map(|line| line.trim().to_owned());
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}
