//! What a definition makes of a post: its limit, how long it waits, and what comes after.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::board::{Board, BoardResult, NextPost, Post, PostLimit, ThenRule};
use crate::job::{JobSchema, ThenIf};
use crate::schedule::ScheduleSpec;

/// No chain of jobs is longer; a configuration has no circle, a board that several programs have
/// entered definitions on may have one.
const LONGEST_CHAIN: usize = 64;

/// Returns the schemas of jobs: those of a program, and those that workers have entered on the
/// board.
///
/// # Errors
///
/// When the board cannot be read.
pub(crate) fn known_schemas<'a>(
    own: impl Iterator<Item = (&'a String, &'a JobSchema)>,
    board: &dyn Board,
) -> BoardResult<BTreeMap<String, JobSchema>> {
    let entered = board.definitions()?.into_iter().map(|record| record.entry);
    let entered = entered.filter_map(|entry| {
        let schema = serde_json::from_value(entry.schema).ok()?;
        Some((entry.name, schema))
    });
    let mut all: BTreeMap<String, JobSchema> = entered.collect();
    all.extend(own.map(|(name, schema)| (name.clone(), schema.clone())));
    Ok(all)
}

/// A job as a schedule posts it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScheduledPost {
    /// What its definition makes of the post; the slot is the caller's.
    pub(crate) post: Post,
    /// Whether a job is posted for each live worker that can do it.
    pub(crate) every_worker: bool,
}

impl ScheduledPost {
    /// Returns the job of a schedule. One of which nothing is known is posted as it is written: the
    /// worker that comes to know it does it.
    pub(crate) fn of(spec: &ScheduleSpec, schemas: &BTreeMap<String, JobSchema>) -> Self {
        let schema_of = |name: &str| schemas.get(name);
        let posts = JobPosts {
            schema_of: &schema_of,
            posted_by: "",
        };
        let schema = schemas.get(&spec.job);
        let args = spec.args.as_object().cloned().unwrap_or_default();
        let known = schema.and_then(|schema| posts.post(&spec.job, schema, args).ok());
        ScheduledPost {
            post: known.unwrap_or_else(|| Post::new(&spec.job, spec.args.clone(), String::new())),
            every_worker: schema.is_some_and(|schema| schema.every_worker),
        }
    }
}

/// What is known of the jobs of a program, to post them.
pub(crate) struct JobPosts<'a> {
    /// Returns the schema of a job.
    pub(crate) schema_of: &'a dyn Fn(&str) -> Option<&'a JobSchema>,
    /// The user or program that posts, for people.
    pub(crate) posted_by: &'a str,
}

impl JobPosts<'_> {
    /// Returns the post of a job with these arguments, which are checked. The posting, the time and
    /// when it expires are the caller's.
    ///
    /// # Errors
    ///
    /// When what comes after cannot be posted, in words.
    pub(crate) fn post(
        &self,
        name: &str,
        schema: &JobSchema,
        args: Map<String, Value>,
    ) -> Result<Post, String> {
        self.post_at(name, schema, args, 0)
    }

    fn post_at(
        &self,
        name: &str,
        schema: &JobSchema,
        args: Map<String, Value>,
        depth: usize,
    ) -> Result<Post, String> {
        if depth > LONGEST_CHAIN {
            return Err(format!(
                "`{name}` comes after itself, or after too many jobs"
            ));
        }
        let key = schema.limit_key(name, &args);
        let most = schema.limit.unwrap_or(u32::MAX);
        let then = schema.then.iter();
        let then = then.map(|child| self.next(name, child, schema.then_if, depth));
        Ok(Post {
            limit: key.map(|key| PostLimit { key, most }),
            priority: schema.priority,
            project: schema.project.clone(),
            posted_by: self.posted_by.to_owned(),
            then: then.collect::<Result<_, _>>()?,
            ..Post::new(name, args.into(), String::new())
        })
    }

    fn next(
        &self,
        parent: &str,
        child: &str,
        rule: ThenIf,
        depth: usize,
    ) -> Result<NextPost, String> {
        let schema = (self.schema_of)(child);
        let schema = schema.ok_or_else(|| format!("`{child}` after `{parent}` is unknown"))?;
        let args = schema.args.check(&Value::Null);
        let args = args.map_err(|errors| format!("`{child}` after `{parent}`: {errors}"))?;
        let post = self.post_at(child, schema, args, depth + 1)?;
        Ok(next_post(schema, post, rule))
    }
}

/// Returns what is posted after something else, of a post of a definition.
pub(crate) fn next_post(schema: &JobSchema, post: Post, rule: ThenIf) -> NextPost {
    // The board makes the posting of what it follows.
    let posting = "after".to_owned();
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    NextPost {
        rule: match rule {
            ThenIf::Succeeded => ThenRule::Succeeded,
            ThenIf::Ended => ThenRule::Ended,
        },
        post: Post { posting, ..post },
        expires_in: schema.expires.map(millis),
        every_worker: schema.every_worker,
    }
}
