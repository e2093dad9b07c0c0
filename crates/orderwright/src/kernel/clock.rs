//! The clock: the machine's time, moved by an offset (sandbox), or an instant that the owner sets (imports, tests).
//!
//! Two times are told apart: [`Clock::now`] is the time of the shop, which may be moved; [`Clock::real_now`] is the machine's, by which
//! leases run, because moving the shop's clock must not make a node believe that another one is dead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use orderwright_core::time::{Span, Timestamp};

/// A clock; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
enum Inner {
    System { offset_us: AtomicI64 },
    Manual { now_us: AtomicI64 },
}

impl Clock {
    /// The machine's time, moved by `offset`.
    pub fn system(offset: Span) -> Self {
        Self(Arc::new(Inner::System { offset_us: AtomicI64::new(offset.0) }))
    }

    /// A clock that stands still until it is set.
    pub fn manual(now: Timestamp) -> Self {
        Self(Arc::new(Inner::Manual { now_us: AtomicI64::new(now.0) }))
    }

    /// The shop's time.
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Inner::System { offset_us } => Timestamp(self.real_now().0 + offset_us.load(Ordering::Relaxed)),
            Inner::Manual { now_us } => Timestamp(now_us.load(Ordering::Relaxed)),
        }
    }

    /// Whether it runs by itself: what happens by it happens now. A clock that is set tells a past that is being replayed.
    pub fn is_live(&self) -> bool {
        matches!(&*self.0, Inner::System { .. })
    }

    /// The machine's time, whatever the shop's is.
    pub fn real_now(&self) -> Timestamp {
        machine_now()
    }

    /// Moves the system clock to that offset, or a manual clock on by it.
    pub fn set_offset(&self, offset: Span) {
        match &*self.0 {
            Inner::System { offset_us } => offset_us.store(offset.0, Ordering::Relaxed),
            Inner::Manual { now_us } => {
                now_us.fetch_add(offset.0, Ordering::Relaxed);
            }
        }
    }

    /// Sets a manual clock; the system clock does not take orders.
    pub fn set(&self, now: Timestamp) {
        if let Inner::Manual { now_us } = &*self.0 {
            now_us.store(now.0, Ordering::Relaxed);
        }
    }
}

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
pub fn machine_now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

/// The start of a measurement of how long something takes.
#[expect(clippy::disallowed_methods, reason = "durations of real work, which no decision depends on")]
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}
