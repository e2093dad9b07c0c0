//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures Orderwright: load through HTTP beside the floor beneath it, reads at two sizes, a flash sale, start, memory.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", after_help = "docs/bench.md says how to read the figures.")]
pub struct Options {
    /// Something else than the bench itself
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to measure
    #[command(flatten)]
    pub bench: BenchArgs,
}

/// What the bench measures and for how long.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// A version of about two minutes: shorter rounds, a small shop
    #[arg(long)]
    pub quick: bool,
    /// Only one of the stores
    #[arg(long, value_enum)]
    pub store: Option<StoreKind>,
    /// Only some parts (comma list)
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Part>,
    /// Connections of the load
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Seconds of each round of a load [default: 8, quick: 2]
    #[arg(long)]
    pub seconds: Option<f64>,
    /// Rounds of load and floor in turn [default: 3, quick: 1]
    #[arg(long)]
    pub rounds: Option<usize>,
    /// Orders of the large shop [default: 1000000, quick: 50000]
    #[arg(long)]
    pub orders: Option<u64>,
    /// Orders of the day of which 11.3 % are refunded in the storm [default: 100000, quick: 2000]
    #[arg(long)]
    pub day: Option<u64>,
    /// Postings of the ledger part [default: 10000000, quick: 50000]
    #[arg(long)]
    pub postings: Option<u64>,
    /// Measure the import of these files too: the Olist data set
    #[arg(long, value_name = "DIR")]
    pub olist: Option<PathBuf>,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Folder for everything that is written; a fresh temporary one unless told
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The program to measure [default: the `orderwright` beside this one]
    #[arg(long, value_name = "PROGRAM")]
    pub program: Option<PathBuf>,
    /// Count the instructions of placements instead, and write them to bench/callgrind.txt
    #[arg(long)]
    pub callgrind: bool,
}

/// The two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// The embedded store.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl StoreKind {
    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Parts of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Placement, with the floor.
    Place,
    /// Fulfilment.
    Fulfil,
    /// The flash sale.
    Flash,
    /// A storm of refunds while orders are placed.
    Storm,
    /// The ledger: the trial balance and the proof of many postings.
    Ledger,
    /// Start and memory.
    Start,
    /// Reads at two sizes.
    Read,
    /// The import, when `--olist` names files.
    Import,
}

/// Something else.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put a believable past of many orders into a demo; no server may run on it
    Load {
        /// Folder of the demo; made when there is none
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Its database, when it is PostgreSQL
        #[arg(long, value_name = "URL")]
        database_url: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100_000)]
        orders: u64,
        /// The program that makes the demo [default: the `orderwright` beside this one]
        #[arg(long, value_name = "PROGRAM")]
        program: Option<PathBuf>,
    },
    /// Place orders in this process, without a network: what `--callgrind` counts
    Place {
        /// Folder of a demo with the bench's offers
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Which journey's placement
        #[arg(long)]
        name: String,
        /// How many
        #[arg(long)]
        orders: u64,
    },
}

impl BenchArgs {
    /// Whether a part is wanted.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Seconds of a round.
    pub fn seconds(&self) -> f64 {
        self.seconds.unwrap_or(if self.quick { 2.0 } else { 8.0 })
    }

    /// Rounds.
    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 3 })
    }

    /// Sizes of the shop for reads, ascending.
    pub fn sizes(&self) -> [u64; 2] {
        let large = self.orders.unwrap_or(if self.quick { 50_000 } else { 1_000_000 });
        [(large / 5).min(10_000), large]
    }

    /// Orders of the day of the storm.
    pub fn day(&self) -> u64 {
        self.day.unwrap_or(if self.quick { 2_000 } else { 100_000 })
    }

    /// How long the storm lasts, in seconds: a minute, as it is told of.
    pub fn storm_seconds(&self) -> f64 {
        self.seconds.unwrap_or(if self.quick { 5.0 } else { 60.0 })
    }

    /// Postings of the ledger part.
    pub fn postings(&self) -> u64 {
        self.postings.unwrap_or(if self.quick { 50_000 } else { 10_000_000 })
    }

    /// The stores to measure.
    pub fn stores(&self) -> Vec<StoreKind> {
        self.store.map_or_else(|| vec![StoreKind::Sqlite, StoreKind::Postgres], |store| vec![store])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Options::command().debug_assert();
        let options = Options::parse_from(["bench", "--quick", "--only", "read,flash"]);
        assert_eq!(options.bench.sizes(), [10_000, 50_000]);
        assert!(options.bench.wants(Part::Read) && !options.bench.wants(Part::Place));
    }
}
