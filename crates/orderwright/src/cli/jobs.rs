//! `orderwright jobs`: the durable work in the background, and what gave up and waits for somebody.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use orderwright_core::id::{JobId, OrderId};
use orderwright_core::time::Timestamp;
use serde_json::{Value, json};

use super::show;
use super::store::StoreArgs;
use crate::app::App;
use crate::ops::{self, OpError};
use crate::store::JobRow;

/// What can be done with jobs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List jobs; those that gave up are `dead`
    #[command(after_help = "Examples:\n  orderwright jobs list --state dead\n  orderwright jobs list --json")]
    List(List),
    /// Run jobs again that gave up
    #[command(
        after_help = "Examples:\n  orderwright jobs retry job_0dn2zkx8w4000\n  orderwright jobs retry --all-dead"
    )]
    Retry(Retry),
}

/// Arguments of `jobs list`.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only jobs in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only jobs of this kind: payment, sandbox.webhook
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `jobs retry`.
#[derive(Debug, clap::Args)]
pub struct Retry {
    /// Which jobs, as `jobs list` shows them
    #[arg(value_name = "JOB", required_unless_present = "all_dead")]
    ids: Vec<String>,
    /// All that gave up
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// The states of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum State {
    /// Waits for its time
    Ready,
    /// Its answer was lost; the provider is being asked
    InDoubt,
    /// Gave up: it needs somebody
    Dead,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::InDoubt => "in_doubt",
            Self::Dead => "dead",
        }
    }
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(args) => {
            let app = args.store.open_existing().await?;
            let rows = list(&app, args.state, args.kind.as_deref(), args.limit).await?;
            let rows: Vec<Value> = rows.iter().map(shown).collect();
            show::rows(args.json, &["id", "kind", "state", "orderId", "runAt", "attempts", "lastError"], &rows)?;
        }
        Command::Retry(args) => {
            let ids: Vec<JobId> = args
                .ids
                .iter()
                .map(|text| {
                    JobId::parse(text)
                        .with_context(|| format!("`{text}` is not the id of a job; `orderwright jobs list` shows them"))
                })
                .collect::<Result<_, _>>()?;
            let app = args.store.open_existing().await?;
            let retried = match args.all_dead {
                true => {
                    let dead = list(&app, Some(State::Dead), None, i64::MAX).await?;
                    retry(&app, dead.iter().map(|row| JobId(row.id))).await?
                }
                false => retry(&app, ids.into_iter()).await?,
            };
            let texts: Vec<String> = retried.iter().map(ToString::to_string).collect();
            match args.json {
                true => println!("{}", json!({ "retried": texts })),
                false if texts.is_empty() => println!("no job has given up"),
                false => println!("runs again: {}", texts.join(", ")),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, state: Option<State>, kind: Option<&str>, limit: i64) -> anyhow::Result<Vec<JobRow>> {
    let mut rows: Vec<JobRow> = Vec::new();
    loop {
        let page = (limit - rows.len() as i64).min(500);
        let after = rows.last().map_or(0, |row| row.id);
        let found = app.store.list_jobs(state.map(State::name), kind, after, page).await?;
        let more = found.len() as i64 == page;
        rows.extend(found);
        if !more || rows.len() as i64 >= limit {
            return Ok(rows);
        }
    }
}

async fn retry(app: &App, ids: impl Iterator<Item = JobId>) -> anyhow::Result<Vec<JobId>> {
    let mut retried = Vec::new();
    for id in ids {
        match ops::jobs::retry(app, id).await {
            Ok(()) => retried.push(id),
            Err(OpError::NotFound) => {
                bail!("there is no job {id}; it may be done: `orderwright jobs list` shows what is there")
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(retried)
}

fn shown(row: &JobRow) -> Value {
    json!({
        "id": JobId(row.id).to_string(),
        "kind": row.kind,
        "state": row.state,
        "orderId": row.order_id.map(|id| OrderId(id).to_string()),
        "runAt": Timestamp(row.run_at).to_string(),
        "attempts": row.attempts,
        "lastError": row.last_error,
        "createdAt": Timestamp(row.created_at).to_string(),
    })
}
