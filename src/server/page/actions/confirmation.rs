//! The page that asks once: what will happen, to what, and how it can be undone.

use maud::{Markup, html};

use crate::board::BoardResult;
use crate::server::page::components::marks::StateMark;
use crate::server::page::components::notice::notice;
use crate::server::page::components::shell::NavPlace;
use crate::server::page::page_content::{PageContent, answer};
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::name;

/// A button of the page: what stands on it, and the field that it sends.
pub(super) struct ConfirmChoice {
    /// What stands on it.
    pub(super) word: String,
    /// The field.
    pub(super) field: Option<(&'static str, String)>,
    /// How it looks.
    pub(super) class: &'static str,
}

/// What is asked.
pub(super) struct Confirmation {
    /// Where the object is.
    pub(super) place: NavPlace,
    /// The way to the object.
    pub(super) kicker: Markup,
    /// The question.
    pub(super) question: String,
    /// A usual mistake.
    pub(super) warning: Option<Markup>,
    /// What will happen.
    pub(super) consequences: Vec<Markup>,
    /// How it can be undone.
    pub(super) undo: String,
    /// What is sent besides.
    pub(super) fields: Vec<(&'static str, String)>,
    /// Fields that the user fills in.
    pub(super) inputs: Markup,
    /// The buttons.
    pub(super) choices: Vec<ConfirmChoice>,
    /// What it is about, at the side.
    pub(super) aside: Markup,
    /// Where the way back leads.
    pub(super) back: String,
}

impl Confirmation {
    /// Returns the only button of a plain question.
    pub(super) fn button(word: &str, is_dangerous: bool) -> Vec<ConfirmChoice> {
        vec![ConfirmChoice {
            word: word.to_owned(),
            field: None,
            class: if is_dangerous {
                "primary danger"
            } else {
                "primary"
            },
        }]
    }

    /// Returns the page.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn page(&self, visit: &Visit<'_>) -> BoardResult<PageAnswer> {
        let content = PageContent::new(self.place, self.question.clone());
        answer(visit, &content.still(self.markup(visit)))
    }

    fn markup(&self, visit: &Visit<'_>) -> Markup {
        let viewer = visit.request.viewer;
        html! {
            div class="grid21" {
                form class="card pad stackv" method="post" action="/act" {
                    input type="hidden" name="csrf" value=(viewer.csrf);
                    @for (field, value) in &self.fields { input type="hidden" name=(field) value=(value); }
                    div { p class="kicker" { (self.kicker) } h1 { (self.question) } }
                    @if let Some(warning) = &self.warning { (notice(StateMark::WARNING, warning)) }
                    div {
                        h2 { "What will happen" }
                        ul class="plain" {
                            @for one in &self.consequences { li { (one) } }
                            li { b { "To undo it: " } (self.undo) }
                        }
                    }
                    (self.inputs)
                    div class="field" {
                        label for="why" { "Reason " span class="quiet" { "(optional, kept in the audit)" } }
                        input id="why" name="reason" maxlength="200" autocomplete="off";
                    }
                    p class="quiet small" { "Recorded as " (name(&viewer.name)) ", at the time you press." }
                    div class="row" {
                        @for choice in &self.choices {
                            @match &choice.field {
                                Some((field, value)) => { button class=(choice.class) name=(field) value=(value) { (choice.word) } }
                                None => { button class=(choice.class) { (choice.word) } }
                            }
                        }
                        a class="button" href=(self.back) { "Back, change nothing" }
                    }
                }
                (self.aside)
            }
        }
    }
}
