//! Imports: how a shop moves in. Each source has a folder; what it makes of the source's oddities is in `docs/import.md`.
//!
//! What is not here: changing anything (operations do), and the rest of the command line.

mod args;
pub mod file;
pub mod northwind;
pub mod olist;
pub mod orders;
pub mod plan;
pub mod replay;
pub mod report;
pub mod route;
pub mod run;
pub mod shopify;
pub mod table;
#[cfg(test)]
mod testing;
pub mod world;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::args::{OlistArgs, Source};
use crate::app::App;
use crate::store::StoreConfig;

pub use self::args::Args;

/// Runs an import. It fails when the books do not agree with the files, or when lines were refused; orders to look at are no failure.
pub async fn main(args: Args) -> anyhow::Result<ExitCode> {
    match args.source {
        Source::Olist(args) => olist(args).await,
        Source::Northwind(args) => {
            let app = open(&args.common).await?;
            let summary = northwind::run(&app, &args.file, args.common.options(), &progress()?).await?;
            told(&args.common, &summary)?;
            // Refused orders are in the report: the dump is what it is.
            Ok(code(summary.totals.balance()))
        }
        Source::Shopify(args) => {
            let (app, bar) = (open(&args.common).await?, progress()?);
            let terms = shopify::Terms { channel: args.channel, complete_after: args.complete_after };
            let summary = shopify::run(&app, &args.file, terms, args.common.options(), &bar).await?;
            told(&args.common, &summary)?;
            Ok(code(summary.totals.balance() && summary.refused == 0))
        }
        Source::Orders(args) => {
            let (app, bar) = (open(&args.common).await?, progress()?);
            let summary = orders::run(&app, &args.file, args.create_channel, args.common.options(), &bar).await?;
            told(&args.common, &summary)?;
            Ok(code(summary.totals.balance() && summary.refused == 0))
        }
    }
}

async fn open(common: &args::Common) -> anyhow::Result<Arc<App>> {
    let config = match &common.database_url {
        Some(url) => StoreConfig::Postgres { url: url.clone() },
        None => StoreConfig::Sqlite { dir: common.data.clone(), exclusive: false, inline: false },
    };
    App::open(config, false).await
}

fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints what came of it: the outcome of each line where there are lines to tell of, then the summary.
fn told(common: &args::Common, summary: &report::Summary) -> anyhow::Result<()> {
    if let Some(path) = &common.report {
        let rows = summary.reported.iter().map(|r| (&r.order_id, r.stored.as_deref(), &r.reason));
        write_report(path, rows).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let mut text = String::new();
    for line in &summary.lines {
        match common.json {
            true => writeln!(text, "{}", serde_json::to_string(line)?)?,
            false => writeln!(text, "{line}")?,
        }
    }
    match common.json {
        true => writeln!(text, "{}", serde_json::to_string(summary)?)?,
        false => write!(text, "{summary}")?,
    }
    print(&text)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

async fn olist(args: OlistArgs) -> anyhow::Result<ExitCode> {
    let config = match &args.database_url {
        Some(url) => StoreConfig::Postgres { url: url.clone() },
        None => StoreConfig::Sqlite { dir: args.data.clone(), exclusive: false, inline: false },
    };
    let app: Arc<App> = App::open(config, false).await?;
    let options = olist::Options { window: usize::from(args.window) };
    let summary = olist::run(&app, &args.dir, options, &progress()?).await?;
    if let Some(path) = &args.report {
        let rows = summary.reported.iter().map(|r| (&r.order_id, r.stored.as_deref(), &r.reason));
        write_report(path, rows).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    print(&if args.json { format!("{}\n", serde_json::to_string(&summary)?) } else { summary.to_string() })?;
    Ok(code(summary.totals.balance()))
}

/// A bar with rate and rest, on the terminal only.
fn progress() -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta} left")?);
    Ok(bar)
}

fn write_report<'a>(
    path: &std::path::Path,
    rows: impl Iterator<Item = (&'a String, Option<&'a str>, &'a String)>,
) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["orderId", "stored", "reason"])?;
    for (order_id, stored, reason) in rows {
        writer.write_record([order_id, stored.unwrap_or_default(), reason])?;
    }
    Ok(writer.flush()?)
}
