use super::page::{all, parsed};
use super::*;

/// What a task might print that wants to be more than text.
const WORSE: [&str; 9] = [
    "</style><script>alert(1)</script>",
    "</title></svg><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;b&gt;&#60;script&#62;",
    "\u{202e}txet\u{2066} \u{200b}\0\x1b[31mred\x07",
    "{{constructor.constructor('alert(1)')()}}",
];

fn hostile() -> String {
    WORSE.join(" ") + &"x".repeat(100_000)
}

#[test]
fn texts_of_others_stay_texts_wherever_they_are() {
    let bad = hostile();
    let mut past = Past::of(&[&bad, "tasks::a"]).mailed(9 * HOUR, &bad);
    for worse in WORSE {
        past = past
            .failed(8 * HOUR, worse)
            .mailed(8 * HOUR, worse)
            .silent(8 * HOUR, worse);
    }
    past = past
        .ok(7 * HOUR, 1.0)
        .failed(6 * HOUR, &bad)
        .silent(6 * HOUR, &bad);
    past = past.run(&bad, 5 * HOUR, 1.0, RunResult::Failed, &bad);
    let mut now = running(TaskState::Down {
        since: ago(HOUR),
        failures: 1,
        asks: 0,
        text: bad.clone(),
        reminder: None,
    });
    now.chains[0].state.clone_from(&bad);
    now.chains[0].muted = Some(muted(&bad, &bad));
    now.chains[0].tasks[0].muted = Some(muted(&bad, &bad));
    now.mail_trouble = Some(bad.clone());
    let mut stopped = running(TaskState::Unknown).chains.remove(0);
    (stopped.name, stopped.condition) = (bad.clone(), Condition::Stopped);
    stopped.tasks[0].label = bad;
    now.chains.push(stopped);
    let report = past.report_with(now);
    let page = page(&report);
    assert!(page.len() < 150_000, "{} bytes", page.len());
    let document = parsed(&page);
    assert!(all(&document, "script, img, [onload], [onerror], [onmouseover]").is_empty());
    assert_eq!(
        all(&document, "svg").len(),
        all(&document, "svg[role=img]").len()
    );
    assert_eq!(all(&document, "style").len(), 1);
    let is_hidden = |c: char| {
        c.is_control()
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2060}'..='\u{2069}').contains(&c)
    };
    let style = super::super::html::STYLE;
    let hidden = page.replace(style, "").chars().find(|c| is_hidden(*c));
    assert_eq!(hidden, None);
    let seen: String = document.root_element().text().collect();
    assert!(
        seen.contains("</style><script>alert(1)</script>"),
        "it is shown as it is"
    );
    let screen = ReportScreen {
        width: Some(80),
        colours: false,
    };
    let text = text(&report, screen);
    assert_eq!(text.chars().find(|c| is_hidden(*c) && *c != '\n'), None);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn times_that_cannot_be_break_nothing() {
    let mut past = Past::of(&["tasks::a"]);
    for at in [0, u64::MAX, u64::MAX / 2, (NOW + 400 * DAY) * 1_000_000] {
        let Record::Run(mut run) = Past::of(&[]).failed(HOUR, "exit 1: x").records.remove(1) else {
            unreachable!("it was a run")
        };
        (run.at, run.took) = (Stamp(at), Duration::MAX);
        past.records.push(Record::Run(run.clone()));
        run.result = RunResult::Ok;
        past.records.push(Record::Run(run));
    }
    let report = past.report();
    parsed(&page(&report));
    let screen = ReportScreen {
        width: Some(80),
        colours: true,
    };
    assert!(!text(&report, screen).is_empty());
}
