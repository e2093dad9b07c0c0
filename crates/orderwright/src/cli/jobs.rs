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
                true => show::line(json!({ "retried": texts }))?,
                false if texts.is_empty() => show::line("no job has given up")?,
                false => show::line(format_args!("runs again: {}", texts.join(", ")))?,
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
        match ops::jobs::retry(app, id, None).await {
            Ok(_) => retried.push(id),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Changeset;

    async fn put(app: &App, id: i64, state: &str) {
        let mut cs = Changeset::new(app.ids.next(app.clock.now()), 0);
        cs.insert_job(&JobRow {
            id,
            kind: "payment".to_owned(),
            order_id: Some(1),
            state: state.to_owned(),
            run_at: 0,
            lease_owner: 0,
            lease_until: 0,
            fence: 1,
            attempts: 12,
            payload: "{}".to_owned(),
            last_error: Some("gave up".to_owned()),
            created_at: 0,
        });
        app.store.commit(cs).await.expect("put");
    }

    #[tokio::test]
    async fn what_gave_up_is_listed_and_runs_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = StoreArgs { data: dir.path().to_owned(), database_url: None };
        let app = store.open().await.expect("opens");
        for (id, state) in [(1, "dead"), (2, "ready"), (3, "dead")] {
            put(&app, id, state).await;
        }
        let ids = async |state, limit| -> Vec<i64> {
            list(&app, state, None, limit).await.expect("listed").iter().map(|row| row.id).collect()
        };
        assert_eq!(ids(None, 200).await, [1, 2, 3]);
        assert_eq!(ids(None, 2).await, [1, 2]);
        assert_eq!(ids(Some(State::Dead), 200).await, [1, 3]);
        assert_eq!(shown(&list(&app, None, None, 1).await.expect("listed")[0])["lastError"], "gave up");

        retry(&app, [JobId(1)].into_iter()).await.expect("runs again");
        assert_eq!(ids(Some(State::Dead), 200).await, [3]);
        let error = retry(&app, [JobId(2)].into_iter()).await.expect_err("never gave up").to_string();
        assert!(error.contains("is ready"), "{error}");
        let error = retry(&app, [JobId(9)].into_iter()).await.expect_err("not there").to_string();
        assert!(error.contains("no job"), "{error}");
    }
}
