//! What `init` writes: the files of each template, as they are on disk.

use std::path::Path;

use super::new_file::NewFile;
use crate::config::options::{Applies, ConfigSection};
use crate::config::reference::commented;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// A configuration with two commands, and every option with its default.
    Commands,
    /// A crate with a function.
    Rust,
    /// A chain that fails soon: mails within seconds, as files.
    Demo,
    /// A job whose steps are undone when it fails.
    Jobs,
    /// Jobs that run by the clock.
    Schedule,
}

/// The name that people know a configuration by.
const CONFIGURATION: &str = "run_functions.toml";
/// A configuration may have the name of somebody who logs in, or more.
const FOR_ITS_OWNER: u32 = 0o600;
const FOR_EVERYBODY: u32 = 0o644;

/// Returns the files of a template for a directory.
pub(crate) fn files(template: Template, directory: &Path) -> Vec<NewFile> {
    match template {
        Template::Commands => vec![configuration(commands())],
        Template::Demo => vec![configuration(
            include_str!("templates/demo.toml").to_owned(),
        )],
        Template::Jobs => vec![configuration(
            include_str!("templates/jobs.toml").to_owned(),
        )],
        Template::Schedule => vec![configuration(
            include_str!("templates/schedule.toml").to_owned(),
        )],
        Template::Rust => program(&package_name(directory)),
    }
}

fn configuration(text: String) -> NewFile {
    NewFile {
        path: CONFIGURATION,
        text,
        mode: FOR_ITS_OWNER,
    }
}

/// The tasks are in force; whatever else can be written is there with its default.
fn commands() -> String {
    let section = |section| commented(section, |_| true);
    let task = commented(ConfigSection::Task, |option| {
        option.applies != Applies::Program
    });
    let own_place = [
        ConfigSection::Root,
        ConfigSection::Mail,
        ConfigSection::Task,
    ];
    let others = ConfigSection::ALL
        .into_iter()
        .filter(|section| !own_place.contains(section) && !section.is_of_jobs());
    let others: Vec<String> = others
        .map(|other| format!("{}\n\n{}", other.header(), section(other)))
        .collect();
    include_str!("templates/commands.toml")
        .replace("{root}", &section(ConfigSection::Root))
        .replace("{mail}", &section(ConfigSection::Mail))
        .replace("{task}", &task)
        .replace("{others}\n", &others.join("\n"))
}

fn program(name: &str) -> Vec<NewFile> {
    let manifest = include_str!("templates/manifest.toml")
        .replace("{name}", name)
        .replace("{dependency}", &dependency());
    let file = |path, text: &str| NewFile {
        path,
        text: text.to_owned(),
        mode: FOR_EVERYBODY,
    };
    vec![
        file("Cargo.toml", &manifest),
        file(".gitignore", "/target\n/run\n"),
        file("src/main.rs", include_str!("templates/main.rs")),
        file("src/tasks.rs", include_str!("templates/tasks.rs")),
    ]
}

/// Where this program was built from; `None` in one that is handed out (`packaging/make` says so):
/// on another machine that directory is somebody else's, if it is there.
const SOURCES: Option<&str> = match option_env!("RUN_FUNCTIONS_HANDED_OUT") {
    Some(_) => None,
    None => Some(env!("CARGO_MANIFEST_DIR")),
};

/// Returns how a crate depends on this library: on the published one of this version, or on the
/// sources that this program was built from if they are on this machine and were not downloaded as
/// a published crate.
fn dependency() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let is_published = |sources: &Path| {
        let mut above = sources.ancestors();
        above.any(|above| above.ends_with("registry/src"))
    };
    let is_there = |path: &&str| {
        let sources = Path::new(path);
        !is_published(sources) && sources.join("Cargo.toml").is_file()
    };
    match SOURCES.filter(is_there) {
        Some(path) => {
            let path = toml::Value::from(path);
            format!("{{ version = \"{version}\", path = {path} }}")
        }
        None => format!("\"{version}\""),
    }
}

/// Makes the name of a package from that of a directory.
fn package_name(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = name.replace(|c| !is_plain(c), "_");
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    match name.as_str() {
        // A crate cannot depend on another of its own name.
        "run_functions" | "run-functions" => "my_tasks".to_owned(),
        _ if !begins_well => "my_tasks".to_owned(),
        // A single word may be a keyword, or a crate that comes with the compiler.
        word if !word.contains(['_', '-']) => format!("{word}_tasks"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_package_is_one_that_cargo_takes() {
        let cases = [
            ("/home/you/my_tasks", "my_tasks"),
            ("/srv/Shop-Import", "Shop-Import"),
            ("/srv/shop import", "shop_import"),
            ("/srv/match", "match_tasks"),
            ("/srv/test", "test_tasks"),
            ("/srv/run_functions", "my_tasks"),
            ("/srv/2026_import", "my_tasks"),
            ("/srv/ä_b", "my_tasks"),
            ("/", "my_tasks"),
        ];
        for (directory, name) in cases {
            assert_eq!(package_name(Path::new(directory)), name, "{directory}");
        }
    }

    #[test]
    fn no_placeholder_is_left() {
        for template in [
            Template::Commands,
            Template::Rust,
            Template::Demo,
            Template::Jobs,
            Template::Schedule,
        ] {
            for file in files(template, Path::new("/srv/shop")) {
                let left = [
                    "{root}",
                    "{mail}",
                    "{task}",
                    "{others}",
                    "{name}",
                    "{dependency}",
                ];
                assert!(
                    !left.iter().any(|mark| file.text.contains(mark)),
                    "{}",
                    file.text
                );
            }
        }
    }
}
