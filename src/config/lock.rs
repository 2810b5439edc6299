//! `[lock]`: what makes one instance of a chain across hosts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::inputs::{CommandLineLayers, Inputs};
use super::layer::Layer;
use super::mail::{cannot_be_read, is_loopback};
use super::options::{self, ConfigSection};
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::value::Value;
use crate::core::exit;
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::{
    LockEngine, LockSettings, checked_key, consul_address, postgres_address,
};
use crate::core::time::in_words;
use crate::text::suggest::did_you_mean;
use crate::unix::secret_file;

const CONSUL: Feature = feature_named!("lock-consul");
const POSTGRES: Feature = feature_named!("lock-postgres");
/// The longest lock-delay of Consul.
const MOST_TTL_OF_CONSUL: Duration = Duration::from_secs(60);

/// Lays the command line over the section: a URL replaces engine, address and key.
pub(super) fn overlay(layer: &mut Layer, line: &CommandLineLayers, report: &mut ConfigReport) {
    let text = |text: &str| Value::Text(text.to_owned());
    if let Some(url) = &line.lock {
        let origin = Origin::CommandLine("--lock");
        match LockSettings::of_url(url) {
            Ok(settings) => {
                layer.retain(|key| !["address", "key"].contains(&key));
                layer.set(
                    "backend",
                    text(&settings.engine.to_string()),
                    origin.clone(),
                );
                if !settings.addresses.is_empty() {
                    layer.set("address", Value::Texts(settings.addresses), origin.clone());
                }
                if let Some(key) = &settings.key {
                    layer.set("key", text(key), origin);
                }
            }
            Err(wrong) => {
                report.add(ConfigProblem::error(&origin, format!("`--lock` {wrong}")));
            }
        }
    }
    if line.keep_lock {
        let origin = Origin::CommandLine("--keep-lock");
        layer.set("keep", Value::Flag(true), origin);
    }
    if line.no_lock {
        layer.set("backend", text("none"), Origin::CommandLine("--no-lock"));
    }
}

/// What the settings of a lock depend on.
#[derive(Clone, Copy)]
pub(super) struct LockSurroundings<'a> {
    /// The start of relative paths.
    pub(super) base: &'a Path,
    /// The directory of lock files that are not named.
    pub(super) run_root: &'a Path,
    pub(super) inputs: &'a Inputs,
}

/// Puts the settings together, and fills what is open in the layer.
pub(super) fn settings(
    layer: &mut Layer,
    around: LockSurroundings<'_>,
    report: &mut ConfigReport,
) -> LockSettings {
    layer.fill_defaults(ConfigSection::Lock, around.base);
    let mut section = LockSection {
        layer,
        around,
        report,
    };
    let engine = section.engine();
    let addresses = section.addresses(&engine);
    section.check_key();
    section.check_ttl(&engine);
    section.check_strangers(&engine);
    section.check_secret("token_file");
    section.check_secret("password_file");
    let layer = section.layer;
    LockSettings {
        engine,
        addresses,
        key: layer.get("key"),
        ttl: layer.need("ttl"),
        keep: layer.need("keep"),
        release_on_error: layer.need("release_on_error"),
        token_file: layer.get("token_file"),
        username: layer.get("username"),
        password_file: layer.get("password_file"),
        ca_file: layer.get("ca_file"),
        directory: around.run_root.to_owned(),
    }
}

/// Puts together how a server is reached that is no lock; `None` where that is not understood.
pub(super) fn server(
    layer: &mut Layer,
    around: LockSurroundings<'_>,
    report: &mut ConfigReport,
) -> Option<LockSettings> {
    layer.entry("backend")?;
    let mut section = LockSection {
        layer,
        around,
        report,
    };
    let engine = section.engine();
    let addresses = section.addresses(&engine);
    section.check_strangers(&engine);
    section.check_secret("token_file");
    section.check_secret("password_file");
    let layer = section.layer;
    Some(LockSettings {
        engine,
        addresses,
        token_file: layer.get("token_file"),
        username: layer.get("username"),
        password_file: layer.get("password_file"),
        ca_file: layer.get("ca_file"),
        ..LockSettings::default()
    })
}

struct LockSection<'a> {
    layer: &'a mut Layer,
    around: LockSurroundings<'a>,
    report: &'a mut ConfigReport,
}

