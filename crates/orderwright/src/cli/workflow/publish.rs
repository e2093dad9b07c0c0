//! `orderwright workflow publish`: proved lifecycle files become current for new orders, in the store or through a running server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::show;
use crate::cli::store::StoreArgs;
use crate::ops::versions::prove::{File, Table};
use crate::ops::versions::publish::{lines, publish};
use crate::ops::{Ctx, OpError};

/// Arguments of `workflow publish`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright workflow publish my-shop.toml --data /var/lib/orderwright\n  orderwright workflow publish my-shop.toml my-merchant.toml --note \"longer time to pay\"\n\nRunning servers take the new version within a second. Orders in flight keep theirs; `orderwright workflow migrate` moves them.\nTo undo, publish the earlier file again."
)]
pub struct Args {
    /// The files; those that belong together are published together, or none of them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Carries the command out. The files cannot be published: exit code 1.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let files = args.files.iter().map(|path| file(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let app = args.store.open_existing().await?;
    let mut ctx = Ctx::of(&app, super::operator());
    match publish(&mut ctx, &files, args.note.as_deref()).await {
        Ok(published) => {
            let rows: Vec<Value> = published
                .iter()
                .map(|p| json!({ "name": p.name, "version": p.version, "replaces": p.replaces, "outcome": p.outcome.name() }))
                .collect();
            show::rows(args.json, &["name", "version", "replaces", "outcome"], &rows)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(OpError::Findings(findings)) => {
            if args.json {
                let found: Vec<Value> = findings
                    .iter()
                    .map(|f| {
                        let c = &f.complaint;
                        json!({ "file": f.file, "line": c.line, "column": c.column, "path": c.path, "message": c.message })
                    })
                    .collect();
                show::line(serde_json::to_string_pretty(&found)?)?;
            } else {
                for line in lines(&findings) {
                    show::line(line)?;
                }
            }
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads a file, and the table beside it.
pub(super) fn file(path: &Path) -> anyhow::Result<File> {
    let (name, text) = read(path)?;
    let beside = path.with_extension("cases");
    let table = match beside.is_file() {
        true => Some(read(&beside).map(|(name, text)| Table { name, text })?),
        false => None,
    };
    Ok(File { name, text, table })
}

fn read(path: &Path) -> anyhow::Result<(String, String)> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8 text"))?;
    Ok((name, text))
}
