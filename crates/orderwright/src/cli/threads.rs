//! `--threads`: how many threads answer requests.
//!
//! All that is written to an embedded store goes through one thread, and whoever writes waits for it. Where as many others as there are cores compete
//! with it, it spends a quarter of its time waiting for one; docs/bench.md has the figures.

use std::num::NonZero;
use std::thread::available_parallelism;

/// How many threads answer requests.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ThreadArgs {
    /// Threads that answer requests [default: one for each core; with the embedded store one less, which is left to its writer]
    #[arg(long, value_name = "N", env = "ORDERWRIGHT_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl ThreadArgs {
    /// The number to start.
    pub fn count(self, embedded: bool) -> usize {
        self.threads.map_or_else(|| usual(available_parallelism().map_or(1, NonZero::get), embedded), usize::from)
    }
}

/// The number for so many cores.
fn usual(cores: usize, embedded: bool) -> usize {
    if embedded { cores.saturating_sub(1).max(1) } else { cores }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_of_an_embedded_store_has_a_core_where_there_are_two() {
        assert_eq!([1, 2, 8].map(|cores| usual(cores, true)), [1, 1, 7]);
        assert_eq!([1, 2, 8].map(|cores| usual(cores, false)), [1, 2, 8]);
        assert_eq!(ThreadArgs { threads: Some(3) }.count(true), 3);
    }
}
