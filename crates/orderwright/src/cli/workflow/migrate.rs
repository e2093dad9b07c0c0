//! `orderwright workflow migrate`: moves orders in flight to another version, shows before what would become of each, and undoes it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use orderwright_core::decide::migrate::Preview;
use orderwright_core::id::{MigrationId, OrderId};
use serde_json::{Value, json};

use super::progress;
use crate::cli::show;
use crate::cli::store::StoreArgs;
use crate::ops::versions::migrate::{self, Fate, Request, Summary, Told};
use crate::ops::versions::publish;
use crate::ops::{Ctx, OpError};

/// Orders whose refusal is shown one by one; of more only the counts.
const SHOWN: usize = 50;

/// Arguments of `workflow migrate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright workflow migrate retail --from 3f2a --to current --dry-run\n  orderwright workflow migrate retail --from 3f2a --to current --map retail.map.toml\n  orderwright workflow migrate --undo mig_0dn2zkx8w4000\n\nKilled half-way, the same command goes on where it was. `orderwright workflow diff A B --map` writes a map to begin with;\ndocs/workflow-versions.md says what a map can say and what is refused."
)]
pub struct Args {
    /// The workflow
    #[arg(value_name = "NAME", required_unless_present = "undo")]
    name: Option<String>,
    /// The version that the orders run: a version or its beginning
    #[arg(long, value_name = "VERSION", required_unless_present = "undo")]
    from: Option<String>,
    /// The version that they are to run, or `current`
    #[arg(long, value_name = "VERSION", required_unless_present = "undo")]
    to: Option<String>,
    /// The version of the merchant's side that they are to run with it, if not the one they have
    #[arg(long, value_name = "VERSION")]
    partner_to: Option<String>,
    /// Where each state goes; what is not named keeps its name
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Only show what would become of each order; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Leave orders that cannot be moved where they are, and move the others
    #[arg(long)]
    skip_refused: bool,
    /// Put back what this migration moved, as far as it has not moved since
    #[arg(long, value_name = "MIGRATION", conflicts_with_all = ["name", "from", "to", "partner_to", "map", "dry_run", "skip_refused"])]
    undo: Option<String>,
    /// Print JSON: an object for each order, and the summary as the last line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Carries the command out. Orders cannot be moved, or put back: exit code 1.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let app = args.store.open_existing().await?;
    progress::follow_clock(&app).await?;
    let ctx = Ctx::of(&app, super::operator());
    if let Some(word) = &args.undo {
        return undo(&args, &ctx, word).await;
    }
    let (Some(name), Some(from), Some(to)) = (&args.name, &args.from, &args.to) else {
        bail!("name the workflow and the versions: `workflow migrate NAME --from VERSION --to VERSION`");
    };
    let map = match &args.map {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => String::new(),
    };
    let request = Request {
        name: name.clone(),
        from: from.clone(),
        to: to.clone(),
        partner_to: args.partner_to.clone(),
        map,
        skip_refused: args.skip_refused,
    };
    let prepared = migrate::prepare(&ctx, &request).await.map_err(|error| said(&args, error))?;
    let bar = progress::bar(Some(prepared.size(&app).await?))?;
    let mut listing = Listing::new(&args);
    if args.dry_run {
        let summary = migrate::rehearse(&ctx, &prepared, &mut |told| {
            bar.inc(1);
            bar.suspend(|| listing.add(&told));
        })
        .await
        .map_err(|error| said(&args, error))?;
        bar.finish_and_clear();
        listing.end(None, &summary)?;
        return Ok(code(summary.count(Fate::Refused) == 0 || args.skip_refused));
    }
    let (migration, summary) = migrate::apply(&ctx, &prepared, &mut |told| {
        bar.inc(1);
        bar.suspend(|| listing.add(&told));
    })
    .await
    .map_err(|error| said(&args, error))?;
    bar.finish_and_clear();
    listing.end(migration.as_ref().map(|m| migrate::id_text(m.id)), &summary)?;
    if migration.is_none() && !args.json {
        show::line("nothing was changed: mend the map, or say --skip-refused to leave these orders where they are")?;
    }
    Ok(code(migration.is_some()))
}