impl LockSection<'_> {
    fn error(&mut self, key: &str, message: String, help: impl Into<String>) {
        let origin = self.layer.origin(key);
        let problem = ConfigProblem::error(&origin, message);
        self.report.add(problem.help(help));
    }

    fn engine(&mut self) -> LockEngine {
        let word: String = self.layer.need("backend");
        let engine = LockEngine::of_word(&word);
        let has = |engine: &str| self.around.inputs.lock_engines.contains(&engine);
        let (is_there, feature) = match &engine {
            LockEngine::None | LockEngine::File => (true, None),
            LockEngine::Consul => (has("consul"), Some(CONSUL)),
            LockEngine::Postgres => (has("postgres"), Some(POSTGRES)),
            LockEngine::Registered(scheme) => (has(scheme), None),
        };
        match feature {
            _ if is_there => {}
            Some(feature) => {
                let message = format!("`backend = \"{engine}\"` {}", feature.is_needed);
                self.error("backend", message, feature.remedy);
            }
            None => self.refuse_unknown(&word),
        }
        engine
    }

    fn refuse_unknown(&mut self, word: &str) {
        let mut known = vec!["file", "consul", "postgres", "none"];
        known.extend(&self.around.inputs.lock_engines);
        let quoted: Vec<String> = known.iter().map(|word| format!("`\"{word}\"`")).collect();
        let help = did_you_mean(word, known.iter().copied());
        let help = help.unwrap_or_else(|| format!("write one of {}", quoted.join(", ")));
        self.error("backend", format!("`backend` is unknown: `{word}`"), help);
    }

    fn addresses(&mut self, engine: &LockEngine) -> Vec<String> {
        let written: Vec<String> = self.layer.get("address").unwrap_or_default();
        match engine {
            LockEngine::None => Vec::new(),
            LockEngine::Registered(_) => written,
            LockEngine::File => self.file(&written).into_iter().collect(),
            LockEngine::Consul => {
                let each = written.iter().flat_map(|text| text.split(','));
                let each: Vec<&str> = each.map(str::trim).collect();
                let addresses = self.each_address(&each, consul_address);
                self.warn_of_a_token_in_the_clear(&addresses);
                addresses
            }
            LockEngine::Postgres => {
                if written.is_empty() && !self.layer.is_broken("address") {
                    let message = "`backend = \"postgres\"` needs an address".to_owned();
                    let help = "add `address = \"postgres://USER@HOST/DATABASE\"`";
                    self.error("backend", message, help);
                }
                let each: Vec<&str> = written.iter().map(String::as_str).collect();
                self.each_address(&each, postgres_address)
            }
        }
    }

    fn each_address(
        &mut self,
        texts: &[&str],
        read: fn(&str) -> Result<String, String>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for text in texts {
            match read(text) {
                Ok(address) => found.push(address),
                Err(wrong) => {
                    let origin = self.layer.origin("address");
                    let message = format!("`address` {wrong}");
                    self.report.add(ConfigProblem::error(&origin, message));
                }
            }
        }
        found
    }

    fn warn_of_a_token_in_the_clear(&mut self, addresses: &[String]) {
        let is_plain = |address: &&String| {
            let host = address.strip_prefix("http://");
            host.is_some_and(|host| {
                !is_loopback(host.rsplit_once(':').map_or(host, |(host, _)| host))
            })
        };
        let plain = addresses.iter().find(is_plain);
        if let (Some(plain), true) = (plain, self.layer.mentions("token_file")) {
            let message = format!("the token goes to `{plain}` in the clear");
            let problem = ConfigProblem::warning(&self.layer.origin("address"), message);
            let help = "ask the agent of this machine (`127.0.0.1:8500`), or write `https://…`";
            self.report.add(problem.help(help));
        }
    }

    fn file(&mut self, written: &[String]) -> Option<String> {
        if written.len() > 1 {
            let message = "`address` names several files: a lock is one".to_owned();
            self.error("address", message, "name one of them");
        }
        let path = self.around.base.join(written.first()?);
        Some(path.to_string_lossy().into_owned())
    }

    fn check_key(&mut self) {
        let key: Option<String> = self.layer.get("key");
        if let Some(Err(wrong)) = key.as_deref().map(checked_key) {
            let help = "for example `key = \"shop/nightly\"`";
            self.error("key", format!("`key` {wrong}"), help);
        }
    }

    fn check_ttl(&mut self, engine: &LockEngine) {
        let ttl: Duration = self.layer.need("ttl");
        let most = match engine {
            LockEngine::Consul => MOST_TTL_OF_CONSUL,
            _ => LockSettings::MOST_TTL,
        };
        let least = LockSettings::LEAST_TTL;
        if (least..=most).contains(&ttl) {
            return;
        }
        let (least, most) = (in_words(least), in_words(most));
        let message = format!("`ttl` is from {least} to {most} with `backend = \"{engine}\"`");
        self.error("ttl", message, "for example `ttl = \"15s\"`");
    }

    /// As in `[mail]`: what an engine does not read was meant for another one.
    fn check_strangers(&mut self, engine: &LockEngine) {
        let chosen = self.layer.origin("backend");
        if chosen.overrides_the_file() {
            return;
        }
        let word = engine.to_string();
        let is_registered = matches!(engine, LockEngine::Registered(_));
        for (key, entry) in self.layer.entries() {
            let Some(owners) = options::engines_of(key) else {
                continue;
            };
            if !is_registered && !owners.contains(&word.as_str()) {
                let message = format!("`{key}` has no effect with `backend = \"{word}\"`");
                let help = format!("remove it, or write `backend = \"{}\"`", owners[0]);
                let problem = ConfigProblem::error(&entry.origin, message);
                self.report.add(problem.help(help));
            }
        }
    }

    fn check_secret(&mut self, key: &str) {
        if let Some(problem) = secret_problem(self.layer, key) {
            self.report.add(problem);
        }
    }
}

/// Returns what is wrong with the file of a secret. A warning: the file is read again for each
/// connection.
pub(super) fn secret_problem(layer: &Layer, key: &str) -> Option<ConfigProblem> {
    let path = layer.get::<PathBuf>(key)?;
    let error = secret_file::read(&path).err()?;
    let message = match error.io() {
        Some(io) => format!("`{key}` {}: `{}`", cannot_be_read(io), path.display()),
        None => error.to_string(),
    };
    let problem = ConfigProblem::warning(&layer.origin(key), message).help(error.remedy());
    Some(match error.is_permission() {
        true => problem.exit(exit::NO_PERMISSION),
        false => problem,
    })
}
