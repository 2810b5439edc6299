//! Pages that need nothing of the board: the login, and refusals.

use maud::{Markup, html};

use super::page::components::shell::{DocumentHead, TopBar, document, foot};
use super::page::errors::error_page;
use crate::server::http::HttpRefusal;

/// What a login page shows beside its form.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginPage<'a> {
    /// The name of the board.
    pub(crate) board: &'a str,
    /// Where the browser goes on.
    pub(crate) next: &'a str,
    /// Why the login before was refused.
    pub(crate) refused: Option<&'a str>,
    /// Whether the connection is encrypted.
    pub(crate) is_secure: bool,
}

impl LoginPage<'_> {
    /// Returns the page.
    pub(crate) fn html(&self) -> String {
        let content = html! {
            div.center {
                section.card.stackv aria-labelledby="h" {
                    div {
                        p.brand { (self.board) }
                        h1.section id="h" { "Log in" }
                    }
                    @if let Some(why) = self.refused {
                        div.notice.s-bad role="alert" id="err" { p { b { (why) } } }
                    }
                    (self.form())
                    p.quiet.small {
                        "No token? An administrator of this board creates one: "
                        code { "run_functions serve token add NAME --role view" }
                        ". You stay logged in for 12 h on this device; every action is recorded \
                         under the name of the token."
                    }
                }
                p.quiet.small.section {
                    "run_functions " (env!("CARGO_PKG_VERSION"))
                    (if self.is_secure { ", encrypted with TLS" } else { ", not encrypted" })
                }
            }
        };
        page("Log in", self.refused.is_some(), &content)
    }

    fn form(&self) -> Markup {
        html! {
            form.stackv method="post" action="/login" {
                input type="hidden" name="next" value=(self.next);
                div.field {
                    label for="token" { "Token" }
                    input id="token" name="token" type="password" required
                        autocomplete="current-password" aria-describedby="tokhelp"
                        aria-invalid=[self.refused.map(|_| "true")]
                        spellcheck="false" autocapitalize="none";
                    p.quiet.small id="tokhelp" {
                        "The same token as for the API. Its role (view, post, operate or admin) \
                         decides what you may do."
                    }
                }
                button.primary { "Log in" }
            }
        }
    }
}

/// Returns the page of a refusal.
pub(crate) fn refusal_page(refusal: &HttpRefusal) -> String {
    let reason = refusal.status.canonical_reason().unwrap_or("Error");
    let why = html! { p { (sentence(&refusal.message)) } };
    let remedy = html! {
        @if let Some(remedy) = refusal.remedy { p { (sentence(remedy)) } }
        p { a href="/" { "Go to the overview" } }
    };
    let content = error_page(refusal.status.as_u16(), reason, &why, &remedy);
    page(reason, true, &content)
}

/// Returns a fragment of a message as a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

fn page(title: &str, is_bad: bool, content: &Markup) -> String {
    let head = DocumentHead {
        title: title.to_owned(),
        is_bad,
    };
    document(&head, &TopBar::default(), content, &foot(&[], None))
}
