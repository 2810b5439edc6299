//! The table of options, and the example of the design, against what they come to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::Setup;
use crate::config::options::{Fallback, OPTIONS, Section, of};
use crate::settings::Transport;
use crate::task::TaskName;

/// Every default that can be written, written.
fn all_defaults() -> String {
    let mut text = String::new();
    for section in Section::ALL {
        if section != Section::Root {
            let header = section.header().replace("NAME", "x");
            text.push_str(&format!("{header}\n"));
        }
        for option in of(section).filter(|option| option.key != "isolate") {
            if let Fallback::Written(value) = option.default {
                text.push_str(&format!("{} = {value}\n", option.key));
            }
        }
    }
    format!("{text}command = [\"true\"]\n")
}

#[test]
fn writing_every_default_changes_nothing() {
    let short =
        "[tasks.x]\ncommand = [\"true\"]\n[mail]\nto = [\"a@b.example\"]\nserver = \"localhost\"\n";
    let defaults = all_defaults().replace(
        "[mail]\n",
        "[mail]\nto = [\"a@b.example\"]\nserver = \"localhost\"\n",
    );
    let (short, long) = (Setup::with(short), Setup::with(&defaults));
    let (plain, written) = (short.load(), long.load());
    let name = TaskName::parse("tasks::x").unwrap();
    assert_eq!(plain.tasks[&name].settings, written.tasks[&name].settings);
    let mut settings = written.settings.clone();
    settings.run_root = plain.settings.run_root.clone();
    settings.state_dir = plain.settings.state_dir.clone();
    assert_eq!(settings, plain.settings);
}

/// Returns the tables of the guide: one for each section, a row for each key.
fn guide_tables() -> String {
    let mut text = String::new();
    for section in Section::ALL {
        let title = match section.header() {
            "" => "Before the first section".to_owned(),
            header => format!("`{header}`"),
        };
        text.push_str(&format!(
            "\n## {title}\n\n| key | default | |\n|---|---|---|\n"
        ));
        for option in of(section) {
            let default = match option.default {
                Fallback::Written(value) => format!("`{value}`"),
                Fallback::InWords(words) => words.to_owned(),
            };
            // What stands in brackets alone would be a link.
            let doc = option.doc.replace('[', "\\[");
            text.push_str(&format!("| `{}` | {default} | {doc} |\n", option.key));
        }
    }
    text
}

#[test]
fn the_guide_has_every_option() {
    const END_OF_TEXT: &str = "change that, not this. -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/configuration.md");
    let page = fs::read_to_string(path).unwrap();
    let (text, tables) = page.split_once(END_OF_TEXT).unwrap();
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(path, format!("{text}{END_OF_TEXT}{}", guide_tables())).unwrap();
    } else {
        let hint = "UPDATE_GUIDE=1 cargo test --lib the_guide_has_every_option";
        assert_eq!(tables, guide_tables(), "write it anew with `{hint}`");
    }
}

#[test]
fn every_option_has_one_line_of_documentation() {
    for option in OPTIONS {
        let doc = option.doc;
        assert!(
            !doc.is_empty() && !doc.ends_with('.') && !doc.contains('\n'),
            "{}",
            option.key
        );
    }
}

#[test]
fn no_section_has_a_key_twice() {
    for (at, option) in OPTIONS.iter().enumerate() {
        let same = |other: &&crate::config::options::OptionSpec| {
            other.key == option.key && other.section == option.section
        };
        assert!(
            !OPTIONS[at + 1..].iter().any(|other| same(&other)),
            "{}",
            option.key
        );
    }
}

const DESIGN: &str = r#"
run_root  = "run"
state_dir = "run"
log       = { level = "info", format = "text" }
kill_concurrent = true
stop_timeout = "1m"
kill_grace   = "10s"

[mail]
to = ["ops@example.org"]
from = "run_functions <runner@example.org>"
transport = "smtp"
server = "mail.example.org"
port = 465
tls = "implicit"
username = "runner@example.org"
password_file = "smtp_password"
timeout = "60s"
max_per_hour = 20

[defaults]
non_recoverable_downtime = "6h"

[tasks.send_mail]
command = ["php", "artisan", "mail:send"]
working_dir = "app"
env = { APP_ENV = "production" }
success_cooldown = "15m"
fail_cooldown = "30m"
non_recoverable_downtime = "6h"
timeout = "10m"
nice = 5
user = "www-data"
ok_exit_codes = [0]
retry_later_exit_codes = [75]
fatal_exit_codes = []
max_log_bytes = 819200
"#;

#[test]
fn the_example_of_the_design_is_understood() {
    let setup = Setup::with(DESIGN).root_user();
    let password = setup.write("smtp_password", "hunter2\n");
    fs::set_permissions(password, Permissions::from_mode(0o600)).unwrap();
    setup.write("app/artisan", "");
    let loaded = setup.load();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    assert!(matches!(loaded.settings.mail.transport, Transport::Smtp(_)));
    let task = &loaded.tasks[&TaskName::parse("tasks.send_mail").unwrap()];
    assert_eq!(task.settings.child.user.as_deref(), Some("www-data"));
    assert_eq!(
        task.settings.child.working_dir,
        Some(setup.inputs.cwd.join("app"))
    );
}
