//! A small generator of numbers that look random and are the same on every run: the demo's past is not a matter of luck.

/// xorshift64*.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator with that number; different numbers give unrelated sequences.
    pub fn new(seed: u64) -> Self {
        // One round of splitmix64, so that neighbouring seeds do not begin alike; the state is never zero.
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((z ^ (z >> 31)) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from `low` up to `high`, both included; `low` when there is none.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).saturating_add(1).max(1).cast_unsigned();
        low + (self.next() % width).cast_signed()
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, chance: i64) -> bool {
        self.within(1, 100) <= chance
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.within(0, list.len() as i64 - 1) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_and_stay_within() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..200).map(|_| random.within(-3, 7)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        for value in -3..=7 {
            assert!(draw(3).contains(&value), "{value}");
        }
        assert!(draw(4).iter().all(|v| (-3..=7).contains(v)));
        let mut random = Random::new(5);
        assert_eq!((random.within(4, 4), random.percent(0), random.percent(100)), (4, false, true));
    }
}
