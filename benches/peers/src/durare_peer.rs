//! durare: a workflow of one step or ten, from a queue that is looked at each millisecond, or
//! (`direct`) started and awaited by the poster.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use durare::{
    Client, DurableContext, DurableEngine, Result, SqliteProvider, WorkflowOptions, WorkflowQueue,
};
use futures_util::{StreamExt, stream};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{IN_FLIGHT, Order, rate, synced, times};

static STARTED: OnceLock<UnboundedSender<Instant>> = OnceLock::new();
static STEPS_OF_A_JOB: AtomicU64 = AtomicU64::new(1);

#[durare::step]
async fn only(ctx: &DurableContext, path: String) -> Result<String> {
    let _ = &path;
    Ok("small.png".to_owned())
}

#[durare::workflow]
async fn resize(ctx: DurableContext, path: String) -> Result<String> {
    if let Some(started) = STARTED.get() {
        let _ = started.send(Instant::now());
    }
    let mut file = path;
    for _ in 0..STEPS_OF_A_JOB.load(Ordering::Relaxed) {
        file = only(&ctx, file).await?;
    }
    Ok(file)
}

async fn pool(url: &str) -> SqlitePool {
    let options = SqliteConnectOptions::from_str(url)
        .unwrap()
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(60));
    // More connections than one only wait for each other: SQLite has one writer.
    let connections = std::env::var("PEER_CONNECTIONS").map_or(1, |word| word.parse().unwrap());
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(600))
        .connect_with(options)
        .await
        .unwrap()
}

pub async fn measure(order: &Order) {
    STEPS_OF_A_JOB.store(order.steps(), Ordering::Relaxed);
    let pool = pool(&order.url).await;
    let provider = Arc::new(SqliteProvider::from_pool(pool.clone()));
    let mut engine = DurableEngine::new(provider.clone()).await.unwrap();
    let queue = WorkflowQueue::new("resize")
        .worker_concurrency(IN_FLIGHT)
        .base_polling_interval(Duration::from_millis(1));
    engine.register_queue(queue);
    let client = Client::new(provider);
    let post = |queue: &'static str, number: u64| {
        let client = &client;
        async move {
            let options = WorkflowOptions::with_id(format!("{queue}-{number}"));
            let path = "/srv/a.png".to_owned();
            let posted = client
                .enqueue::<_, String>(queue, "resize", path, options)
                .await;
            posted.unwrap();
        }
    };
    if order.waiting > 0 {
        post("other", 0).await;
        copies(&pool, order.waiting).await;
    }
    match order.what.as_str() {
        "latency" => {
            let (sender, mut started) = unbounded_channel();
            STARTED.set(sender).unwrap();
            engine.launch().await.unwrap();
            let mut found = Vec::new();
            for number in 0..order.jobs {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let begun = Instant::now();
                post("resize", number).await;
                found.push(started.recv().await.unwrap() - begun);
            }
            times(found);
        }
        "direct" => {
            engine.launch().await.unwrap();
            direct(&engine, order).await;
        }
        _ => {
            for number in 0..order.jobs {
                post("resize", number).await;
            }
            synced();
            let begun = Instant::now();
            engine.launch().await.unwrap();
            // The look at the end is one for hundreds of jobs.
            let left = "SELECT count(*) FROM workflow_status WHERE queue_name = 'resize' AND status IN ('ENQUEUED', 'PENDING')";
            loop {
                let left: i64 = sqlx::query_scalar(left).fetch_one(&pool).await.unwrap();
                if left == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            rate(order, begun);
        }
    }
}

/// Jobs that are started without a queue.
async fn direct(engine: &DurableEngine, order: &Order) {
    let begun = Instant::now();
    let run = |number: u64| async move {
        let options = WorkflowOptions::with_id(format!("direct-{number}"));
        let path = "/srv/a.png".to_owned();
        let handle = engine
            .start::<_, String>("resize", path, options)
            .await
            .unwrap();
        handle.result().await.unwrap();
    };
    stream::iter(0..order.jobs)
        .for_each_concurrent(IN_FLIGHT, run)
        .await;
    rate(order, begun);
}

/// Jobs that wait on another queue: copies of one that was posted.
async fn copies(pool: &SqlitePool, waiting: u64) {
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info('workflow_status')")
            .fetch_all(pool)
            .await
            .unwrap();
    let values = columns.iter().map(|name| match name.as_str() {
        "workflow_uuid" => "'copy-' || n".to_owned(),
        name => format!("\"{name}\""),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {waiting})
         INSERT INTO workflow_status ({}) SELECT {values} FROM numbers, workflow_status WHERE workflow_uuid = 'other-0'",
        columns.join(", ")
    );
    sqlx::query(&sql).execute(pool).await.unwrap();
}
