//! From what is written in `[mail]` to how mail leaves the machine.

mod login;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use lettre::Address;

use super::inputs::Inputs;
use super::layer::Layer;
use super::options::{self, ConfigSection};
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::value::Value;
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::{Digest, Healed, Login, MailSettings, SmtpSettings, Tls, Transport};

const SMTP: Feature = feature_named!("smtp");

/// Puts the settings of mail together, and fills what is open in the layer.
pub(super) fn settings(
    layer: &mut Layer,
    state_dir: &Path,
    inputs: &Inputs,
    report: &mut ConfigReport,
) -> MailSettings {
    let mut mail = MailSection {
        layer,
        inputs,
        report,
    };
    let transport = mail.transport();
    mail.refuse_missing_feature(&transport);
    mail.judge_recipients(&transport);
    mail.judge_strangers(&transport);
    mail.fill(&transport, state_dir);
    let login = mail.login();
    let transport = match transport.as_str() {
        "smtp" => Transport::Smtp(mail.smtp(login)),
        "sendmail" => Transport::Sendmail {
            program: mail.layer.need("program"),
        },
        "print" => Transport::Print,
        _ => Transport::File {
            directory: mail.layer.need("directory"),
        },
    };
    assembled(mail.layer, transport)
}

fn assembled(layer: &Layer, transport: Transport) -> MailSettings {
    MailSettings {
        to: layer.need("to"),
        from: layer.need("from"),
        transport,
        timeout: layer.need("timeout"),
        max_per_hour: u32::try_from(layer.need::<i64>("max_per_hour")).unwrap_or(u32::MAX),
        healed: match layer.need::<String>("healed").as_str() {
            "after-downtime" => Healed::AfterDowntime,
            "after-mail" => Healed::AfterMail,
            _ => Healed::Never,
        },
        digest: match layer.need::<String>("digest").as_str() {
            "daily" => Digest::Daily,
            "weekly" => Digest::Weekly,
            _ => Digest::Never,
        },
    }
}

struct MailSection<'a> {
    layer: &'a mut Layer,
    inputs: &'a Inputs,
    report: &'a mut ConfigReport,
}

