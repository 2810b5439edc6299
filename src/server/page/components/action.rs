//! Buttons: each leads to a page that asks once, works without scripts, and has an address.

use maud::{Markup, html};

use crate::server::page::visit::Visit;
use crate::server::viewer::Role;

/// A button that asks for something.
pub(in crate::server::page) struct ActionButton<'a> {
    /// What is asked for: the value of `do`.
    pub(in crate::server::page) verb: &'a str,
    /// What stands on it.
    pub(in crate::server::page) word: &'a str,
    /// Of what.
    pub(in crate::server::page) object: (&'a str, &'a str),
    /// How it looks: empty, `primary` or `danger`.
    pub(in crate::server::page) class: &'a str,
    /// What may be chosen beside it.
    pub(in crate::server::page) choice: Option<Markup>,
}

impl<'a> ActionButton<'a> {
    /// Creates a plain button.
    pub(in crate::server::page) fn new(
        verb: &'a str,
        word: &'a str,
        object: (&'a str, &'a str),
    ) -> Self {
        ActionButton {
            verb,
            word,
            object,
            class: "",
            choice: None,
        }
    }

    /// Returns the button with a look.
    pub(in crate::server::page) fn looking(self, class: &'a str) -> Self {
        ActionButton { class, ..self }
    }
}

/// Returns a button for a user of a role; one that the user may not press names the role.
pub(in crate::server::page) fn button(
    visit: &Visit<'_>,
    needed: Role,
    of: &ActionButton<'_>,
) -> Markup {
    let is_allowed = visit.may(needed);
    let takes = format!("takes the role {}", needed.word());
    html! {
        @if is_allowed {
            form action="/confirm" {
                input type="hidden" name="do" value=(of.verb);
                input type="hidden" name=(of.object.0) value=(of.object.1);
                div class=[of.choice.is_some().then_some("pair")] {
                    button class=[(!of.class.is_empty()).then_some(of.class)] { (of.word) }
                    @if let Some(choice) = &of.choice { (choice) }
                }
            }
        } @else {
            button disabled title=(takes) { (of.word.trim_end_matches('…')) span class="hidden" { ", " (takes) } }
        }
    }
}

/// An action of the strip: possible now, or when.
pub(in crate::server::page) struct StripAction<'a> {
    /// The button; `None`: not possible now.
    pub(in crate::server::page) button: Option<ActionButton<'a>>,
    /// What stands on the button that is not possible.
    pub(in crate::server::page) word: &'a str,
    /// What it does, or when it will be possible.
    pub(in crate::server::page) text: Markup,
}

/// Returns what can be done with an object, each with what it does.
pub(in crate::server::page) fn action_strip(
    visit: &Visit<'_>,
    needed: Role,
    actions: &[StripAction<'_>],
) -> Markup {
    // Who may post may post again.
    let needed = |of: &ActionButton<'_>| match of.verb {
        "again" => Role::Post,
        _ => needed,
    };
    html! {
        section class="actions" aria-label="Actions" {
            @for action in actions {
                @match &action.button {
                    Some(of) if visit.may(needed(of)) => {
                        div class="action" { (button(visit, needed(of), of)) p { (action.text) } }
                    }
                    Some(of) => {
                        div class="action off" {
                            button disabled { (action.word) }
                            " " p { "Takes the role " (needed(of).word()) "." }
                        }
                    }
                    None => {
                        div class="action off" { button disabled { (action.word) } " " p { (action.text) } }
                    }
                }
            }
        }
    }
}
