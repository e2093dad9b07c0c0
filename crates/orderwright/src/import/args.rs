//! What `orderwright import` can be told.

use std::path::PathBuf;

use orderwright_core::time::Span;

use super::run::Options;

/// Import orders from elsewhere.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// From where.
    #[command(subcommand)]
    pub source: Source,
}

/// Where orders come from.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Source {
    /// Import the Olist data set: the orders of a marketplace, replayed as they happened
    #[command(
        after_help = "Killed and started again it goes on; run twice it changes nothing.\n\nExamples:\n  orderwright import olist ./olist --data ./data\n  orderwright import olist ./olist --json | tail -n 1"
    )]
    Olist(OlistArgs),
    /// Import the Northwind database from a dump: orders of up to eighteen suppliers, split and shipped by each
    #[command(
        after_help = "Killed and started again it goes on; run twice it changes nothing.\n\nExamples:\n  orderwright import northwind northwind.sql --data ./data\n  orderwright import northwind northwind.sql --json | tail -n 1"
    )]
    Northwind(NorthwindArgs),
    /// Import orders from CSV or JSON lines, in the format that docs/import-orders.md describes
    #[command(
        after_help = "Each order is imported whole or not at all, and every line of the file has an outcome.\n\nExamples:\n  orderwright import orders orders.csv --dry-run\n  orderwright import orders orders.jsonl --create-channel marketplace --data ./data"
    )]
    Orders(OrdersArgs),
    /// Import a Shopify shop's export of orders; its vendors become merchants
    #[command(
        after_help = "In Shopify: Orders, Export, all orders, plain CSV file.\n\nExamples:\n  orderwright import shopify orders_export.csv --dry-run\n  orderwright import shopify orders_export.csv --channel shop --complete-after 14d --data ./data"
    )]
    Shopify(ShopifyArgs),
}

/// Options of `import olist`.
#[derive(Clone, Debug, clap::Args)]
pub struct OlistArgs {
    /// Folder with olist_orders_dataset.csv and the other files
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Folder of the embedded store
    #[arg(long, value_name = "DIR", env = "ORDERWRIGHT_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// PostgreSQL database to use instead, as postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Print the summary as one JSON object, on the last line
    #[arg(long)]
    pub json: bool,
    /// Write what is to be looked at into this file, as CSV: orderId, stored, reason
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Orders that are replayed at once
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub window: u16,
}

/// Options of `import northwind`.
#[derive(Clone, Debug, clap::Args)]
pub struct NorthwindArgs {
    /// Dump of the database, as SQL text
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What all imports share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `import orders`.
#[derive(Clone, Debug, clap::Args)]
pub struct OrdersArgs {
    /// Orders, as .csv or .jsonl
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Make channels that are not there, with this workflow and the currency of their orders
    #[arg(long, value_name = "WORKFLOW")]
    pub create_channel: Option<String>,
    /// What all imports share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `import shopify`.
#[derive(Clone, Debug, clap::Args)]
pub struct ShopifyArgs {
    /// The export, as CSV
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The channel of the orders; it is made if it is not there
    #[arg(long, value_name = "NAME", default_value = super::shopify::CHANNEL)]
    pub channel: String,
    /// After how long a fulfilled order counts as delivered, as 30d; the export does not say when it arrived
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = span)]
    pub complete_after: Span,
    /// What all imports share.
    #[command(flatten)]
    pub common: Common,
}

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "write it like 30d, 36h or 15m".to_owned())
}

/// Options that the imports of files share.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Folder of the embedded store
    #[arg(long, value_name = "DIR", env = "ORDERWRIGHT_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// PostgreSQL database to use instead, as postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Only say what would be done; nothing is written
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON: an object for each line of the file, and the summary as the last line
    #[arg(long)]
    pub json: bool,
    /// Write what is to be looked at into this file, as CSV: orderId, stored, reason
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Orders that are replayed at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub window: u16,
}

impl Common {
    /// How to import.
    pub fn options(&self) -> Options {
        Options { window: usize::from(self.window), dry_run: self.dry_run }
    }
}
