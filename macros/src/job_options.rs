//! The options of a job: keys of `[jobs.NAME]`, each with the kind of its values.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Expr, ExprArray, ExprLit, ExprUnary, Lit, UnOp};

use crate::expand::span;
use crate::settings::{KnownOptions, Setting, yes_or_no};

/// What an option takes.
#[derive(Clone, Copy)]
enum OptionKind {
    /// A duration that is not zero.
    Span,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A text, such as this one.
    Text(&'static str),
    /// A list of texts, such as this one.
    Texts(&'static str),
    /// A whole number within bounds.
    Number(i64, i64),
    /// `true` or `false`.
    Flag,
}

const OPTIONS: [(&str, OptionKind); 15] = [
    ("lease", OptionKind::Span),
    (
        "resume",
        OptionKind::Choice(&["anywhere", "restart", "same-host"]),
    ),
    ("needs", OptionKind::Texts("[\"gpu\"]")),
    ("priority", OptionKind::Number(-2, 2)),
    (
        "on_failure",
        OptionKind::Choice(&["revert", "stop", "continue"]),
    ),
    ("parallel", OptionKind::Flag),
    ("limit", OptionKind::Number(1, 1_000_000)),
    ("limit_by", OptionKind::Text("\"args.customer\"")),
    ("overlap", OptionKind::Choice(&["wait", "skip", "allow"])),
    ("expires", OptionKind::Span),
    ("time_limit", OptionKind::Span),
    ("waiting_for_at_most", OptionKind::Span),
    ("max_crashes", OptionKind::Number(1, 1_000)),
    ("to", OptionKind::Texts("[\"ops@example.org\"]")),
    ("cc", OptionKind::Texts("[\"ops@example.org\"]")),
];

const KNOWN: KnownOptions = KnownOptions {
    names: &NAMES,
    example: "lease = \"30s\"",
    instead_of_never: "no option of a job is `\"never\"`: leave it out, or write a duration, such as `\"12h\"`",
};
const NAMES: [&str; OPTIONS.len() + 1] = names();

const fn names() -> [&'static str; OPTIONS.len() + 1] {
    let mut names = ["name"; OPTIONS.len() + 1];
    let mut at = 0;
    while at < OPTIONS.len() {
        names[at + 1] = OPTIONS[at].0;
        at += 1;
    }
    names
}

/// The options of a job.
#[derive(Debug, Default)]
pub(crate) struct JobOptions {
    /// The name that is chosen.
    pub(crate) name: Option<String>,
    /// The other options that are written, as pairs of key and value.
    pub(crate) pairs: Vec<TokenStream>,
}

impl JobOptions {
    /// Reads the tokens between the parentheses.
    ///
    /// # Errors
    ///
    /// When anything is wrong: every mistake of the attribute in one error, each with its place.
    pub(crate) fn read(tokens: TokenStream) -> syn::Result<Self> {
        let mut options = JobOptions::default();
        let settings = KNOWN.read(tokens, |name, setting| options.take(name, setting))?;
        let limit_by = settings.iter().find(|setting| setting.name == "limit_by");
        match limit_by {
            Some(setting) if !settings.iter().any(|setting| setting.name == "limit") => {
                let message = "`limit_by` has no effect without `limit`: write `limit = 1` beside \
                               it, or another number";
                Err(Error::new(setting.name.span(), message))
            }
            _ => Ok(options),
        }
    }

    fn take(&mut self, name: &str, setting: &Setting) -> syn::Result<()> {
        if name == "name" {
            self.name = Some(chosen(setting)?);
            return Ok(());
        }
        let Some((key, kind)) = OPTIONS.iter().find(|(key, _)| *key == name) else {
            return Err(KNOWN.unknown(&setting.name, name));
        };
        let value = kind.read(setting)?;
        self.pairs
            .push(quote!((#key, ::run_functions::__private::JobOption::#value)));
        Ok(())
    }
}

impl OptionKind {
    /// Reads a value; returns the variant of `JobOption` that holds it.
    fn read(self, setting: &Setting) -> syn::Result<TokenStream> {
        Ok(match self {
            OptionKind::Span => {
                let why = "zero would end every job at once: leave the option out, or write a \
                           duration, such as `\"30s\"`";
                let span = span(KNOWN.more_than_zero(setting, why)?);
                quote!(Span(#span))
            }
            OptionKind::Flag => {
                let flag = yes_or_no(setting)?;
                quote!(Flag(#flag))
            }
            OptionKind::Number(least, most) => {
                let number = number(setting, least, most)?;
                quote!(Number(#number))
            }
            OptionKind::Choice(words) => {
                let text = choice(setting, words)?;
                quote!(Text(#text))
            }
            OptionKind::Text(example) => {
                let value = setting.value(example)?;
                let name = &setting.name;
                let message = format!("`{name}` is a text in quotes, such as `{example}`");
                let text = text(value).ok_or_else(|| Error::new_spanned(value, message))?;
                quote!(Text(#text))
            }
            OptionKind::Texts(example) => {
                let texts = texts(setting, example)?;
                quote!(Texts(&[#(#texts),*]))
            }
        })
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

fn number(setting: &Setting, least: i64, most: i64) -> syn::Result<i64> {
    let value = setting.value(&least.max(1).to_string())?;
    let (sign, digits) = match value {
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => (-1, &**expr),
        other => (1, other),
    };
    let number = match digits {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse::<i64>().ok(),
        _ => None,
    };
    let number = number.map(|number| sign * number);
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            let name = &setting.name;
            let message =
                format!("`{name}` is a whole number from {least} to {most}, without quotes");
            Error::new_spanned(value, message)
        })
}

fn choice(setting: &Setting, words: &[&str]) -> syn::Result<String> {
    let value = setting.value(&format!("\"{}\"", words[0]))?;
    let word = text(value).filter(|word| words.contains(&word.as_str()));
    word.ok_or_else(|| {
        let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
        let name = &setting.name;
        Error::new_spanned(value, format!("`{name}` is one of {}", words.join(", ")))
    })
}

fn texts(setting: &Setting, example: &str) -> syn::Result<Vec<String>> {
    let value = setting.value(example)?;
    let items = match value {
        Expr::Array(ExprArray { elems, .. }) => elems.iter().map(text).collect(),
        _ => None,
    };
    items.ok_or_else(|| {
        let name = &setting.name;
        let message = format!("`{name}` is a list of texts in quotes, such as `{example}`");
        Error::new_spanned(value, message)
    })
}

/// Names are typed in shells, and stand on the board.
fn chosen(setting: &Setting) -> syn::Result<String> {
    let value = setting.value("\"resize-picture\"")?;
    let is_name = |text: &String| {
        text.len() <= 100
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    text(value).filter(is_name).ok_or_else(|| {
        let message = "the name of a job is a text of letters, digits, `_` and `-` that begins \
                       with a letter, such as `\"resize-picture\"`";
        Error::new_spanned(value, message)
    })
}
