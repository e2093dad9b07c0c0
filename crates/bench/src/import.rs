//! The import of a marketplace's files, as a shop runs it: the program's own command on a fresh store.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::server::Place;
use crate::stopwatch::Stopwatch;

/// Imports the files into a place that must be fresh; answers with the orders that it created, and the seconds it took.
pub fn olist(program: &Path, files: &Path, place: &Place) -> Result<(u64, f64)> {
    std::fs::create_dir_all(&place.dir)?;
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORDERWRIGHT_")) {
        command.env_remove(name);
    }
    command.args(["import", "olist"]).arg(files).arg("--json").arg("--data").arg(&place.dir);
    if let Some(url) = &place.database_url {
        command.args(["--database-url", url]);
    }
    let watch = Stopwatch::start();
    let output = command.stderr(Stdio::inherit()).output().context("cannot start the import")?;
    let seconds = watch.seconds();
    ensure!(output.status.success(), "the import ended with {}", output.status);
    let text = String::from_utf8(output.stdout).context("the import's summary is no text")?;
    let last = text.lines().last().context("the import said nothing")?;
    let summary: Value = serde_json::from_str(last).context("the import's summary is no JSON")?;
    let created =
        summary["created"].as_u64().context("the import's summary does not say how many orders it created")?;
    Ok((created, seconds))
}
