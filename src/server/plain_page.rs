//! Pages that need nothing of the board: the login, and errors.

use maud::{DOCTYPE, Markup, html};

use crate::server::http::HttpRefusal;

/// What a login page shows beside its form.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginPage<'a> {
    /// Where the board is, as the head names it.
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
                    form.stackv method="post" action="/login" {
                        input type="hidden" name="next" value=(self.next);
                        div.field {
                            label for="token" { "Token" }
                            input id="token" name="token" type="password" required
                                autocomplete="current-password" aria-describedby="tokhelp"
                                spellcheck="false" autocapitalize="none";
                            p.quiet.small id="tokhelp" {
                                "The same token as for the API. Its role (view, post, operate or admin) \
                                 decides what you may do."
                            }
                        }
                        button.primary { "Log in" }
                    }
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
        page(&format!("Log in – {}", self.board), &content)
    }
}

/// Returns the page of a refusal.
pub(crate) fn refusal_page(refusal: &HttpRefusal, board: &str) -> String {
    let status = refusal.status.as_u16();
    let reason = refusal.status.canonical_reason().unwrap_or("Error");
    let content = html! {
        div.center {
            section.card.stackv aria-labelledby="h" {
                div {
                    p.brand { (board) }
                    h1.section id="h" { (status) " " (reason) }
                }
                p { (sentence(&refusal.message)) }
                @if let Some(remedy) = refusal.remedy {
                    p { (sentence(remedy)) }
                }
                p { a href="/" { "To the overview" } }
            }
        }
    };
    page(&format!("{status} – {board}"), &content)
}

/// Returns a fragment of a message as a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

fn page(title: &str, content: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href="/mark-ok.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                main.page id="main" { div.wrap { (content) } }
            }
        }
    }
    .into_string()
}
