//! Functions that ask their context.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use run_functions::{Context, SettingsError};

/// What a function writes down of its run, a line each.
fn note(line: &str) {
    let old = fs::read_to_string("asked").unwrap_or_default();
    fs::write("asked", format!("{old}{line}\n")).unwrap();
}

/// A connection, of which each has a number.
struct Connection(u32);

static CONNECTIONS: AtomicU32 = AtomicU32::new(0);

fn connect() -> Result<Connection, String> {
    let number = CONNECTIONS.fetch_add(1, Ordering::SeqCst) + 1;
    match number {
        1 => Err("the database does not answer".to_owned()),
        number => Ok(Connection(number)),
    }
}

#[run_functions::task(success_cooldown = "20ms", fail_cooldown = "20ms")]
fn uses_a_resource(context: &Context) -> Result<(), String> {
    let connection = context.resource(connect)?;
    note(&format!("connection {}", connection.0));
    if connection.0 == 2 && fs::exists("lost").unwrap() {
        context.forget_resource::<Connection>();
    }
    Ok(())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shop {
    url: String,
    #[serde(default)]
    retries: u8,
}

fn note_shop(context: &Context) -> Result<(), SettingsError> {
    let shop: Shop = context.settings()?;
    let host = context.host();
    note(&format!("{} {} {host}", shop.url, shop.retries));
    Ok(())
}

#[run_functions::task(success_cooldown = "1day", settings = Shop)]
fn reads_settings(context: &Context) -> Result<(), SettingsError> {
    note_shop(context)
}

#[run_functions::task(success_cooldown = "1day", settings = crate::context::Shop, isolate = true)]
fn reads_settings_apart(context: &Context) -> Result<(), SettingsError> {
    note_shop(context)
}

fn report(context: &Context) {
    let reserved = context.metric("lock_held", 1, &[]).unwrap_err();
    context.metric("reports", 2.5, &[("kind", "a b")]).unwrap();
    note(&reserved.to_string());
}

#[run_functions::task(success_cooldown = "1day")]
fn reports_numbers(context: &Context) {
    report(context);
}

#[run_functions::task(success_cooldown = "1day", isolate = true)]
fn reports_numbers_apart(context: &Context) {
    report(context);
}
