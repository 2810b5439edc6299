//! What can be done about a chain: how it is started or forgotten, and which other chain runs its
//! tasks.

use std::path::Path;

use super::status_page::StatusPage;
use crate::chain::ChainName;
use crate::config::invocation::Call;
use crate::report::YELLOW;
use crate::status::neighbours::Neighbour;
use crate::status::snapshot::{ChainStatus, Liveness};
use crate::task::TaskName;
use crate::task::label::TaskLabel;
use crate::text::quoting::quoted;

/// Adds the tasks that another chain runs as well. The command that ends the other chain is never
/// cut.
pub(super) fn tell_shared(page: &mut StatusPage, chain: &ChainStatus, living: &[Neighbour]) {
    if !living.iter().any(|known| known.name == chain.name) {
        return;
    }
    let labels = chain.tasks.iter().map(|task| TaskLabel::of(&task.label));
    let tasks: Vec<&str> = labels.map(TaskLabel::name).collect();
    for other in living.iter().filter(|other| other.name != chain.name) {
        let shared = other.shared(&tasks);
        if shared.is_empty() {
            continue;
        }
        let (name, names) = (&other.name, shared.join(", "));
        let line = format!("{name} runs {names} too: two copies can run at the same time");
        page.line(2, YELLOW, &line);
        let stop = other.stop();
        page.text
            .push_str(&format!("  end one of the two, such as with `{stop}`\n"));
    }
}

/// Adds how a chain that does not run is started again, or forgotten. The lines are commands to
/// copy, and are never cut. `state_dir` is the directory that knows the chain as well, if there is
/// one.
pub(super) fn tell_start(
    page: &mut StatusPage,
    chain: &ChainStatus,
    run_root: &Path,
    state_dir: Option<&Path>,
    call: &Call,
) {
    if matches!(chain.standing, Liveness::Stopped) && !chain.tasks.is_empty() {
        let start = start(chain, call);
        let file = |directory: &Path, ending| {
            let path = directory.join(format!("{}{ending}", chain.name));
            quoted(&path.to_string_lossy())
        };
        let mut forget = format!("or have it forgotten: rm {}", file(run_root, ".pid"));
        if let Some(state_dir) = state_dir {
            let [memory, history] = [".memory", ".history"].map(|ending| file(state_dir, ending));
            forget = forget.replacen("rm ", "rm -rf ", 1) + &format!(" {memory} {history}");
        }
        page.text.push_str(&format!("  {start}\n  {forget}\n"));
    }
}

/// Returns how a chain is started again.
fn start(chain: &ChainStatus, call: &Call) -> String {
    if let Some(unit) = &chain.unit {
        return format!("start it with `{}`", unit.systemctl("start"));
    }
    let labels = chain.tasks.iter();
    let names: Vec<&str> = labels
        .map(|task| TaskLabel::of(&task.label).name())
        .collect();
    let tasks: Result<Vec<TaskName>, _> = names.iter().map(|name| TaskName::parse(name)).collect();
    let is_usual = tasks.is_ok_and(|tasks| ChainName::of(&tasks) == chain.name);
    let name = match is_usual {
        true => String::new(),
        false => format!(" --name {}", chain.name),
    };
    let line = call.line(format_args!("{}{name}", names.join(" ")));
    format!("start it with `{line}`")
}