async fn undo(args: &Args, ctx: &Ctx, word: &str) -> anyhow::Result<ExitCode> {
    let id = MigrationId::parse(word)
        .with_context(|| format!("`{word}` is not the id of a migration; it looks like mig_0dn2zkx8w4000"))?;
    let bar = progress::bar(None)?;
    let mut listing = Listing::new(args);
    let result = migrate::undo(ctx, id.0, &mut |told| {
        bar.inc(1);
        bar.suspend(|| listing.add(&told));
    })
    .await;
    bar.finish_and_clear();
    match result {
        Ok((_, summary)) => {
            listing.end(Some(word.to_owned()), &summary)?;
            Ok(code(summary.count(Fate::MovedSince) + summary.count(Fate::Refused) == 0))
        }
        Err(OpError::NotFound) => bail!("there is no migration {word}"),
        Err(error) => Err(said(args, error)),
    }
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// An error with its place: the file of the map, not a pointer into a request.
fn said(args: &Args, error: OpError) -> anyhow::Error {
    match error {
        OpError::Invalid(fields) => {
            let map = args.map.as_ref().map_or_else(|| "the map".to_owned(), |path| path.display().to_string());
            let place = |pointer: &str| match pointer {
                "/map" => map.clone(),
                "/partnerTo" => "--partner-to".to_owned(),
                other => other.replacen('/', "--", 1),
            };
            let lines: Vec<String> = fields.iter().map(|f| format!("{}: {}", place(&f.pointer), f.detail)).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        }
        OpError::Findings(findings) => anyhow::anyhow!("{}", publish::lines(&findings).join("\n")),
        other => other.into(),
    }
}

/// What is said of orders as the work goes on, and at its end.
struct Listing<'a> {
    args: &'a Args,
    refused: usize,
    failed: Option<anyhow::Error>,
}

impl<'a> Listing<'a> {
    fn new(args: &'a Args) -> Self {
        Self { args, refused: 0, failed: None }
    }

    fn add(&mut self, told: &Told) {
        let quiet = matches!(told.fate, Fate::Moved | Fate::Finished | Fate::Elsewhere | Fate::PutBack);
        let result = match (self.args.json, quiet) {
            (true, _) => show::line(shown(told)),
            (false, true) => Ok(()),
            (false, false) => {
                let problem = matches!(told.fate, Fate::Refused | Fate::MovedSince);
                self.refused += usize::from(problem);
                match problem && self.refused > SHOWN {
                    true => Ok(()),
                    false => show::line(lines(told)),
                }
            }
        };
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    fn end(self, migration: Option<String>, summary: &Summary) -> anyhow::Result<()> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.args.json {
            return show::line(json!({ "migration": migration, "orders": summary.orders, "reasons": summary.reasons }));
        }
        if self.refused > SHOWN {
            show::line(format_args!("… and {} more; --json shows all", self.refused - SHOWN))?;
        }
        if let Some(id) = migration {
            show::line(format_args!("migration {id}"))?;
        }
        let words = |map: &std::collections::BTreeMap<String, u64>| {
            map.iter().map(|(word, n)| format!("{n} {}", word.replace('_', " "))).collect::<Vec<_>>().join(", ")
        };
        show::line(format_args!(
            "orders: {}",
            if summary.orders.is_empty() { "none".to_owned() } else { words(&summary.orders) }
        ))?;
        if !summary.reasons.is_empty() {
            show::line(format_args!("reasons: {}", words(&summary.reasons)))?;
        }
        Ok(())
    }
}

fn shown(told: &Told) -> Value {
    let reasons: Vec<Value> =
        told.obstacles.iter().map(|o| json!({ "code": o.code(), "message": o.to_string() })).collect();
    json!({
        "orderId": OrderId(told.order_id).to_string(),
        "orderNumber": told.number,
        "outcome": told.fate.name(),
        "reasons": reasons,
        "preview": told.preview,
    })
}

fn lines(told: &Told) -> String {
    let mut out = format!("{} {}", told.number, told.fate.name().replace('_', " "));
    for obstacle in &told.obstacles {
        out.push_str(&format!("\n  ! {obstacle}"));
    }
    if let Some(preview) = &told.preview {
        out.push_str(&before_and_after(preview));
    }
    out
}

/// An order's preview in lines: only what changes, and who may do what then.
fn before_and_after(preview: &Preview) -> String {
    let pair = |[was, is]: &[String; 2]| if was == is { was.clone() } else { format!("{was} → {is}") };
    let mut out = format!(": {}, {}", pair(&preview.status), pair(&preview.payment_status));
    for machine in &preview.machines {
        let item = machine.item_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        out.push_str(&format!("\n  {}{item}: {}", machine.machine, pair(&machine.state)));
        if machine.status[0] != machine.status[1] {
            out.push_str(&format!(", clients see {}", pair(&machine.status)));
        }
        for (audience, label) in &machine.labels {
            out.push_str(&format!(", the {audience} reads {}", pair(&label.clone().map(|l| format!("“{l}”")))));
        }
        let timer = machine.timer.clone().map(|t| t.unwrap_or_else(|| "none".to_owned()));
        if timer != ["none", "none"] {
            out.push_str(&format!(", timer {}", pair(&timer)));
        }
        if let Some(effect) = machine.waits_for {
            out.push_str(&format!(", waits for {effect}"));
        }
        let events: Vec<String> =
            machine.events.iter().map(|(party, events)| format!("{party}: {}", events.join(", "))).collect();
        if !events.is_empty() {
            out.push_str(&format!("\n    possible then: {}", events.join("; ")));
        }
    }
    out
}
