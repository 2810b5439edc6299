//! The shell around each page: its head, the bar of top, and its foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::marks::{StateMark, mark};
use crate::server::page::assets;
use crate::server::page::wording::name;

/// The marks, defined once a page.
const SPRITE: &str = include_str!("../assets/sprite.svg");

/// A place of the main navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum NavPlace {
    /// Whether anything is wrong.
    Overview,
    /// The jobs.
    Jobs,
    /// The definitions.
    Definitions,
    /// The schedules.
    Schedules,
    /// The workers.
    Workers,
    /// The chains of the host of the server.
    Chains,
    /// No place of the navigation.
    Elsewhere,
}

impl NavPlace {
    const SHOWN: [(NavPlace, &'static str, &'static str); 6] = [
        (NavPlace::Overview, "/", "Overview"),
        (NavPlace::Jobs, "/jobs", "Jobs"),
        (NavPlace::Definitions, "/definitions", "Definitions"),
        (NavPlace::Schedules, "/schedules", "Schedules"),
        (NavPlace::Workers, "/workers", "Workers"),
        (NavPlace::Chains, "/chains", "Chains"),
    ];
}

/// A count of what is wrong at a place of the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct NavBadge {
    /// The place.
    pub(in crate::server) place: NavPlace,
    /// How many.
    pub(in crate::server) count: u64,
    /// Of what.
    pub(in crate::server) word: &'static str,
}

/// What the bar of top shows of a user.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct AccountMenu {
    /// The name of the token.
    pub(in crate::server) name: String,
    /// The word for the role.
    pub(in crate::server) role: &'static str,
    /// The projects to which the token is bound; empty: to none.
    pub(in crate::server) projects: Vec<String>,
    /// What the form of the log-out sends back.
    pub(in crate::server) csrf: String,
    /// In which zone times are written.
    pub(in crate::server) zone: String,
}

/// The bar of top.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct TopBar {
    /// Where the page is; `None`: without navigation, before the login.
    pub(in crate::server) place: Option<NavPlace>,
    /// What is wrong where.
    pub(in crate::server) badges: Vec<NavBadge>,
    /// The user; `None`: before the login.
    pub(in crate::server) account: Option<AccountMenu>,
    /// The time at which the page was written, and the address that loads it again; `None`: the
    /// page is not a live one.
    pub(in crate::server) live: Option<(String, String)>,
    /// What stands in the field of the search.
    pub(in crate::server) search: String,
}

/// The head of a document.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct DocumentHead {
    /// The title, without the name of the program.
    pub(in crate::server) title: String,
    /// Whether something is wrong: the icon of the browser's tab shows that.
    pub(in crate::server) is_bad: bool,
}

/// Returns a whole document.
pub(in crate::server) fn document(
    head: &DocumentHead,
    bar: &TopBar,
    main: &Markup,
    foot: &Markup,
) -> String {
    let icon = if head.is_bad {
        "mark-bad.svg"
    } else {
        "mark-ok.svg"
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (head.title) " – run_functions" }
                link rel="icon" href=(assets::path(icon)) type="image/svg+xml"
                    data-well=(assets::path("mark-ok.svg")) data-ill=(assets::path("mark-bad.svg"));
                link rel="stylesheet" href=(assets::path("style.css"));
                script src=(assets::path("page.js")) defer {}
            }
            body {
                (skip_link())
                (PreEscaped(SPRITE))
                (top_bar(bar))
                main id="main" class="page" tabindex="-1" { div class="wrap" { (main) } }
                (foot)
            }
        }
    };
    page.into_string()
}

/// Returns the link that leads past the navigation.
pub(in crate::server) fn skip_link() -> Markup {
    html! { a class="skip" href="#main" { "Skip to the content" } }
}

/// Returns the bar of top.
pub(in crate::server) fn top_bar(bar: &TopBar) -> Markup {
    html! {
        header class="bar" {
            div class="wrap" {
                a class="brand" href="/" { (mark(StateMark::LOOP)) span { "run_functions" } }
                (navigation(bar))
                @if let Some(account) = &bar.account {
                    div class="tools" {
                        form action="/jobs" role="search" aria-label="All jobs" {
                            input type="search" name="q" value=(bar.search) aria-label="Find a job by number, key, kind, argument or error"
                                placeholder="Job, key or error" data-key="/";
                        }
                        (live_light(bar.live.as_ref()))
                        (account_menu(account))
                    }
                }
            }
        }
    }
}

/// Returns the navigation with the name by which it is fetched again.
pub(in crate::server::page) fn navigation(bar: &TopBar) -> Markup {
    let live = bar.live.as_ref().map(|(_, address)| address);
    html! {
        div class="nav" id="nav" data-live=[live] {
            @if let Some(place) = bar.place { (main_nav(place, bar)) }
        }
    }
}

fn main_nav(place: NavPlace, bar: &TopBar) -> Markup {
    let sees_chains = bar
        .account
        .as_ref()
        .is_some_and(|account| account.projects.is_empty());
    html! {
        nav aria-label="Main" {
            ul {
                @for (other, href, word) in NavPlace::SHOWN {
                    @if other != NavPlace::Chains || sees_chains {
                        li {
                            a href=(href) aria-current=[(other == place).then_some("page")] {
                                (word)
                                @for badge in bar.badges.iter().filter(|badge| badge.place == other && badge.count > 0) {
                                    span class="badge" { (badge.count) span class="hidden" { " " (badge.word) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the light that the script turns on: without scripts a link that loads the page again.
fn live_light(live: Option<&(String, String)>) -> Markup {
    html! {
        @if let Some((at, address)) = live {
            a class="live off" id="light" href=(address) data-at=(at) { (at) ", reload" }
        }
    }
}

fn account_menu(account: &AccountMenu) -> Markup {
    html! {
        details class="menu" {
            summary { (name(&account.name)) " " span class="quiet" { (account.role) } }
            ul {
                li { a href="/audit" { "Audit: the actions of users" } }
                li class="small" {
                    @if account.projects.is_empty() { "All projects" }
                    @else {
                        "Projects: "
                        @for (at, project) in account.projects.iter().enumerate() {
                            @if at > 0 { ", " }
                            (name(project))
                        }
                    }
                }
                li class="small" { "Times in " (account.zone) }
                li {
                    form method="post" action="/logout" {
                        input type="hidden" name="csrf" value=(account.csrf);
                        button { "Log out" }
                    }
                }
            }
        }
    }
}

/// Returns the foot of a page.
pub(in crate::server) fn foot(facts: &[String], as_of: Option<&Markup>) -> Markup {
    html! {
        footer class="foot" {
            div class="wrap" {
                ul {
                    @for fact in facts { li { bdi { (fact) } } }
                    @if let Some(as_of) = as_of { li { "As of " (as_of) } }
                    li { a href="https://docs.rs/run_functions/latest/run_functions/guide/" rel="noreferrer" { "Guide" } }
                    li { a href="/api/v1/openapi.json" { "API" } }
                    li { a href="/metrics" { "Metrics" } }
                }
            }
        }
    }
}

/// Returns the head of a page: where it is, its verdict, a sentence, and what can be done.
pub(in crate::server::page) fn page_head(
    kicker: &Markup,
    verdict: &Markup,
    sentence: &Markup,
    actions: &Markup,
) -> Markup {
    html! {
        div class="head" {
            div {
                p class="kicker" { (kicker) }
                h1 { (verdict) }
                p id="verdict" aria-live="polite" { (sentence) }
            }
            (actions)
        }
    }
}
