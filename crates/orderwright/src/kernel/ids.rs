//! New ids: 41 bits of milliseconds since 1990, 10 bits of the node, 12 bits of a counter.
//!
//! Time-ordered, made without asking anybody. The counter never starts again within a process, so that two ids of one millisecond of a
//! manual clock differ too; the node number differs between starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use orderwright_core::id::IdSource;
use orderwright_core::time::Timestamp;

/// 1990-01-01T00:00:00Z in milliseconds: shops move in with orders of decades. 41 bits reach to 2059.
pub const EPOCH_MS: i64 = 631_152_000_000;

/// Makes ids for one node.
#[derive(Clone, Debug)]
pub struct Ids {
    node: i64,
    counter: Arc<AtomicI64>,
}

impl Ids {
    /// Ids of that node; its number is taken modulo 1024.
    pub fn new(node: i64) -> Self {
        Self { node: node.rem_euclid(1024), counter: Arc::new(AtomicI64::new(0)) }
    }

    /// A new id at that instant.
    pub fn next(&self, now: Timestamp) -> i64 {
        let ms = (now.millis() - EPOCH_MS).clamp(0, (1 << 41) - 1);
        let counter = self.counter.fetch_add(1, Ordering::Relaxed) & 0xfff;
        (ms << 22) | (self.node << 12) | counter
    }

    /// A source for `decide`, at that instant.
    pub fn at(&self, now: Timestamp) -> IdsAt {
        IdsAt { ids: self.clone(), now }
    }
}

/// When an id of ours was made, to the millisecond.
pub fn made_at(id: i64) -> Timestamp {
    Timestamp(((id >> 22) + EPOCH_MS) * 1_000)
}

/// The smallest id of an instant.
pub fn first_at(at: Timestamp) -> i64 {
    (at.millis() - EPOCH_MS).clamp(0, (1 << 41) - 1) << 22
}

/// Ids of one instant.
#[derive(Debug)]
pub struct IdsAt {
    ids: Ids,
    now: Timestamp,
}

impl IdSource for IdsAt {
    fn next_id(&mut self) -> i64 {
        self.ids.next(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_follow_time() {
        let ids = Ids::new(1027);
        let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("valid");
        let mut made: Vec<i64> = (0..4096).map(|_| ids.next(now)).collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 4096);
        assert!(ids.next(Timestamp(now.0 + 1000)) > made[4095]);
        assert_ne!(Ids::new(4).next(now), Ids::new(5).next(now));
    }
}
