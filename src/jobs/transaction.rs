//! Posting within a transaction of the program's own database.

use std::error::Error;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio_postgres::GenericClient;
use tokio_postgres::types::{ToSql, Type};

const POST: &str = "SELECT run_functions.post($1, $2::text::jsonb, key => $3, if_there => $4, \
     priority => $5, at => to_timestamp($6), expires => to_timestamp($7), project => $8, \
     posting => $9)";
/// What the board raises where another job has the key.
const KEY_TAKEN: &str = "RF002";

/// A job that is posted by [`post_in`].
#[derive(Clone, Debug)]
pub struct TransactionPost {
    job: String,
    args: Result<String, String>,
    key: Option<String>,
    if_there: &'static str,
    priority: Option<i32>,
    at: Option<f64>,
    expires: Option<f64>,
    project: Option<String>,
    posting: Option<String>,
}

impl TransactionPost {
    /// Creates the post of a job with these arguments, which the board checks.
    pub fn of(job: &str, args: &impl Serialize) -> Self {
        TransactionPost {
            job: job.to_owned(),
            args: serde_json::to_string(args).map_err(|error| error.to_string()),
            key: None,
            if_there: "fail",
            priority: None,
            at: None,
            expires: None,
            project: None,
            posting: None,
        }
    }

    /// Sets the key, which is unique among jobs that are not over: the post is refused where one
    /// is there.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Has the job that is there with the same key kept: its number is returned.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.if_there = "keep";
        self
    }

    /// Has the job that is there with the same key replaced, if no step of it has begun.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.if_there = "replace";
        self
    }

    /// Sets the class of priority, from -2 to 2.
    #[must_use]
    pub fn priority(mut self, priority: i8) -> Self {
        self.priority = Some(priority.into());
        self
    }

    /// Sets when the job may begin.
    #[must_use]
    pub fn at(mut self, at: SystemTime) -> Self {
        self.at = Some(seconds(at));
        self
    }

    /// Sets when the job is cancelled if it has not begun.
    #[must_use]
    pub fn expires(mut self, expires: SystemTime) -> Self {
        self.expires = Some(seconds(expires));
        self
    }

    /// Sets the project, in the place of that of the job.
    #[must_use]
    pub fn project(mut self, project: &str) -> Self {
        self.project = Some(project.to_owned());
        self
    }

    /// Sets the identity of the post: a second one with the same is the same job.
    #[must_use]
    pub fn posting(mut self, posting: &str) -> Self {
        self.posting = Some(posting.to_owned());
        self
    }
}

fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Posts a job within a transaction: the job is on the board if and when that commits. Returns its
/// number.
///
/// The database is that of the board, and its user has been granted `post` by
/// `run_functions board grant`. No connection of this crate is used, and none of its settings.
///
/// ```no_run
/// use run_functions::jobs::transaction::{TransactionPost, post_in};
///
/// # type Done = Result<(), Box<dyn std::error::Error>>;
/// # async fn order(client: &mut tokio_postgres::Client) -> Done {
/// let transaction = client.transaction().await?;
/// transaction.execute("INSERT INTO orders (item) VALUES ('lamp')", &[]).await?;
/// let post = TransactionPost::of("ship", &serde_json::json!({ "item": "lamp" })).key("lamp");
/// post_in(&transaction, &post).await?;
/// transaction.commit().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// When the board refuses the post, or the connection fails. The transaction can only be rolled
/// back then.
pub async fn post_in<C: GenericClient + Sync>(
    client: &C,
    post: &TransactionPost,
) -> Result<u64, PostInError> {
    let args = post.args.as_ref().map_err(|why| PostInError {
        message: format!("the arguments of `{}` cannot be JSON: {why}", post.job),
        is_key_taken: false,
        source: None,
    })?;
    let params: [(&(dyn ToSql + Sync), Type); 9] = [
        (&post.job, Type::TEXT),
        (args, Type::TEXT),
        (&post.key, Type::TEXT),
        (&post.if_there, Type::TEXT),
        (&post.priority, Type::INT4),
        (&post.at, Type::FLOAT8),
        (&post.expires, Type::FLOAT8),
        (&post.project, Type::TEXT),
        (&post.posting, Type::TEXT),
    ];
    // Not prepared: a pooler may give each transaction another connection.
    let row = client.query_typed_one(POST, &params).await?;
    let id: i64 = row.try_get(0)?;
    Ok(id.unsigned_abs())
}

/// The reason why [`post_in`] has not posted.
#[derive(Debug)]
pub struct PostInError {
    message: String,
    is_key_taken: bool,
    source: Option<tokio_postgres::Error>,
}

impl PostInError {
    /// Returns whether a job with the same key is there.
    pub fn is_key_taken(&self) -> bool {
        self.is_key_taken
    }
}

impl From<tokio_postgres::Error> for PostInError {
    fn from(error: tokio_postgres::Error) -> Self {
        let answer = error.as_db_error();
        let message = answer.map(|answer| match answer.hint() {
            Some(hint) => format!("{}; {hint}", answer.message()),
            None => answer.message().to_owned(),
        });
        PostInError {
            is_key_taken: answer.is_some_and(|answer| answer.code().code() == KEY_TAKEN),
            message: message.unwrap_or_else(|| "the job was not posted".to_owned()),
            source: Some(error),
        }
    }
}

impl fmt::Display for PostInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for PostInError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_ref()?;
        Some(source)
    }
}
