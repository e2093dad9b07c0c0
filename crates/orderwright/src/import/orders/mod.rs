//! `import orders`: a documented format of our own, as CSV (a row for each line of an order) or JSON (an order on each line).
//!
//! Each order is imported whole or not at all; every line of the file has an outcome. The format is described in
//! `docs/import-orders.md`. What is not here: how orders change, and the command line.

pub mod check;
pub mod raw;
pub mod shop;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use orderwright_core::id::MerchantId;

use self::raw::Located;
use self::shop::{Known, ORDERS};
use super::plan::{Fault, LeftOut, Plan};
use super::report::{Summary, merchants_of};
use super::run::{self, Options};
use super::table::{self, CsvFile, CsvRow};
use crate::app::App;
use crate::ops::{Ctx, OpError, catalog};

/// The longest line of JSON: an order of 500 lines has a quarter of it.
const MAX_LINE: usize = 1024 * 1024;
/// SKUs that are looked up at once.
const CHUNK: usize = 500;

/// Imports a file. Channels that are not there are made with the workflow `new_channels`, or their orders are refused.
pub async fn run(
    app: &Arc<App>,
    file: &Path,
    new_channels: Option<String>,
    options: Options,
    progress: &ProgressBar,
) -> anyhow::Result<Summary> {
    let json = match file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => false,
        Some("jsonl" | "ndjson") => true,
        _ => bail!("{}: the name must end in .csv or .jsonl", file.display()),
    };
    if let Some(name) = &new_channels
        && app.workflows().get(name).is_none()
    {
        let known: Vec<String> = app.workflows().iter().map(|w| w.name.clone()).collect();
        bail!("there is no workflow `{name}`; there are {}", known.join(", "));
    }
    let path = file.to_owned();
    let read = move || {
        let bytes = super::file::read(&path, table::MAX_BYTES)?;
        if json { Ok(read_json(&bytes)) } else { read_csv(&bytes) }
    };
    let read = tokio::task::spawn_blocking(read).await.context("reading failed")?;
    let (orders, left_out) =
        read.with_context(|| format!("{} cannot be imported; nothing was changed", file.display()))?;
    let plan = plan(app, orders, left_out, new_channels).await.context("the store could not be asked")?;
    run::run(app, plan, options, progress).await
}

/// Orders, and what could not be read as one.
type Read = (Vec<Located>, Vec<LeftOut>);

/// Judges every order against what is there.
async fn plan(
    app: &Arc<App>,
    orders: Vec<Located>,
    left_out: Vec<LeftOut>,
    new_channels: Option<String>,
) -> Result<Plan, OpError> {
    let ctx = Ctx::system(app, &app.clock);
    let (skus, names) = shop::names(orders.iter());
    let mut offers = HashMap::new();
    for chunk in skus.chunks(CHUNK) {
        offers.extend(catalog::offers(&ctx, chunk.iter().copied()).await?);
    }
    let mut merchants = HashMap::new();
    let known = crate::ops::import::known(&ctx, &merchants_of(ORDERS)).await?;
    for name in names {
        let here = match MerchantId::parse(name) {
            Some(id) => app.store.find_merchant(id.0).await?.map(|row| MerchantId(row.id)),
            None => known.get(name).map(|id| MerchantId(*id)),
        };
        merchants.extend(here.map(|id| (name.to_owned(), id)));
    }
    let channels = app.channels().iter().map(|(name, channel)| (name.clone(), (**channel).clone())).collect();
    let known = Known { channels, offers, merchants, new_channels, now: app.clock.now() };
    let mut plan = Plan { source: ORDERS.to_owned(), left_out, ..Plan::default() };
    for located in &orders {
        match check::order(located, &known, &mut plan) {
            Ok(planned) => plan.orders.push(planned),
            Err(mut faults) => {
                faults.sort();
                faults.dedup();
                let (order_id, at) = (located.order.external_id.clone(), located.at.clone());
                plan.left_out.push(LeftOut { order_id, at, faults });
            }
        }
    }
    plan.orders.sort_by(|a, b| (a.placed, &a.sale.external_id).cmp(&(b.placed, &b.sale.external_id)));
    Ok(plan)
}

/// Rows of CSV, gathered by channel and outside id.
pub fn read_csv(bytes: &[u8]) -> anyhow::Result<Read> {
    let file = CsvFile::read(bytes, raw::REQUIRED, Some(&raw::columns()))?;
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut groups: BTreeMap<(&str, &str), Vec<&CsvRow>> = BTreeMap::new();
    let mut last: HashMap<&str, &str> = HashMap::new();
    for row in &file.rows {
        // Later rows may leave the channel empty; two channels may both have an order 1001.
        let (id, channel) = (file.get(row, "externalId"), file.get(row, "channel"));
        let channel = if channel.is_empty() { last.get(id).copied().unwrap_or_default() } else { channel };
        last.insert(id, channel);
        let group = groups.entry((id, channel)).or_default();
        if group.is_empty() {
            order.push((id, channel));
        }
        group.push(row);
    }
    let (mut orders, mut left_out) = (Vec::new(), Vec::new());
    for key in order {
        let (id, rows) = (key.0, groups.remove(&key).unwrap_or_default());
        let at: Vec<u64> = rows.iter().map(|r| r.line).collect();
        let wrong = |r: &&CsvRow| r.wrong.clone().map(|what| Fault::new(r.line, "(row)", what));
        let mut faults: Vec<Fault> = rows.iter().filter_map(wrong).collect();
        if id.is_empty() && faults.is_empty() {
            faults = at.iter().map(|line| Fault::new(*line, "externalId", "is empty; fill it in")).collect();
        }
        match if faults.is_empty() { raw::of_rows(&file, &rows) } else { Err(faults) } {
            Ok(located) => orders.push(located),
            Err(faults) => left_out.push(LeftOut { order_id: id.to_owned(), at, faults }),
        }
    }
    Ok((orders, left_out))
}

/// Lines of JSON.
pub fn read_json(bytes: &[u8]) -> Read {
    let (mut orders, mut left_out): (Vec<Located>, Vec<LeftOut>) = (Vec::new(), Vec::new());
    let mut seen: HashMap<(String, String), u64> = HashMap::new();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (line, text) in (1..).zip(bytes.split(|b| *b == b'\n')) {
        let read = match std::str::from_utf8(text) {
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) if text.len() > MAX_LINE => {
                Err(Fault::new(line, "(line)", "is longer than 1 MiB; an order has at most 500 lines"))
            }
            Ok(text) => raw::of_json(line, text.trim()),
            Err(_) => Err(Fault::new(line, "(line)", "is not UTF-8; save the file in UTF-8")),
        };
        let read = read.and_then(|located| {
            let key = (located.order.channel.clone(), located.order.external_id.clone());
            match seen.insert(key, line) {
                Some(first) => {
                    let what = format!("this order is on line {first} already; leave one of them out");
                    Err((located.order.external_id, Fault::new(line, "externalId", what)))
                }
                None => Ok(located),
            }
            .map_err(|(_, fault)| fault)
        });
        match read {
            Ok(located) => orders.push(located),
            Err(fault) => {
                let order_id = order_id(text);
                left_out.push(LeftOut { order_id, at: vec![line], faults: vec![fault] });
            }
        }
    }
    (orders, left_out)
}

/// The outside id of a line that is otherwise wrong, if it can be told.
fn order_id(text: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(text).ok();
    let id = value.as_ref().and_then(|v| v["externalId"].as_str());
    id.unwrap_or_default().chars().take(100).collect()
}
