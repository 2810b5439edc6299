//! apalis-sqlite: a task, or (`steps`) a workflow of ten. Of `latency` its worker is rung by
//! SQLite's hook; of the others it polls as it does by itself.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::{Config, SqlitePool, SqliteStorage};
use apalis_workflow::*;
use futures_util::stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{IN_FLIGHT, Order, rate, synced, times};

static STARTED: OnceLock<UnboundedSender<Instant>> = OnceLock::new();
static DONE: AtomicU64 = AtomicU64::new(0);

async fn resize(path: String) -> Result<String, BoxDynError> {
    if let Some(started) = STARTED.get() {
        let _ = started.send(Instant::now());
    }
    drop(path);
    DONE.fetch_add(1, Ordering::Relaxed);
    Ok("small.png".to_owned())
}

async fn step(path: String) -> Result<String, BoxDynError> {
    resize(path).await
}

fn config(queue: &str) -> Config {
    Config::default().queue(queue).batch_size(IN_FLIGHT)
}

async fn post(pool: &SqlitePool, queue: &str, jobs: u64) {
    let mut backend = SqliteStorage::<String>::new(pool).with_config(config(queue));
    for _ in 0..jobs.div_ceil(1_000) {
        let mut paths = stream::iter((0..jobs.min(1_000)).map(|_| "/srv/a.png".to_owned()));
        backend.push_stream(&mut paths).await.unwrap();
    }
}

pub async fn measure(order: &Order) {
    // `setup` sets `synchronous = OFF`, for the connection that it happens to get.
    let first = SqlitePool::connect(&order.url).await.unwrap();
    SqliteStorage::setup(&first).await.unwrap();
    first.close().await;
    let (pool, listener) = SqliteStorage::connect_with_callback(&order.url).unwrap();
    let pragma = |sql| sqlx_of_apalis::query_scalar(sql).fetch_one(&pool);
    let synchronous: i64 = pragma("SELECT * FROM pragma_synchronous").await.unwrap();
    assert_eq!(synchronous, 2, "FULL");
    post(&pool, "other", order.waiting).await;
    let is_pushed = order.what != "latency" && order.what != "steps";
    if is_pushed {
        post(&pool, "resize", order.jobs).await;
    }
    synced();
    let mut storage = SqliteStorage::<String>::new(&pool).with_config(config("resize"));
    let mut poster = storage.clone();
    match order.what.as_str() {
        "steps" => {
            let flow = SteppedFlow::new("resize")
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step)
                .and_then(step);
            for _ in 0..order.jobs {
                storage.push_start("/srv/a.png".to_owned()).await.unwrap();
            }
            let worker = WorkerBuilder::new("measured")
                .backend(storage)
                .concurrency(IN_FLIGHT)
                .build(flow);
            tokio::spawn(async move { worker.run().await.unwrap() });
        }
        "latency" => {
            let (sender, started) = unbounded_channel();
            STARTED.set(sender).unwrap();
            let backend = storage.poll_with_stream(listener);
            let worker = WorkerBuilder::new("measured")
                .backend(backend)
                .concurrency(IN_FLIGHT)
                .build(resize);
            tokio::spawn(async move { worker.run().await.unwrap() });
            return latency(order, &mut poster, started).await;
        }
        _ => {
            let worker = WorkerBuilder::new("measured")
                .backend(storage)
                .concurrency(IN_FLIGHT)
                .build(resize);
            tokio::spawn(async move { worker.run().await.unwrap() });
        }
    }
    let begun = Instant::now();
    while DONE.load(Ordering::Relaxed) < order.jobs * order.steps() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    rate(order, begun);
}

async fn latency(
    order: &Order,
    poster: &mut SqliteStorage<String>,
    mut started: UnboundedReceiver<Instant>,
) {
    let mut found = Vec::new();
    for _ in 0..order.jobs {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let begun = Instant::now();
        poster.push("/srv/a.png".to_owned()).await.unwrap();
        found.push(started.recv().await.unwrap() - begun);
    }
    times(found);
}
