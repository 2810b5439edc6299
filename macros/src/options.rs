//! The options of a task.

use std::time::Duration;

use syn::{Error, Expr, ExprLit, Lit};

use crate::settings::{KnownOptions, Setting, Settings, yes_or_no};

const KNOWN: KnownOptions = KnownOptions {
    names: &NAMES,
    example: "success_cooldown = \"15m\"",
    instead_of_never: "only `timeout` and `forget_after` can be `\"never\"`: write a duration, such as `\"12h\"`",
};
const NAMES: [&str; 11] = [
    "name",
    "success_cooldown",
    "every",
    "fail_cooldown",
    "non_recoverable_downtime",
    "forget_after",
    "timeout",
    "warn_after",
    "isolate",
    "settings",
    "crate",
];

/// The options of the attribute; `None`: not written.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) success_cooldown: Option<Duration>,
    pub(crate) every: Option<Duration>,
    pub(crate) fail_cooldown: Option<Duration>,
    pub(crate) non_recoverable_downtime: Option<Duration>,
    /// `Some(None)` is "never".
    pub(crate) forget_after: Option<Option<Duration>>,
    /// `Some(None)` is "never".
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) warn_after: Option<Duration>,
    pub(crate) isolate: Option<bool>,
    /// The type of its settings.
    pub(crate) settings: Option<syn::ExprPath>,
    /// The path of this library, where its name is another one.
    pub(crate) root: Option<syn::Path>,
}

impl Options {
    /// Reads the tokens between the parentheses.
    ///
    /// # Errors
    ///
    /// When anything is wrong: every mistake of the attribute in one error, each with its place.
    pub(crate) fn read(tokens: proc_macro2::TokenStream) -> syn::Result<Self> {
        let mut options = Options::default();
        let settings = KNOWN.read(tokens, |name, setting| options.take(name, setting))?;
        options.agreeing(&settings)
    }

    fn take(&mut self, name: &str, setting: &Setting) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(chosen(setting)?),
            "success_cooldown" => self.success_cooldown = Some(KNOWN.pause(setting)?),
            "every" => {
                let why = "an interval of zero would be a loop without a pause: write the time \
                           from one start to the next, such as `\"1h\"`";
                self.every = Some(KNOWN.more_than_zero(setting, why)?);
            }
            "fail_cooldown" => self.fail_cooldown = Some(KNOWN.pause(setting)?),
            "non_recoverable_downtime" => {
                let why = "a downtime of zero would be mailed without end: write how long an \
                           outage lasts before you want to be reminded, such as `\"12h\"`";
                self.non_recoverable_downtime = Some(KNOWN.more_than_zero(setting, why)?);
            }
            "forget_after" if setting.is("never") => self.forget_after = Some(None),
            "forget_after" => {
                let why = "a failure that is forgotten at once would be mailed at the beginning of \
                           each outage: write how long it is remembered, such as `\"6days\"`, or \
                           `\"never\"`";
                self.forget_after = Some(Some(KNOWN.more_than_zero(setting, why)?));
            }
            "timeout" if setting.is("never") => self.timeout = Some(None),
            "timeout" => {
                let why =
                    "a timeout of zero would end every run at once: write `\"never\"` for none";
                self.timeout = Some(Some(KNOWN.more_than_zero(setting, why)?));
            }
            "warn_after" => {
                let why = "every run takes longer than zero: write how long a run may take before \
                           you want a mail about it";
                self.warn_after = Some(KNOWN.more_than_zero(setting, why)?);
            }
            "isolate" => self.isolate = Some(yes_or_no(setting)?.value),
            "crate" => self.root = Some(root(setting)?),
            "settings" => self.settings = Some(type_of(setting)?),
            _ => return Err(KNOWN.unknown(&setting.name, name)),
        }
        Ok(())
    }

    /// Refuses options that contradict one another.
    fn agreeing(self, settings: &Settings) -> syn::Result<Self> {
        if self.every.is_some() && self.success_cooldown.is_some() {
            let both =
                |setting: &&Setting| setting.name == "every" || setting.name == "success_cooldown";
            let place = settings.iter().rfind(both);
            let message = "`every` and `success_cooldown` exclude each other: `every` counts from \
                           one start to the next, `success_cooldown` from the end of a run; remove \
                           one";
            return Err(match place {
                Some(setting) => Error::new_spanned(&setting.name, message),
                None => Error::new(proc_macro2::Span::call_site(), message),
            });
        }
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

/// Reads the path of this library.
fn root(setting: &Setting) -> syn::Result<syn::Path> {
    let value = setting.value("\"rf\"")?;
    let message = "`crate` is the path of run_functions in quotes, such as `crate = \"rf\"`";
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text.parse().map_err(|_| Error::new_spanned(value, message)),
        _ => Err(Error::new_spanned(value, message)),
    }
}

/// Reads the path of a type.
fn type_of(setting: &Setting) -> syn::Result<syn::ExprPath> {
    let message = "`settings` is a type that serde can deserialize, such as `settings = Shop`";
    match setting.value("Shop")? {
        Expr::Path(path) => Ok(path.clone()),
        other => Err(Error::new_spanned(other, message)),
    }
}

fn is_identifier(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
