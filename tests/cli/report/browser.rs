//! A real browser without a screen, with a profile of its own, that may reach nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::eventually;

/// What the system asks pages to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// What a browser made of a page.
pub(crate) struct Seen {
    pub(crate) stdout: String,
    /// What it wrote to the console of the page: errors, and what was forbidden.
    pub(crate) console: Vec<String>,
}

/// Asks the layout of a page what no picture says for certain. A window is never narrower than 500 pixels; a frame can be.
const QUESTION: &str = r#"<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<iframe width="WIDTH" height="HEIGHT" style="border:0" srcdoc="PAGE"></iframe><script>
onload = () => {
    const page = frames[0], of = e => page.getComputedStyle(e);
    const all = [...page.document.body.querySelectorAll('*')].filter(e => !e.closest('svg') && e.getClientRects().length);
    document.body.textContent = 'ANSWER' + JSON.stringify({
        width: page.innerWidth,
        needed: Math.max(page.document.documentElement.scrollWidth, ...all.map(e => Math.ceil(e.getBoundingClientRect().right))),
        dark: page.matchMedia('(prefers-color-scheme: dark)').matches,
        background: of(page.document.body).backgroundColor,
        smallest: Math.min(...all.filter(e => e.textContent.trim()).map(e => parseFloat(of(e).fontSize))),
    }) + 'ANSWER';
}</script>"#;

fn browser(
    scratch: &Path,
    theme: Theme,
    (width, height): (u32, u32),
    what: &str,
    page: &Path,
) -> Seen {
    let profile = tempfile::tempdir_in(scratch).unwrap();
    let preferred = match theme {
        Theme::Dark => 0,
        Theme::Light => 1,
    };
    let (out, log) = (profile.path().join("out"), profile.path().join("log"));
    let mut child = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        // Nothing is asked for, and if anything were, nobody would answer.
        .args([
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--blink-settings=preferredColorScheme={preferred}"))
        .arg(format!("--window-size={width},{height}"))
        .arg(what)
        .arg(format!("file://{}", page.display()))
        .env("HOME", profile.path())
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .expect("chromium is installed");
    let mut status = None;
    let ended = eventually(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    if !ended {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let said = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
    assert!(status.is_some_and(|status| status.success()), "{said}");
    let console = said.lines().filter(|line| line.contains("CONSOLE"));
    Seen {
        stdout: String::from_utf8_lossy(&fs::read(&out).unwrap()).into_owned(),
        console: console.map(str::to_owned).collect(),
    }
}

/// Draws a page into a file beside it, and returns that with what was said in the console.
pub(crate) fn picture(page: &Path, theme: Theme, size: (u32, u32)) -> (PathBuf, Vec<String>) {
    let picture = page.with_extension(format!("{theme:?}-{}.png", size.0));
    let what = format!("--screenshot={}", picture.display());
    let seen = browser(page.parent().unwrap(), theme, size, &what, page);
    (picture, seen.console)
}

/// Lays out a page that may ask itself, and returns its answers.
pub(crate) fn layout(page: &Path, theme: Theme, size: (u32, u32)) -> Value {
    let asking = page.with_extension("asking.html");
    let text = fs::read_to_string(page).unwrap();
    let policy = "<meta http-equiv=\"Content-Security-Policy\"";
    assert!(text.contains(policy));
    let text = text.replace(policy, "<meta name=\"no-policy\"");
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    let question = QUESTION.replace("WIDTH", &size.0.to_string());
    let question = question.replace("HEIGHT", &size.1.to_string());
    fs::write(&asking, question.replace("PAGE", &text)).unwrap();
    let window = (size.0 + 100, size.1 + 100);
    let seen = browser(page.parent().unwrap(), theme, window, "--dump-dom", &asking);
    let answer = seen.stdout.split("ANSWER").nth(1);
    let answer = answer.unwrap_or_else(|| panic!("{:?} {}", seen.console, seen.stdout));
    serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
