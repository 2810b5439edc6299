//! What a lock goes by: `[lock]`, or the URL of `--lock`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The longest name of a lock.
const MOST_BYTES_OF_KEY: usize = 200;

/// The engine of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockEngine {
    /// No lock.
    None,
    /// The kernel's lock on a file: one host.
    File,
    /// Consul.
    Consul,
    /// PostgreSQL.
    Postgres,
    /// An engine that a program has registered for a URL scheme.
    Registered(String),
}

impl LockEngine {
    /// Returns the engine that a word of the configuration or a URL scheme names.
    pub(crate) fn of_word(word: &str) -> Self {
        match word {
            "none" => LockEngine::None,
            "file" => LockEngine::File,
            "consul" => LockEngine::Consul,
            "postgres" | "postgresql" => LockEngine::Postgres,
            other => LockEngine::Registered(other.to_owned()),
        }
    }
}

impl fmt::Display for LockEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockEngine::None => "none",
            LockEngine::File => "file",
            LockEngine::Consul => "consul",
            LockEngine::Postgres => "postgres",
            LockEngine::Registered(scheme) => scheme,
        })
    }
}

/// The settings of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockSettings {
    /// The engine.
    pub engine: LockEngine,
    /// The addresses of its servers, tried in turn; of a file, its path, if it is named.
    pub addresses: Vec<String>,
    /// The name of the lock; `None`: that of the chain.
    pub key: Option<String>,
    /// The length of the lease.
    pub ttl: Duration,
    /// Whether the lock is held through cooldowns.
    pub keep: bool,
    /// Whether the lock is released after a failed run, for another host.
    pub release_on_error: bool,
    /// The file with the token of Consul.
    pub token_file: Option<PathBuf>,
    /// The user that logs in.
    pub username: Option<String>,
    /// The file with the password of the user.
    pub password_file: Option<PathBuf>,
    /// A PEM file of further trusted authorities.
    pub ca_file: Option<PathBuf>,
    /// The directory of lock files that are not named.
    pub directory: PathBuf,
}

impl Default for LockSettings {
    fn default() -> Self {
        LockSettings {
            engine: LockEngine::File,
            addresses: Vec::new(),
            key: None,
            ttl: LockSettings::USUAL_TTL,
            keep: false,
            release_on_error: false,
            token_file: None,
            username: None,
            password_file: None,
            ca_file: None,
            directory: PathBuf::from("run"),
        }
    }
}

impl LockSettings {
    /// The length of a lease, unless written.
    pub const USUAL_TTL: Duration = Duration::from_secs(15);
    /// The shortest lease: what is left of it when the work gets KILL must be enough for that.
    pub const LEAST_TTL: Duration = Duration::from_secs(2);
    /// The longest lease.
    pub const MOST_TTL: Duration = Duration::from_secs(3600);

    /// Returns whether the lock adds something to the pidfile, which keeps a second runner of the
    /// chain away from RUN_ROOT: the default, a file there with the name of the chain, adds
    /// nothing.
    pub fn adds_to_pidfile(&self) -> bool {
        match self.engine {
            LockEngine::None => false,
            LockEngine::File => !self.addresses.is_empty() || self.key.is_some(),
            _ => true,
        }
    }

    /// Returns the settings that a URL names: `consul://host:8500/key` (by TLS:
    /// `consul+https://…`), `postgres://user@host/database?key=KEY`, `file:///path`, `none`, or a
    /// URL of a registered engine. Several hosts are separated by commas.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, and an example, without the URL itself.
    pub fn of_url(url: &str) -> Result<Self, String> {
        let mut settings = LockSettings::default();
        settings.set_url(url)?;
        Ok(settings)
    }

    /// Sets the engine, the addresses and the key that a URL names.
    pub(crate) fn set_url(&mut self, url: &str) -> Result<(), String> {
        const EXAMPLE: &str = "write `consul://HOST:8500/KEY`, `postgres://USER@HOST/DATABASE`, `file:///PATH` or `none`";
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) => (scheme, rest),
            None if url == "none" || url == "file" => (url, ""),
            None => return Err(format!("is not the URL of a lock; {EXAMPLE}")),
        };
        let (engine, transport) = match scheme.split_once('+') {
            Some((engine, transport)) => (engine, transport),
            None => (scheme, "http"),
        };
        self.engine = LockEngine::of_word(engine);
        self.key = None;
        let after_slashes = rest.strip_prefix("//");
        match (&self.engine, after_slashes) {
            (LockEngine::None, _) => self.addresses.clear(),
            (LockEngine::File, rest) => self.set_file(rest.unwrap_or(""))?,
            (_, None | Some("")) => return Err(format!("names no host; {EXAMPLE}")),
            (LockEngine::Consul, Some(rest)) => self.set_consul(transport, rest)?,
            (LockEngine::Postgres, Some(rest)) => self.set_postgres(rest)?,
            (LockEngine::Registered(_), Some(_)) => self.addresses = vec![url.to_owned()],
        }
        self.key.as_deref().map_or(Ok(()), checked_key)
    }

    fn set_file(&mut self, path: &str) -> Result<(), String> {
        if !path.is_empty() && !path.starts_with('/') {
            return Err("has a path that is not absolute; write `file:///PATH`".to_owned());
        }
        self.addresses = Some(path)
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect();
        Ok(())
    }

    fn set_consul(&mut self, transport: &str, rest: &str) -> Result<(), String> {
        if !matches!(transport, "http" | "https") {
            return Err("begins with neither `consul://` nor `consul+https://`".to_owned());
        }
        let (hosts, key) = rest.split_once('/').unwrap_or((rest, ""));
        self.key = Some(key.to_owned()).filter(|key| !key.is_empty());
        self.addresses = hosts
            .split(',')
            .map(|host| consul_address(&format!("{transport}://{host}")))
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    fn set_postgres(&mut self, rest: &str) -> Result<(), String> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (keys, others): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .filter(|part| !part.is_empty())
            .partition(|part| part.starts_with("key="));
        self.key = keys.first().map(|part| part["key=".len()..].to_owned());
        let query = match others.is_empty() {
            true => String::new(),
            false => format!("?{}", others.join("&")),
        };
        self.addresses = vec![postgres_address(&format!("postgres://{place}{query}"))?];
        Ok(())
    }
}

