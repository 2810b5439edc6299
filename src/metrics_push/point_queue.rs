//! The points that wait for a server: bounded, the oldest give way. Pure.

use std::collections::VecDeque;

use super::point::MetricPoint;

/// How many points wait at most: a few megabytes.
const MOST_WAITING: usize = 10_000;
/// How many points leave at once at most.
const MOST_AT_ONCE: usize = 1_000;

/// The points that wait.
#[derive(Debug, Default)]
pub(super) struct PointQueue {
    waiting: VecDeque<MetricPoint>,
    /// How many found no room, or were refused, since the runner began.
    lost: u64,
    /// How many of them were reported to the server.
    reported: u64,
}

impl PointQueue {
    /// Adds points.
    pub(super) fn add(&mut self, points: Vec<MetricPoint>) {
        self.waiting.extend(points);
        let excess = self.waiting.len().saturating_sub(MOST_WAITING);
        self.waiting.drain(..excess);
        self.lost += excess as u64;
    }

    /// Returns whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns whether so many wait that they leave without a pause.
    pub(super) fn is_full_batch(&self) -> bool {
        self.waiting.len() >= MOST_AT_ONCE
    }

    /// Takes the oldest points.
    pub(super) fn take(&mut self) -> Vec<MetricPoint> {
        let count = self.waiting.len().min(MOST_AT_ONCE);
        self.waiting.drain(..count).collect()
    }

    /// Puts points back that have not left, before all others.
    pub(super) fn put_back(&mut self, points: Vec<MetricPoint>) {
        let room = MOST_WAITING.saturating_sub(self.waiting.len());
        let excess = points.len().saturating_sub(room);
        self.lost += excess as u64;
        for point in points.into_iter().skip(excess).rev() {
            self.waiting.push_front(point);
        }
    }

    /// Counts points that the server refuses.
    pub(super) fn lose(&mut self, count: usize) {
        self.lost += count as u64;
    }

    /// Returns how many points are lost, if the server does not know of all of them.
    pub(super) fn unreported(&self) -> Option<u64> {
        (self.lost > self.reported).then_some(self.lost)
    }

    /// Takes note that the server knows of so many lost points.
    pub(super) fn has_reported(&mut self, lost: u64) {
        self.reported = lost;
    }

    /// Returns how many points are lost or wait.
    pub(super) fn not_pushed(&self) -> u64 {
        self.lost + self.waiting.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn points(values: std::ops::Range<u32>) -> Vec<MetricPoint> {
        let point = |value: u32| MetricPoint {
            name: "a".to_owned(),
            tags: Vec::new(),
            value: value.into(),
            at: UNIX_EPOCH,
        };
        values.map(point).collect()
    }

    #[test]
    fn the_oldest_points_give_way_and_are_counted() {
        let mut queue = PointQueue::default();
        queue.add(points(0..10_050));
        assert_eq!(queue.unreported(), Some(50));
        let batch = queue.take();
        assert_eq!((batch.len(), batch[0].value), (1_000, 50.0));
        queue.add(points(0..600));
        queue.put_back(batch);
        assert_eq!(queue.unreported(), Some(650));
        assert_eq!(queue.take()[0].value, 650.0);
        queue.has_reported(650);
        assert_eq!(queue.unreported(), None);
        queue.lose(3);
        assert_eq!(queue.unreported(), Some(653));
        assert!(!queue.is_empty() && queue.is_full_batch());
    }
}
