//! `import northwind`: the sample database of a food trader, whose orders have up to eighteen suppliers, through the marketplace split.
//!
//! Dump → tables → plan (pure) → the run that all imports share. What it makes of floats, missing dates and the rest is in
//! `docs/import.md`. What is not here: how orders change, and the command line.

pub mod plan;
pub mod sql;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;

use super::report::Summary;
use super::run::{self, Options};
use crate::app::App;

/// The largest dump that is read: the whole database has less than one.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Imports a dump.
pub async fn run(app: &Arc<App>, file: &Path, options: Options, progress: &ProgressBar) -> anyhow::Result<Summary> {
    let path = file.to_owned();
    let plan = tokio::task::spawn_blocking(move || plan::plan(&read(&path)?)).await.context("reading failed")?;
    let plan = plan.with_context(|| format!("{} cannot be imported; nothing was changed", file.display()))?;
    run::run(app, plan, options, progress).await
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = super::file::read(path, MAX_BYTES)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + good.iter().filter(|b| **b == b'\n').count();
            bail!("line {line}: this is not UTF-8; write the dump with `pg_dump --encoding=UTF8`")
        }
    }
}
