//! The jobs of the program.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use run_functions::TaskError;
use run_functions::jobs::{Flow, OnFailure, Retry, Secret, StepContext};
use serde::{Deserialize, Serialize};

#[derive(clap::Args, Serialize, Deserialize)]
struct Resize {
    /// The picture
    picture: PathBuf,
    /// Its width then
    #[arg(long, default_value_t = 800)]
    width: u16,
    #[arg(long, value_enum, default_value_t = Format::Jpg)]
    format: Format,
    /// Whether the last step fails
    #[arg(long)]
    fail: bool,
    note: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    Jpg,
    WebP,
}

#[derive(Serialize, Deserialize)]
struct Fetched {
    file: PathBuf,
    bytes: usize,
}

/// Makes a picture small, and publishes it.
///
/// Only the line above explains it.
#[run_functions::job(lease = "30s", resume = "restart", priority = 1)]
fn resize(flow: &mut Flow<Resize>) {
    let fetched = flow.step("fetch", fetch).revert(remove);
    let small = flow.step("shrink", shrink).with(&fetched);
    let noted = flow.step("note", note).when(has_note).with(&small);
    let publish = flow.group("publish");
    publish.parallel(|publish| {
        let cdn = publish.step("cdn", to_cdn).revert(from_cdn).with(&small);
        publish.step("index", index).with(&small).with(&noted);
        publish.step("purge", purge).after(&cdn);
    });
    let end = flow.step("end", end).retry(Retry::times(2).every("50ms"));
    end.after(&publish);
}

fn fetch(ctx: &StepContext<Resize>) -> Result<Fetched, std::io::Error> {
    let file = ctx.job_dir().join("picture");
    assert_eq!(std::env::current_dir()?, ctx.job_dir());
    let text = ctx.args().picture.display().to_string();
    fs::write(&file, &text)?;
    ctx.progress(format_args!("fetched {text}"));
    let bytes = text.len();
    Ok(Fetched { file, bytes })
}

fn remove(ctx: &StepContext<Resize>, fetched: Fetched) -> Result<(), std::io::Error> {
    ctx.progress(format_args!("removed {} bytes", fetched.bytes));
    assert_eq!(ctx.error(), None, "it had succeeded");
    fs::remove_file(fetched.file)
}

fn shrink(ctx: &StepContext<Resize>, fetched: Fetched) -> Result<String, std::io::Error> {
    let format = match ctx.args().format {
        Format::Jpg => "jpg",
        Format::WebP => "web-p",
    };
    let text = fs::read_to_string(fetched.file)?;
    Ok(format!("{text} {}.{format}", ctx.args().width))
}

fn has_note(ctx: &StepContext<Resize>, small: String) -> bool {
    assert!(small.contains(&ctx.args().width.to_string()));
    ctx.args().note.is_some()
}

fn note(ctx: &StepContext<Resize>, _small: String) -> Result<String, std::io::Error> {
    Ok(ctx.args().note.clone().unwrap_or_default())
}

fn to_cdn(ctx: &StepContext<Resize>, small: String) -> Result<u64, std::io::Error> {
    println!("published {small} as {}", ctx.idempotency_key());
    Ok(77)
}

fn from_cdn(ctx: &StepContext<Resize>, id: u64) {
    println!("took {id} back as {}", ctx.idempotency_key());
}

fn index(ctx: &StepContext<Resize>, small: String, noted: Option<String>) {
    assert!(ctx.fence() > 0 && ctx.deadline().is_some());
    println!("indexed {small}, noted {noted:?}");
}

fn purge(_ctx: &StepContext<Resize>) {}

#[derive(Debug)]
struct BellError(std::io::Error);

impl fmt::Display for BellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bell is broken")
    }
}

impl std::error::Error for BellError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn end(ctx: &StepContext<Resize>) -> Result<(), BellError> {
    match ctx.args().fail {
        true => Err(BellError(std::io::Error::other(format!(
            "no sound at try {}",
            ctx.attempt()
        )))),
        false => Ok(()),
    }
}

#[derive(clap::Args, Serialize, Deserialize)]
struct Odd {
    #[arg(long, default_value = "")]
    what: String,
    #[arg(long, default_value = "nothing")]
    token: Secret,
}

/// Does what it is asked.
#[run_functions::job(name = "odd-one", on_failure = "stop")]
fn odd(flow: &mut Flow<Odd>) {
    let mirror = flow.step("mirror", mirror).try_each(["de", "us"]);
    flow.step("act", act)
        .with(&mirror)
        .retry(Retry::times(2).every("10ms"));
    flow.step("last", |_: &StepContext<Odd>| println!("the last step"))
        .on_failure(OnFailure::Stop);
}

fn mirror(ctx: &StepContext<Odd>) -> Result<String, String> {
    match ctx.each::<String>().as_str() {
        "de" => Err("de is down".to_owned()),
        each => Ok(each.to_owned()),
    }
}

fn act(ctx: &StepContext<Odd>, mirror: String) -> Result<String, TaskError> {
    assert_eq!(mirror, "us");
    match ctx.args().what.as_str() {
        "panic" => panic!("out of cheese"),
        "fatal" => Err(TaskError::fatal("the licence has expired").kind("licence")),
        "exit" => std::process::exit(0),
        "long" => Ok("x".repeat(70_000)),
        "token" => {
            println!("the token is {}", ctx.args().token.expose());
            Err(TaskError::new(ctx.args().token.expose()))
        }
        _ => Ok(String::new()),
    }
}

#[derive(clap::Args, Serialize, Deserialize)]
struct Waits {
    /// Where to write what happens
    log: PathBuf,
}

/// Waits until it is released.
#[run_functions::job(lease = "2s")]
fn waits(flow: &mut Flow<Waits>) {
    let first = flow.step("first", |ctx: &StepContext<Waits>| {
        append(ctx, "first");
        Ok::<_, String>(7)
    });
    flow.step("wait", wait).with(&first);
    flow.step("deaf", deaf);
}

fn append(ctx: &StepContext<Waits>, line: &str) {
    use std::io::Write;
    let mut options = File::options();
    let mut log = options
        .create(true)
        .append(true)
        .open(&ctx.args().log)
        .unwrap();
    writeln!(log, "{line}").unwrap();
}

fn is_there(ctx: &StepContext<Waits>, name: &str) -> bool {
    ctx.args().log.with_extension(name).exists()
}

fn wait(ctx: &StepContext<Waits>, first: u64) {
    append(ctx, &format!("wait {first}"));
    while !is_there(ctx, "released") {
        if ctx.should_stop() {
            append(ctx, "stops");
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Never asks whether to stop.
fn deaf(ctx: &StepContext<Waits>) {
    append(ctx, "deaf");
    while is_there(ctx, "deaf") {
        std::thread::sleep(Duration::from_millis(5));
    }
}