/// Returns the address of a Consul agent with its scheme and port.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn consul_address(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let host = rest.trim_end_matches('/');
    if !matches!(scheme, "http" | "https") {
        return Err("begins with neither `http://` nor `https://`".to_owned());
    }
    if host.is_empty() || host.contains(['/', '@', '?', '#', ' ', ',']) {
        return Err(
            "is not a host with a port; write `HOST:8500` or `https://HOST:8501`".to_owned(),
        );
    }
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'));
    let port = match (has_port, scheme) {
        (true, _) => "",
        (false, "https") => ":8501",
        (false, _) => ":8500",
    };
    Ok(format!("{scheme}://{host}{port}"))
}

/// Returns the address of a PostgreSQL server, checked for what a lock cannot have.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn postgres_address(text: &str) -> Result<String, String> {
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .ok_or("is not a URL; write `postgres://USER@HOST/DATABASE`")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let login = place.rsplit_once('@').map_or("", |(login, _)| login);
    let names = |name: &str| query.split('&').any(|part| part.starts_with(name));
    if login.contains(':') || names("password=") {
        return Err("has a password, which others can read; write `password_file`".to_owned());
    }
    if names("options=") {
        return Err("has `options`, which PgBouncer refuses; remove them".to_owned());
    }
    Ok(format!("postgres://{rest}"))
}

/// Checks the name of a lock, which becomes a path in Consul and the name of a file.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn checked_key(key: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let has_part = |part: &str| key.split('/').any(|there| there == part);
    if key.is_empty() || key.len() > MOST_BYTES_OF_KEY {
        return Err(format!(
            "has a key that is empty or longer than {MOST_BYTES_OF_KEY} bytes"
        ));
    }
    if !key.chars().all(is_plain) || has_part("") || has_part(".") || has_part("..") {
        return Err(
            "has a key with other characters than letters, digits, `.`, `_`, `-`, and `/` between them"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> (String, Vec<String>, Option<String>) {
        let settings = LockSettings::of_url(url).unwrap();
        (
            settings.engine.to_string(),
            settings.addresses,
            settings.key,
        )
    }

    #[test]
    fn a_url_names_engine_addresses_and_key() {
        let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let key = |key: &str| Some(key.to_owned());
        for (url, engine, addresses, named) in [
            ("none", "none", list(&[]), None),
            ("file:", "file", list(&[]), None),
            ("file:///srv/x.lock", "file", list(&["/srv/x.lock"]), None),
            ("consul://a/n", "consul", list(&["http://a:8500"]), key("n")),
            (
                "consul://a:1,[::1]/x/y",
                "consul",
                list(&["http://a:1", "http://[::1]:8500"]),
                key("x/y"),
            ),
            (
                "consul+https://a",
                "consul",
                list(&["https://a:8501"]),
                None,
            ),
            (
                "postgres://u@h:1/d",
                "postgres",
                list(&["postgres://u@h:1/d"]),
                None,
            ),
            (
                "postgresql://u@h/d?key=k&sslmode=require",
                "postgres",
                list(&["postgres://u@h/d?sslmode=require"]),
                key("k"),
            ),
            ("etcd://h:2379/k", "etcd", list(&["etcd://h:2379/k"]), None),
        ] {
            assert_eq!(of(url), (engine.to_owned(), addresses, named), "{url}");
        }
    }

    #[test]
    fn a_file_with_the_name_of_the_chain_adds_nothing_to_the_pidfile() {
        let adds = |url| LockSettings::of_url(url).unwrap().adds_to_pidfile();
        assert!(!LockSettings::default().adds_to_pidfile() && !adds("file:") && !adds("none"));
        assert!(adds("file:///x") && adds("consul://a") && adds("etcd://a"));
    }

    #[test]
    fn a_wrong_url_is_refused_without_its_secrets() {
        for (url, why) in [
            ("nightly", "not the URL"),
            ("consul:", "names no host"),
            ("consul://", "names no host"),
            ("consul://a b/k", "not a host"),
            ("consul://u:hunter2@a/k", "not a host"),
            ("consul+ftp://a/k", "neither"),
            ("consul://a/..", "characters"),
            ("consul://a/a//b", "characters"),
            ("postgres://u:hunter2@h/d", "password_file"),
            ("postgres://h/d?password=hunter2", "password_file"),
            ("postgres://h/d?options=-c%20x", "PgBouncer"),
            ("file://relative", "not absolute"),
        ] {
            let error = LockSettings::of_url(url).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
