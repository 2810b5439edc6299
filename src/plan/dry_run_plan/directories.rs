//! What is wrong with the directories of a chain: those that a start refuses, and those that others
//! or a later release may change.

use std::path::Path;

use super::DryRunPlan;
use crate::config::options::ConfigSection;
use crate::config::{ConfigProblem, ConfigReport, Origin};
use crate::core::settings::Transport;
use crate::runner::directories::judge_below;
use crate::unix::trusted_paths::{
    ForeseenDir, UntrustedPath, doubts, foresee, foresee_drop, foresee_named, links_on_the_way,
};

/// Links in these are the system's own, and stay: `/var/run`, and `/var/lib/NAME` of a unit with
/// `DynamicUser`.
const OF_THE_SYSTEM: [&str; 3] = ["/", "/var", "/var/lib"];
/// What tools that deploy call the directory of their versions.
const RELEASES: &str = "releases";

impl DryRunPlan<'_> {
    /// Returns the directories that a start could not use: the same is checked as by a runner, and
    /// nothing is made.
    pub(crate) fn unusable_directories(&self) -> ConfigReport {
        let mut report = ConfigReport::default();
        for (option, path) in self.directories() {
            let foreseen = foresee(path).and_then(|foreseen| match foreseen {
                ForeseenDir::IsThere(root) => judge_below(&root, self.chain.as_ref()),
                ForeseenDir::WillBeMade => Ok(()),
            });
            self.refusal(&mut report, ConfigSection::Root, option, foreseen);
        }
        let settings = &self.loaded.settings;
        if let Transport::File { directory } = &settings.mail.transport
            // Of what is below that was said already.
            && !directory.starts_with(&settings.state_dir)
        {
            let foreseen = foresee_drop(directory);
            self.refusal(&mut report, ConfigSection::Mail, "directory", foreseen);
        }
        let textfile = self.textfile();
        if let Some(directory) = textfile.as_deref().and_then(Path::parent) {
            let foreseen = foresee_drop(directory);
            self.refusal(&mut report, ConfigSection::Metrics, "textfile", foreseen);
        }
        if let Some(file) = &settings.log.file
            && let Err(error) = foresee_named(file)
            // What is missing was said already.
            && error.is_distrust()
        {
            self.refusal(&mut report, ConfigSection::Log, "file", Err(error));
        }
        report
    }

    /// Returns what could make another directory of those that are used now.
    pub(crate) fn doubtful_directories(&self) -> ConfigReport {
        let mut report = ConfigReport::default();
        for (option, path) in self.directories() {
            let origin = self.origin(ConfigSection::Root, option);
            for doubt in doubts(path) {
                let message = format!("`{option}` is not safe from others: {}", doubt.why());
                report.add(ConfigProblem::warning(&origin, message).maybe_help(doubt.remedy()));
            }
            if let Some(why) = moves(path) {
                let message = format!(
                    "`{option}` {why}: a start in the next one finds another directory, and not the runner of this one"
                );
                let problem = ConfigProblem::warning(&origin, message);
                report.add(
                    problem
                        .help("name one that all of them share and that stays, as /var/lib/NAME"),
                );
            }
        }
        report
    }

    fn directories(&self) -> Vec<(&'static str, &Path)> {
        let settings = &self.loaded.settings;
        let mut all = vec![("run_root", settings.run_root.as_path())];
        if settings.state_dir != settings.run_root {
            all.push(("state_dir", settings.state_dir.as_path()));
        }
        all
    }

    fn refusal(
        &self,
        report: &mut ConfigReport,
        section: ConfigSection,
        option: &str,
        judged: Result<(), UntrustedPath>,
    ) {
        if let Err(error) = judged {
            let message = format!("`{option}` cannot be used: {}", error.why());
            let problem = ConfigProblem::warning(&self.origin(section, option), message);
            report.add(problem.maybe_help(error.remedy()));
        }
    }

    fn origin(&self, section: ConfigSection, option: &str) -> Origin {
        let layer = self.loaded.section(section);
        let entry = layer.and_then(|layer| layer.entry(option));
        entry.map_or(Origin::Nowhere, |entry| entry.origin.clone())
    }
}

/// Returns how a path comes to lead elsewhere one day.
fn moves(path: &Path) -> Option<String> {
    let links = links_on_the_way(path);
    let link = links.iter().find(|link| {
        let parent = link.parent().and_then(Path::to_str).unwrap_or_default();
        !OF_THE_SYSTEM.contains(&parent)
    });
    if let Some(link) = link {
        return Some(format!("leads through the link `{}`", link.display()));
    }
    let mut names = path.components().map(|name| name.as_os_str());
    let in_release = names.any(|name| name == RELEASES) && names.next().is_some();
    in_release.then(|| format!("is in a release: `{}`", path.display()))
}
