//! What is written in the parentheses of the attribute.

use std::time::Duration;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Lit, LitBool, Token};

use crate::duration;

const NAMES: [&str; 8] = [
    "name",
    "success_cooldown",
    "fail_cooldown",
    "non_recoverable_downtime",
    "forget_after",
    "timeout",
    "warn_after",
    "isolate",
];

/// The options of the attribute; `None`: not written.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) success_cooldown: Option<Duration>,
    pub(crate) fail_cooldown: Option<Duration>,
    pub(crate) non_recoverable_downtime: Option<Duration>,
    /// `Some(None)` is "never".
    pub(crate) forget_after: Option<Option<Duration>>,
    /// `Some(None)` is "never".
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) warn_after: Option<Duration>,
    pub(crate) isolate: Option<bool>,
}

/// One `name = value`.
struct Setting {
    name: Ident,
    /// `None` when only the name is there, the name with `=`, or the name with parentheses.
    value: Option<Expr>,
}

impl Options {
    /// Reads the tokens between the parentheses.
    ///
    /// # Errors
    ///
    /// When anything is wrong: every mistake of the attribute in one error, each with its place.
    pub(crate) fn read(tokens: proc_macro2::TokenStream) -> syn::Result<Self> {
        let settings = settings.parse2(tokens)?;
        let mut options = Options::default();
        let mut seen: Vec<String> = Vec::new();
        let mut errors: Option<Error> = None;
        for setting in &settings {
            let name = setting.name.unraw().to_string();
            let taken = if seen.contains(&name) {
                Err(Error::new(
                    setting.name.span(),
                    format!("`{name}` is set twice: remove one"),
                ))
            } else {
                options.take(&name, setting)
            };
            seen.push(name);
            if let Err(error) = taken {
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
            }
        }
        match errors {
            Some(errors) => Err(errors),
            None => options.agreeing(&settings),
        }
    }

    fn take(&mut self, name: &str, setting: &Setting) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(chosen(setting)?),
            "success_cooldown" => self.success_cooldown = Some(pause(setting)?),
            "fail_cooldown" => self.fail_cooldown = Some(pause(setting)?),
            "non_recoverable_downtime" => {
                let why = "a downtime of zero would be mailed without end: write how long an \
                           outage lasts before you want to be reminded, such as `\"12h\"`";
                self.non_recoverable_downtime = Some(more_than_zero(setting, why)?);
            }
            "forget_after" if setting.is("never") => self.forget_after = Some(None),
            "forget_after" => {
                let why = "a failure that is forgotten at once would be mailed at the beginning of \
                           each outage: write how long it is remembered, such as `\"6days\"`, or \
                           `\"never\"`";
                self.forget_after = Some(Some(more_than_zero(setting, why)?));
            }
            "timeout" if setting.is("never") => self.timeout = Some(None),
            "timeout" => {
                let why =
                    "a timeout of zero would end every run at once: write `\"never\"` for none";
                self.timeout = Some(Some(more_than_zero(setting, why)?));
            }
            "warn_after" => {
                let why = "every run takes longer than zero: write how long a run may take before \
                           you want a mail about it";
                self.warn_after = Some(more_than_zero(setting, why)?);
            }
            "isolate" => self.isolate = Some(yes_or_no(setting)?.value),
            _ => return Err(unknown(&setting.name, name)),
        }
        Ok(())
    }

    /// Refuses options that contradict one another.
    fn agreeing(self, settings: &Punctuated<Setting, Token![,]>) -> syn::Result<Self> {
        if self.isolate == Some(false) && matches!(self.timeout, Some(Some(_))) {
            let setting = settings.iter().find(|setting| setting.name == "isolate");
            let place = setting.and_then(|setting| setting.value.as_ref());
            let message = "only a process of its own can be ended at its timeout: remove \
                           `isolate = false`, or the timeout";
            return Err(match place {
                Some(value) => Error::new_spanned(value, message),
                None => Error::new(proc_macro2::Span::call_site(), message),
            });
        }
        Ok(self)
    }
}

