//! `post --from FILE`: a job for each line, as one batch.

use std::io::Read as _;
use std::path::Path;

use super::board_access::refused;
use super::chain::batch_receipt_json;
use super::post::{Posting, new_posting};
use crate::board::{BatchPost, BatchReceipt, Post};
use crate::cli::output::print;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::hash::fnv1a;
use crate::text::counts::{counted_or_no, grouped};

/// How many jobs are posted in one transaction: others write in between.
const IN_ONE: usize = 1_000;
/// How many wrong lines are named.
const MOST_ERRORS: usize = 10;

impl Posting<'_> {
    /// Posts a job for each line of a file. A second run with the same file goes on where the first
    /// was cut off.
    pub(super) fn post_file(&self, file: &Path, words: &[String]) -> CommandResult {
        if let Some(word) = words.first() {
            return Err(CommandError::usage(format_args!(
                "`{word}`: with `--from` the lines of the file have the arguments"
            )));
        }
        if self.schema.every_worker {
            return Err(CommandError::usage(format_args!(
                "`{}` is posted for each worker, not from a file",
                self.job
            )));
        }
        let text = read(file)?;
        let name = file.display().to_string();
        let identity = match self.options.again {
            true => new_posting()?,
            false => identity(self.job, &text),
        };
        let posts = self.posts_of(&name, &text, &identity)?;
        let Some(first) = posts.first() else {
            return Err(CommandError::usage(format_args!("`{name}` has no line"))
                .hint("write the arguments of each job as a JSON object on a line of its own"));
        };
        let batch = BatchPost {
            then: first.then.clone(),
            posted_by: first.posted_by.clone(),
            fails_at: self
                .options
                .fails_at
                .or(self.schema.fails_at)
                .map(u64::from),
            posting: identity,
            name,
            every_worker: false,
        };
        let (posted, receipt) = self.post_all(&batch, posts)?;
        self.tell_of(&batch, posted, receipt)?;
        self.wait_for(receipt.id)
    }

    fn posts_of(&self, name: &str, text: &str, identity: &str) -> Result<Vec<Post>, CommandError> {
        let (mut posts, mut errors) = (Vec::new(), Vec::new());
        for (number, line) in (1_u64..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            match self.schema.args.parse_json(line) {
                Ok(args) => posts.push(self.request(args, format!("{identity}:{number}"))?),
                Err(wrong) => {
                    let wrong = wrong.to_string().replace('\n', "; ");
                    errors.push(format!("`{name}`, line {number}: {wrong}"));
                    if errors.len() == MOST_ERRORS {
                        break;
                    }
                }
            }
        }
        match errors.is_empty() {
            true => Ok(posts),
            false => {
                Err(CommandError::new(exit::USAGE, errors.join("\nerror: "))
                    .hint("nothing was posted"))
            }
        }
    }

    fn post_all(
        &self,
        batch: &BatchPost,
        posts: Vec<Post>,
    ) -> Result<(u64, BatchReceipt), CommandError> {
        let mut posts = posts;
        // What comes after follows the batch, not each member.
        posts.iter_mut().for_each(|post| post.then.clear());
        let mut posted = 0;
        let (whole, last) = posts.split_at((posts.len() - 1) / IN_ONE * IN_ONE);
        let again = || "the same command goes on where this one was cut off";
        let post = |posts: &[Post], is_whole| {
            let receipt = self.board.post_batch(batch, posts, is_whole);
            receipt.map_err(|error| match error.may_pass() {
                true => refused(error).hint(again()),
                false => refused(error),
            })
        };
        for chunk in whole.chunks(IN_ONE) {
            posted += post(chunk, false)?.posted;
        }
        let receipt = post(last, true)?;
        Ok((posted + receipt.posted, receipt))
    }

    fn tell_of(&self, batch: &BatchPost, posted: u64, receipt: BatchReceipt) -> CommandResult {
        let receipt = BatchReceipt { posted, ..receipt };
        if self.options.json && self.options.wait {
            return Ok(());
        }
        if self.options.json {
            return print(&format!("{:#}\n", batch_receipt_json(&receipt)));
        }
        let BatchReceipt { id, jobs, .. } = receipt;
        let all = counted_or_no(jobs, "job", "jobs");
        print(&match posted {
            0 => format!(
                "Batch {id} ({all}) is there already: `--again` posts {} once more\n",
                batch.name
            ),
            posted if posted == jobs => format!("Posted batch {id}: {all} ({})\n", self.job),
            posted => format!(
                "Batch {id} is whole now: {all} ({}), {} were posted before\n",
                self.job,
                grouped(jobs - posted)
            ),
        })
    }
}

fn read(file: &Path) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    let read = match file.as_os_str() == "-" {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        false => std::fs::read(file).map(|read| bytes = read),
    };
    let name = file.display();
    read.map_err(|error| {
        CommandError::usage(format_args!("`{name}` cannot be read: {error}"))
            .hint("nothing was posted; `-` reads standard input")
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let read = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
        CommandError::usage(format_args!("`{name}`, line {line}: this is no UTF-8")).hint(
            "nothing was posted; `iconv -f ENCODING -t UTF-8` converts a text, \
             ENCODING being latin1 or utf-16 for most",
        )
    })?;
    // Some editors put a mark before the first line.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// Returns an identity that the same file has again.
fn identity(job: &str, text: &str) -> String {
    let length = text.len();
    let (first, second) = (
        fnv1a(text.as_bytes()),
        fnv1a(format!("{length}\n{text}").as_bytes()),
    );
    format!("file:{job}:{length}:{first:016x}{second:016x}")
}
