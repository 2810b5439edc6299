//! The page in a real browser: without errors, without scripts, live, and at rest where it is read.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::Browser;
use crate::served::Served;
use crate::support::{Runner, stderr, stdout};

/// Jobs that succeed, fail with markup as their text, wait for a tag, and go on for long.
const JOBS: &str = r#"
project = "shop"
[jobs.good]
help = "Succeeds."
steps = [{ name = "do", command = ["echo", "done"] }]
[jobs.bad]
help = "Fails <b>at once</b>."
args.text = { default = "<img src=x onerror=alert(1)>" }
steps = [{ name = "try", command = ["sh", "-c", "echo '<script>alert(1)</script>' >&2; exit 3"] }]
[jobs.slow]
help = "Prints and goes on."
steps = [{ name = "count", command = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done"] }]
[jobs.gpu]
help = "Waits."
needs = ["gpu"]
steps = [{ name = "a", command = ["true"] }]
[schedules.nightly]
job = "good"
cron = "0 3 * * *"
timezone = "UTC"
[worker]
slots = 2
"#;

/// A server with a worker, and jobs of each sort.
struct Scene {
    served: Served,
    worker: Runner,
}

impl Scene {
    fn new() -> Self {
        let served = Served::with(JOBS);
        let worker = served.place.start(&["work", "--name", "w1"]);
        let scene = Scene { served, worker };
        for job in ["good", "bad", "gpu"] {
            scene.post(job);
        }
        scene
    }

    fn post(&self, job: &str) -> u64 {
        let output = self.served.place.run(&["post", job, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let answer: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        answer["id"].as_u64().unwrap()
    }

    fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.served.address)
    }

    fn browser(&self) -> Browser {
        let mut browser = Browser::start(1440);
        browser.log_in(&self.served);
        browser
    }
}

#[test]
#[ignore = "needs chromium"]
fn each_page_opens_without_errors_and_fits_a_telephone() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    browser.open(&scene.address("/jobs/2"));
    browser.wait_for("document.querySelector('h1').textContent.includes('failed')");
    for width in [1440, 390, 320] {
        browser.resize(width);
        for path in [
            "/",
            "/jobs",
            "/jobs?state=failed",
            "/jobs?state=waiting",
            "/jobs/1",
            "/jobs/2",
            "/definitions",
            "/definitions/bad",
            "/schedules",
            "/workers",
            "/chains",
            "/audit",
            "/confirm?do=retry&job=2",
            "/confirm?do=retry&which=all&state=failed",
            "/post?definition=bad",
        ] {
            browser.open(&scene.address(path));
            let needed = browser.eval("document.documentElement.scrollWidth");
            assert!(
                needed.as_u64().unwrap() <= u64::from(width),
                "{path} at {width}: {needed}"
            );
            assert_eq!(
                browser.eval("document.querySelectorAll('main h1').length"),
                json!(1),
                "{path}"
            );
            assert_eq!(
                browser.eval("document.querySelectorAll('main img, main script').length"),
                json!(0)
            );
            assert_eq!(browser.errors(), Vec::<String>::new(), "{path} at {width}");
        }
    }
}

#[test]
#[ignore = "needs chromium"]
fn what_changes_is_seen_without_a_reload() {
    let scene = Scene::new();
    let id = scene.post("slow");
    let mut browser = scene.browser();
    browser.open(&scene.address(&format!("/jobs/{id}")));
    browser.eval("window.isSame = true");
    browser.wait_for("document.querySelectorAll('#log .l').length > 5");
    browser.wait_for("document.querySelector('#light').textContent === 'Live'");
    let asked = Instant::now();
    scene.served.place.run(&["job", &id.to_string(), "kill"]);
    browser
        .wait_for("/cancelled|asked to end/.test(document.querySelector('#job-head').textContent)");
    // Two seconds between two looks, and the look itself.
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    browser.wait_for("/cancelled/.test(document.querySelector('h1').textContent)");
    assert_eq!(browser.eval("window.isSame"), json!(true));
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium"]
fn what_is_read_ticked_or_opened_stays_while_the_rest_is_live() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    browser.open(&scene.address("/jobs?state=all&definition=good"));
    browser.eval("document.querySelector('tbody input[type=checkbox]').click()");
    scene.post("good");
    browser.wait_for("/1 newer/.test(document.querySelector('#fresh').textContent)");
    assert_eq!(
        browser.eval("document.querySelectorAll('tbody input:checked').length"),
        json!(1)
    );
    assert_eq!(browser.text("[data-count]"), "1");
    browser.open(&scene.address("/workers"));
    browser.eval("document.querySelector('td summary').click(); window.looks = 0; const get = fetch; window.fetch = (...all) => { window.looks++; return get(...all); }");
    browser.wait_for("window.looks > 1");
    assert_eq!(
        browser.eval("document.querySelectorAll('td details[open]').length"),
        json!(1)
    );
    browser.press(".");
    assert_eq!(browser.text("#light"), "Paused");
    browser.press("/");
    assert_eq!(browser.eval("document.activeElement.name"), json!("q"));
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium"]
fn an_action_goes_from_its_button_over_a_question_to_a_notice() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    browser.open(&scene.address("/jobs/3"));
    browser.follow("[...document.querySelectorAll('.actions button')].find(it => it.textContent === 'Stop…').click()");
    assert_eq!(browser.text("h1"), "Stop gpu 3?");
    browser.eval("document.querySelector('#why').value = 'no gpu this year'");
    browser.follow("document.querySelector('main button.primary').click()");
    assert!(
        browser.text("h1").ends_with("was cancelled"),
        "{}",
        browser.text("h1")
    );
    let notice = browser.text(".notice");
    assert!(
        notice.starts_with("Done: the job was cancelled now."),
        "{notice}"
    );
    browser.open(&scene.address("/audit"));
    assert!(
        browser.text("tbody tr").contains("no gpu this year"),
        "{}",
        browser.text("tbody")
    );
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium"]
fn without_scripts_all_is_there_and_can_be_done() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    browser.ask(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    browser.open(&scene.address("/definitions/good"));
    assert!(browser.text("#light").ends_with(", reload"));
    browser.follow("[...document.querySelectorAll('main button')].find(it => it.textContent === 'Pause…').click()");
    browser.follow("document.querySelector('main button.primary').click()");
    assert!(
        browser
            .text(".notice")
            .starts_with("Paused: what runs goes on")
    );
    browser.open(&scene.address("/post?definition=bad"));
    browser.follow("document.querySelector('main button.primary').click()");
    assert!(
        browser.text(".notice").starts_with("Posted job"),
        "{}",
        browser.text("main")
    );
}

#[test]
#[ignore = "needs chromium"]
fn a_server_that_is_away_is_named_and_the_page_stays() {
    let Scene { served, worker } = Scene::new();
    let mut browser = Browser::start(1440);
    browser.log_in(&served);
    browser.open(&format!("http://{}/", served.address));
    browser.wait_for("document.querySelector('#light').textContent === 'Live'");
    drop(served);
    browser.wait_for("/^Server is away since/.test(document.querySelector('#light').textContent)");
    assert_ne!(browser.text("h1"), "");
    drop(worker);
}
