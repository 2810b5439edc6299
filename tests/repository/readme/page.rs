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
    /// Settings to be changed or added in a file that is there.
    Edit { name: String, content: String },
    /// What was typed, and where the block stands.
    Console { line: usize, typed: Vec<Typed> },
    /// Nothing to play.
    Other,
}

/// What stands between two headings.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Its heading; empty for what is before the first.
    pub(crate) title: String,
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
            if let Some(title) = line.strip_prefix("## ") {
                sections.push(Section {
                    title: title.to_owned(),
                    ..Section::default()
                });
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
    pub(crate) fn into_sections(self) -> Vec<Section> {
        self.sections
    }
}

fn block(language: &str, line: usize, content: &[&str]) -> Block {
    let text = || content.join("\n") + "\n";
    let first = content.first().copied().unwrap_or_default();
    let named = |mark: &str, ending: &str| {
        let name = first.strip_prefix(mark)?;
        let is_name = name.ends_with(ending) && !name.contains(' ');
        is_name.then(|| name.to_owned())
    };
    if language == "console" {
        let typed = typed(content);
        return Block::Console { line, typed };
    }
    let content = text();
    let endings = [
        ("# ", ".toml"),
        ("# ", ".conf"),
        ("# ", ".crontab"),
        ("// ", ".rs"),
    ];
    let file = endings
        .iter()
        .find_map(|(mark, ending)| named(mark, ending));
    match (file, named("# in ", ".toml")) {
        (Some(name), _) => Block::File { name, content },
        (None, Some(name)) => Block::Edit { name, content },
        (None, None) => Block::Other,
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

/// Makes in a file the changes that a page shows: an option that is there, commented out or not, gets its value; a section that is not
/// there is added.
pub(crate) fn edited(text: &str, changes: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut section = 0;
    for change in changes.lines().filter(|line| !line.starts_with("# ")) {
        if change.starts_with('[') {
            section = lines
                .iter()
                .position(|line| line == change)
                .unwrap_or_else(|| {
                    lines.extend([String::new(), change.to_owned()]);
                    lines.len() - 1
                });
        } else if let Some((key, _)) = change.split_once(" = ") {
            let option = format!("{key} = ");
            let is_it = |line: &String| line.trim_start_matches('#').starts_with(&option);
            let end = lines[section + 1..]
                .iter()
                .position(|line| line.starts_with('['));
            let end = end.map_or(lines.len(), |at| section + 1 + at);
            match lines[section..end].iter().position(is_it) {
                Some(at) => change.clone_into(&mut lines[section + at]),
                None => lines.insert(end, change.to_owned()),
            }
        }
    }
    lines.join("\n") + "\n"
}