impl MailSection<'_> {
    fn transport(&self) -> String {
        let fallback = if self.layer.mentions("to") {
            "smtp"
        } else {
            "file"
        };
        let written = self.layer.get("transport");
        written.unwrap_or_else(|| fallback.to_owned())
    }

    /// Refuses a transport that this program is built without.
    fn refuse_missing_feature(&mut self, transport: &str) {
        if transport != "smtp" || self.inputs.delivers_by_smtp {
            return;
        }
        let chosen = ["transport", "to"].map(|key| self.layer.origin(key));
        let written = chosen.iter().find(|origin| **origin != Origin::Nowhere);
        let message = format!("`transport = \"smtp\"` {}", SMTP.is_needed);
        let problem = ConfigProblem::error(written.unwrap_or(&Origin::Nowhere), message)
            .help(SMTP.remedy)
            .help("or let a local program deliver: `transport = \"sendmail\"`");
        self.report.add(problem);
    }

    /// A configuration that names a server asks for mail: without a recipient, silence would look
    /// like health.
    fn judge_recipients(&mut self, transport: &str) {
        if self.layer.mentions("to") {
            let smtp = transport == "smtp"
                && self.inputs.delivers_by_smtp
                && !self.layer.mentions("server");
            // What was not understood may be anything.
            let understood = |key| self.layer.entry(key).is_some() || !self.layer.mentions(key);
            let known = understood("transport") && understood("to");
            if smtp && known {
                let problem = ConfigProblem::error(
                    &self.layer.origin("to"),
                    "`server` is missing in `[mail]`",
                )
                .help("name the mail server: `server = \"mail.example.org\"`")
                .help("or let a local program deliver: `transport = \"sendmail\"`");
                self.report.add(problem);
            }
            return;
        }
        let wants = ["server", "username", "transport"]
            .into_iter()
            .filter_map(|key| self.layer.entry(key))
            .find(|entry| {
                let quiet = [Value::Text("file".into()), Value::Text("print".into())];
                !quiet.contains(&entry.value)
            });
        let local = matches!(transport, "file" | "print") && self.layer.mentions("transport");
        if let (Some(entry), false) = (wants, local) {
            let problem = ConfigProblem::error(
                &entry.origin,
                "nobody is mailed: `to` is missing in `[mail]`",
            )
            .help("say who: `to = [\"ops@example.org\"]`");
            self.report.add(problem);
        }
    }

    /// A key of another transport is a mistake, unless the transport is only overruled for now.
    fn judge_strangers(&mut self, transport: &str) {
        let chosen = self.layer.origin("transport");
        if chosen == Origin::Nowhere || chosen.overrides_the_file() {
            return;
        }
        for (key, entry) in self.layer.entries() {
            match options::transport_of(key) {
                Some(owner) if owner != transport => {
                    let message =
                        format!("`{key}` has no effect with `transport = \"{transport}\"`");
                    let help = format!("remove it, or write `transport = \"{owner}\"`");
                    self.report
                        .add(ConfigProblem::error(&entry.origin, message).help(help));
                }
                _ => {}
            }
        }
    }

    fn fill(&mut self, transport: &str, state_dir: &Path) {
        let host = mail_domain(&self.inputs.hostname);
        let username: Option<String> = self.layer.get("username");
        let from = username
            .filter(|name| name.parse::<Address>().is_ok())
            .unwrap_or_else(|| format!("run_functions@{host}"));
        let port = match self.layer.get::<String>("tls").as_deref() {
            Some("starttls") => 587,
            Some("none") => 25,
            _ => 465,
        };
        let layer = &mut *self.layer;
        let mut fill = |key, value| layer.fill(key, value, Origin::Default);
        fill("transport", Value::Text(transport.to_owned()));
        fill("to", Value::Texts(vec![format!("root@{host}")]));
        fill("from", Value::Text(from));
        if transport == "smtp" {
            fill("port", Value::Number(port));
        }
        if transport == "file" {
            fill("directory", Value::Path(state_dir.join("mail")));
        }
        layer.fill_defaults(ConfigSection::Mail, &self.inputs.cwd);
        layer.retain(|key| options::transport_of(key).is_none_or(|owner| owner == transport));
    }

    fn smtp(&mut self, login: Option<Login>) -> SmtpSettings {
        let tls = match self.layer.need::<String>("tls").as_str() {
            "starttls" => Tls::StartTls,
            "none" => Tls::None,
            _ => Tls::Implicit,
        };
        let port = u16::try_from(self.layer.need::<i64>("port")).unwrap_or(u16::MAX);
        let server: String = self.layer.get("server").unwrap_or_default();
        if tls == Tls::None {
            self.judge_plain(&server);
        } else {
            self.judge_port(port, tls);
        }
        let ca_file: Option<PathBuf> = self.layer.get("ca_file");
        if let Some(path) = &ca_file {
            self.judge_authorities(path);
        }
        self.judge_helo();
        SmtpSettings {
            helo: self.layer.get("helo"),
            server,
            port,
            tls,
            login,
            ca_file,
        }
    }

    /// The text goes into a command as it is.
    fn judge_helo(&mut self) {
        let Some(helo) = self.layer.get::<String>("helo") else {
            return;
        };
        if !is_domain_or_literal(&helo) {
            let message =
                format!("`helo` is neither a host name nor an address in brackets: `{helo}`");
            let help = "write `helo = \"runner.example.org\"`, or `helo = \"[192.0.2.1]\"`";
            let origin = self.layer.origin("helo");
            self.report
                .add(ConfigProblem::error(&origin, message).help(help));
        }
    }

    fn judge_plain(&mut self, server: &str) {
        let tls = self.layer.origin("tls");
        if !server.is_empty() && !is_loopback(server) {
            let message = format!("mail to `{server}` would leave this machine in the clear");
            let help = "`tls = \"none\"` is for a server on this machine; else write `\"implicit\"` or `\"starttls\"`";
            self.report
                .add(ConfigProblem::error(&tls, message).help(help));
        }
        if self.layer.mentions("username") {
            let message = "a login without TLS would show the password";
            let help = "write `tls = \"implicit\"` or `\"starttls\"`, or remove `username`";
            self.report
                .add(ConfigProblem::error(&tls, message).help(help));
        }
    }

    /// By convention (RFC 8314, RFC 6409) each of these ports speaks one way only; a mismatch shows
    /// as a silent server.
    fn judge_port(&mut self, port: u16, tls: Tls) {
        let usual = match (port, tls) {
            (25 | 587, Tls::Implicit) => "starttls",
            (465, Tls::StartTls) => "implicit",
            _ => return,
        };
        let message = format!("port {port} is usually reached with `tls = \"{usual}\"`");
        let origin = self.layer.origin("port");
        let origin = if origin == Origin::Default {
            self.layer.origin("tls")
        } else {
            origin
        };
        self.report.add(ConfigProblem::warning(&origin, message));
    }

    fn judge_authorities(&mut self, path: &Path) {
        // A pipe would be waited for.
        let read = match path.metadata() {
            Ok(meta) if !meta.is_file() => Err(io::Error::other("not a regular file")),
            _ => fs::read(path),
        };
        let wrong = match read {
            Ok(bytes) if contains(&bytes, b"-----BEGIN CERTIFICATE-----") => return,
            Ok(_) => "has no certificate in PEM form".to_owned(),
            Err(error) => cannot_be_read(&error),
        };
        let message = format!("`ca_file` {wrong}: `{}`", path.display());
        let origin = self.layer.origin("ca_file");
        self.report.add(ConfigProblem::warning(&origin, message));
    }
}

/// Returns why something cannot be read, to follow its name.
pub(super) fn cannot_be_read(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read by this user".to_owned(),
        _ => format!("cannot be read ({error})"),
    }
}

/// Returns whether a server is on this machine, whatever a resolver returns.
pub(super) fn is_loopback(server: &str) -> bool {
    let name = server.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost") || name == "ip6-localhost",
    }
}

/// RFC 5321 4.1.2: a domain, or an address literal.
fn is_domain_or_literal(text: &str) -> bool {
    let literal = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = literal {
        let v6 = address.strip_prefix("IPv6:");
        return v6.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
            || address.parse::<Ipv4Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Host names may have characters that no mail address has.
fn mail_domain(hostname: &str) -> &str {
    match Address::new("root", hostname) {
        Ok(_) => hostname,
        Err(_) => "localhost",
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
