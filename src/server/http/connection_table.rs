//! The connections that there are: how many, and which of them wait for a request.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The connections that there are. One that waits for a request gives its place to a new one when
/// all are taken; one with a request in progress keeps its place.
#[derive(Debug)]
pub(crate) struct ConnectionTable {
    most: usize,
    content: Mutex<TableContent>,
    refused: AtomicU64,
    evicted: AtomicU64,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct TableContent {
    next: u64,
    count: usize,
    /// Connections that wait, by the moment since when, in order.
    waiting: BTreeMap<u64, (u64, Arc<Notify>)>,
    since: HashMap<u64, u64>,
}

/// The place of a connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPlace {
    table: Arc<ConnectionTable>,
    id: u64,
    evicted: Arc<Notify>,
}

/// A request in progress: meanwhile the connection keeps its place.
#[derive(Debug)]
pub(crate) struct RequestInProgress(Arc<ConnectionPlace>);

impl ConnectionTable {
    /// Creates an empty table.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(ConnectionTable {
            most,
            content: Mutex::default(),
            refused: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            emptied: Notify::new(),
        })
    }

    /// Takes a place; `None`: all are taken, by connections with a request in progress.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Arc<ConnectionPlace>> {
        let mut content = self.content();
        if content.count >= self.most {
            let Some((_, (id, longest))) = content.waiting.pop_first() else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            };
            content.since.remove(&id);
            // Its place is free as soon as its task has run; one above the limit meanwhile.
            longest.notify_one();
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        content.count += 1;
        content.next += 1;
        let place = ConnectionPlace {
            table: Arc::clone(self),
            id: content.next,
            evicted: Arc::new(Notify::new()),
        };
        content.wait(&place);
        Some(Arc::new(place))
    }

    /// Returns how many connections there are.
    pub(crate) fn count(&self) -> usize {
        self.content().count
    }

    /// Waits until there is no connection.
    pub(crate) async fn emptied(&self) {
        while self.count() > 0 {
            self.emptied.notified().await;
        }
    }

    /// Returns how many connections were refused, and how many gave their places.
    pub(crate) fn turned_away(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.refused), count(&self.evicted))
    }

    fn content(&self) -> MutexGuard<'_, TableContent> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TableContent {
    fn wait(&mut self, place: &ConnectionPlace) {
        self.next += 1;
        let since = self.next;
        self.waiting
            .insert(since, (place.id, Arc::clone(&place.evicted)));
        self.since.insert(place.id, since);
    }

    fn wait_no_more(&mut self, id: u64) {
        if let Some(since) = self.since.remove(&id) {
            self.waiting.remove(&since);
        }
    }
}

impl ConnectionPlace {
    /// Takes note of a request.
    pub(crate) fn begin(self: &Arc<Self>) -> RequestInProgress {
        self.table.content().wait_no_more(self.id);
        RequestInProgress(Arc::clone(self))
    }

    /// Waits until the place is another's.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.0.table.content().wait(&self.0);
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut content = self.table.content();
        content.count -= 1;
        content.wait_no_more(self.id);
        if content.count == 0 {
            self.table.emptied.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_waits_gives_its_place_and_one_at_work_keeps_it() {
        let table = ConnectionTable::new(2);
        let (first, second) = (table.admit().unwrap(), table.admit().unwrap());
        let _first_works = first.begin();
        let second_works = second.begin();
        assert!(table.admit().is_none(), "both are at work");
        drop(second_works);
        let third = table.admit().unwrap();
        assert_eq!(table.turned_away(), (1, 1));
        let _third_works = third.begin();
        assert!(
            table.admit().is_none(),
            "the second has gone out of the line"
        );
        drop(second);
        assert_eq!(table.count(), 2);
    }

    #[test]
    fn the_one_that_has_waited_longest_goes_first() {
        let table = ConnectionTable::new(2);
        let (first, _second) = (table.admit().unwrap(), table.admit().unwrap());
        drop(first.begin());
        let longest = table.content().waiting.first_key_value().unwrap().1.0;
        assert_ne!(longest, first.id);
    }
}