fn settings(input: ParseStream<'_>) -> syn::Result<Punctuated<Setting, Token![,]>> {
    Punctuated::parse_terminated_with(input, setting)
}

fn setting(input: ParseStream<'_>) -> syn::Result<Setting> {
    if !input.peek(syn::Ident::peek_any) {
        let message = format!(
            "expected an option such as `success_cooldown = \"15m\"`; the options are {}",
            all_names()
        );
        return Err(input.error(message));
    }
    let name = input.call(Ident::parse_any)?;
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        let missing = input.is_empty() || input.peek(Token![,]);
        if missing { None } else { Some(input.parse()?) }
    } else {
        // `name(…)` and `name: …` are read to their end, so that the error points at the name.
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<proc_macro2::TokenTree>()?;
        }
        None
    };
    Ok(Setting { name, value })
}

impl Setting {
    fn is(&self, word: &str) -> bool {
        matches!(&self.value, Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if text.value().trim() == word)
    }

    fn value(&self, example: &str) -> syn::Result<&Expr> {
        self.value.as_ref().ok_or_else(|| {
            let name = self.name.unraw();
            Error::new(
                self.name.span(),
                format!("`{name}` has no value: write `{name} = {example}`"),
            )
        })
    }
}

/// Names are typed in shells and become names of files; a word alone is a task in `tasks`, as in
/// the configuration.
fn chosen(setting: &Setting) -> syn::Result<String> {
    let message = "a name is a text of letters, digits and `_`, such as `\"sync_shop\"`, or a path \
                   of them, such as `\"shop::sync\"`";
    let value = setting.value("\"sync_shop\"")?;
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if text.value().split("::").all(is_identifier) => Ok(text.value()),
        _ => Err(Error::new_spanned(value, message)),
    }
}

fn is_identifier(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn pause(setting: &Setting) -> syn::Result<Duration> {
    let value = setting.value("\"15m\"")?;
    let text = match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text,
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) if number.suffix().is_empty() => {
            let message = duration::no_unit(number.base10_digits());
            return Err(Error::new_spanned(value, message));
        }
        // `15m` without quotes is a number with a suffix.
        Expr::Lit(ExprLit {
            lit: lit @ (Lit::Int(_) | Lit::Float(_)),
            ..
        }) => {
            let message = format!("a duration is written in quotes: `\"{}\"`", written(lit));
            return Err(Error::new_spanned(value, message));
        }
        _ => {
            let message = "a duration is a text in quotes, such as `\"15m\"`, so that it can be \
                           checked here";
            return Err(Error::new_spanned(value, message));
        }
    };
    if text.value().trim() == "never" {
        let message = "only `timeout` and `forget_after` can be `\"never\"`: write a duration, such as `\"12h\"`";
        return Err(Error::new_spanned(text, message));
    }
    duration::parse(&text.value()).map_err(|message| Error::new_spanned(text, message))
}

fn written(lit: &Lit) -> String {
    quote::ToTokens::to_token_stream(lit).to_string()
}

fn more_than_zero(setting: &Setting, why: &str) -> syn::Result<Duration> {
    let span = pause(setting)?;
    match &setting.value {
        Some(value) if span.is_zero() => Err(Error::new_spanned(value, why)),
        _ => Ok(span),
    }
}

fn yes_or_no(setting: &Setting) -> syn::Result<&LitBool> {
    let value = setting.value("true")?;
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(answer),
            ..
        }) => Ok(answer),
        _ => {
            let name = setting.name.unraw();
            let message = format!("`{name}` is `true` or `false`, without quotes");
            Err(Error::new_spanned(value, message))
        }
    }
}

fn unknown(place: &Ident, name: &str) -> Error {
    let near = NAMES
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(similarity, _)| *similarity >= 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let remedy = match near {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!("the options are {}", all_names()),
    };
    Error::new(place.span(), format!("unknown option `{name}`: {remedy}"))
}

fn all_names() -> String {
    NAMES.map(|name| format!("`{name}`")).join(", ")
}
