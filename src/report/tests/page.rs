use scraper::{Html, Selector};

use super::super::html::STYLE;
use super::*;

/// Parses a page as a browser does; any deviation from HTML 5 is an error.
pub(super) fn parsed(page: &str) -> Html {
    let document = Html::parse_document(page);
    assert!(document.errors.is_empty(), "{:?}", document.errors);
    document
}

pub(super) fn all<'a>(document: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    let selector = Selector::parse(selector).unwrap();
    document.select(&selector).collect()
}

fn words(document: &Html, selector: &str) -> String {
    let texts = all(document, selector)
        .into_iter()
        .flat_map(|element| element.text());
    texts.collect::<Vec<_>>().join("")
}

#[test]
fn the_page_tells_what_is_down_and_what_was() {
    let page = page(&a_month().report_with(running(down())));
    let document = parsed(&page);
    assert_eq!(
        words(&document, "title")
            .lines()
            .next()
            .unwrap()
            .split("Day")
            .next()
            .unwrap(),
        "web1: The task is down"
    );
    assert_eq!(words(&document, "h1"), "✗The task is down");
    assert!(words(&document, ".troubles").contains("exit 1: the disk is full"));
    let outages = all(&document, ".outages > li");
    assert_eq!(outages.len(), 2);
    assert_eq!(all(&document, "svg.strip > g").len(), 90);
    // Two of the five failures are in one column.
    assert_eq!(all(&document, "svg .x").len(), 4);
    let told = words(&document, ".outages");
    for expected in [
        "2h so far 22 Nov 01:20 – now 1 failed run",
        "3 × exit 1: no answer (kind 1434)",
        "3 mails: first failure 12 Nov 03:20, new failure 12 Nov 15:20, downtime reached 12 Nov 21:20",
    ] {
        assert!(told.contains(expected), "`{expected}` is not in\n{told}");
    }
}

#[test]
fn the_page_tells_first_of_what_nobody_is_mailed() {
    let mut now = running(TaskState::Healthy { since: None });
    assert!(!page(&a_month().report_with(running(down()))).contains("held back"));
    now.chains[0].muted = Some(muted("kim", ""));
    now.chains[0].tasks[0].muted = Some(muted("kim", "a new disk"));
    let page = page(&a_month().report_with(now));
    let document = parsed(&page);
    let of_task = "muted until 22 Nov 13:20 by kim (a new disk): 3 mails held back";
    let of_chain = "muted until 22 Nov 13:20 by kim: 3 mails held back";
    let told = words(&document, ".mutes");
    assert_eq!(told, format!("a – {of_chain}tasks::a – {of_task}"));
    assert_eq!(all(&document, ".mutes a[href='#task-1']").len(), 1);
    assert!(words(&document, "article").contains(of_task));
    assert!(words(&document, ".chain > .state").contains(of_chain));
}

#[test]
fn the_page_is_the_same_to_the_byte() {
    let page = page(&a_month().report_with(running(down())));
    let body = page.replace(STYLE, "");
    // Where one thing ends, a line does: a difference is then found at once.
    insta::assert_snapshot!(body.replace("><", ">\n<"));
}

