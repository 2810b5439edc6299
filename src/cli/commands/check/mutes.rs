//! Which mails are not wanted for now, of the chains that are asked for.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::line::line;
use crate::alert::memory::AlertMemory;
use crate::chain::ChainName;
use crate::mute::on_disk::active_mute::{self, ActiveMute};
use crate::mute::on_disk::mutes_form::ENDING;
use crate::plan::dry_run_plan::DryRunPlan;
use crate::status::state_files;
use crate::unix::clock;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};

/// The mutes of the chain that is named; of all chains if none is.
#[derive(Debug, Default)]
pub(super) struct MuteCheck {
    /// Those that hold.
    holding: Vec<(ChainName, ActiveMute)>,
    /// What cannot be read, and why.
    unread: Vec<String>,
}

impl MuteCheck {
    /// Reads them.
    pub(super) fn of(plan: &DryRunPlan<'_>) -> Self {
        let mut mutes = MuteCheck::default();
        if let Err(error) = mutes.read_all(plan) {
            mutes.unread.push(error.to_string());
        }
        mutes
    }

    fn read_all(&mut self, plan: &DryRunPlan<'_>) -> Result<(), UntrustedPath> {
        let settings = &plan.loaded.settings;
        let Some(state_dir) = PrivateDir::open_existing(&settings.state_dir)? else {
            return Ok(());
        };
        match &plan.chain {
            Some(chain) => self.read(&state_dir, chain),
            None => {
                for stem in state_dir.stems(ENDING)? {
                    if let Some(chain) = ChainName::parse(&stem) {
                        self.read(&state_dir, &chain);
                    }
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, state_dir: &PrivateDir, chain: &ChainName) {
        let memory = state_files::remembered(state_dir, chain).ok().flatten();
        let memory = memory.as_ref().map(|kept| &kept.alerts);
        let accounts = memory.into_iter().flat_map(AlertMemory::mute_accounts);
        match active_mute::of_chain(state_dir, chain.as_str(), accounts, clock::now()) {
            Ok(all) => {
                let of_chain = all.into_iter().map(|holding| (chain.clone(), holding));
                self.holding.extend(of_chain);
            }
            Err(why) => self.unread.push(format!("{chain}: {why}")),
        }
    }

    /// Prints a line for each.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let holding = self.holding.iter();
        let lines = holding.map(|(chain, holding)| {
            let whom = match &holding.mute.task {
                Some(task) => format!("{task} of {chain}"),
                None => format!("the whole chain {chain}"),
            };
            format!("{whom} is {}", holding.words())
        });
        let unread = self.unread.iter();
        let unread = unread.map(|why| format!("what is muted cannot be read: {why}"));
        for (at, text) in lines.chain(unread).enumerate() {
            line(out, if at == 0 { "Mutes" } else { "" }, &text)?;
        }
        Ok(())
    }

    /// Returns them as data.
    pub(super) fn json(&self) -> Value {
        let holding = self.holding.iter();
        let of_one = |(chain, holding): &(ChainName, ActiveMute)| {
            let mut value = holding.json();
            value["chain"] = json!(chain.as_str());
            value["task"] = json!(holding.mute.task);
            value
        };
        json!({
            "holding": holding.map(of_one).collect::<Vec<_>>(),
            "unread": self.unread,
        })
    }
}
