//! Numbers that look random and are the same for the same seed, on every machine and in every version.
//!
//! `core` has no source of chance, and a report must be reproducible for as long as somebody compares with it: so this is SplitMix64, written out
//! (Steele, Lea and Flood, «Fast splittable pseudorandom number generators», OOPSLA 2014), and no library's default that may change.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of one order.
    pub fn of(seed: u64, order: u64) -> Self {
        let mut random = Self(seed);
        let mixed = random.next();
        Self(mixed ^ order.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with that chance (0 to 1).
    pub fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// From `low` up to `high`, both included.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0) as u64 + 1;
        low + (self.next() % width) as i64
    }
}