#[test]
fn the_page_asks_for_nothing() {
    let page = page(&a_month().report_with(running(down())));
    let document = parsed(&page);
    for element in all(&document, "*") {
        let name = element.value().name();
        assert!(
            ![
                "script",
                "link",
                "img",
                "iframe",
                "object",
                "embed",
                "form",
                "base",
                "use",
                "image",
                "foreignObject"
            ]
            .contains(&name),
            "{name}"
        );
        for (attribute, value) in element.value().attrs() {
            assert!(!attribute.starts_with("on"), "{attribute}");
            if ["href", "src", "xlink:href", "action"].contains(&attribute) {
                assert!(value.starts_with('#'), "{value}");
            }
        }
    }
    let policy = all(&document, "meta[http-equiv=Content-Security-Policy]");
    let policy = policy[0].attr("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains('<'));
    let before_policy = page.split("Content-Security-Policy").next().unwrap();
    assert!(!before_policy.contains("<style") && !before_policy.contains("<title"));
}

#[test]
fn who_does_not_see_is_told() {
    let page = page(&a_month().report_with(running(down())));
    let document = parsed(&page);
    let mut ids: Vec<&str> = all(&document, "[id]")
        .iter()
        .filter_map(|element| element.attr("id"))
        .collect();
    let drawings = all(&document, "svg");
    assert_eq!(drawings.len(), 2);
    for drawing in drawings {
        assert_eq!(drawing.attr("role"), Some("img"));
        for id in drawing.attr("aria-labelledby").unwrap().split(' ') {
            let named = all(&document, &format!("#{id}"));
            assert_eq!(named.len(), 1, "{id}");
            assert!(!named[0].text().collect::<String>().is_empty());
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is there twice");
    assert_eq!(all(&document, "html[lang]").len(), 1);
    assert_eq!(all(&document, "h1").len(), 1);
    for colour in all(&document, ".pill, .mark") {
        assert!(
            colour
                .text()
                .any(|text| ["✓", "✗", "?", "–"].contains(&text))
        );
    }
    let told = words(&document, "desc");
    assert!(
        told.contains(
            "29 days without a failure, 2 with failures (12 Nov, 22 Nov), 59 without a run"
        ),
        "{told}"
    );
    assert!(
        told.contains("half of the runs that succeeded took at most"),
        "{told}"
    );
}

/// Returns the colours of the page: those of the light one, or those of the dark one.
fn colours(dark: &str) -> Vec<(String, [f64; 3])> {
    let begin = STYLE.find(dark).unwrap();
    let block = &STYLE[begin..];
    let block = &block[block.find(":root{").unwrap()..];
    let block = &block[..block.find('}').unwrap()];
    let pairs = block
        .split([';', '{'])
        .filter_map(|pair| pair.strip_prefix("--")?.split_once(":#"));
    let hex = |value: &str| {
        let value: String = if value.len() == 3 {
            value.chars().flat_map(|c| [c, c]).collect()
        } else {
            value[..6].to_owned()
        };
        [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0)
    };
    pairs
        .map(|(name, value)| (name.to_owned(), hex(value)))
        .collect()
}

/// WCAG 2.2, relative luminance and contrast ratio.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let linear = |part: f64| {
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    let light =
        |rgb: [f64; 3]| 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn everything_can_be_told_from_its_background_by_day_and_by_night() {
    let text = [
        ("ink", "bg"),
        ("ink", "card"),
        ("ink", "badbg"),
        ("quiet", "bg"),
        ("quiet", "card"),
        ("blue", "card"),
        ("blue", "bg"),
        ("okink", "okbg"),
        ("badink", "badbg"),
    ];
    let drawn = [
        ("ok", "card"),
        ("bad", "card"),
        ("blue", "card"),
        ("bad", "ok"),
        ("card", "ok"),
        ("card", "bad"),
    ];
    for theme in [":root{color-scheme", "@media(prefers-color-scheme:dark)"] {
        let colours = colours(theme);
        let of = |name: &str| colours.iter().find(|(known, _)| known == name).unwrap().1;
        for (pairs, least) in [(&text[..], 4.5), (&drawn[..], 3.0)] {
            for (front, back) in pairs.iter().filter(|pair| **pair != ("bad", "ok")) {
                let ratio = contrast(of(front), of(back));
                assert!(ratio >= least, "{theme}: {front} on {back} is {ratio:.2}");
            }
        }
    }
}

#[test]
fn a_plot_of_a_hundred_thousand_runs_is_small_and_shows_every_failure() {
    let mut past = Past::of(&["tasks::a"]);
    let mut failures = 0;
    for run in (0..100_000_u64).rev() {
        let secs_ago = run * 77;
        // Scattered, so that nothing of it can be drawn as one.
        past = if run % 311 == 7 {
            failures += 1;
            past.failed(secs_ago, &format!("exit 1: no answer of host{run}"))
        } else {
            past.ok(secs_ago, 0.5 + (run * 7919 % 1000) as f64 / 100.0)
        };
    }
    let report = past.report_with(running(TaskState::Healthy { since: None }));
    let task = report.tasks().next().unwrap();
    assert_eq!((task.runs.all(), task.runs.failed), (100_000, failures));
    let page = page(&report);
    assert!(page.len() < 120_000, "{} bytes", page.len());
    let document = parsed(&page);
    let failed: Vec<usize> = (0..)
        .zip(&task.durations.columns)
        .filter(|(_, column)| column.failed > 0)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(all(&document, "svg .x").len(), failed.len());
    assert!(words(&document, "details").contains("still earlier"));
}

#[test]
fn many_tasks_are_listed_and_the_worst_are_drawn() {
    let labels: Vec<String> = (0..4000)
        .map(|task| format!("tasks::task_{task}"))
        .collect();
    let names: Vec<&str> = labels.iter().map(String::as_str).collect();
    let mut past = Past::of(&names);
    for label in &names {
        past = past.run(label, 2 * HOUR, 1.0, RunResult::Ok, "");
    }
    past = past.run(
        "tasks::task_3999",
        HOUR,
        1.0,
        RunResult::Failed,
        "exit 1: the last one",
    );
    let page = page(&past.report());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let document = parsed(&page);
    assert_eq!(all(&document, "tbody tr").len(), 1000);
    assert_eq!(all(&document, "article").len(), 40);
    assert!(words(&document, "article").contains("exit 1: the last one"));
    assert!(words(&document, ".list").contains("3,000 tasks more"));
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let period = Period::new(now(), TimeZone::UTC, None);
    let heading = Heading {
        host: "web1".to_owned(),
        program: "run_functions 0.1.0".to_owned(),
    };
    let report = Gathering::new(period).finish(heading, CurrentState::default());
    let document = parsed(&page(&report));
    assert_eq!(words(&document, "h1"), "✓Nothing was ever run here");
    let screen = ReportScreen {
        width: None,
        colours: false,
    };
    assert!(text(&report, screen).contains("Nothing was ever run here"));
}
