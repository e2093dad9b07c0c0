//! Imports: how a shop moves in. Each source has a folder; what it makes of the source's oddities is in `docs/import.md`.
//!
//! What is not here: changing anything (operations do), and the rest of the command line.

pub mod file;
pub mod northwind;
pub mod olist;
pub mod plan;
pub mod replay;
pub mod report;
pub mod route;
pub mod run;
pub mod world;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::App;
use crate::store::StoreConfig;

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

/// Runs an import. It fails when the books do not agree with the files; orders to look at are no failure.
pub async fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Source::Olist(args) = args.source;
    let config = match &args.database_url {
        Some(url) => StoreConfig::Postgres { url: url.clone() },
        None => StoreConfig::Sqlite { dir: args.data.clone(), exclusive: false, inline: false },
    };
    let app: Arc<App> = App::open(config, false).await?;
    let options = olist::Options { window: usize::from(args.window) };
    let summary = olist::run(&app, &args.dir, options, &progress()?).await?;
    if let Some(path) = &args.report {
        write_report(path, &summary).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let text = if args.json { format!("{}\n", serde_json::to_string(&summary)?) } else { summary.to_string() };
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if summary.totals.balance() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A bar with rate and rest, on the terminal only.
fn progress() -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta} left")?);
    Ok(bar)
}

fn write_report(path: &std::path::Path, summary: &olist::Summary) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["orderId", "stored", "reason"])?;
    for row in &summary.reported {
        writer.write_record([&row.order_id, row.stored.as_deref().unwrap_or_default(), &row.reason])?;
    }
    Ok(writer.flush()?)
}
