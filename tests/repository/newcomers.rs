//! Somebody who follows nothing but the README reaches the mail about his own failure, as it is written there: in at most six commands and
//! with one file edited.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::crates;
use crate::readme::page::{Block, Page, Section, Typed};
use crate::readme::{mask, page, play};
use crate::smtp::{Script, Server, tls};
use crate::support::{self, Place, subject};

const MOST_COMMANDS: usize = 6;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn section(title: &str) -> Section {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let mut sections = Page::read(&readme).into_sections();
    sections.retain(|section| section.title == title);
    sections
        .pop()
        .unwrap_or_else(|| panic!("no section `{title}`"))
}

/// Somebody at a shell, who does what a section says.
struct Newcomer {
    place: Place,
    /// Where he has changed to.
    directory: String,
    /// What his machine has that this one has not: its mail server, or a place for compiled crates.
    setting: String,
    /// What the text stands for that is written in the README.
    meant: Vec<(String, String)>,
    commands: Vec<(String, Duration)>,
    edited: usize,
}

impl Newcomer {
    fn at(place: Place, setting: String) -> Self {
        Newcomer {
            place,
            directory: ".".to_owned(),
            setting,
            meant: Vec::new(),
            commands: Vec::new(),
            edited: 0,
        }
    }

    fn follow(&mut self, section: &Section) {
        // Whatever has to be built for the test is built before the first command is timed.
        play::played(&self.place, "true", &[], "true");
        for block in &section.blocks {
            match block {
                Block::Console { line, typed } => {
                    typed.iter().for_each(|typed| self.types(typed, *line))
                }
                Block::Edit { name, content } => {
                    let path = self.path(name);
                    let text = self.place.read(&path);
                    self.place.write(&path, page::edited(&text, content));
                    self.edited += 1;
                }
                Block::File { name, content } => {
                    self.place.write(&self.path(name), content);
                    self.edited += 1;
                }
                Block::Other => {}
            }
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it is told how long each command took"
    )]
    fn types(&mut self, typed: &Typed, line: usize) {
        let begun = Instant::now();
        match typed.command.split_once(' ') {
            // That is how this binary came here.
            Some(("cargo", "install --path .")) => {}
            Some(("cd", directory)) => {
                assert!(self.place.path(directory).is_dir(), "{directory}");
                directory.clone_into(&mut self.directory);
                crates::lock(&self.place, directory);
                // Compiling what is the same for everybody takes as long as the machine has to do.
                let built = crates::cargo(&self.place, directory, "build --quiet");
                assert!(built.status.success(), "{}", support::stderr(&built));
            }
            _ => self.plays(typed, line),
        }
        self.commands.push((typed.command.clone(), begun.elapsed()));
    }

    fn plays(&self, typed: &Typed, line: usize) {
        let (setting, directory) = (&self.setting, &self.directory);
        // What a person types into it.
        let typing = if typed.command.contains("cat > ") {
            "echo hunter2 |"
        } else {
            ""
        };
        let command = format!("{setting} cd {directory}; {typing} {}", typed.command);
        let printed = play::played(&self.place, &command, &typed.expected, &typed.command);
        let printed = printed.iter().map(|line| self.as_written(line));
        let printed: Vec<String> = printed.collect();
        let mask = mask::Mask::of(self.place.dir());
        let (expected, printed) = (mask.lines(&typed.expected), mask.lines(&printed));
        assert!(
            mask::matches(&expected, &printed),
            "README.md:{line}: `{}` prints something else now\n--- shown\n{}\n--- printed\n{}",
            typed.command,
            expected.join("\n"),
            printed.join("\n")
        );
    }

    fn as_written(&self, line: &str) -> String {
        let replaced =
            |line: String, (here, written): &(String, String)| line.replace(here, written);
        self.meant.iter().fold(line.to_owned(), replaced)
    }

    fn took_little(&self) {
        for (command, time) in &self.commands {
            eprintln!("{:>7.3} s  {command}", time.as_secs_f64());
        }
        assert!(self.commands.len() <= MOST_COMMANDS, "{:?}", self.commands);
        assert_eq!(self.edited, 1);
    }
}

#[test]
fn a_command_that_fails_is_mailed_as_the_readme_says() {
    let server = Server::start(Script {
        tls: Some(tls(&repository("tests/fixtures/tls/good.pem"))),
        ..Script::default()
    });
    // The file says `mail.example.org`: this machine is that.
    let port = server.address.port();
    let authority = repository("tests/fixtures/tls/ca.pem");
    let setting = format!(
        "export RUN_FUNCTIONS_MAIL_SERVER=localhost RUN_FUNCTIONS_MAIL_PORT={port} RUN_FUNCTIONS_MAIL_CA_FILE='{}';",
        authority.display()
    );
    let mut newcomer = Newcomer::at(Place::empty(), setting);
    newcomer.meant.push((
        format!("localhost:{port}"),
        "mail.example.org:465".to_owned(),
    ));
    newcomer.follow(&section(
        "Five minutes: a command of yours, and the mail about it",
    ));
    let inbox = server.wait_for(2);
    let subjects: Vec<String> = inbox.iter().map(|mail| subject(&mail.message)).collect();
    assert_eq!(inbox.len(), 2, "{subjects:?}");
    assert!(
        subjects[1].contains("[tasks::check_backup] First exception caught: exit 1: gzip"),
        "{subjects:?}"
    );
    assert_eq!(inbox[1].to, ["you@example.org"]);
    newcomer.took_little();
}

#[test]
fn a_function_that_fails_is_mailed_as_the_readme_says() {
    let place = Place::empty();
    let _turn = crates::prepare(&place);
    let mut newcomer = Newcomer::at(place, crates::of_this_machine());
    newcomer.follow(&section("Five minutes: a function of yours"));
    let mails = newcomer.place.path("my_tasks/run/mail");
    assert_eq!(fs::read_dir(mails).unwrap().count(), 1);
    newcomer.took_little();
}
