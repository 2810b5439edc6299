//! What a person looks for on each page.

use scraper::{Html, Selector};

use super::night::{NOW, TestNight, alice, html};
use super::story::{FEED, READ_ONLY, night};
use crate::server::page::PageAnswer;

/// A page that a test looks at.
pub(super) struct SeenPage(pub(super) Html);

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

impl SeenPage {
    pub(super) fn of(text: &str) -> Self {
        SeenPage(Html::parse_document(text))
    }

    pub(super) fn all(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        let found = self.0.select(&selector);
        found
            .map(|it| {
                it.text()
                    .collect::<String>()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    pub(super) fn one(&self, selector: &str) -> String {
        let all = self.all(selector);
        assert_eq!(all.len(), 1, "{selector}: {all:?}");
        all[0].clone()
    }

    /// Returns texts with a space between all that stands apart.
    pub(super) fn rows(&self, text: &str) -> Vec<String> {
        let of = selector(text);
        let words = |it: scraper::ElementRef<'_>| it.text().collect::<Vec<_>>().join(" ");
        let found = self.0.select(&of).map(words);
        found
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    pub(super) fn hrefs(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        let found = self.0.select(&selector);
        found
            .filter_map(|it| it.attr("href").map(str::to_owned))
            .collect()
    }
}

fn see(night: &TestNight, path: &str, query: &[(&str, &str)]) -> SeenPage {
    SeenPage::of(&night.page(path, query))
}

#[test]
fn the_overview_names_each_cause_once_with_why_and_what_to_do() {
    let (night, jobs) = night();
    let page = see(&night, "/", &[]);
    assert_eq!(page.one("h1"), "3 problems need a person");
    let rows = page.rows(".problem");
    assert_eq!(rows.len(), 3, "{rows:#?}");
    assert!(
        rows[0]
            .contains("import_prices is down since 01:15 UTC , 1 h 26 min the last 12 jobs failed"),
        "{}",
        rows[0]
    );
    assert!(
        rows[0].contains(FEED) && rows[0].contains("step fetch"),
        "{}",
        rows[0]
    );
    assert!(
        rows[1].contains(&format!("Job {} is stuck", jobs.stuck)) && rows[1].contains(READ_ONLY),
        "{}",
        rows[1]
    );
    assert!(
        rows[2].contains("No worker serves gpu") && rows[2].contains("20 jobs wait"),
        "{}",
        rows[2]
    );
    assert!(
        rows[2].contains("render-2 has not been heard from") && rows[2].contains("Wake render-1"),
        "{}",
        rows[2]
    );
    let sentence = page.one("#verdict");
    assert!(
        sentence.starts_with("import_prices is down, job"),
        "{sentence}"
    );
    let figures = page.rows(".figures a");
    assert!(figures.contains(&"1 stuck".to_owned()), "{figures:?}");
}

#[test]
fn a_board_without_trouble_is_well_and_an_empty_one_has_first_steps() {
    let night = TestNight::quiet();
    night.set(NOW);
    let page = see(&night, "/", &[]);
    assert_eq!(page.one("h1"), "Nothing has run on this board yet");
    assert!(
        page.all("code")
            .iter()
            .any(|code| code == "run_functions work")
    );
    let session = night.join("app-1", 4, &[], "1");
    night.define(
        session,
        &[super::story::definition(
            "hello",
            "shop",
            &[],
            "Greets.",
            serde_json::json!([]),
        )],
    );
    let id = night.post("hello", "shop", serde_json::json!({}));
    night.run(
        session,
        id,
        "hello",
        &[super::night::done("greet", 10)],
        crate::board::JobState::Succeeded,
    );
    let page = see(&night, "/", &[]);
    assert_eq!(page.one("h1"), "All is well");
    assert!(page.all(".problem").is_empty());
}

#[test]
fn a_list_of_jobs_has_tabs_kinds_and_rows_and_goes_on_by_key() {
    let (night, jobs) = night();
    let page = see(&night, "/jobs", &[("state", "failed")]);
    assert_eq!(page.one("h1"), "Failed jobs");
    assert_eq!(page.one(".tabs a[aria-current]"), "Failed 18");
    let kinds = page.all("th.kindcell");
    assert!(kinds[0].contains(FEED) && kinds.len() == 2, "{kinds:?}");
    assert_eq!(page.all("#list tbody tr").len(), 18);
    let page = see(&night, "/jobs", &[("state", "all")]);
    assert_eq!(page.all("#list tbody tr").len(), 50);
    let older = page.hrefs("#list a[rel=next]");
    let before = older[0].rsplit('=').next().unwrap().to_owned();
    let next = see(&night, "/jobs", &[("state", "all"), ("before", &before)]);
    let first: u64 = next.all("#list tbody th a")[0].parse().unwrap();
    assert_eq!(first + 1, before.parse::<u64>().unwrap());
    let waiting = see(&night, "/jobs", &[("state", "waiting")]);
    let why = waiting.all("tr td.full").join("; ");
    assert!(why.contains("jobs are before it"), "{why}");
    assert!(jobs.waiting.0 > 0);
}

#[test]
fn a_search_finds_numbers_keys_and_arguments_and_names_its_bounds() {
    let (night, jobs) = night();
    let id = jobs.stuck.to_string();
    let answer = night.get_as(&alice(), "/jobs", &[("q", &id)]);
    assert_eq!(answer, PageAnswer::SeeOther(format!("/jobs/{id}")));
    let page = see(&night, "/jobs", &[("q", "video-8841")]);
    assert_eq!(page.all("#list tbody th a"), [jobs.running.to_string()]);
    let page = see(&night, "/jobs", &[("q", "8841.jpg")]);
    assert_eq!(page.all("#list tbody th a"), [id]);
    assert!(page.one("#list caption").contains("in all"));
    let page = see(&night, "/jobs", &[("q", "t0ps3cret")]);
    assert_eq!(page.all("#list tbody th a"), Vec::<String>::new());
}

#[test]
fn a_running_job_has_flow_attempts_output_and_journal_and_hides_secrets() {
    let (night, jobs) = night();
    let text = night.page(&format!("/jobs/{}", jobs.running), &[]);
    let page = SeenPage::of(&text);
    assert_eq!(
        page.one("h1"),
        format!("publish_video {} is running", jobs.running)
    );
    let nodes = page.all(".flow .node b");
    assert_eq!(
        nodes,
        [
            "fetch, done",
            "probe, done",
            "encode, running",
            "cdn, not begun",
            "notify, not begun"
        ]
    );
    let log = page.one("#log");
    assert!(
        log.contains("64 segments") && log.contains("authorization: Bearer [redacted]"),
        "{log}"
    );
    assert!(text.contains("<span class=\"a4\">info</span>"));
    assert!(page.all("#journal tbody tr").len() == 3);
    assert!(!text.contains("t0ps3cret"), "a secret argument is shown");
    let buttons = page.all(".actions button");
    assert!(
        buttons.contains(&"Stop…".to_owned()) && buttons.contains(&"Kill…".to_owned()),
        "{buttons:?}"
    );
}

#[test]
fn a_stuck_job_says_what_is_not_undone_and_offers_the_ways_out() {
    let (night, jobs) = night();
    let page = see(&night, &format!("/jobs/{}", jobs.stuck), &[]);
    assert_eq!(page.one(".problem h2"), "Not undone: fetch");
    assert!(page.one(".problem").contains(READ_ONLY));
    let buttons = page.all(".actions button");
    for word in [
        "Go on…",
        "Done by hand…",
        "Revert…",
        "Cancel…",
        "Run again…",
    ] {
        assert!(buttons.contains(&word.to_owned()), "{word}: {buttons:?}");
    }
    let reverted = see(&night, &format!("/jobs/{}", jobs.reverted), &[]);
    assert!(reverted.one("h1").ends_with("was reverted"));
    assert!(
        reverted
            .all(".node.is-undone b")
            .iter()
            .any(|node| node.starts_with("fetch"))
    );
}

#[test]
fn a_definition_shows_its_last_jobs_by_steps_and_a_definition_without_jobs_nothing_bad() {
    let (night, _) = night();
    let page = see(&night, "/definitions/import_prices", &[]);
    assert_eq!(page.one("h1"), "import_prices is down");
    assert_eq!(page.one(".problem h2"), "The last 12 jobs failed");
    assert_eq!(
        page.all(".gridpic .lab b"),
        ["took", "fetch", "validate", "load"]
    );
    let list = see(&night, "/definitions", &[]);
    assert_eq!(list.one("h1"), "7 definitions");
    let bands = list.all("tr.bandrow");
    assert_eq!(bands, ["media", "ops", "shop"]);
    assert!(
        list.rows("tr.alarm")
            .iter()
            .any(|row| row.starts_with("down import_prices"))
    );
    assert!(
        list.rows("tr.alarm")
            .iter()
            .any(|row| row.starts_with("unserved render_preview"))
    );
    let answer = night.get_as(&alice(), "/definitions/nothing", &[]);
    assert!(html(answer, 404).contains("There is no such page"));
}

#[test]
fn schedules_and_workers_show_those_with_a_problem_first() {
    let (night, _) = night();
    let page = see(&night, "/schedules", &[]);
    let rows = page.rows("tbody tr");
    assert!(rows[0].starts_with("failing import_prices"), "{rows:#?}");
    assert!(
        rows[1].contains("by bob") && rows[1].contains("moving the mail server"),
        "{rows:#?}"
    );
    assert_eq!(page.all("svg.ruler").len(), 4);
    let page = see(&night, "/workers", &[]);
    let rows = page.rows("tbody tr");
    assert!(
        rows[0].starts_with("render-2") && rows[0].contains("not heard from"),
        "{rows:#?}"
    );
    assert!(
        rows[1].starts_with("render-1") && rows[1].contains("asleep"),
        "{rows:#?}"
    );
    let tags = page.rows(".figures a");
    assert_eq!(tags[0], "gpu 0 of 2 0 slots 20 waiting");
    let media = rows.iter().find(|row| row.starts_with("media-1")).unwrap();
    assert!(
        media.contains("publish_video") && media.contains("1 of 12 busy"),
        "{media}"
    );
}

#[test]
fn chains_are_those_of_the_host_and_a_missing_job_is_a_page() {
    let (night, _) = night();
    let page = see(&night, "/chains", &[]);
    assert_eq!(page.one("h1"), "No chain was ever run on this host");
    let page = SeenPage::of(&html(night.get_as(&alice(), "/jobs/12044", &[]), 404));
    assert_eq!(page.one("h1"), "Job 12044 is not on this board");
    assert_eq!(page.all("form[action='/jobs'] button"), ["Search the jobs"]);
}

#[test]
fn only_the_parts_that_were_asked_for_are_sent_again() {
    let (night, jobs) = night();
    let path = format!("/jobs/{}", jobs.running);
    let whole = night.page(&path, &[]);
    let page = SeenPage::of(&whole);
    let live_parts = selector("[data-live]");
    let live = page
        .0
        .select(&live_parts)
        .filter_map(|it| it.attr("id"))
        .map(str::to_owned);
    assert_eq!(
        live.collect::<Vec<_>>(),
        ["nav", "job-head", "job-flow", "job-rest", "foot"]
    );
    let part = night.page(&path, &[("fragment", "job-head,nav")]);
    assert!(
        part.contains("id=\"job-head\"") && part.contains("id=\"nav\"") && part.contains("<title")
    );
    assert!(!part.contains("id=\"job-rest\"") && !part.contains("<script"));
    let text = night.page(
        "/jobs",
        &[("state", "all"), ("fragment", "fresh"), ("upto", "1")],
    );
    assert!(
        text.contains("more than 50 newer") || text.contains("50 newer: show them"),
        "{text}"
    );
}

#[test]
fn each_page_has_one_head_a_named_table_and_no_script_or_style_of_its_own() {
    let (night, jobs) = night();
    let job = format!("/jobs/{}", jobs.running);
    for (path, query) in [
        ("/", vec![]),
        ("/jobs", vec![("state", "failed")]),
        (job.as_str(), vec![]),
        ("/definitions", vec![]),
        ("/definitions/resize", vec![]),
        ("/schedules", vec![]),
        ("/workers", vec![]),
        ("/chains", vec![]),
        ("/audit", vec![]),
        ("/confirm", vec![("do", "mute"), ("definition", "resize")]),
        ("/post", vec![("definition", "resize")]),
    ] {
        let text = night.page(path, &query);
        assert!(text.len() < 60_000, "{path}: {} bytes", text.len());
        let page = SeenPage::of(&text);
        page.one("h1");
        page.one("head > title");
        page.one("main");
        assert!(
            page.all("table").len() == page.all("table > caption").len(),
            "{path}"
        );
        for forbidden in [" style=", "<style", "onclick", "javascript:", "<script>"] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
        let pictures = selector("svg[role=img]");
        let labels = page.0.select(&pictures);
        labels.for_each(|svg| {
            assert!(
                svg.attr("aria-label").is_some_and(|it| !it.is_empty()),
                "{path}"
            )
        });
        let mut ids: Vec<_> = page
            .0
            .select(&Selector::parse("[id]").unwrap())
            .filter_map(|it| it.attr("id"))
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{path}: an id stands twice");
    }
}

#[test]
fn a_long_list_is_shown_page_by_page_and_the_filter_stays() {
    let night = TestNight::quiet();
    for number in 0..30 {
        night.join(&format!("builder-{number:02}"), 1, &["x86_64"], "1");
    }
    night.join("other", 1, &[], "1");
    let query = [("q", "builder"), ("tag", "x86_64")];
    let first = night.page("/workers", &query);
    assert!(first.contains("1 to 25 of 30"), "{first}");
    assert!(
        first.contains("/workers?q=builder&amp;tag=x86_64&amp;from=25"),
        "{first}"
    );
    let second = night.page("/workers", &[query[0], query[1], ("from", "25")]);
    assert!(
        second.contains("26 to 30 of 30") && !second.contains("builder-00"),
        "{second}"
    );
    assert!(!second.contains("from=30"), "there is no third page");
}
