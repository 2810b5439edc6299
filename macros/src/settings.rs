//! What is written in the parentheses of an attribute: settings, and values of the kinds that they
//! have.

use std::time::Duration;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Lit, LitBool, Token};

use crate::duration;

/// The options that an attribute knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownOptions {
    /// Their names.
    pub(crate) names: &'static [&'static str],
    /// One with a value.
    pub(crate) example: &'static str,
    /// What to write where `"never"` stands and cannot.
    pub(crate) instead_of_never: &'static str,
}

/// One `name = value`.
pub(crate) struct Setting {
    pub(crate) name: Ident,
    /// `None` when only the name is there, the name with `=`, or the name with parentheses.
    pub(crate) value: Option<Expr>,
}

/// The settings of an attribute.
pub(crate) type Settings = Punctuated<Setting, Token![,]>;

impl KnownOptions {
    /// Reads the tokens between the parentheses, and hands each setting to `take`.
    ///
    /// # Errors
    ///
    /// When anything is wrong: every mistake of the attribute in one error, each with its place.
    pub(crate) fn read(
        self,
        tokens: proc_macro2::TokenStream,
        mut take: impl FnMut(&str, &Setting) -> syn::Result<()>,
    ) -> syn::Result<Settings> {
        let settings = (|input: ParseStream<'_>| self.settings(input)).parse2(tokens)?;
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
                take(&name, setting)
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
            None => Ok(settings),
        }
    }

    fn settings(self, input: ParseStream<'_>) -> syn::Result<Settings> {
        let mut settings = Settings::new();
        while !input.is_empty() {
            settings.push_value(self.setting(input)?);
            if input.is_empty() {
                break;
            }
            settings.push_punct(input.parse()?);
        }
        Ok(settings)
    }

    fn setting(self, input: ParseStream<'_>) -> syn::Result<Setting> {
        if !input.peek(syn::Ident::peek_any) {
            let message = format!(
                "expected an option such as `{}`; the options are {}",
                self.example,
                self.all_names()
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

    /// Reads a duration.
    pub(crate) fn pause(self, setting: &Setting) -> syn::Result<Duration> {
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
            return Err(Error::new_spanned(text, self.instead_of_never));
        }
        duration::parse(&text.value()).map_err(|message| Error::new_spanned(text, message))
    }

    /// Reads a duration that is not zero. `why` explains what zero would mean.
    pub(crate) fn more_than_zero(self, setting: &Setting, why: &str) -> syn::Result<Duration> {
        let span = self.pause(setting)?;
        match &setting.value {
            Some(value) if span.is_zero() => Err(Error::new_spanned(value, why)),
            _ => Ok(span),
        }
    }

    /// Returns the error about an option that is not known.
    pub(crate) fn unknown(self, place: &Ident, name: &str) -> Error {
        let near = self
            .names
            .iter()
            .map(|known| (strsim::jaro_winkler(known, name), *known))
            .filter(|(similarity, known)| *similarity >= 0.7 && 2 * known.len() >= name.len())
            .max_by(|(one, _), (other, _)| one.total_cmp(other));
        let remedy = match near {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None => format!("the options are {}", self.all_names()),
        };
        Error::new(place.span(), format!("unknown option `{name}`: {remedy}"))
    }

    fn all_names(self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }
}

impl Setting {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self.value.as_ref().map(ungrouped), Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if text.value().trim() == word)
    }

    pub(crate) fn value(&self, example: &str) -> syn::Result<&Expr> {
        self.value.as_ref().map(ungrouped).ok_or_else(|| {
            let name = self.name.unraw();
            Error::new(
                self.name.span(),
                format!("`{name}` has no value: write `{name} = {example}`"),
            )
        })
    }
}

/// Returns what a `macro_rules!` has passed on, without the group that it has put around it.
fn ungrouped(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => ungrouped(&group.expr),
        Expr::Paren(paren) => ungrouped(&paren.expr),
        value => value,
    }
}

fn written(lit: &Lit) -> String {
    quote::ToTokens::to_token_stream(lit).to_string()
}

/// Reads `true` or `false`.
pub(crate) fn yes_or_no(setting: &Setting) -> syn::Result<&LitBool> {
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
