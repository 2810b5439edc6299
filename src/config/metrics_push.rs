//! `[metrics_push]`: the InfluxDB that metrics are pushed to.

use super::layer::Layer;
use super::lock::secret_problem;
use super::mail::is_loopback;
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::{MetricsPushSettings, PushTarget};

const FEATURE: Feature = feature_named!("metrics-push");
/// What means something for a database, and what for a bucket.
const OF_DATABASE: [&str; 3] = ["database", "username", "password_file"];
const OF_BUCKET: [&str; 3] = ["bucket", "org", "token_file"];

/// Puts the settings together; `None` where nothing is written, or something wrong.
pub(super) fn settings(
    layer: &Layer,
    can_push: bool,
    report: &mut ConfigReport,
) -> Option<MetricsPushSettings> {
    layer.entries().next()?;
    let section = PushSection { layer };
    if !can_push {
        let (key, _) = layer.entries().next()?;
        let message = format!("`[metrics_push]` {}", FEATURE.is_needed);
        report.add(section.error(key, message, FEATURE.remedy));
        return None;
    }
    match section.read() {
        Ok(settings) => {
            section
                .warnings(&settings)
                .for_each(|problem| report.add(problem));
            Some(settings)
        }
        Err(problem) => {
            problem.into_iter().for_each(|problem| report.add(*problem));
            None
        }
    }
}

struct PushSection<'a> {
    layer: &'a Layer,
}

/// What is wrong; `None` where that was reported already.
type Refusal = Option<Box<ConfigProblem>>;

impl PushSection<'_> {
    fn error(&self, key: &str, message: String, help: &str) -> ConfigProblem {
        ConfigProblem::error(&self.layer.origin(key), message).help(help)
    }

    /// Returns the origin of the first key that is written, where one is missing.
    fn first(&self) -> Origin {
        let origins = self.layer.entries().map(|(_, entry)| entry.origin.clone());
        let first = origins.min_by_key(Origin::offset);
        first.unwrap_or(Origin::Nowhere)
    }

    fn need(&self, key: &str, help: &str) -> Result<String, Refusal> {
        if self.layer.is_broken(key) {
            return Err(None);
        }
        let value: Option<String> = self.layer.get(key);
        value.ok_or_else(|| {
            let message = format!("`[metrics_push]` needs `{key}`");
            Some(Box::new(
                ConfigProblem::error(&self.first(), message).help(help),
            ))
        })
    }

    fn read(&self) -> Result<MetricsPushSettings, Refusal> {
        let address = self.need(
            "address",
            "for example `address = \"http://127.0.0.1:8086\"`",
        )?;
        if let Err(wrong) = checked_address(&address) {
            let help = "for example `\"https://influxdb.example.org:8086\"`";
            let message = format!("`address` {wrong}");
            return Err(Some(Box::new(self.error("address", message, help))));
        }
        Ok(MetricsPushSettings {
            is_on_this_machine: is_loopback(host(&address)),
            address,
            target: self.target()?,
            ca_file: self.layer.get("ca_file"),
        })
    }

    fn target(&self) -> Result<PushTarget, Refusal> {
        let written = |keys: [&'static str; 3]| {
            let written = keys.into_iter().find(|key| self.layer.mentions(key));
            (written, keys[0])
        };
        match (written(OF_DATABASE), written(OF_BUCKET)) {
            ((Some(one), _), (Some(other), _)) => {
                let message = format!("`{one}` is for InfluxDB 1, and `{other}` for InfluxDB 2");
                let help = "keep `database` (with `username`, `password_file`), or `bucket`, `org` and `token_file`";
                Err(Some(Box::new(self.error(other, message, help))))
            }
            ((_, _), (Some(_), _)) => self.bucket(),
            _ => self.database(),
        }
    }

    fn database(&self) -> Result<PushTarget, Refusal> {
        let help =
            "add `database` for InfluxDB 1, or `bucket`, `org` and `token_file` for InfluxDB 2";
        let name = self.need("database", help)?;
        let username: Option<String> = self.layer.get("username");
        if username.is_none() && self.layer.mentions("password_file") {
            self.need("username", "a password is that of a user")?;
        }
        Ok(PushTarget::Database {
            name,
            username,
            password_file: self.layer.get("password_file"),
        })
    }

    fn bucket(&self) -> Result<PushTarget, Refusal> {
        let name = self.need("bucket", "for example `bucket = \"jobs\"`")?;
        let org = self.need("org", "the organisation that the bucket belongs to")?;
        let token_file = self.layer.get("token_file");
        let token_file = match token_file {
            Some(path) => path,
            None => {
                let help = "a file with the token in its first line, readable by its owner only";
                self.need("token_file", help)?;
                return Err(None);
            }
        };
        Ok(PushTarget::Bucket {
            name,
            org,
            token_file,
        })
    }

    fn warnings(&self, settings: &MetricsPushSettings) -> impl Iterator<Item = ConfigProblem> {
        let secrets = ["password_file", "token_file"];
        let has_secret = secrets.into_iter().find(|key| self.layer.mentions(key));
        let is_plain = settings.address.starts_with("http:") && !settings.is_on_this_machine;
        let in_the_clear = has_secret.filter(|_| is_plain).map(|key| {
            let message = format!(
                "what is in `{key}` goes to `{}` in the clear",
                settings.address
            );
            ConfigProblem::warning(&self.layer.origin("address"), message).help("write `https://…`")
        });
        let unreadable = secrets.map(|key| secret_problem(self.layer, key));
        in_the_clear
            .into_iter()
            .chain(unreadable.into_iter().flatten())
    }
}

/// Returns the host of an address, without brackets and port.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or_default();
    match place.strip_prefix('[') {
        Some(of_v6) => of_v6.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    }
}

fn checked_address(address: &str) -> Result<(), &'static str> {
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .ok_or("begins with neither `http://` nor `https://`")?;
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return Err("has a login, which others can read; write `username` and `password_file`");
    }
    if host.is_empty() || address.contains([' ', '?', '#']) {
        return Err("is not the address of a server");
    }
    let port = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'));
    match port {
        Some((_, port)) if port.parse::<u16>().is_err() => Err("has no port after the host"),
        _ => Ok(()),
    }
}
