//! The content of a page, before the shell is put around: parts, some of which the script fetches
//! again.

use maud::Markup;

use super::components::shell::{
    AccountMenu, DocumentHead, NavBadge, NavPlace, TopBar, document, foot, navigation,
};
use super::page_request::PageAnswer;
use super::visit::Visit;
use super::wording::{address, encoded_path};
use crate::board::BoardResult;
use crate::server::viewer::Projects;

/// The values of a query that only the script adds.
const OF_SCRIPT: [&str; 2] = ["fragment", "upto"];

/// A part of a page.
pub(super) struct PagePart {
    /// The name by which the part is fetched again; `None`: it stays as it is.
    id: Option<&'static str>,
    markup: Markup,
}

/// The content of a page.
pub(super) struct PageContent {
    /// The status of HTTP.
    pub(super) status: u16,
    /// The title, without the name of the program.
    pub(super) title: String,
    /// Whether something is wrong.
    pub(super) is_bad: bool,
    /// Where the page is.
    pub(super) place: NavPlace,
    parts: Vec<PagePart>,
    /// What is added to the address by which parts are fetched again.
    kept: Vec<(&'static str, String)>,
}

impl PageContent {
    /// Creates a page without parts.
    pub(super) fn new(place: NavPlace, title: String) -> Self {
        PageContent {
            status: 200,
            title,
            is_bad: false,
            place,
            parts: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Returns the page with a part that stays as it is.
    pub(super) fn still(mut self, markup: Markup) -> Self {
        self.parts.push(PagePart { id: None, markup });
        self
    }

    /// Returns the page with a part that is fetched again.
    pub(super) fn live(mut self, id: &'static str, markup: Markup) -> Self {
        let id = Some(id);
        self.parts.push(PagePart { id, markup });
        self
    }

    /// Returns the page with a value that goes along when parts are fetched again.
    pub(super) fn keeping(mut self, name: &'static str, value: String) -> Self {
        self.kept.push((name, value));
        self
    }

    fn is_live(&self) -> bool {
        self.parts.iter().any(|part| part.id.is_some())
    }
}

/// Returns the answer for a page: the whole, or the parts that the script asks for.
///
/// # Errors
///
/// Those of the board.
pub(super) fn answer(visit: &Visit<'_>, content: &PageContent) -> BoardResult<PageAnswer> {
    let live = content.is_live().then(|| live_address(visit, content));
    let bar = top_bar(visit, content, live.as_deref())?;
    let facts = [
        visit.sight.board().place(),
        format!("run_functions {}", env!("CARGO_PKG_VERSION")),
        format!("Times in {}", visit.clock.zone_word()),
    ];
    let facts: &[String] = if visit.sees_all() {
        &facts
    } else {
        &facts[1..]
    };
    let foot = foot(facts, Some(&visit.clock.exact_in_zone(visit.clock.now)));
    let foot = fragment("foot", live.as_deref(), &foot);
    let body = match visit.query("fragment") {
        Some(ids) => fragments(content, &bar, &foot, ids, live.as_deref()),
        None => {
            let head = DocumentHead {
                title: content.title.clone(),
                is_bad: content.is_bad,
            };
            document(&head, &bar, &main(content, live.as_deref()), &foot)
        }
    };
    Ok(PageAnswer::Html {
        status: content.status,
        body,
    })
}

fn main(content: &PageContent, live: Option<&str>) -> Markup {
    maud::html! {
        @for part in &content.parts {
            @match part.id { Some(id) => { (fragment(id, live, &part.markup)) } None => { (part.markup) } }
        }
    }
}

fn fragment(id: &str, live: Option<&str>, markup: &Markup) -> Markup {
    maud::html! { div id=(id) data-live=[live] { (markup) } }
}

/// Returns only the parts of these names, and the title.
fn fragments(
    content: &PageContent,
    bar: &TopBar,
    foot: &Markup,
    ids: &str,
    live: Option<&str>,
) -> String {
    let wanted: Vec<&str> = ids.split(',').collect();
    let named = content.parts.iter();
    let named = named.filter_map(|part| Some((part.id.filter(|id| wanted.contains(id))?, part)));
    let icon = if content.is_bad { "ill" } else { "well" };
    let markup = maud::html! {
        title data-icon=(icon) { (content.title) " – run_functions" }
        @if wanted.contains(&"nav") { (navigation(bar)) }
        @for (id, part) in named { (fragment(id, live, &part.markup)) }
        @if wanted.contains(&"foot") { (foot) }
    };
    markup.into_string()
}

/// Returns the address by which the parts of a page are fetched again.
fn live_address(visit: &Visit<'_>, content: &PageContent) -> String {
    let query = visit.request.query.iter();
    let is_of_page = |name: &str| !OF_SCRIPT.contains(&name) && name != "done";
    let query = query.filter(|(name, _)| is_of_page(name));
    let mut query: Vec<(&str, &str)> = query.map(|(name, value)| (&**name, &**value)).collect();
    query.extend(content.kept.iter().map(|(name, value)| (*name, &**value)));
    address(&encoded_path(visit.request.path), &query)
}

fn top_bar(visit: &Visit<'_>, content: &PageContent, live: Option<&str>) -> BoardResult<TopBar> {
    let viewer = visit.request.viewer;
    let projects = match &viewer.projects {
        Projects::All => Vec::new(),
        // A token of no project sees as little as one of a project without jobs.
        Projects::Only(names) if names.is_empty() => vec!["none".to_owned()],
        Projects::Only(names) => names.clone(),
    };
    let at = visit.clock.written(visit.clock.now, "%H:%M:%S %Z");
    Ok(TopBar {
        place: Some(content.place),
        badges: badges(visit)?,
        account: Some(AccountMenu {
            name: viewer.name.clone(),
            role: viewer.role.word(),
            projects,
            csrf: viewer.csrf.clone(),
            zone: visit.clock.zone_word(),
        }),
        live: live.map(|address| (at, address.to_owned())),
        search: visit.query("q").unwrap_or_default().to_owned(),
    })
}

/// Returns what is wrong at the places of the navigation, as far as a page may cost that.
fn badges(visit: &Visit<'_>) -> BoardResult<Vec<NavBadge>> {
    if !visit.sees_all() {
        return Ok(Vec::new());
    }
    let found = visit.sight.conditions()?;
    let badge = |place, count: usize, word| NavBadge {
        place,
        count: count as u64,
        word,
    };
    Ok(vec![
        badge(NavPlace::Jobs, found.stuck.len(), "stuck"),
        badge(NavPlace::Schedules, found.late.len(), "late"),
        badge(NavPlace::Workers, found.lost.len(), "not heard from"),
    ])
}
