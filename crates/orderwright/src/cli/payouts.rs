//! `orderwright payouts`: runs, lists, and the bank's file, beside a running shop or without one.

use std::process::ExitCode;

use anyhow::bail;
use clap::ValueEnum;
use orderwright_core::money::Currency;
use orderwright_core::payout::PayoutState;
use orderwright_core::time::Span;
use serde_json::{Value, json};

use super::show;
use super::store::StoreArgs;
use crate::app::{App, CLOCK_OFFSET};
use crate::ops::Ctx;
use crate::ops::payouts::{self, file, run as runs};
use crate::store::PayoutFilter;
use crate::web::view::payout::{payout, transfers};

/// What can be done with payouts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a run now, whatever the schedules say
    #[command(
        after_help = "Examples:\n  orderwright payouts run --dry-run\n  orderwright payouts run --channel mall --json"
    )]
    Run(Run),
    /// List payouts, the newest first
    #[command(after_help = "Examples:\n  orderwright payouts list --status pending\n  orderwright payouts list --json")]
    List(List),
    /// Write the file of a batch for the bank
    #[command(
        after_help = "Examples:\n  orderwright payouts file pob_0dn2zkx8w4000 > payouts.xml\n  orderwright payouts file pob_0dn2zkx8w4000 --format csv"
    )]
    File(File),
}

/// Arguments of `payouts run`.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// This channel only
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// This party only: its ledger account, as party/merchant/mer_…
    #[arg(long, value_name = "ACCOUNT")]
    party: Option<String>,
    /// Make nothing; say what would be made
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `payouts list`.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only payouts in this state: pending, approved, sent, paid, failed, returned, settled
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<PayoutState>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `payouts file`.
#[derive(Debug, clap::Args)]
pub struct File {
    /// The batch, as the payouts show it
    #[arg(value_name = "BATCH")]
    batch: String,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Xml)]
    format: Format,
    #[command(flatten)]
    store: StoreArgs,
}

/// What a bank reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// ISO 20022, pain.001.001.09
    Xml,
    /// One row a transfer
    Csv,
}

fn status(text: &str) -> Result<PayoutState, String> {
    let names: Vec<&str> = PayoutState::ALL.iter().map(|s| s.name()).collect();
    PayoutState::parse(text).ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => {
            let app = open(&args.store).await?;
            let mut ctx = Ctx::system(&app, &app.clock);
            let request =
                runs::Request { channel: args.channel.clone(), party: args.party.clone(), dry_run: args.dry_run };
            let report = match runs::now(&mut ctx, &request).await {
                Err(crate::ops::OpError::Invalid(fields)) => {
                    let words: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.pointer, f.detail)).collect();
                    bail!("{}", words.join("; "));
                }
                other => other?,
            };
            let show_amount =
                |code: &str, amount| Currency::parse(code).map_or(format!("{amount}"), |c| c.show(amount));
            if args.json {
                let payouts: Vec<Value> = report.payouts.iter().map(planned).collect();
                let waiting: Vec<Value> = report.waiting.iter().map(waiting).collect();
                let all = json!({ "dryRun": args.dry_run, "payouts": payouts, "waiting": waiting });
                show::line(serde_json::to_string_pretty(&all)?)?;
                return Ok(ExitCode::SUCCESS);
            }
            for p in &report.payouts {
                let id = p.id.map_or("would be".to_owned(), |id| id.to_string());
                let amount = show_amount(&p.currency, p.settlement.amount);
                show::line(format_args!("{id}  {}  {}  {amount}  {}", p.channel, p.party, p.method.name()))?;
            }
            for w in &report.waiting {
                let amount = show_amount(&w.currency, w.amount);
                show::line(format_args!("waits  {}  {}  {amount}  {}", w.channel, w.party, w.explained()))?;
            }
            show::line(format_args!("{} payouts, {} parties wait", report.payouts.len(), report.waiting.len()))?;
        }
        Command::List(args) => {
            let app = open(&args.store).await?;
            let ctx = Ctx::system(&app, &app.clock);
            let filter = PayoutFilter { state: args.status.map(|s| s.name().to_owned()), ..PayoutFilter::default() };
            let found = payouts::list(&ctx, &filter, None, args.limit).await?;
            let rows: Vec<Value> = found.into_iter().map(|p| json!(payout(p, false))).collect();
            let columns = ["id", "batchId", "channel", "party", "status", "method", "amount", "currency", "createdAt"];
            show::rows(args.json, &columns, &rows)?;
        }
        Command::File(args) => {
            let app = open(&args.store).await?;
            let ctx = Ctx::system(&app, &app.clock);
            let batch = match file::batch(&ctx, &args.batch).await {
                Err(crate::ops::OpError::NotFound) => {
                    bail!("there is no batch {}; `orderwright payouts list` shows them", args.batch)
                }
                other => other?,
            };
            let text = match args.format {
                Format::Xml => batch.xml(),
                Format::Csv => String::from_utf8(transfers(&batch))?,
            };
            show::line(text.trim_end())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the store; a sandbox's clock may have been moved, and what is due goes by it.
async fn open(args: &StoreArgs) -> anyhow::Result<std::sync::Arc<App>> {
    let app = args.open_existing().await?;
    if let Some(offset) = app.store.setting(CLOCK_OFFSET).await?.and_then(|v| v.parse().ok()) {
        app.clock.set_offset(Span(offset));
    }
    Ok(app)
}

fn planned(p: &runs::Planned) -> Value {
    json!({
        "id": p.id.map(|id| id.to_string()),
        "party": p.party,
        "channel": p.channel,
        "currency": p.currency,
        "method": p.method.name(),
        "amount": p.settlement.amount,
        "orders": p.settlement.orders,
        "reserveHeld": p.settlement.held,
        "reserveReleased": p.settlement.released,
        "carried": p.settlement.carried,
        "netted": p.settlement.netted,
        "owed": p.settlement.owed,
    })
}

fn waiting(w: &runs::Waiting) -> Value {
    json!({
        "party": w.party,
        "channel": w.channel,
        "currency": w.currency,
        "amount": w.amount,
        "reason": w.reason,
        "description": w.explained(),
    })
}
