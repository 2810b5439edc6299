//! The blocks of a page of documentation.

/// One command, and what it printed.
#[derive(Debug)]
pub(crate) struct Typed {
    /// Without the prompt.
    pub(crate) command: String,
    /// The lines that follow.
    pub(crate) expected: Vec<String>,
}

/// A block between fences.
#[derive(Debug)]
pub(crate) enum Block {
    /// The content of a file.
    File { name: String, content: String },
    /// What was typed, and where the block stands.
    Console { line: usize, typed: Vec<Typed> },
    /// Nothing to play.
    Other,
}

/// What stands between two headings.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) blocks: Vec<Block>,
}

/// A page, section by section.
#[derive(Debug)]
pub(crate) struct Page {
    sections: Vec<Section>,
}

impl Page {
    /// Reads one.
    pub(crate) fn read(text: &str) -> Self {
        let mut sections = vec![Section::default()];
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if line.starts_with("## ") {
                sections.push(Section::default());
            } else if let Some(language) = line.strip_prefix("```") {
                let content: Vec<&str> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| *line != "```")
                    .collect();
                let block = block(language, number + 1, &content);
                sections.last_mut().unwrap().blocks.push(block);
            }
        }
        Page { sections }
    }

    /// Returns the sections, in order.
    pub(crate) fn sections(&self) -> &[Section] {
        &self.sections
    }
}

fn block(language: &str, line: usize, content: &[&str]) -> Block {
    let named = content
        .first()
        .and_then(|first| first.strip_prefix("# "))
        .filter(|name| {
            let is_file = [".toml", ".conf", ".crontab"]
                .iter()
                .any(|ending| name.ends_with(ending));
            is_file && !name.contains(' ')
        });
    match (language, named) {
        ("toml" | "text", Some(name)) => Block::File {
            name: name.to_owned(),
            content: content.join("\n") + "\n",
        },
        ("console", _) => Block::Console {
            line,
            typed: typed(content),
        },
        _ => Block::Other,
    }
}

fn typed(content: &[&str]) -> Vec<Typed> {
    let mut all: Vec<Typed> = Vec::new();
    for line in content {
        match line.strip_prefix("$ ") {
            Some(command) => all.push(Typed {
                command: command.to_owned(),
                expected: Vec::new(),
            }),
            None => {
                let last = all.last_mut().expect("a block begins with a command");
                last.expected.push((*line).to_owned());
            }
        }
    }
    all
}
