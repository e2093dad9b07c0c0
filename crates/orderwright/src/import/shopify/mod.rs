//! `import shopify`: the order export of a Shopify shop, as CSV; its vendors become merchants.
//!
//! An order is several rows of one `Name`: the first has what is of the whole order, each has a line. What the columns mean here, and what
//! an order cannot say, is in `docs/import.md`. What is not here: how orders change, and the command line.

pub mod amounts;
mod fate;
pub mod plan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use orderwright_core::time::Span;

use super::report::Summary;
use super::run::{self, Options};
use super::table::{self, CsvFile};
use crate::app::App;
use crate::ops::{Ctx, catalog};

/// The channel, unless another is named.
pub const CHANNEL: &str = "shopify";
/// SKUs that are looked up at once.
const CHUNK: usize = 500;

/// What only this import can be told.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The channel; it is made if it is not there.
    pub channel: String,
    /// After how long a fulfilled order counts as delivered: the export does not say when it arrived.
    pub complete_after: Span,
}

/// Imports a file.
pub async fn run(
    app: &Arc<App>,
    file: &Path,
    terms: Terms,
    options: Options,
    progress: &ProgressBar,
) -> anyhow::Result<Summary> {
    let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if terms.channel.is_empty() || terms.channel.len() > 40 || !terms.channel.bytes().all(named) {
        bail!("--channel {}: a channel's name has 1 to 40 small letters, digits and hyphens", terms.channel);
    }
    let path = file.to_owned();
    let read = move || {
        let bytes = super::file::read(&path, table::MAX_BYTES)?;
        CsvFile::read(&bytes, plan::REQUIRED, None)
    };
    let csv = tokio::task::spawn_blocking(read).await.context("reading failed")?;
    let csv =
        csv.with_context(|| format!("{} is not Shopify's export of orders; nothing was changed", file.display()))?;
    let ctx = Ctx::system(app, &app.clock);
    let skus = plan::skus(&csv);
    let mut offers = HashMap::new();
    for chunk in skus.chunks(CHUNK) {
        offers.extend(catalog::offers(&ctx, chunk.iter().map(String::as_str)).await?);
    }
    let currency = app.channel(&terms.channel).map(|c| c.currency);
    let known = plan::Known { offers, currency, now: app.clock.now() };
    run::run(app, plan::plan(&csv, &terms, &known), options, progress).await
}
