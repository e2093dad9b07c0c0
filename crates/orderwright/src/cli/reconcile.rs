//! `orderwright reconcile`: every payment against its provider's own books, here and now.

use std::process::ExitCode;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use orderwright_core::id::OrderId;
use orderwright_core::money::Currency;
use orderwright_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::mail::MailArgs;
use super::payments::PaymentArgs;
use super::show;
use super::store::StoreArgs;
use crate::app::App;
use crate::ops::Ctx;
use crate::ops::reconcile::{self, Difference, Request, Run};

/// How far back it goes when nothing is said.
const USUAL: Span = Span::seconds(30 * 86_400);
/// Differences that are read at once.
const PAGE: i64 = 500;

/// Arguments of `reconcile`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright reconcile\n  orderwright reconcile --from 2026-10-01 --to 2026-11-01 --provider stripe --json\n\nExit code 0: the books agree. 1: something differs; each difference says what to do."
)]
pub struct Args {
    /// Orders placed at or after: instant or date [default: 30 days before --to]
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Orders placed before: instant or date [default: now]
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// Only this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Only this provider: sandbox, stripe, razorpay
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,
    /// Set right what needs no decision: money that came too late goes back, refunds that failed are reversed in the books
    #[arg(long)]
    settle: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    payments: PaymentArgs,
    #[command(flatten)]
    mail: MailArgs,
}

/// Carries the command out.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    args.store.check_existing()?;
    // What it settles may be told to customers; the server sends the mails.
    let mail = args.mail.config(None)?;
    let app = App::open_with(args.store.config(false), false, args.payments.config()?, mail).await?;
    let mut ctx = Ctx::system(&app, &app.clock);
    let to = instant("--to", args.to.as_deref())?.unwrap_or_else(|| ctx.clock.now());
    let from = instant("--from", args.from.as_deref())?.unwrap_or(Timestamp(to.0.saturating_sub(USUAL.0)));
    let request = Request { from, to, channel: args.channel, provider: args.provider, settle: args.settle };
    let begun = match reconcile::begin(&mut ctx, request, false).await {
        Ok(run) => run,
        Err(crate::ops::OpError::Invalid(fields)) => {
            let told: Vec<String> = fields.iter().map(|f| format!("--{}: {}", &f.pointer[1..], f.detail)).collect();
            bail!(told.join("; "));
        }
        Err(error) => return Err(error.into()),
    };
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg} [{elapsed}]")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let done = reconcile::to_the_end(&ctx, begun.id, |counts| {
        bar.set_message(format!(
            "{} orders, {} payments, {} differences",
            counts.orders, counts.payments, counts.differences
        ));
        bar.tick();
    })
    .await;
    bar.finish_and_clear();
    let done = done?;
    let mut found: Vec<Difference> = Vec::new();
    let mut after = 0;
    loop {
        let page = reconcile::differences(&ctx, done.id, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        found.extend(page.into_iter().map(|(_, difference)| difference));
    }
    match args.json {
        true => show::line(serde_json::to_string_pretty(&object(&done, &found))?)?,
        false => tell(&done, &found)?,
    }
    let open = found.iter().filter(|d| !d.settled).count();
    Ok(if open == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn instant(flag: &str, text: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    match Timestamp::parse_instant_or_date(text) {
        Some(at) => Ok(Some(at)),
        None => bail!("{flag} {text}: must be an instant (2026-01-31T12:00:00Z) or a date (2026-01-31)"),
    }
}

fn tell(run: &Run, found: &[Difference]) -> anyhow::Result<()> {
    let money = |amount: Option<i64>, code: &str| match (amount, Currency::parse(code)) {
        (Some(amount), Some(currency)) => currency.show(amount),
        (Some(amount), None) => format!("{amount} {code}"),
        (None, _) => "-".to_owned(),
    };
    for one in found {
        let order = one.order_number.as_deref().unwrap_or("-");
        let reference = one.reference.as_deref().unwrap_or("-");
        let settled = if one.settled { " (set right)" } else { "" };
        show::line(format_args!("- {} · order {order} · {} {reference}{settled}", one.kind, one.provider))?;
        show::line(format_args!(
            "  {}; ours {}, theirs {}",
            one.message,
            money(one.ours, &one.currency),
            money(one.theirs, &one.currency)
        ))?;
        show::line(format_args!("  {}", one.what_to_do))?;
    }
    let counts = &run.counts;
    show::line(format_args!(
        "{} orders, {} payments compared, {} under way, {} looked for here, {} differences, {} of them set right",
        counts.orders, counts.payments, counts.under_way, counts.looked_for, counts.differences, counts.settled
    ))
}

fn object(run: &Run, found: &[Difference]) -> Value {
    let differences = found.iter().map(|d| {
        let mut shown = json!(d);
        shown["order"] = json!(d.order.map(|o| OrderId(o).to_string()));
        shown
    });
    json!({
        "id": reconcile::id_text(run.id),
        "from": run.request.from.to_string(),
        "to": run.request.to.to_string(),
        "counts": run.counts,
        "differences": differences.collect::<Vec<_>>(),
    })
}
