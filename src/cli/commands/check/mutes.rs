//! Which mails are not wanted for now, of the chains that are asked for.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::line;
use crate::chain::ChainName;
use crate::cli::holding::{self, Holding};
use crate::cli::left;
use crate::cli::plan::Plan;
use crate::process::clock;
use crate::process::run_root::{RunRoot, UnsafePath};
use crate::state::mutes::ENDING;

/// The mutes of the chain that is named; of all chains if none is.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    /// Those that hold.
    holding: Vec<(ChainName, Holding)>,
    /// What cannot be read, and why.
    unread: Vec<String>,
}

impl Mutes {
    /// Reads them.
    pub(super) fn of(plan: &Plan<'_>) -> Self {
        let mut mutes = Mutes::default();
        if let Err(error) = mutes.read_all(plan) {
            mutes.unread.push(error.to_string());
        }
        mutes
    }

    fn read_all(&mut self, plan: &Plan<'_>) -> Result<(), UnsafePath> {
        let settings = &plan.loaded.settings;
        let Some(state_dir) = RunRoot::open_existing(&settings.state_dir)? else {
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

    fn read(&mut self, state_dir: &RunRoot, chain: &ChainName) {
        let memory = left::remembered(state_dir, chain).ok().flatten();
        let memory = memory.as_ref().map(|kept| &kept.alerts);
        match holding::of_chain(state_dir, chain, memory, clock::now()) {
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
        let of_one = |(chain, holding): &(ChainName, Holding)| {
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
